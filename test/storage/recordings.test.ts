import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import test from 'ava'
import {
  type DmTreeNode,
  lsblkByKernelName,
  parseDmsetupInfo,
  parseDmsetupTable,
  parseDmsetupTree,
  parseIscsiadmSessions,
  parseLsblk,
  parseLsscsi,
  parseLsscsiNvmePaths,
  parseLsscsiTransports,
  parseMultipathMaps,
  parseNvmeControllerStates,
  parseNvmeList,
  parseUnreadableAttributes,
} from '../support/recorded-tools.js'
import { copyRecording, recordingNames, reference, unpackRecording } from '../support/recordings.js'
import { testOnRecording } from '../support/run-length.js'

interface Counts {
  readonly sessions: number
  readonly iscsiDisks: number
  readonly scsiDevices: number
  readonly multipathMaps: number
  readonly paths: number
  readonly dmDevices: number
  readonly blockDevices: number
}

/** Counted by hand in the output of the tools. */
const counts: Readonly<Record<string, Counts>> = {
  'S1a-nomodules': count(0, 0, 0, 0, 0, 0, 1),
  'S1b-pcidisks': count(0, 0, 2, 0, 0, 0, 3),
  'S1c-modules-nosession': count(0, 0, 2, 0, 0, 0, 3),
  S2: count(1, 2, 3, 0, 0, 0, 5),
  'S2L-lio-chap': count(1, 3, 3, 0, 0, 0, 4),
  S3: count(4, 10, 14, 5, 10, 12, 23),
  'S4-ipv6': count(3, 6, 9, 0, 0, 0, 7),
  'S6a-before': count(2, 8, 10, 4, 8, 4, 13),
  'S6b-phantom': count(2, 8, 10, 4, 8, 4, 13),
  'S6c-rescanned': count(2, 8, 10, 4, 8, 4, 13),
  'S6d-path-deleted': count(2, 7, 9, 4, 7, 4, 12),
  'S7a-blocked': count(2, 4, 6, 2, 4, 2, 7),
  'S7b-transport-offline': count(2, 4, 6, 2, 4, 2, 7),
  'S7c-recovered': count(2, 4, 6, 2, 4, 2, 7),
  'S8a-128disks': count(2, 128, 130, 64, 128, 64, 193),
  // multipath finds other WWIDs than those of these maps, and hides their paths
  'S8b-1024disks': count(0, 0, 1024, 16, 0, 16, 1041),
  'S9b-redirect': count(1, 1, 2, 0, 0, 0, 2),
  'S9c-nvme-dm': count(0, 0, 2, 0, 0, 7, 13),
  'S9d-null': count(2, 1, 2, 0, 0, 0, 2),
}

function count(
  sessions: number,
  iscsiDisks: number,
  scsiDevices: number,
  multipathMaps: number,
  paths: number,
  dmDevices: number,
  blockDevices: number,
): Counts {
  return { sessions, iscsiDisks, scsiDevices, multipathMaps, paths, dmDevices, blockDevices }
}

/** The unpacked /sys of a recording, read with node:fs. */
class RecordedSys {
  readonly #sys: string

  constructor(root: string) {
    this.#sys = path.join(root, 'sys')
  }

