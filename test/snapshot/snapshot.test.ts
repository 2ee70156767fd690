import assert from 'node:assert/strict'
import { posix } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { type Detail, findingsOf, Snapshot, type SnapshotOptions, Sysfs, type Unreadable } from '../../lib/index.js'
import { type Backend, backends, onEveryBackend } from '../support/backends.js'
import { type FileTree, writeFileTree } from '../support/file-tree.js'
import { randomMachine } from '../support/random-machine.js'
import { unpackRecording } from '../support/recordings.js'
import { randomCases } from '../support/run-length.js'
import { removeMachine, writeMachine } from '../support/sysfs-tree.js'
import { temporaryDirectory } from '../support/temporary.js'

const details: readonly Detail[] = ['links', 'basic', 'full']

async function recorded(name: string, backend: Backend, detail: Detail = 'full'): Promise<Snapshot> {
  return new Sysfs({ root: await unpackRecording(name), backend }).snapshot({ detail })
}

// ---- The model

onEveryBackend('a disk, a map and a session of S3 have all their fields', async (t, backend) => {
  const snapshot = await recorded('S3', backend)
  const target = 'iqn.2026-11.io.example:alpha'
  t.deepEqual(snapshot.device('sda'), {
    name: 'sda',
    devicePath: '/dev/sda',
    major: 8,
    minor: 0,
    diskSequence: 2,
    type: 'disk',
    sizeBytes: 64 << 20,
    readOnly: false,
    removable: false,
    rotational: true,
    logicalBlockSize: 512,
    physicalBlockSize: 4096,
    parent: null,
    partitionNumber: null,
    holders: ['dm-3'],
    slaves: [],
    scsi: {
      hctl: '0:0:0:1',
      host: 0,
      channel: 0,
      target: 0,
      lun: 1,
      vendor: 'IET',
      model: 'VIRTUAL-DISK',
      revision: '0001',
      wwid: 'naa.60000000000000000e00000000010001',
      serial: 'beaf11',
      state: 'running',
      queueDepth: 32,
      timeoutSeconds: 30,
      transport: 'iscsi',
      // 0x222 of iorequest_cnt
      ioRequests: 546,
      ioDone: 546,
      ioErrors: 1,
      ioTimeouts: 0,
      // EINVAL: no ALUA
      accessState: null,
    },
    dm: null,
    nvme: null,
    iscsi: { sessionId: 1, hostNumber: 0, targetName: target },
  })
  t.deepEqual(snapshot.device('mpatha')?.dm, {
    name: 'mpatha',
    uuid: 'mpath-360000000000000000e00000000010007',
    suspended: false,
  })
  const path = { state: 'running' }
  t.deepEqual(snapshot.multipathMaps[0], {
    device: 'dm-0',
    name: 'mpatha',
    wwid: '360000000000000000e00000000010007',
    sizeBytes: 48 << 20,
    suspended: false,
    paths: [
      { ...path, device: 'sdg', hctl: '1:0:0:7', sessionId: 2, portal: '127.0.0.1:3260' },
      { ...path, device: 'sdh', hctl: '0:0:0:7', sessionId: 1, portal: '127.0.0.2:3260' },
    ],
    pathsActive: 2,
    pathsFailed: 0,
  })
  t.deepEqual(snapshot.session(1), {
    id: 1,
    hostNumber: 0,
    targetName: target,
    targetAlias: null,
    state: 'LOGGED_IN',
    initiatorName: 'iqn.2026-11.io.example:initiator',
    interfaceName: 'default',
    interfaceAddress: '127.0.0.1',
    interfaceHardwareAddress: null,
    interfaceDevice: null,
    targetPortalGroup: 1,
    recoveryTimeoutSeconds: 5,
    abortTimeoutSeconds: 15,
    logicalUnitResetTimeoutSeconds: 30,
    targetResetTimeoutSeconds: 30,
    fastAbort: true,
    firstBurstLength: 65536,
    maxBurstLength: 262144,
    immediateData: true,
    initialR2T: true,
    maxOutstandingR2T: 1,
    errorRecoveryLevel: 0,
    connections: [
      {
        id: 0,
        address: '127.0.0.2',
        port: 3260,
        persistentAddress: '127.0.0.2',
        persistentPort: 3260,
        state: 'up',
        headerDigest: false,
        dataDigest: false,
        maxReceiveDataSegmentLength: 262144,
        maxTransmitDataSegmentLength: 8192,
        pingTimeoutSeconds: 5,
        receiveTimeoutSeconds: 5,
      },
    ],
    luns: [
      { lun: 0, hctl: '0:0:0:0', device: null, state: 'running' },
      { lun: 1, hctl: '0:0:0:1', device: 'sda', state: 'running' },
      { lun: 2, hctl: '0:0:0:2', device: 'sdd', state: 'running' },
      { lun: 7, hctl: '0:0:0:7', device: 'sdh', state: 'running' },
    ],
  })
  t.deepEqual(snapshot.scsiHosts[0], { number: 0, driver: 'iscsi_tcp', state: 'running', kind: 'iscsi' })
})

onEveryBackend('SATA and virtio-scsi disks have names and hosts', async (t, backend) => {
  const snapshot = await recorded('S1b-pcidisks', backend)
  t.like(snapshot.device('sdb')?.scsi, {
    wwid: 't10.ATA     QEMU HARDDISK                           ATA0001',
    serial: 'ATA0001',
    transport: 'sata',
  })
  t.like(snapshot.device('sda')?.scsi, { wwid: null, serial: 'VS0001', transport: null })
  t.deepEqual(snapshot.scsiHosts[0], { number: 0, driver: 'virtio_scsi', state: 'running', kind: 'virtio' })
  t.deepEqual(snapshot.scsiHosts[1], { number: 1, driver: 'ahci', state: 'running', kind: 'ata' })
})

