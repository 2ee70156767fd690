import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { drawTree } from '../lib/cli/tree.js'
import { Sysfs } from '../lib/index.js'
import { type BlockDevice, type DeviceMap, readSessions, readTopology, type Topology } from '../lib/storage/topology.js'
import { type Backend, backends, onEveryBackend } from './backends.js'
import { type FileTree, writeFileTree } from './file-tree.js'
import { randomMachine } from './random-machine.js'
import {
  lsblkByKernelName,
  parseDmsetupInfo,
  parseIscsiadmSessions,
  parseLsblk,
  parseLsscsi,
  parseMultipathMaps,
} from './recorded-tools.js'
import { recordingNames, reference, unpackRecording } from './recordings.js'
import { removeMachine, temporaryDirectory, writeMachine } from './sysfs-tree.js'

// The thousand disks of S8b are no other than the hundred of S8a, and take seconds to unpack. A map without a table, a
// map of a kind of its own and a session without a connection (S9c, S9d) the tools tell otherwise than this model.
const recordings = recordingNames.filter((name) => !/^(S8b|S9c|S9d)-/.test(name))

function read(root: string, backend: Backend): Topology {
  return readTopology(new Sysfs({ root, backend }))
}

function byName(topology: Topology): ReadonlyMap<string, BlockDevice> {
  return new Map(topology.devices.map((device) => [device.name, device]))
}

for (const name of recordings) {
  onEveryBackend(`${name}: devices are as lsblk, lsscsi and the kernel say`, async (t, backend) => {
    const root = await unpackRecording(name)
    const { devices } = read(root, backend)
    const expected = lsblkByKernelName(parseLsblk(reference(name, 'lsblk.json')))
    t.deepEqual(devices.map((device) => device.name).sort(), [...expected.keys()].sort())

    const kibibytes = kibibytesByName(root)
    for (const device of devices) {
      const lsblk = expected.get(device.name)
      // The kernel's list leaves out what has no size.
      t.is(device.size, (kibibytes.get(device.name) ?? 0) * 1024, device.name)
      t.is(device.readOnly, lsblk?.ro ?? null)
      const children = (lsblk?.children ?? []).filter((child) => child.kname.startsWith('dm-'))
      t.deepEqual([...device.holders].sort(), children.map((child) => child.kname).sort())
      for (const slave of device.slaves)
        t.truthy(expected.get(slave)?.children?.find((child) => child.kname === device.name))
      t.is<string | undefined, string | undefined>(typeOf(device), lsblk?.type)
      if (device.kind === 'partition') t.is<string | null | undefined, string>(lsblk?.pkname, device.disk)
      if (device.kind === 'disk') t.is(device.scsi?.hctl ?? null, lsblk?.hctl ?? null)
    }

    const disks = byName({ sessions: [], devices })
    for (const { hctl, device, vendor, model } of parseLsscsi(reference(name, 'lsscsi-g.txt'))) {
      if (device === null) continue
      const disk = disks.get(device.slice('/dev/'.length))
      t.like(disk, { kind: 'disk', vendor, model, scsi: { hctl } })
    }
  })

  onEveryBackend(`${name}: sessions are as iscsiadm says`, async (t, backend) => {
    const topology = read(await unpackRecording(name), backend)
    const expected = parseIscsiadmSessions(reference(name, 'iscsiadm-session.txt'))
    t.deepEqual(topology.sessions.map(({ id }) => id).sort(), expected.map(({ sessionId }) => sessionId).sort())
    const devices = byName(topology)
    for (const session of expected) {
      const found = topology.sessions.find(({ id }) => id === session.sessionId)
      t.like(found, { target: session.target, state: session.sessionState, host: session.hostNumber })
      t.is(found?.connections.length, 1)
      const isUp = session.connectionState === 'LOGGED IN'
      const [connection] = found?.connections ?? []
      t.is(connection?.state === 'up', isUp)
      t.is(connection?.portal ?? null, isUp ? keyOf(session.currentPortal) : null)
      t.is(connection?.persistentPortal, keyOf(session.persistentPortal))
      // iscsiadm sorts the numbers as texts.
      const disks = session.disks.toSorted((a, b) => a.lun - b.lun)
      t.deepEqual(
        found?.luns,
        disks.map(({ lun, name: disk }) => ({ lun, disk })),
      )
      for (const { name: disk, lun, state } of session.disks) {
        t.like(devices.get(disk), { state, scsi: { lun, host: session.hostNumber, session: session.sessionId } })
      }
    }
  })

  onEveryBackend(`${name}: maps are as multipath and dmsetup say`, async (t, backend) => {
    const { devices } = read(await unpackRecording(name), backend)
    const maps = devices.filter((device): device is DeviceMap => device.kind === 'map')
    const expected = parseDmsetupInfo(reference(name, 'dmsetup-info.txt'))
    t.deepEqual(
      maps.map(({ name, mapName, uuid, suspended }) => [name, mapName, uuid ?? '', suspended]).sort(),
      expected.map(({ name, deviceNumber, uuid, suspended }) => [dmName(deviceNumber), name, uuid, suspended]).sort(),
    )
    const multipaths = parseMultipathMaps(reference(name, 'multipath-ll.txt'))
    t.deepEqual(
      maps
        .filter(({ type }) => type === 'mpath')
        .map(({ name, mapName, slaves }) => [name, mapName, [...slaves].sort()])
        .sort(),
      multipaths.map(({ device, name, paths }) => [device, name, paths.map((one) => one.device).sort()]).sort(),
    )
  })
}