  text(attribute: string): string {
    return readFileSync(path.join(this.#sys, attribute), 'utf8').trim()
  }

  has(attribute: string): boolean {
    return existsSync(path.join(this.#sys, attribute))
  }

  /** Sorted entries. Empty if there is no such directory. */
  list(directory: string): string[] {
    const absolute = path.join(this.#sys, directory)
    return existsSync(absolute) ? readdirSync(absolute).sort() : []
  }

  /** A link's text, as seen from /sys: `devices/platform/host0`. */
  link(name: string): string {
    return path.posix.join(path.posix.dirname(name), readlinkSync(path.join(this.#sys, name)))
  }
}

/** The kernel has `(null)` for a text that was never set, where iscsiadm prints nothing. */
function setText(text: string): string {
  return text === '(null)' ? '' : text
}

test('every recording has expected counts', (t) => {
  t.deepEqual(recordingNames, Object.keys(counts).sort())
})

for (const [name, expected] of Object.entries(counts)) {
  const test = testOnRecording(name)

  test(`${name} unpacks, and the output of its tools is parsed`, async (t) => {
    const root = await unpackRecording(name)
    t.is(await unpackRecording(name), root)
    for (const directory of ['sys/class/block', 'sys/dev/block', 'dev/disk', 'run/udev/data', 'proc/self']) {
      t.true(statSync(path.join(root, directory)).isDirectory(), directory)
    }

    const sessions = parseIscsiadmSessions(reference(name, 'iscsiadm-session.txt'))
    const maps = parseMultipathMaps(reference(name, 'multipath-ll.txt'))
    const scsiDevices = parseLsscsi(reference(name, 'lsscsi-g.txt'))
    const found: Counts = {
      sessions: sessions.length,
      iscsiDisks: sessions.flatMap((session) => session.disks).length,
      scsiDevices: scsiDevices.length,
      multipathMaps: maps.length,
      paths: maps.flatMap((map) => map.paths).length,
      dmDevices: parseDmsetupInfo(reference(name, 'dmsetup-info.txt')).length,
      blockDevices: lsblkByKernelName(parseLsblk(reference(name, 'lsblk.json'))).size,
    }
    t.deepEqual(found, expected)
    t.is(parseLsscsiTransports(reference(name, 'lsscsi-tv.txt')).length, expected.scsiDevices)
  })

  test(`${name}: iscsiadm and sysfs agree`, async (t) => {
    const sys = new RecordedSys(await unpackRecording(name))
    const unreadable = parseUnreadableAttributes(reference(name, 'errors.txt'))
    const sessions = parseIscsiadmSessions(reference(name, 'iscsiadm-session.txt'))
    // iscsiadm does not list a session without connections.
    const connected = (session: string) =>
      sys.list(`class/iscsi_session/${session}/device`).some((entry) => entry.startsWith('connection'))
    t.deepEqual(
      sessions.map(({ sessionId }) => `session${sessionId}`).sort(),
      sys.list('class/iscsi_session').filter(connected),
    )
    for (const session of sessions) {
      const { sessionId, hostNumber, currentPortal, persistentPortal } = session
      const directory = `class/iscsi_session/session${sessionId}`
      t.is(setText(sys.text(`${directory}/targetname`)), session.target)
      t.is(sys.text(`${directory}/state`), session.sessionState)
      const device = `devices/platform/host${hostNumber}/session${sessionId}`
      t.is(sys.link(directory), `${device}/iscsi_session/session${sessionId}`)

      const connection = `class/iscsi_connection/connection${sessionId}:0`
      t.is(setText(sys.text(`${connection}/persistent_address`)), persistentPortal.address)
      t.is(sys.text(`${connection}/persistent_port`), String(persistentPortal.port))
      const address = `/sys/${sys.link(connection)}/address`
      if (session.connectionState === 'LOGGED IN') {
        t.is(sys.text(`${connection}/address`), currentPortal.address)
        t.is(sys.text(`${connection}/port`), String(currentPortal.port))
        t.false(unreadable.some((attribute) => attribute.path === address))
      } else {
        t.is(sys.text(`${connection}/address`), '')
        t.is(unreadable.find((attribute) => attribute.path === address)?.reason, 'ENOTCONN')
      }

      for (const { channel, id, lun, name: disk, state } of session.disks) {
        const target = `${hostNumber}:${channel}:${id}`
        t.is(sys.link(`class/block/${disk}`), `${device}/target${target}/${target}:${lun}/block/${disk}`)
        t.is(sys.text(`class/block/${disk}/device/state`), state)
      }
    }
  })

  test(`${name}: lsscsi and sysfs agree`, async (t) => {
    const sys = new RecordedSys(await unpackRecording(name))
    const devices = parseLsscsi(reference(name, 'lsscsi-g.txt'))
    t.deepEqual(devices.map(({ hctl }) => hctl).sort(), sys.list('class/scsi_device'))
    for (const device of devices) {
      const directory = `bus/scsi/devices/${device.hctl}`
      t.is(sys.text(`${directory}/vendor`), device.vendor)
      t.is(sys.text(`${directory}/model`), device.model)
      t.is(sys.text(`${directory}/rev`), device.revision)
      t.deepEqual(
        sys.list(`${directory}/block`).map((block) => `/dev/${block}`),
        device.device === null ? [] : [device.device],
      )
      t.deepEqual(
        sys.list(`${directory}/scsi_generic`).map((generic) => `/dev/${generic}`),
        device.generic === null ? [] : [device.generic],
      )
    }
    for (const { hctl, directory } of parseLsscsiTransports(reference(name, 'lsscsi-tv.txt'))) {
      t.is(`/sys/${sys.link(`bus/scsi/devices/${hctl}`)}`, directory)
    }
  })

  test(`${name}: multipath, dmsetup and sysfs agree`, async (t) => {
    const sys = new RecordedSys(await unpackRecording(name))
    for (const { name: map, wwid, device, paths } of parseMultipathMaps(reference(name, 'multipath-ll.txt'))) {
      t.is(sys.text(`class/block/${device}/dm/name`), map)
      t.is(sys.text(`class/block/${device}/dm/uuid`), `mpath-${wwid}`)
      if (name !== 'S8b-1024disks') {
        t.deepEqual(sys.list(`class/block/${device}/slaves`), paths.map((one) => one.device).sort())
      }
      for (const { device: disk, deviceNumber, hctl } of paths) {
        t.is(sys.text(`class/block/${disk}/dev`), deviceNumber)
        t.is(path.posix.basename(sys.link(`class/block/${disk}/device`)), hctl)
      }
    }

    const slaveNumbers = (deviceNumber: string): string[] => {
      const slaves = `dev/block/${deviceNumber}/slaves`
      return sys
        .list(slaves)
        .map((slave) => sys.text(`${slaves}/${slave}/dev`))
        .sort()
    }
    const dmDevices = parseDmsetupInfo(reference(name, 'dmsetup-info.txt'))
    const withTable = dmDevices.filter((device) => device.hasTable)
    t.is(withTable.length, sys.list('block').filter((block) => block.startsWith('dm-')).length)
    const table = parseDmsetupTable(reference(name, 'dmsetup-table.txt'))
    for (const { name: map, deviceNumber, uuid, suspended } of withTable) {
      const directory = `dev/block/${deviceNumber}/dm`
      t.is(sys.text(`${directory}/name`), map)
      t.is(sys.text(`${directory}/uuid`), uuid)
      t.is(sys.text(`${directory}/suspended`), suspended ? '1' : '0')

      const lines = table.filter((line) => line.name === map)
      t.deepEqual([...new Set(lines.flatMap((line) => line.deviceNumbers))].sort(), slaveNumbers(deviceNumber))
      const sectors = lines.reduce((sum, line) => sum + line.sectors, 0)
      t.is(sys.text(`dev/block/${deviceNumber}/size`), String(sectors))
    }
    const checkNode = ({ deviceNumber, dependencies }: DmTreeNode): void => {
      t.deepEqual(dependencies.map((dependency) => dependency.deviceNumber).sort(), slaveNumbers(deviceNumber))
      dependencies.forEach(checkNode)
    }
    parseDmsetupTree(reference(name, 'dmsetup-tree.txt')).forEach(checkNode)
  })

  test(`${name}: lsblk and sysfs agree`, async (t) => {
    const sys = new RecordedSys(await unpackRecording(name))
    const devices = lsblkByKernelName(parseLsblk(reference(name, 'lsblk.json')))
    // An NVMe namespace has a hidden device for each path.
    const isHidden = (block: string) => /^nvme\d+c/.test(block)
    t.deepEqual(
      [...devices.keys()].sort(),
      sys.list('class/block').filter((block) => !isHidden(block)),
    )
    for (const device of devices.values()) {
      const directory = `class/block/${device.kname}`
      t.is(sys.text(`${directory}/dev`), device['maj:min'])
      t.is(sys.text(`${directory}/ro`), device.ro ? '1' : '0')
      t.is(sys.link(`dev/block/${device['maj:min']}`), sys.link(directory))
      const holders = sys.list(`${directory}/holders`)
      const partitions = sys.list(directory).filter((entry) => sys.has(`${directory}/${entry}/partition`))
      const children = device.children?.map((child) => child.kname) ?? []
      t.deepEqual(children.sort(), [...holders, ...partitions].sort(), device.kname)
    }
  })

  test(`${name} has an empty file for each unreadable attribute`, async (t) => {
    const root = await unpackRecording(name)
    const unreadable = parseUnreadableAttributes(reference(name, 'errors.txt'))
    t.is(unreadable.length === 0, name === 'S1a-nomodules')
    for (const { path: attribute, mode, reason } of unreadable) {
      const status = statSync(path.join(root, attribute))
      t.is(status.size, 0, attribute)
      t.is((status.mode & 0o444) === 0, reason === 'WRITE-ONLY', attribute)
      t.is((mode & 0o444) === 0, reason === 'WRITE-ONLY', attribute)
    }
  })
}

test('S3 has a session, a map and devices on it', (t) => {
  const session = parseIscsiadmSessions(reference('S3', 'iscsiadm-session.txt'))[0]
  t.deepEqual(session, {
    target: 'iqn.2026-11.io.example:alpha',
    sessionId: 1,
    currentPortal: { address: '127.0.0.2', port: 3260, portalGroup: 1 },
    persistentPortal: { address: '127.0.0.2', port: 3260, portalGroup: 1 },
    interfaceName: 'default',
    interfaceAddress: '127.0.0.1',
    interfaceHardwareAddress: 'default',
    interfaceDevice: 'default',
    transport: 'tcp',
    initiatorName: 'iqn.2026-11.io.example:initiator',
    connectionState: 'LOGGED IN',
    sessionState: 'LOGGED_IN',
    hostNumber: 0,
    hostState: 'running',
    disks: [
      { channel: 0, id: 0, lun: 1, name: 'sda', state: 'running' },
      { channel: 0, id: 0, lun: 2, name: 'sdd', state: 'running' },
      { channel: 0, id: 0, lun: 7, name: 'sdh', state: 'running' },
    ],
    otherLuns: [0],
  })
  const up = { mapState: 'active', checkerState: 'ready', deviceState: 'running' }
  t.deepEqual(parseMultipathMaps(reference('S3', 'multipath-ll.txt'))[3], {
    name: 'mpathd',
    wwid: '360000000000000000e00000000010001',
    device: 'dm-3',
    product: 'IET,VIRTUAL-DISK',
    size: '64M',
    readOnly: false,
    paths: [
      { hctl: '0:0:0:1', device: 'sda', deviceNumber: '8:0', ...up, groupState: 'active' },
      { hctl: '1:0:0:1', device: 'sdb', deviceNumber: '8:16', ...up, groupState: 'enabled' },
    ],
  })
  const leaf = (deviceNumber: string): DmTreeNode => ({ name: null, deviceNumber, dependencies: [] })
  t.deepEqual(parseDmsetupTree(reference('S3', 'dmsetup-tree.txt'))[4], {
    name: 'vgdata-big',
    deviceNumber: '253:8',
    dependencies: [
      { name: 'mpathb', deviceNumber: '253:1', dependencies: [leaf('8:128'), leaf('8:144')] },
      { name: 'mpathe', deviceNumber: '253:4', dependencies: [leaf('8:48'), leaf('8:32')] },
    ],
  })
  t.deepEqual(
    parseDmsetupTable(reference('S3', 'dmsetup-table.txt')).filter((line) => line.name === 'vgdata-big'),
    [
      { name: 'vgdata-big', startSector: 0, sectors: 155648, target: 'linear', deviceNumbers: ['253:4'] },
      { name: 'vgdata-big', startSector: 155648, sectors: 57344, target: 'linear', deviceNumbers: ['253:1'] },
    ],
  )
  t.deepEqual(parseLsscsi(reference('S3', 'lsscsi-g.txt'))[0], {
    hctl: '0:0:0:0',
    type: 'storage',
    vendor: 'IET',
    model: 'Controller',
    revision: '0001',
    device: null,
    generic: '/dev/sg0',
  })
})

test('S4 has IPv6 portals without brackets', (t) => {
  const session = parseIscsiadmSessions(reference('S4-ipv6', 'iscsiadm-session.txt'))[1]
  t.deepEqual(session?.currentPortal, {
    address: '0000:0000:0000:0000:0000:0000:0000:0001',
    port: 3260,
    portalGroup: 1,
  })
  t.deepEqual(session?.persistentPortal, { address: '::1', port: 3260, portalGroup: 1 })
})

test('S7 has the states of a lost portal', (t) => {
  const states = (name: string): string[] =>
    parseIscsiadmSessions(reference(name, 'iscsiadm-session.txt')).map(
      (session) => `${session.sessionState} ${session.disks.map((disk) => disk.state).join(' ')}`,
    )
  t.deepEqual(states('S7a-blocked'), ['FAILED blocked blocked', 'LOGGED_IN running running'])
  t.deepEqual(states('S7b-transport-offline'), [
    'FREE transport-offline transport-offline',
    'LOGGED_IN running running',
  ])
  t.deepEqual(states('S7c-recovered'), ['LOGGED_IN running running', 'LOGGED_IN running running'])

  const checkers = (name: string): string[] =>
    parseMultipathMaps(reference(name, 'multipath-ll.txt')).flatMap((map) =>
      map.paths.map((one) => `${one.mapState}, ${one.checkerState}, ${one.groupState}`),
    )
  const lively = 'active, ready, enabled'
  t.deepEqual(checkers('S7a-blocked'), ['active, i/o pending, active', lively, 'active, i/o pending, active', lively])
  const failed = 'failed, faulty, enabled'
  const only = 'active, ready, active'
  t.deepEqual(checkers('S7b-transport-offline'), [failed, only, failed, only])
})

test('S9b has a redirected session with two portals', (t) => {
  const [session] = parseIscsiadmSessions(reference('S9b-redirect', 'iscsiadm-session.txt'))
  t.deepEqual(session?.currentPortal, { address: '127.0.0.3', port: 3261, portalGroup: 1 })
  t.deepEqual(session?.persistentPortal, { address: '127.0.0.1', port: 3260, portalGroup: 1 })
})

test('S9c has NVMe and names that dmsetup escapes', async (t) => {
  const sys = new RecordedSys(await unpackRecording('S9c-nvme-dm'))
  const maps = parseDmsetupInfo(reference('S9c-nvme-dm', 'dmsetup-info.txt'))
  t.deepEqual(
    maps.map(({ name, hasTable, suspended, readOnly, uuid }) => [name, hasTable, suspended, readOnly, uuid]),
    [
      ['asleep', true, true, false, ''],
      ['lin-a', true, false, false, ''],
      ['no-table', false, false, false, ''],
      ['odd\\x20name\\x20\\x28x\\x29', true, false, false, ''],
      ['over-lin', true, false, false, ''],
      ['readonly', true, false, true, ''],
      ['two-parts', true, false, false, 'EXAMPLE-two-parts'],
    ],
  )
  const paths = parseLsscsiNvmePaths(reference('S9c-nvme-dm', 'lsscsi-tv.txt'))
  t.deepEqual(
    paths.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    [
      { name: 'nvme0c0n1', controller: 'nvme0', transport: 'tcp' },
      { name: 'nvme0c0n2', controller: 'nvme0', transport: 'tcp' },
      { name: 'nvme0c1n1', controller: 'nvme1', transport: 'tcp' },
      { name: 'nvme0c1n2', controller: 'nvme1', transport: 'tcp' },
    ],
  )
  t.deepEqual(parseNvmeControllerStates(reference('S9c-nvme-dm', 'nvme-list-subsys.json')).length, 2)
  const [subsystem] = parseNvmeList(reference('S9c-nvme-dm', 'nvme-list.json'))
  t.is(subsystem?.SubsystemNQN, 'nqn.2026-11.io.example:gamma')
  t.deepEqual(
    subsystem?.Controllers.flatMap((controller) => controller.Paths)
      .map((path) => `${path.Path} ${path.ANAState}`)
      .sort(),
    ['nvme0c0n1 optimized', 'nvme0c0n2 optimized', 'nvme0c1n1 non-optimized', 'nvme0c1n2 inaccessible'],
  )
  // A hidden device has no number.
  t.false(sys.has('class/block/nvme0c0n1/dev'))
})

test('S9d has a session without values', async (t) => {
  const sys = new RecordedSys(await unpackRecording('S9d-null'))
  t.is(sys.text('class/iscsi_session/session2/targetname'), '(null)')
  t.deepEqual(sys.list('class/iscsi_connection'), ['connection1:0', 'connection2:0', 'connection2:1'])
  const bare = parseIscsiadmSessions(reference('S9d-null', 'iscsiadm-session.txt'))[1]
  t.like(bare, {
    target: '',
    sessionId: 2,
    currentPortal: { address: '', port: 0, portalGroup: 0 },
    initiatorName: '<empty>',
    connectionState: 'Unknown',
    sessionState: 'FREE',
    disks: [],
  })
})

test('S2L has credentials that could be leaked', async (t) => {
  const sys = new RecordedSys(await unpackRecording('S2L-lio-chap'))
  t.is(sys.text('class/iscsi_session/session1/username'), 'in_user')
  t.is(sys.text('class/iscsi_session/session1/password'), 'in_secret_12345')
})

test('an unknown line of a tool is an error', (t) => {
  t.throws(() => parseMultipathMaps('mpatha (3600) dm-0 A,B\nnonsense\n'), { message: /multipath printed.*nonsense/ })
  t.throws(() => parseIscsiadmSessions('Target: iqn.x:y (non-flash)\n\tCurrent Portal: 127.0.0.1:3260,1\n'), {
    message: /iscsiadm printed.*no Host Number/,
  })
  t.throws(() => parseLsscsi('[0:0:0:0] disk\n'), { message: /lsscsi printed/ })
})

test('each process has its own copies, which are removed after its end', async (t) => {
  const recordings = path.join(__dirname, '../support/recordings.js')
  const program = `
    const { existsSync } = require('node:fs')
    require(${JSON.stringify(recordings)}).unpackRecording('S1a-nomodules').then((root) => {
      if (!existsSync(root + '/sys/class/block/vda')) process.exit(1)
      console.log(root)
    })`
  const run = async (): Promise<string> => {
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', program])
    return stdout.trim()
  }
  const roots = await Promise.all([run(), run(), run()])
  t.is(new Set(roots).size, 3)
  for (const root of roots) {
    for (let tries = 0; tries < 600 && existsSync(path.dirname(root)); tries++) await setTimeout(50)
    t.false(existsSync(path.dirname(root)), root)
  }
})

test('the threads of a process share a recording', async (t) => {
  const recordings = path.join(__dirname, '../support/recordings.js')
  const program = `
    const { parentPort } = require('node:worker_threads')
    require(${JSON.stringify(recordings)}).unpackRecording('S2').then((root) => parentPort.postMessage(root))`
  const roots = [1, 2].map(
    () =>
      new Promise((resolve, reject) => {
        new Worker(program, { eval: true }).on('message', resolve).on('error', reject)
      }),
  )
  const root = await unpackRecording('S2')
  t.deepEqual(await Promise.all(roots), [root, root])
})

test('a copy of a recording is not the shared one', async (t) => {
  const copy = copyRecording('S1a-nomodules')
  const shared = await unpackRecording('S1a-nomodules')
  t.not(copy, shared)
  t.deepEqual(readdirSync(`${copy}/sys/class/block`), readdirSync(`${shared}/sys/class/block`))
})

test('an unknown recording is an error', async (t) => {
  await t.throwsAsync(unpackRecording('S99'), { instanceOf: RangeError, message: /no recording S99/ })
})