onEveryBackend('the portal of a path is the persistent one in canonical form', async (t, backend) => {
  // S4 has no maps; the portal of S9b was redirected.
  const [session] = (await recorded('S9b-redirect', backend, 'basic')).iscsiSessions
  t.like(session?.connections[0], {
    address: '127.0.0.3',
    port: 3261,
    persistentAddress: '127.0.0.1',
    persistentPort: 3260,
  })
  const root = writeFileTree(t, {
    ...sessionTree(
      1,
      { targetname: 'iqn.a', state: 'LOGGED_IN' },
      { persistent_address: 'FE80::0:1', persistent_port: '3260' },
    ),
    ...blockTree('platform/host4/session1/target4:0:0/4:0:0:1/block/sda', '8:0'),
    ...mapTree(0, { name: 'mpatha', uuid: 'mpath-3600' }, ['platform/host4/session1/target4:0:0/4:0:0:1/block/sda']),
  })
  const snapshot = new Sysfs({ root, backend }).snapshot()
  t.deepEqual(snapshot.multipathMaps[0]?.paths, [
    { device: 'sda', hctl: '4:0:0:1', state: null, sessionId: 1, portal: '[fe80::1]:3260' },
  ])
  t.like(snapshot.multipathMaps[0], { pathsActive: null, pathsFailed: null, suspended: null })
})

test('the default detail is basic, and an unknown detail is an error', async (t) => {
  const root = await unpackRecording('S2')
  for (const backend of backends) {
    const sysfs = new Sysfs({ root, backend })
    t.is(sysfs.snapshot().detail, 'basic')
    t.deepEqual({ ...sysfs.snapshot() }, { ...sysfs.snapshot({ detail: 'basic' }) })
    for (const detail of ['all', 'toString', '', null, 1]) {
      t.throws(() => sysfs.snapshot({ detail } as unknown as SnapshotOptions), {
        instanceOf: TypeError,
        message: `detail must be 'links', 'basic' or 'full', not ${JSON.stringify(detail)}`,
      })
    }
  }
})

// ---- Finders

onEveryBackend('the methods of a snapshot find devices of S3', async (t, backend) => {
  const snapshot = await recorded('S3', backend)
  const names = (devices: readonly { readonly name: string }[]) => devices.map((device) => device.name)
  const found = (name: string) => {
    const device = snapshot.device(name)
    if (device === undefined) throw new Error(`no ${name}`)
    return device
  }
  t.is(snapshot.device('mpathd'), snapshot.device('dm-3'))
  t.is(snapshot.device('none'), undefined)
  t.is(snapshot.deviceByPath('/dev/dm-3'), found('dm-3'))
  t.is(snapshot.deviceByPath('/dev/mapper/mpathd'), found('dm-3'))
  for (const path of ['/dev/mapper/', '/dev/mapper/dm-3', '/dev/mapper/sda', 'sda', '/dev/', '']) {
    t.is(snapshot.deviceByPath(path), undefined, path)
  }
  t.is(snapshot.deviceByNumber(253, 3), found('dm-3'))
  t.is(snapshot.deviceByNumber(3, 253), undefined)

  // An LV on two maps of two paths each, and everything on one of these.
  t.deepEqual(names(snapshot.disksUnder(found('vgdata-big'))).toSorted(), ['sdc', 'sdd', 'sdi', 'sdj'])
  t.deepEqual(names(snapshot.disksUnder(found('sda'))), [])
  t.deepEqual(names(snapshot.devicesOver(found('sda'))), ['dm-3', 'dm-5', 'dm-6'])
  t.deepEqual(names(snapshot.devicesOver(found('sdj'))), ['dm-1', 'dm-8'])
  t.deepEqual(names(snapshot.mapsOver(found('sdj'))), ['mpathb'])
  t.deepEqual(names(snapshot.mapsOver(found('dm-1'))), [])
  t.is(snapshot.mapsOfPath('sdj')[0]?.name, 'mpathb')
  t.deepEqual(snapshot.mapsOfPath('dm-8'), [])
  t.is(snapshot.mapOfPaths(['sdj', 'sdi'])?.name, 'mpathb')
  for (const paths of [['sdj'], ['sdi', 'sdj', 'sda'], ['sda', 'sdj'], []]) t.is(snapshot.mapOfPaths(paths), undefined)

  const alpha = 'iqn.2026-11.io.example:alpha'
  t.deepEqual(
    snapshot.sessionsTo(alpha).map((session) => session.id),
    [1, 2],
  )
  t.deepEqual(snapshot.sessionsTo(`${alpha}x`), [])
  t.deepEqual(names(snapshot.disksOfLun(alpha, 2)).toSorted(), ['sdc', 'sdd'])
  t.deepEqual(snapshot.disksOfLun(alpha, 0), [])
  t.is(snapshot.sessionOf(found('sdj'))?.targetName, 'iqn.2026-11.io.example:beta')
  t.is(snapshot.sessionOf(found('vda')), undefined)
  t.is(snapshot.session(99), undefined)
})

onEveryBackend('partitions are found on a disk, and the disk under a partition', async (t, backend) => {
  const snapshot = await recorded('S2', backend)
  const [disk, first, second] = ['sda', 'sda1', 'sda2'].map((name) => snapshot.device(name))
  if (disk === undefined || first === undefined || second === undefined) return t.fail()
  t.deepEqual(snapshot.devicesOver(disk), [first, second])
  t.deepEqual(snapshot.disksUnder(second), [disk])
  t.like(second, { type: 'part', parent: 'sda', partitionNumber: 2, scsi: { hctl: disk.scsi?.hctl } })
  t.is(second.diskSequence, disk.diskSequence)
  t.is(snapshot.sessionOf(first), snapshot.sessionOf(disk))
  t.deepEqual(snapshot.disksOfLun(disk.iscsi?.targetName ?? '', disk.scsi?.lun ?? -1), [disk])
})