test('both backends agree on random machines, and the tree leaves nothing out', (t) => {
  fc.assert(
    fc.property(randomMachine, (machine) => {
      const root = temporaryDirectory()
      try {
        writeMachine(root, machine)
        const [topology, ...others] = backends.map((backend) => read(root, backend))
        for (const other of others) assert.deepEqual(other, topology)
        if (topology !== undefined) checkTree(topology)
        assert.deepEqual(readSessions(new Sysfs({ root })), topology?.sessions)
      } finally {
        removeMachine(root)
      }
    }),
    { numRuns: 150, interruptAfterTimeLimit: 30_000, includeErrorInReport: true },
  )
  t.pass()
})

/** Every session has its row; every device too, unless nothing is behind it. */
function checkTree(topology: Topology): void {
  const lines = drawTree(topology, asciiGlyphs).map((line) => line.map(({ text }) => text).join(''))
  const words = new Set(lines.flatMap((line) => line.split(/[ ,]+/)))
  for (const { id } of topology.sessions) assert.ok(words.has(`session${id}`), `session${id}`)
  for (const { name, size } of topology.devices) {
    if (size !== 0) assert.ok(words.has(name.replaceAll('!', '/')), `${name} in ${lines.join('\n')}`)
  }
}

const asciiGlyphs = { branch: '|- ', lastBranch: '`- ', trunk: '|  ', arrow: '->', ellipsis: '...' }

onEveryBackend('a machine without block devices, without iSCSI, even without sysfs is empty', (t, backend) => {
  for (const tree of [{ 'sys/class/block': null }, { sys: null }, {}]) {
    t.deepEqual(read(writeFileTree(t, tree), backend), { sessions: [], devices: [] })
  }
})

const platform = '../../devices/platform/host4'

/** A session's own directory with one connection. */
function sessionTree(id: number, attributes: Readonly<Record<string, string>>): FileTree {
  const device = `sys/devices/platform/host4/session${id}`
  const entries = Object.entries(attributes).map(([name, value]) => [
    name.startsWith('connection') ? `${device}/${name}` : `${device}/iscsi_session/session${id}/${name}`,
    `${value}\n`,
  ])
  return {
    ...Object.fromEntries(entries),
    [`${device}/iscsi_session/session${id}/device`]: { link: `../../../session${id}` },
    [`sys/class/iscsi_session/session${id}`]: { link: `${platform}/session${id}/iscsi_session/session${id}` },
  }
}

onEveryBackend('what was never set, and what is half removed', (t, backend) => {
  const root = writeFileTree(t, {
    ...sessionTree(1, {
      targetname: '(null)',
      state: 'FREE',
      'connection1:0/iscsi_connection/connection1:0/state': 'down',
      'connection1:0/iscsi_connection/connection1:0/persistent_address': '(null)',
      'connection1:0/iscsi_connection/connection1:0/persistent_port': '0',
      // Its attributes went away already.
      'connection1:1/uevent': '',
    }),
    ...sessionTree(2, { targetname: 'iqn.2026-11.io.example:b', state: 'LOGGED_IN' }),
    // The device went away between listing and reading: the links lead nowhere.
    'sys/class/iscsi_session/session3': { link: `${platform}/session3/iscsi_session/session3` },
    'sys/class/block/sdz': { link: `${platform}/session3/target4:0:0/4:0:0:1/block/sdz` },
  })
  const expected = [
    {
      id: 1,
      target: null,
      state: 'FREE',
      host: 4,
      connections: [{ cid: 0, state: 'down', portal: null, persistentPortal: null }],
      luns: [],
    },
    { id: 2, target: 'iqn.2026-11.io.example:b', state: 'LOGGED_IN', host: 4, connections: [], luns: [] },
  ]
  t.deepEqual(read(root, backend), { sessions: expected, devices: [] })
})