// ---- Cases that no recording has

/** A block device as the kernel lays it out: its directory below sys/devices, and the link to it by number. */
function blockTree(
  directory: string,
  number: string | null,
  attributes: Readonly<Record<string, string>> = {},
): FileTree {
  const entries = Object.entries({ size: '2048', ro: '0', ...attributes })
  return {
    ...Object.fromEntries(entries.map(([key, value]) => [`sys/devices/${directory}/${key}`, `${value}\n`])),
    ...(number === null ? {} : { [`sys/dev/block/${number}`]: { link: `../../devices/${directory}` } }),
  }
}

function mapTree(number: number, dm: Readonly<Record<string, string>>, slaves: readonly string[]): FileTree {
  const directory = `virtual/block/dm-${number}`
  const attributes = Object.entries(dm).map(([key, value]) => [`dm/${key}`, value])
  return {
    ...blockTree(directory, `253:${number}`, Object.fromEntries(attributes)),
    ...Object.fromEntries(
      slaves.map((slave) => [
        `sys/devices/${directory}/slaves/${posix.basename(slave)}`,
        { link: `../../../../${slave}` },
      ]),
    ),
  }
}

/** A session on host 4 with one connection. */
function sessionTree(
  id: number,
  session: Readonly<Record<string, string>>,
  connection: Readonly<Record<string, string>>,
): FileTree {
  const device = `platform/host4/session${id}`
  const classes = [
    ['iscsi_session', `${device}/iscsi_session/session${id}`, session],
    ['iscsi_connection', `${device}/connection${id}:0/iscsi_connection/connection${id}:0`, connection],
  ] as const
  return Object.fromEntries(
    classes.flatMap(([name, directory, attributes]): [string, string | { readonly link: string }][] => [
      [`sys/class/${name}/${posix.basename(directory)}`, { link: `../../devices/${directory}` }],
      ...Object.entries(attributes).map(([key, value]): [string, string] => [
        `sys/devices/${directory}/${key}`,
        `${value}\n`,
      ]),
    ]),
  )
}

onEveryBackend('a machine without SCSI, block devices or sysfs has an empty snapshot', (t, backend) => {
  for (const tree of [{ 'sys/dev/block': null }, { sys: null }, {}] satisfies FileTree[]) {
    for (const detail of details) {
      const snapshot = new Sysfs({ root: writeFileTree(t, tree), backend }).snapshot({ detail })
      t.deepEqual({ ...snapshot }, { ...nothing, detail })
      t.deepEqual(findingsOf(snapshot), [])
    }
  }
})

const nothing = {
  blockDevices: [],
  multipathMaps: [],
  iscsiSessions: [],
  scsiHosts: [],
  nvmeSubsystems: [],
  fibreChannelHosts: [],
}

// drivers/nvme/host/multipath.c: a namespace that several controllers may lead to is a device of the subsystem, and on
// every controller there is a hidden one, which has no number.
const subsystem = 'virtual/nvme-subsystem/nvme-subsys0'
const overTcp = (controller: string) => `virtual/nvme-fabrics/ctl/${controller}`

const sharedNvme: FileTree = {
  'sys/class/nvme-subsystem/nvme-subsys0': { link: `../../devices/${subsystem}` },
  [`sys/devices/${subsystem}/subsysnqn`]: 'nqn.2014-08.org.nvmexpress:uuid:1\n',
  [`sys/devices/${subsystem}/model`]: 'Linux                                   \n',
  [`sys/devices/${subsystem}/serial`]: '0123456789abcdef    \n',
  [`sys/devices/${subsystem}/firmware_rev`]: '6.1.0-56\n',
  [`sys/devices/${subsystem}/iopolicy`]: 'numa\n',
  [`sys/devices/${subsystem}/nvme1`]: { link: `../../../../devices/${overTcp('nvme1')}` },
  [`sys/devices/${subsystem}/nvme2`]: { link: `../../../../devices/${overTcp('nvme2')}` },
  ...blockTree(`${subsystem}/nvme0n1`, '259:0', { 'queue/rotational': '0', diskseq: '7' }),
  ...blockTree(`${subsystem}/nvme0n1/nvme0n1p2`, '259:1', { partition: '2' }),
  ...blockTree(`${subsystem}/nvme0n12`, '259:2'),
  ...controllerTree('nvme1', { state: 'live', address: 'traddr=127.0.0.1,trsvcid=4420', transport: 'tcp' }),
  ...blockTree(`${overTcp('nvme1')}/nvme0c1n1`, null, { ana_state: 'optimized', hidden: '1' }),
  ...blockTree(`${overTcp('nvme1')}/nvme0c1n12`, null, { hidden: '1' }),
  ...controllerTree('nvme2', { state: 'connecting', address: 'traddr=127.0.0.2,trsvcid=4420', transport: 'tcp' }),
  ...blockTree(`${overTcp('nvme2')}/nvme0c2n1`, null, { ana_state: 'inaccessible', hidden: '1' }),
}

function controllerTree(name: string, attributes: Readonly<Record<string, string>>): FileTree {
  return Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => [`sys/devices/${overTcp(name)}/${key}`, `${value}\n`]),
  )
}

onEveryBackend('an NVMe subsystem may have two controllers', (t, backend) => {
  const root = writeFileTree(t, sharedNvme)
  const snapshot = new Sysfs({ root, backend }).snapshot({ detail: 'full' })
  t.deepEqual(
    snapshot.blockDevices.map(({ name, type, parent, partitionNumber, nvme, rotational, diskSequence }) => ({
      name,
      type,
      parent,
      partitionNumber,
      nvme,
      rotational,
      diskSequence,
    })),
    [
      {
        name: 'nvme0n1',
        type: 'disk',
        parent: null,
        partitionNumber: null,
        nvme: { subsystem: 'nvme-subsys0', controller: null },
        rotational: false,
        diskSequence: 7,
      },
      {
        name: 'nvme0n12',
        type: 'disk',
        parent: null,
        partitionNumber: null,
        nvme: { subsystem: 'nvme-subsys0', controller: null },
        rotational: null,
        diskSequence: null,
      },
      {
        name: 'nvme0n1p2',
        type: 'part',
        parent: 'nvme0n1',
        partitionNumber: 2,
        nvme: { subsystem: 'nvme-subsys0', controller: null },
        rotational: false,
        diskSequence: 7,
      },
    ],
  )
  t.deepEqual(snapshot.nvmeSubsystems, [
    {
      name: 'nvme-subsys0',
      nqn: 'nqn.2014-08.org.nvmexpress:uuid:1',
      model: 'Linux',
      serial: '0123456789abcdef',
      firmwareRevision: '6.1.0-56',
      iopolicy: 'numa',
      controllers: [
        { name: 'nvme1', transport: 'tcp', address: 'traddr=127.0.0.1,trsvcid=4420', state: 'live' },
        { name: 'nvme2', transport: 'tcp', address: 'traddr=127.0.0.2,trsvcid=4420', state: 'connecting' },
      ],
      namespaces: [
        {
          device: 'nvme0n1',
          paths: [
            { name: 'nvme0c1n1', controller: 'nvme1', anaState: 'optimized' },
            { name: 'nvme0c2n1', controller: 'nvme2', anaState: 'inaccessible' },
          ],
        },
        { device: 'nvme0n12', paths: [{ name: 'nvme0c1n12', controller: 'nvme1', anaState: null }] },
      ],
    },
  ])
  const basic = new Sysfs({ root, backend }).snapshot()
  t.deepEqual(basic.nvmeSubsystems, [])
  t.is(basic.device('nvme0n1')?.nvme?.subsystem, 'nvme-subsys0')
})

// The SSD of a laptop: its namespace belongs to the controller, and the subsystem has only the controller.
const pci = 'pci0000:00/0000:00:1d.0/0000:3d:00.0/nvme/nvme0'

onEveryBackend('an NVMe namespace may have one controller', (t, backend) => {
  const root = writeFileTree(t, {
    'sys/class/nvme-subsystem/nvme-subsys0': { link: `../../devices/${subsystem}` },
    [`sys/devices/${subsystem}/subsysnqn`]: 'nqn.a\n',
    [`sys/devices/${subsystem}/nvme0`]: { link: `../../../../devices/${pci}` },
    [`sys/devices/${pci}/transport`]: 'pcie\n',
    [`sys/devices/${pci}/address`]: '0000:3d:00.0\n',
    [`sys/devices/${pci}/state`]: 'live\n',
    ...blockTree(`${pci}/nvme0n1`, '259:0'),
    ...blockTree(`${pci}/nvme0n1/nvme0n1p1`, '259:1', { partition: '1' }),
  })
  const snapshot = new Sysfs({ root, backend }).snapshot({ detail: 'full' })
  t.deepEqual(snapshot.nvmeSubsystems, [
    {
      name: 'nvme-subsys0',
      nqn: 'nqn.a',
      model: null,
      serial: null,
      firmwareRevision: null,
      iopolicy: null,
      controllers: [{ name: 'nvme0', transport: 'pcie', address: '0000:3d:00.0', state: 'live' }],
      namespaces: [{ device: 'nvme0n1', paths: [{ name: 'nvme0n1', controller: 'nvme0', anaState: null }] }],
    },
  ])
  const nvme = { subsystem: 'nvme-subsys0', controller: 'nvme0' }
  t.deepEqual(snapshot.device('nvme0n1')?.nvme, nvme)
  t.like(snapshot.device('nvme0n1p1'), { type: 'part', parent: 'nvme0n1', nvme })
  t.deepEqual(new Sysfs({ root, backend }).snapshot().device('nvme0n1')?.nvme, { ...nvme, subsystem: null })
})

// drivers/scsi/scsi_transport_fc.c
const fcHost = 'pci0000:00/0000:00:05.0/host2'
const fcDisk = `${fcHost}/rport-2:0-1/target2:0:1/2:0:1:3`