/** A block device with its class link; `directory` is below sys/devices. */
function blockTree(directory: string, attributes: Readonly<Record<string, string>> = {}): FileTree {
  const name = path.posix.basename(directory)
  const entries = Object.entries({ size: '2048', ro: '0', ...attributes })
  return {
    ...Object.fromEntries(entries.map(([key, value]) => [`sys/devices/${directory}/${key}`, `${value}\n`])),
    [`sys/class/block/${name}`]: { link: `../../devices/${directory}` },
  }
}

onEveryBackend('disks that are not SCSI, and what is made of them', (t, backend) => {
  const nvme = 'virtual/nvme-subsystem/nvme-subsys0/nvme0n1'
  const root = writeFileTree(t, {
    ...blockTree(nvme, { 'device/model': 'Linux  ' }),
    ...blockTree(`${nvme}/nvme0n1p1`),
    ...blockTree('virtual/nvme-fabrics/ctl/nvme0/nvme0c0n1', { hidden: '1' }),
    ...blockTree('pci0000:00/0000:00:02.0/virtio0/block/vda', { 'device/vendor': '0x1af4', ro: '1' }),
    ...blockTree('pci0000:00/0000:00:05.0/cciss0/c0d0/block/cciss!c0d0'),
    ...blockTree('virtual/block/md0', { size: '4096' }),
    'sys/devices/virtual/block/md0/slaves/nvme0n1p1': { link: '../../../nvme0n1p1' },
    'sys/devices/virtual/block/md0/slaves/vda': { link: '../../../vda' },
    ...blockTree('virtual/block/dm-0', { 'dm/name': 'odd\\x20name', 'dm/uuid': '', 'dm/suspended': '1' }),
    'sys/devices/virtual/block/dm-0/slaves/md0': { link: '../../md0' },
  })
  const plain = { size: 1048576, readOnly: false, slaves: [], holders: [] }
  const disk = { kind: 'disk', ...plain, scsi: null, state: null, vendor: null, model: null }
  t.deepEqual<readonly unknown[], readonly unknown[]>(read(root, backend).devices, [
    { ...disk, name: 'cciss!c0d0' },
    {
      ...plain,
      kind: 'map',
      name: 'dm-0',
      slaves: ['md0'],
      type: 'dm',
      mapName: 'odd\\x20name',
      uuid: null,
      suspended: true,
    },
    { ...disk, name: 'md0', size: 2097152, slaves: ['nvme0n1p1', 'vda'], holders: ['dm-0'] },
    { ...disk, name: 'nvme0n1', model: 'Linux' },
    { ...plain, kind: 'partition', name: 'nvme0n1p1', disk: 'nvme0n1', holders: ['md0'] },
    { ...disk, name: 'vda', readOnly: true, holders: ['md0'] },
  ])
})

onEveryBackend('credentials are not in it', async (t, backend) => {
  const root = await unpackRecording('S2L-lio-chap')
  const session = path.join(root, 'sys/class/iscsi_session/session1')
  const secrets = ['username', 'password', 'username_in', 'password_in'].map((attribute) =>
    readFileSync(path.join(session, attribute), 'utf8').trim(),
  )
  const json = JSON.stringify(read(root, backend))
  for (const secret of secrets) {
    t.true(secret.length > 3)
    t.false(json.includes(secret), secret)
  }
})

function kibibytesByName(root: string): ReadonlyMap<string, number> {
  const rows = readFileSync(path.join(root, 'proc/partitions'), 'utf8').trim().split('\n').slice(2)
  return new Map(rows.map((row) => row.trim().split(/ +/)).map(([, , blocks, name = '']) => [name, Number(blocks)]))
}

function typeOf(device: BlockDevice): string {
  if (device.kind === 'map') return device.type
  return device.kind === 'partition' ? 'part' : 'disk'
}

function dmName(deviceNumber: string): string {
  return `dm-${deviceNumber.split(':')[1]}`
}

/** The recordings have one IPv6 address, in both of its forms. */
function keyOf({ address, port }: { readonly address: string; readonly port: number }): string {
  return `${address.replace(/^(::1|(0000:){7}0001)$/, '[::1]')}:${port}`
}