onEveryBackend('Fibre Channel hosts have remote ports and disks', (t, backend) => {
  const attributes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    [`${fcHost}/scsi_host/host2`]: { proc_name: 'lpfc', state: 'running' },
    [`${fcHost}/fc_host/host2`]: { port_name: '0x10000090fa000001', port_state: 'Online', speed: '16 Gbit' },
    [`${fcHost}/rport-2:0-1/fc_remote_ports/rport-2:0-1`]: {
      port_name: '0x5001438033d84a2c',
      port_state: 'Online',
      roles: 'FCP Target',
    },
    [`${fcHost}/rport-2:0-10/fc_remote_ports/rport-2:0-10`]: {
      port_name: '0x5001438033d84a2d',
      port_state: 'Not Present',
    },
    [fcDisk]: { type: '0', state: 'running', vendor: 'HP      ', access_state: 'active/optimized' },
    'pci0000:00/0000:00:05.1/host3/fc_host/host3': { port_name: '0x10000090fa000002', port_state: 'Linkdown' },
  }
  const classes: FileTree = {
    'sys/class/scsi_host/host2': { link: `../../devices/${fcHost}/scsi_host/host2` },
    'sys/class/fc_host/host2': { link: `../../devices/${fcHost}/fc_host/host2` },
    'sys/class/fc_host/host3': { link: '../../devices/pci0000:00/0000:00:05.1/host3/fc_host/host3' },
    'sys/class/fc_remote_ports/rport-2:0-1': {
      link: `../../devices/${fcHost}/rport-2:0-1/fc_remote_ports/rport-2:0-1`,
    },
    'sys/class/fc_remote_ports/rport-2:0-10': {
      link: `../../devices/${fcHost}/rport-2:0-10/fc_remote_ports/rport-2:0-10`,
    },
    'sys/class/scsi_device/2:0:1:3': { link: `../../devices/${fcDisk}/scsi_device/2:0:1:3` },
    [`sys/devices/${fcDisk}/scsi_device/2:0:1:3/device`]: { link: '../../../2:0:1:3' },
  }
  const files = Object.entries(attributes).flatMap(([directory, values]) =>
    Object.entries(values).map(([key, value]) => [`sys/devices/${directory}/${key}`, `${value}\n`]),
  )
  const root = writeFileTree(t, {
    ...Object.fromEntries(files),
    ...classes,
    ...blockTree(`${fcDisk}/block/sda`, '8:0'),
  })
  const snapshot = new Sysfs({ root, backend }).snapshot({ detail: 'full' })
  t.deepEqual(snapshot.fibreChannelHosts, [
    {
      hostNumber: 2,
      portName: '0x10000090fa000001',
      state: 'Online',
      speed: '16 Gbit',
      remotePorts: [
        { name: 'rport-2:0-1', portName: '0x5001438033d84a2c', state: 'Online', roles: 'FCP Target' },
        { name: 'rport-2:0-10', portName: '0x5001438033d84a2d', state: 'Not Present', roles: null },
      ],
    },
    { hostNumber: 3, portName: '0x10000090fa000002', state: 'Linkdown', speed: null, remotePorts: [] },
  ])
  t.deepEqual(snapshot.scsiHosts, [{ number: 2, driver: 'lpfc', state: 'running', kind: 'fc' }])
  t.like(snapshot.device('sda'), {
    iscsi: null,
    scsi: { hctl: '2:0:1:3', target: 1, lun: 3, vendor: 'HP', transport: 'fc', accessState: 'active/optimized' },
  })
  // The remote port is part of the path of the disk.
  t.is(new Sysfs({ root, backend }).snapshot({ detail: 'links' }).scsiHosts[0]?.kind, 'fc')
})

onEveryBackend('the kind of a host also follows from the paths of its disks', (t, backend) => {
  const hosts = {
    'pci0000:00/0000:00:06.0/host0': 'port-0:0/end_device-0:0/target0:0:0/0:0:0:0',
    'pci0000:00/0000:00:07.0/usb2/2-1/2-1:1.0/host1': 'target1:0:0/1:0:0:0',
    'pci0000:00/0000:00:08.0/virtio3/host2': 'target2:0:0/2:0:0:0',
    'pci0000:00/0000:00:09.0/host3': 'target3:0:0/3:0:0:0',
  }
  const tree = Object.entries(hosts).map(([host, device], index) => ({
    [`sys/class/scsi_host/host${index}`]: { link: `../../devices/${host}/scsi_host/host${index}` },
    [`sys/devices/${host}/scsi_host/host${index}/proc_name`]: 'driver\n',
    [`sys/class/scsi_device/${index}:0:0:0`]: { link: `../../devices/${host}/${device}/scsi_device/${index}:0:0:0` },
    ...blockTree(`${host}/${device}/block/sd${'abcd'[index]}`, `8:${16 * index}`),
  }))
  const root = writeFileTree(t, Object.assign({}, ...tree))
  for (const detail of details) {
    const snapshot = new Sysfs({ root, backend }).snapshot({ detail })
    t.deepEqual(
      snapshot.scsiHosts.map((host) => host.kind),
      ['sas', 'usb', 'virtio', 'other'],
    )
    t.deepEqual(
      snapshot.blockDevices.map((device) => device.scsi?.transport),
      detail === 'full' ? ['sas', 'usb', null, null] : [null, null, null, null],
    )
  }
})

onEveryBackend('other disks, arrays and devices that look like partitions are read', (t, backend) => {
  const mmc = 'platform/soc/mmc_host/mmc0/mmc0:0001/block/mmcblk0'
  const root = writeFileTree(t, {
    ...blockTree(mmc, '179:0', { removable: '1' }),
    ...blockTree(`${mmc}/mmcblk0boot0`, '179:8', { ro: '1', removable: '0' }),
    ...blockTree(`${mmc}/mmcblk0p1`, '179:1', { partition: '1' }),
    ...blockTree('pci0000:00/0000:00:05.0/cciss0/c0d0/block/cciss!c0d0', '104:0'),
    ...blockTree('pci0000:00/0000:00:05.0/cciss0/c0d0/block/cciss!c0d0/cciss!c0d0p3', '104:3', {
      partition: '3',
      ro: '1',
    }),
    ...blockTree('virtual/block/loop7', '7:7'),
    ...blockTree('virtual/block/md127', '9:127', { 'md/level': 'raid1' }),
    ...blockTree('virtual/block/md127/md127p1', '259:0', { partition: '1' }),
    ...blockTree('virtual/block/md0', '9:0', { 'md/level': '' }),
    'sys/devices/virtual/block/md127/slaves/mmcblk0p1': { link: '../../../mmcblk0p1' },
    'sys/devices/virtual/block/md127/slaves/cciss!c0d0p3': { link: '../../../cciss!c0d0p3' },
    ...mapTree(0, { name: 'vg-lv', uuid: 'LVM-1', suspended: '1' }, ['virtual/block/md127/md127p1']),
  })
  const snapshot = new Sysfs({ root, backend }).snapshot({ detail: 'full' })
  t.deepEqual(
    snapshot.blockDevices.map(({ name, type, parent, partitionNumber }) => [name, type, parent, partitionNumber]),
    [
      ['cciss!c0d0', 'disk', null, null],
      ['cciss!c0d0p3', 'part', 'cciss!c0d0', 3],
      ['dm-0', 'lvm', null, null],
      ['loop7', 'loop', null, null],
      ['md0', 'md', null, null],
      ['md127', 'raid1', null, null],
      ['md127p1', 'part', 'md127', 1],
      ['mmcblk0', 'disk', null, null],
      ['mmcblk0boot0', 'disk', null, null],
      ['mmcblk0p1', 'part', 'mmcblk0', 1],
    ],
  )
  t.like(snapshot.device('mmcblk0p1'), { removable: true, readOnly: false, holders: ['md127'] })
  // A partition alone can be made read-only (blockdev --setro).
  t.is(snapshot.device('cciss!c0d0p3')?.readOnly, true)
  t.is(snapshot.device('cciss!c0d0')?.readOnly, false)
  t.like(snapshot.device('mmcblk0boot0'), { removable: false, readOnly: true })
  t.is(snapshot.device('cciss!c0d0p3')?.devicePath, '/dev/cciss/c0d0p3')
  t.is(snapshot.deviceByPath('/dev/cciss/c0d0p3')?.name, 'cciss!c0d0p3')
  const volume = snapshot.device('vg-lv')
  t.is(volume?.dm?.suspended, true)
  t.deepEqual(
    volume &&
      snapshot
        .disksUnder(volume)
        .map((disk) => disk.name)
        .sort(),
    ['cciss!c0d0', 'mmcblk0'],
  )

  const basic = new Sysfs({ root, backend }).snapshot()
  t.deepEqual(
    ['md127', 'dm-0', 'mmcblk0p1'].map((name) => basic.device(name)?.type),
    ['md', 'lvm', 'part'],
  )
})

onEveryBackend('SCSI devices and maps have types', (t, backend) => {
  const device = 'pci0000:00/0000:00:05.0/host0/target0:0:0'
  const scsi = (lun: number, name: string, type: string): FileTree => ({
    ...blockTree(`${device}/0:0:0:${lun}/block/${name}`, `8:${lun}`),
    [`sys/class/scsi_device/0:0:0:${lun}`]: {
      link: `../../devices/${device}/0:0:0:${lun}/scsi_device/0:0:0:${lun}`,
    },
    [`sys/devices/${device}/0:0:0:${lun}/scsi_device/0:0:0:${lun}/device`]: { link: `../../../0:0:0:${lun}` },
    [`sys/devices/${device}/0:0:0:${lun}/type`]: `${type}\n`,
  })
  const root = writeFileTree(t, {
    ...scsi(0, 'sda', '0'),
    ...scsi(1, 'sr0', '5'),
    ...scsi(2, 'sdb', '14'),
    ...scsi(3, 'sdc', '7'),
    ...scsi(4, 'sdd', '31'),
    ...scsi(5, 'sde', 'nonsense'),
    ...mapTree(0, { name: 'a', uuid: 'mpath-3600' }, []),
    ...mapTree(1, { name: 'b', uuid: 'CRYPT-LUKS2-00-b' }, []),
    ...mapTree(2, { name: 'c', uuid: 'part12-mpath-3600' }, []),
    ...mapTree(3, { name: 'd', uuid: '' }, []),
    // The device was just removed: only the link by number is left.
    ...blockTree('virtual/block/dm-4', '253:4'),
    'sys/dev/block/253:5': { link: '../../devices/virtual/block/dm-5' },
  })
  const types = (detail: Detail) =>
    Object.fromEntries(
      new Sysfs({ root, backend }).snapshot({ detail }).blockDevices.map((one) => [one.name, one.type]),
    )
  const maps = { 'dm-0': 'mpath', 'dm-1': 'crypt', 'dm-2': 'part', 'dm-3': 'dm', 'dm-4': 'dm', 'dm-5': 'dm' }
  const full = { sda: 'disk', sr0: 'rom', sdb: 'rbc', sdc: 'mo-disk', sdd: 'disk', sde: 'disk' }
  t.deepEqual(types('full'), { ...maps, ...full })
  const disks = Object.fromEntries(Object.keys(full).map((name) => [name, 'disk']))
  t.deepEqual(types('basic'), { ...maps, ...disks })
  t.deepEqual(types('links'), { ...Object.fromEntries(Object.keys(maps).map((name) => [name, 'dm'])), ...disks })
})

onEveryBackend('a map may have no slaves or a missing slave', (t, backend) => {
  const root = writeFileTree(t, {
    ...mapTree(0, { name: 'mpatha', uuid: 'mpath-3600', suspended: '0' }, []),
    ...mapTree(2, { name: 'over-mpatha', uuid: 'LVM-1' }, ['virtual/block/dm-0']),
    ...mapTree(1, { uuid: 'mpath-3601' }, ['platform/host1/session1/target1:0:0/1:0:0:1/block/sda']),
  })
  const snapshot = new Sysfs({ root, backend }).snapshot({ detail: 'full' })
  t.deepEqual(
    snapshot.multipathMaps.map(({ name, paths, pathsActive, pathsFailed }) => ({
      name,
      paths,
      pathsActive,
      pathsFailed,
    })),
    [
      { name: 'mpatha', paths: [], pathsActive: 0, pathsFailed: 0 },
      {
        name: 'dm-1',
        paths: [{ device: 'sda', hctl: null, state: null, sessionId: null, portal: null }],
        pathsActive: 0,
        pathsFailed: 0,
      },
    ],
  )
  t.is(snapshot.blockDevices.length, 3)
  for (const device of snapshot.blockDevices) t.deepEqual(snapshot.disksUnder(device), [])
})

onEveryBackend('incomplete sessions are read', (t, backend) => {
  const root = writeFileTree(t, {
    // Made by hand over netlink: nothing is set.
    ...sessionTree(
      1,
      { targetname: '(null)', state: 'FREE', initiatorname: '(null)', recovery_tmo: 'off', tpgt: '0' },
      { state: 'down', persistent_address: '(null)', persistent_port: '0' },
    ),
    // Its attributes were removed.
    'sys/class/iscsi_session/session2': { link: '../../devices/platform/host4/session2/iscsi_session/session2' },
    // Its session was removed.
    'sys/class/iscsi_connection/connection9:0': {
      link: '../../devices/platform/host4/session9/connection9:0/iscsi_connection/connection9:0',
    },
    ...sessionTree(10, { targetname: 'iqn.b', state: 'LOGGED_IN', recovery_tmo: '-1', erl: 'x' }, {}),
    'sys/class/iscsi_session/other': 'no session\n',
  })
  const snapshot = new Sysfs({ root, backend }).snapshot({ detail: 'full' })
  t.deepEqual(
    snapshot.iscsiSessions.map((session) => session.id),
    [1, 10, 2],
  )
  t.like(snapshot.session(1), {
    hostNumber: 4,
    targetName: null,
    state: 'FREE',
    initiatorName: null,
    recoveryTimeoutSeconds: -1,
    targetPortalGroup: 0,
    luns: [],
  })
  t.like(snapshot.session(1)?.connections[0], {
    state: 'down',
    address: null,
    persistentAddress: null,
    persistentPort: 0,
  })
  t.like(snapshot.session(2), { hostNumber: 4, targetName: null, state: null, connections: [] })
  t.like(snapshot.session(10), { recoveryTimeoutSeconds: -1, errorRecoveryLevel: null })
  t.deepEqual(
    findingsOf(snapshot).map((finding) => finding.kind === 'sessionDown' && finding.sessionId),
    [1],
  )
})

onEveryBackend('unreadable attributes are null and reported', (t, backend) => {
  const disk = 'platform/host4/session1/target4:0:0/4:0:0:1/block/sda'
  const unreadable: Unreadable[] = []
  const root = writeFileTree(t, {
    ...sessionTree(1, { targetname: 'iqn.a' }, {}),
    ...blockTree(disk, '8:0', { diskseq: 'one' }),
    [`sys/devices/platform/host4/session1/iscsi_session/session1/state`]: null,
    'sys/dev/block/8:16': { link: '../../devices/platform/host4/session1/target4:0:0/4:0:0:2/block/sdb' },
    'sys/devices/platform/host4/session1/target4:0:0/4:0:0:2/block/sdb/size': null,
    [`sys/devices/${disk}/removable`]: null,
    [`sys/devices/${disk}/queue/rotational`]: null,
  })
  const sysfs = new Sysfs({ root, backend })
  const snapshot = sysfs.snapshot({ detail: 'full', onUnreadable: (item) => unreadable.push(item) })
  t.like(snapshot.device('sda'), { sizeBytes: 1048576, removable: null, rotational: null, diskSequence: null })
  t.like(snapshot.device('sdb'), { sizeBytes: null, readOnly: null, type: 'disk' })
  t.like(snapshot.session(1), { targetName: 'iqn.a', state: null })
  t.deepEqual(unreadable.map(({ path, code }) => [posix.basename(path), code]).sort(), [
    ['removable', 'EISDIR'],
    ['rotational', 'EISDIR'],
    ['size', 'EISDIR'],
    ['state', 'EISDIR'],
  ])
  t.deepEqual(sysfs.snapshot({ detail: 'full' }).device('sda'), snapshot.device('sda'))
})

onEveryBackend('ALUA states and names from vital product data are read', (t, backend) => {
  const device = 'pci0000:00/0000:00:05.0/host0/target0:0:0/0:0:0:0'
  const page = (number: number, ...content: readonly number[]) =>
    Uint8Array.from([0, number, content.length >> 8, content.length & 0xff, ...content])
  const ascii = (text: string) => [...Buffer.from(text)]
  const descriptor = (codeSet: number, type: number, ...content: readonly number[]) => [
    codeSet,
    type,
    0,
    content.length,
    ...content,
  ]
  const files: FileTree = {
    ...blockTree(`${device}/block/sda`, '8:0'),
    'sys/class/scsi_device/0:0:0:0': { link: `../../devices/${device}/scsi_device/0:0:0:0` },
    [`sys/devices/${device}/scsi_device/0:0:0:0/device`]: { link: '../../../0:0:0:0' },
    [`sys/devices/${device}/access_state`]: 'standby\n',
    [`sys/devices/${device}/iotmo_cnt`]: '0x1f\n',
    [`sys/devices/${device}/vpd_pg80`]: page(0x80, ...ascii('  SN 1\0')),
  }
  const scsiWith = (identification: Uint8Array) => {
    const root = writeFileTree(t, { ...files, [`sys/devices/${device}/vpd_pg83`]: identification })
    return new Sysfs({ root, backend }).snapshot({ detail: 'full' }).device('sda')?.scsi
  }
  const t10 = descriptor(2, 1, ...ascii('VENDOR  1'))
  const naa = descriptor(1, 3, 0x60, 1, 2, 3, 4, 5, 6, 0xff)
  const ofPort = descriptor(1, 0x13, 0x50, 1, 2, 3, 4, 5, 6, 7)
  t.like(scsiWith(page(0x83, ...t10, ...ofPort, ...naa)), {
    wwid: 'naa.60010203040506ff',
    serial: 'SN 1',
    accessState: 'standby',
    ioTimeouts: 31,
  })
  t.is(scsiWith(page(0x83, ...t10, ...ofPort))?.wwid, 't10.VENDOR  1')
  t.is(scsiWith(page(0x83, ...descriptor(1, 2, 0, 0x80, 1, 2, 3, 4, 5, 6)))?.wwid, 'eui.0080010203040506')
  t.is(scsiWith(page(0x83, ...descriptor(3, 8, ...ascii('iqn.a,t,0x1\0'))))?.wwid, 'iqn.a,t,0x1')
  t.is(scsiWith(page(0x83, ...ofPort))?.wwid, null)
  t.is(scsiWith(page(0x83, ...naa).subarray(0, 10))?.wwid, null)
  t.is(scsiWith(page(0x80, ...naa))?.wwid, null)
  t.is(scsiWith(Uint8Array.from([]))?.wwid, null)
})

// ---- Random machines

test('random machines give equal snapshots on both backends', (t) => {
  fc.assert(
    fc.property(randomMachine, (machine) => {
      const root = temporaryDirectory()
      try {
        writeMachine(root, machine)
        for (const detail of details) {
          const read = backends.map((backend) => {
            const unreadable: Unreadable[] = []
            return {
              data: {
                ...new Sysfs({ root, backend }).snapshot({ detail, onUnreadable: (item) => unreadable.push(item) }),
              },
              unreadable,
            }
          })
          const [first, ...others] = read
          for (const other of others) assert.deepEqual(other, first)
          if (first === undefined) continue
          const json: unknown = JSON.parse(JSON.stringify(first.data))
          assert.deepEqual(json, first.data)
          checkParts(new Snapshot(first.data))
        }
      } finally {
        removeMachine(root)
      }
    }),
    randomCases({ usual: 30, long: 1_000 }),
  )
  t.pass()
})

function checkParts(snapshot: Snapshot): void {
  const { detail, blockDevices, multipathMaps, iscsiSessions } = snapshot
  const names = blockDevices.map((device) => device.name)
  assert.deepEqual(names, [...new Set(names)].sort())
  assert.deepEqual(
    multipathMaps.map((map) => map.device),
    multipathMaps.map((map) => map.device).toSorted(),
  )
  const sessionNames = iscsiSessions.map((session) => `session${session.id}`)
  assert.deepEqual(sessionNames, sessionNames.toSorted())

  for (const device of blockDevices) {
    const { name, holders, slaves, parent, iscsi, scsi } = device
    assert.deepEqual(holders, holders.toSorted())
    assert.deepEqual(slaves, slaves.toSorted())
    for (const holder of holders) assert.ok(snapshot.device(holder)?.slaves.includes(name), `${holder} over ${name}`)
    for (const slave of slaves) assert.ok(snapshot.device(slave)?.holders.includes(name), `${slave} under ${name}`)
    assert.equal(snapshot.device(name), device)
    assert.equal(snapshot.deviceByPath(device.devicePath), device)
    assert.equal(snapshot.deviceByNumber(device.major, device.minor), device)
    if (parent !== null) {
      const disk = snapshot.device(parent)
      assert.deepEqual(disk && { scsi: disk.scsi, iscsi: disk.iscsi }, { scsi, iscsi })
      assert.deepEqual(disk?.parent, null)
    }
    // The ways up and down lead through the same devices.
    for (const under of snapshot.disksUnder(device)) assert.ok(snapshot.devicesOver(under).includes(device))
    const mapsOver = snapshot.mapsOver(device)
    assert.deepEqual(
      mapsOver,
      multipathMaps.filter((map) => mapsOver.includes(map)),
    )
    for (const map of mapsOver) {
      assert.ok(snapshot.devicesOver(device).some((over) => over.name === map.device))
    }
    const session = snapshot.sessionOf(device)
    if (session === undefined || parent !== null) continue
    const lun = session.luns.find((one) => one.device === name)
    assert.deepEqual(lun, { lun: scsi?.lun, hctl: scsi?.hctl, device: name, state: scsi?.state })
    if (session.targetName !== null) {
      assert.ok(snapshot.disksOfLun(session.targetName, scsi?.lun ?? -1).includes(device))
      assert.ok(snapshot.sessionsTo(session.targetName).includes(session))
    }
  }
  for (const session of iscsiSessions) {
    for (const { device, lun, hctl } of session.luns) {
      assert.equal(lun, Number(hctl.split(':')[3]))
      if (device === null) assert.equal(detail, 'full')
      else assert.equal(snapshot.device(device)?.iscsi?.sessionId, session.id)
    }
  }
  for (const map of multipathMaps) {
    const device = snapshot.device(map.device)
    assert.deepEqual(
      map.paths.map((path) => path.device),
      device?.slaves,
    )
    assert.deepEqual(device && { size: device.sizeBytes, uuid: device.dm?.uuid }, {
      size: map.sizeBytes,
      uuid: `mpath-${map.wwid}`,
    })
    for (const path of map.paths) {
      assert.equal(path.sessionId, snapshot.device(path.device)?.iscsi?.sessionId ?? null)
      assert.ok(snapshot.mapsOfPath(path.device).includes(map))
    }
  }
  assert.ok(Array.isArray(findingsOf(snapshot)))
}
