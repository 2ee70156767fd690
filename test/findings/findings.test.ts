import test from 'ava'
import {
  type BlockDevice,
  type Finding,
  findingsOf,
  type MultipathMap,
  type ScsiDisk,
  Snapshot,
  type SnapshotData,
  Sysfs,
} from '../../lib/index.js'
import { onEveryBackend } from '../support/backends.js'
import { unpackRecording } from '../support/recordings.js'
import { machineOfSize, removeMachine, writeMachine } from '../support/sysfs-tree.js'
import { temporaryDirectory } from '../support/temporary.js'

const phantomOfLun2 = (device: string, host: number): Finding => ({
  kind: 'phantomLun',
  device,
  hctl: `${host}:0:0:2`,
  evidence: [
    { kind: 'zeroSize' },
    {
      kind: 'mapOfAnotherUnit',
      map: 'mpathb',
      mapWwid: '360000000000000000e00000000010002',
      wwid: 'naa.60000000000000000e00000000010000',
    },
  ],
})

const alpha = 'iqn.2026-11.io.example:alpha'

const downInS7 = (state: string): readonly Finding[] => [
  {
    kind: 'sessionDown',
    sessionId: 1,
    targetName: alpha,
    state,
    connections: [{ id: 0, state: 'failed' }],
    disks: ['sda', 'sdc'],
  },
  ...['mpatha', 'mpathb'].map(
    (map, index): Finding => ({
      kind: 'degradedMap',
      map,
      device: `dm-${index}`,
      livePaths: 1,
      sessions: 2,
      without: [{ sessionId: 1, state }],
    }),
  ),
]

/** The expected findings of each recording. */
const expected: Readonly<Record<string, readonly Finding[]>> = {
  'S1a-nomodules': [],
  'S1b-pcidisks': [],
  'S1c-modules-nosession': [],
  S2: [],
  'S2L-lio-chap': [],
  S3: [],
  // multipathd does not run
  'S4-ipv6': [
    ...orphans('naa.60000000000000000e00000000010001', ['sda', 'sdb', 'sde'], null),
    ...orphans('naa.60000000000000000e00000000010002', ['sdc', 'sdd', 'sdf'], null),
  ],
  'S6a-before': [],
  // The target has removed LUN 2, but sysfs does not show it before a rescan.
  'S6b-phantom': [],
  'S6c-rescanned': [phantomOfLun2('sdc', 0), phantomOfLun2('sdd', 1)],
  'S6d-path-deleted': [
    {
      kind: 'degradedMap',
      map: 'mpatha',
      device: 'dm-0',
      livePaths: 1,
      sessions: 2,
      without: [{ sessionId: 2, state: 'LOGGED_IN' }],
    },
    phantomOfLun2('sdc', 0),
    phantomOfLun2('sdd', 1),
  ],
  'S7a-blocked': downInS7('FAILED'),
  'S7c-recovered': [],
  'S7b-transport-offline': downInS7('FREE'),
  'S8a-128disks': [],
  'S9b-redirect': [],
}

function orphans(unit: string, names: readonly string[], map: string | null): readonly Finding[] {
  return names.map((device) => ({
    kind: 'orphanPath',
    device,
    unit,
    otherPaths: names.filter((other) => other !== device),
    map,
  }))
}

for (const [name, findings] of Object.entries(expected)) {
  onEveryBackend(`${name} has the expected findings`, async (t, backend) => {
    const snapshot = new Sysfs({ root: await unpackRecording(name), backend }).snapshot({ detail: 'full' })
    t.deepEqual(findingsOf(snapshot), findings)
    t.deepEqual(findingsOf(new Snapshot(JSON.parse(JSON.stringify(snapshot)))), findings)
  })

  onEveryBackend(`${name} has no other findings with less detail`, async (t, backend) => {
    const sysfs = new Sysfs({ root: await unpackRecording(name), backend })
    const subjects = new Set(findings.map(subjectOf))
    for (const finding of findingsOf(sysfs.snapshot())) t.true(subjects.has(subjectOf(finding)), subjectOf(finding))
    t.deepEqual(findingsOf(sysfs.snapshot({ detail: 'links' })), [])
  })
}

function subjectOf(finding: Finding): string {
  if (finding.kind === 'sessionDown') return `${finding.kind} ${finding.sessionId}`
  return `${finding.kind} ${'device' in finding ? finding.device : JSON.stringify(finding)}`
}

test('basic detail finds maps degraded by their sessions, and units by target and LUN', async (t) => {
  const basic = async (name: string) => new Sysfs({ root: await unpackRecording(name) }).snapshot()
  t.deepEqual(
    findingsOf(await basic('S7b-transport-offline')),
    // The states of connections are read at 'full'.
    downInS7('FREE').map((finding) => (finding.kind === 'sessionDown' ? { ...finding, connections: [] } : finding)),
  )
  t.deepEqual(findingsOf(await basic('S4-ipv6'), { kinds: ['orphanPath'] }), [
    ...orphans(`${alpha} LUN 1`, ['sda', 'sdb', 'sde'], null),
    ...orphans(`${alpha} LUN 2`, ['sdc', 'sdd', 'sdf'], null),
  ])
  const sizes = findingsOf(await basic('S6c-rescanned'), { kinds: ['phantomLun'] })
  t.deepEqual(
    sizes.map((finding) => finding.kind === 'phantomLun' && finding.evidence),
    [[{ kind: 'zeroSize' }], [{ kind: 'zeroSize' }]],
  )
})

// ---- Cases that no recording has

/** A disk of the target `a` through session 1, with other values as given. */
function disk(
  name: string,
  hctl: string,
  { scsi = {}, ...more }: Partial<Omit<BlockDevice, 'scsi'>> & { readonly scsi?: Partial<ScsiDisk> } = {},
): BlockDevice {
  const [host = 0, channel = 0, target = 0, lun = 0] = hctl.split(':').map(Number)
  return {
    name,
    devicePath: `/dev/${name}`,
    major: 8,
    minor: 0,
    diskSequence: null,
    type: 'disk',
    sizeBytes: 1048576,
    readOnly: false,
    removable: false,
    rotational: true,
    logicalBlockSize: 512,
    physicalBlockSize: 512,
    parent: null,
    partitionNumber: null,
    holders: [],
    slaves: [],
    dm: null,
    nvme: null,
    iscsi: { sessionId: host, hostNumber: host, targetName: 'a' },
    ...more,
    scsi: {
      hctl,
      host,
      channel,
      target,
      lun,
      vendor: null,
      model: null,
      revision: null,
      wwid: `naa.600${lun}`,
      serial: null,
      state: 'running',
      queueDepth: null,
      timeoutSeconds: null,
      transport: 'iscsi',
      ioRequests: null,
      ioDone: null,
      ioErrors: null,
      ioTimeouts: null,
      accessState: null,
      ...scsi,
    },
  }
}

function map(name: string, wwid: string, disks: readonly BlockDevice[]): MultipathMap {
  return {
    device: `dm-${name}`,
    name,
    wwid,
    sizeBytes: 1048576,
    suspended: false,
    paths: disks.map((path) => ({
      device: path.name,
      hctl: path.scsi?.hctl ?? null,
      state: path.scsi?.state ?? null,
      sessionId: path.iscsi?.sessionId ?? null,
      portal: null,
    })),
    pathsActive: disks.length,
    pathsFailed: 0,
  }
}

function snapshotWith(
  blockDevices: readonly BlockDevice[],
  multipathMaps: readonly MultipathMap[] = [],
  sessions: readonly (readonly [id: number, state: string])[] = [],
): Snapshot {
  const data: SnapshotData = {
    detail: 'full',
    blockDevices,
    multipathMaps,
    iscsiSessions: sessions.map(([id, state]) => ({
      id,
      hostNumber: id,
      targetName: 'a',
      targetAlias: null,
      state,
      initiatorName: null,
      interfaceName: null,
      interfaceAddress: null,
      interfaceHardwareAddress: null,
      interfaceDevice: null,
      targetPortalGroup: null,
      recoveryTimeoutSeconds: null,
      abortTimeoutSeconds: null,
      logicalUnitResetTimeoutSeconds: null,
      targetResetTimeoutSeconds: null,
      fastAbort: null,
      firstBurstLength: null,
      maxBurstLength: null,
      immediateData: null,
      initialR2T: null,
      maxOutstandingR2T: null,
      errorRecoveryLevel: null,
      connections: [],
      luns: [],
    })),
    scsiHosts: [],
    nvmeSubsystems: [],
    fibreChannelHosts: [],
  }
  return new Snapshot(data)
}

const isFibreChannel = { iscsi: null }

test('an orphan path names the map of the other paths', (t) => {
  const [a, b, c] = [disk('sda', '1:0:0:1'), disk('sdb', '2:0:0:1'), disk('sdc', '3:0:0:1')]
  const alone = disk('sdd', '1:0:0:2')
  const unnamed = disk('sde', '1:0:0:3', { ...isFibreChannel, scsi: { wwid: null } })
  const unnamedToo = disk('sdf', '2:0:0:3', { ...isFibreChannel, scsi: { wwid: null } })
  const partition = disk('sda1', '1:0:0:1', { type: 'part', parent: 'sda' })
  const snapshot = snapshotWith([a, partition, b, c, alone, unnamed, unnamedToo], [map('m', '3600', [a, c])])
  t.deepEqual(findingsOf(snapshot, { kinds: ['orphanPath'] }), [
    { kind: 'orphanPath', device: 'sdb', unit: 'naa.6001', otherPaths: ['sda', 'sdc'], map: 'm' },
  ])
})

test('a path is live if its device is running and its session is logged in', (t) => {
  const disks = [disk('sda', '1:0:0:1'), disk('sdb', '2:0:0:1', { scsi: { state: 'offline' } })]
  const mapped = [map('m', '36001', disks)]
  const degraded = (states: readonly [string, string]): unknown =>
    findingsOf(
      snapshotWith(disks, mapped, [
        [1, states[0]],
        [2, states[1]],
        [3, 'LOGGED_IN'],
      ]),
      { kinds: ['degradedMap'] },
    )
  const finding = { kind: 'degradedMap', map: 'm', device: 'dm-m', sessions: 3 }
  const without = [
    { sessionId: 2, state: 'LOGGED_IN' },
    { sessionId: 3, state: 'LOGGED_IN' },
  ]
  t.deepEqual(degraded(['LOGGED_IN', 'LOGGED_IN']), [{ ...finding, livePaths: 1, without }])
  t.deepEqual(degraded(['FAILED', 'LOGGED_IN']), [
    { ...finding, livePaths: 0, without: [{ sessionId: 1, state: 'FAILED' }, ...without] },
  ])
})

test('a map of other paths than iSCSI is degraded if one of them is down', (t) => {
  const up = disk('sda', '1:0:0:1', isFibreChannel)
  const blocked = disk('sdb', '2:0:0:1', { ...isFibreChannel, scsi: { state: 'blocked' } })
  const unknown = disk('sdc', '3:0:0:1', { ...isFibreChannel, scsi: { state: null } })
  const disks = [up, blocked, unknown]
  const maps = [map('m', '36001', [up, unknown]), map('n', '36001', [up, blocked])]
  t.deepEqual(findingsOf(snapshotWith(disks, maps), { kinds: ['degradedMap'] }), [
    { kind: 'degradedMap', map: 'n', device: 'dm-n', livePaths: 1, sessions: 0, without: [] },
  ])
})

/** The evidence against each disk. */
function evidence(snapshot: Snapshot): unknown {
  return Object.fromEntries(
    findingsOf(snapshot, { kinds: ['phantomLun'] }).map((finding) =>
      finding.kind === 'phantomLun' ? [`${finding.device} ${finding.hctl}`, finding.evidence] : [],
    ),
  )
}

test('the state of a device is evidence', (t) => {
  for (const state of ['offline', 'cancel', 'deleted']) {
    const found = evidence(snapshotWith([disk('sda', '1:0:0:1', { scsi: { state } })]))
    t.deepEqual(found, { 'sda 1:0:0:1': [{ kind: 'state', state }] })
  }
  // A lost session is another finding.
  for (const state of ['running', 'blocked', 'transport-offline', 'quiesce', null]) {
    t.deepEqual(evidence(snapshotWith([disk('sda', '1:0:0:1', { scsi: { state } })])), {})
  }
})

test('a disk without a size is evidence, a drive without a medium is not', (t) => {
  const disks = [disk('sda', '1:0:0:1', { sizeBytes: 0 }), disk('sdb', '2:0:0:2', { sizeBytes: 0, removable: true })]
  t.deepEqual(evidence(snapshotWith(disks)), { 'sda 1:0:0:1': [{ kind: 'zeroSize' }] })
})

test('one WWID of two LUNs of a target is evidence', (t) => {
  const wwid = 'naa.6'
  const disks = [
    disk('sda', '1:0:0:1', { scsi: { wwid } }),
    disk('sdb', '2:0:0:1', { scsi: { wwid } }),
    disk('sdc', '1:0:0:2', { scsi: { wwid } }),
    disk('sdd', '2:0:0:3', { scsi: { wwid } }),
    disk('sde', '3:0:0:4', { scsi: { wwid }, iscsi: { sessionId: 3, hostNumber: 3, targetName: 'b' } }),
  ]
  const of = (device: string, lun: number) => [{ kind: 'wwidOfAnotherLun', wwid, device, lun }]
  t.deepEqual(evidence(snapshotWith(disks)), {
    'sda 1:0:0:1': of('sdc', 2),
    'sdb 2:0:0:1': of('sdc', 2),
    'sdc 1:0:0:2': of('sda', 1),
    'sdd 2:0:0:3': of('sda', 1),
  })
  // Without sessions, LUNs of one channel and target of a host are compared.
  const cards = [
    disk('sda', '1:0:0:1', { ...isFibreChannel, scsi: { wwid } }),
    disk('sdb', '1:0:1:2', { ...isFibreChannel, scsi: { wwid } }),
    disk('sdc', '1:0:0:2', { ...isFibreChannel, scsi: { wwid } }),
  ]
  t.deepEqual(evidence(snapshotWith(cards)), { 'sda 1:0:0:1': of('sdc', 2), 'sdc 1:0:0:2': of('sda', 1) })
})

test('different sizes of paths to one unit are evidence', (t) => {
  const disks = [
    disk('sda', '1:0:0:1'),
    disk('sdb', '2:0:0:1', { sizeBytes: 2097152 }),
    disk('sdc', '3:0:0:1'),
    disk('sdd', '4:0:0:1', { sizeBytes: null }),
    disk('sde', '1:0:0:2', { sizeBytes: 4194304 }),
  ]
  const of = (device: string, sizeBytes: number) => [{ kind: 'sizeDiffers', wwid: 'naa.6001', device, sizeBytes }]
  t.deepEqual(evidence(snapshotWith(disks)), {
    'sda 1:0:0:1': of('sdb', 2097152),
    'sdb 2:0:0:1': of('sda', 1048576),
    'sdc 3:0:0:1': of('sdb', 2097152),
  })
})

test('a map of another unit is evidence', (t) => {
  const naa = (end: string) => `600000000000000000000000000000${end}`
  const a = disk('sda', '1:0:0:1', { scsi: { wwid: `naa.${naa('0a')}` } })
  const t10 = disk('sdb', '1:0:0:2', { scsi: { wwid: 't10.VENDOR 1' } })
  t.deepEqual(evidence(snapshotWith([a, t10], [map('m', `3${naa('0a')}`, [a, t10])])), {})
  // Names that multipathd did not make from the NAA designator cannot be compared with it.
  t.deepEqual(evidence(snapshotWith([a], [map('m', '1Linux_scsi_debug_2000', [a])])), {})
  t.deepEqual(evidence(snapshotWith([a, t10], [map('m', `3${naa('0b')}`, [a, t10])])), {
    'sda 1:0:0:1': [{ kind: 'mapOfAnotherUnit', map: 'm', mapWwid: `3${naa('0b')}`, wwid: `naa.${naa('0a')}` }],
  })
})

test('a session of unknown state is not down', (t) => {
  const snapshot = snapshotWith(
    [],
    [],
    [
      [1, 'LOGGED_IN'],
      [2, 'FREE'],
    ],
  )
  t.deepEqual(findingsOf(snapshot, { kinds: ['sessionDown'] }), [
    { kind: 'sessionDown', sessionId: 2, targetName: 'a', state: 'FREE', connections: [], disks: [] },
  ])
})

test('a connection that is not up is a finding although its session is logged in', (t) => {
  const [session] = snapshotWith([], [], [[1, 'LOGGED_IN']]).iscsiSessions
  const connection = {
    id: 0,
    address: null,
    port: null,
    persistentAddress: null,
    persistentPort: null,
    headerDigest: null,
    dataDigest: null,
    maxReceiveDataSegmentLength: null,
    maxTransmitDataSegmentLength: null,
    pingTimeoutSeconds: null,
    receiveTimeoutSeconds: null,
  }
  const down = (...states: readonly (string | null)[]): unknown => {
    const connections = states.map((state, id) => ({ ...connection, id, state }))
    const { detail, ...parts } = snapshotWith([])
    const iscsiSessions = session === undefined ? [] : [{ ...session, connections }]
    return findingsOf(new Snapshot({ detail, ...parts, iscsiSessions }), { kinds: ['sessionDown'] }).map((finding) =>
      finding.kind === 'sessionDown' ? finding.connections : finding,
    )
  }
  t.deepEqual(down('up', null), [])
  t.deepEqual(down('up', 'failed'), [[{ id: 1, state: 'failed' }]])
})

test('a disk that waits is a finding if no lost session explains it', (t) => {
  const blocked = { scsi: { state: 'blocked' } }
  const disks = [
    disk('sda', '1:0:0:1', blocked),
    disk('sdb', '2:0:0:1', blocked),
    disk('sdc', '3:0:0:1', { ...isFibreChannel, scsi: { state: 'transport-offline' } }),
    disk('sdd', '1:0:0:2'),
  ]
  const snapshot = snapshotWith(
    disks,
    [],
    [
      [1, 'LOGGED_IN'],
      [2, 'FAILED'],
    ],
  )
  t.deepEqual(findingsOf(snapshot, { kinds: ['diskDown'] }), [
    { kind: 'diskDown', device: 'sda', hctl: '1:0:0:1', state: 'blocked' },
    { kind: 'diskDown', device: 'sdc', hctl: '3:0:0:1', state: 'transport-offline' },
  ])
})

test('a map of another size than its paths is a finding', (t) => {
  const grown = [disk('sda', '1:0:0:1', { sizeBytes: 2097152 }), disk('sdb', '2:0:0:1'), disk('sdc', '3:0:0:1')]
  const gone = disk('sdd', '4:0:0:1', { sizeBytes: 0 })
  const unknown = disk('sde', '5:0:0:1', { sizeBytes: null })
  const maps = [map('m', '36001', [...grown, gone, unknown]), map('n', '36001', grown.slice(1))]
  t.deepEqual(findingsOf(snapshotWith([...grown, gone, unknown], maps), { kinds: ['mapSizeDiffers'] }), [
    {
      kind: 'mapSizeDiffers',
      map: 'm',
      device: 'dm-m',
      sizeBytes: 1048576,
      paths: [{ device: 'sda', sizeBytes: 2097152 }],
    },
  ])
})

test('a suspended map of any kind is a finding', (t) => {
  const dm = (name: string | null, suspended: boolean | null) => ({ dm: { name, uuid: null, suspended } })
  const snapshot = snapshotWith([
    disk('dm-0', '1:0:0:1', dm('vg-lv', true)),
    disk('dm-1', '1:0:0:2', dm(null, true)),
    disk('dm-2', '1:0:0:3', dm('b', false)),
    disk('dm-3', '1:0:0:4', dm('c', null)),
  ])
  t.deepEqual(findingsOf(snapshot, { kinds: ['mapSuspended'] }), [
    { kind: 'mapSuspended', map: 'vg-lv', device: 'dm-0' },
    { kind: 'mapSuspended', map: 'dm-1', device: 'dm-1' },
  ])
})

test('NVMe controllers and Fibre Channel ports that are down are findings', (t) => {
  const controllers = ['live', 'connecting', null].map((state, index) => {
    return { name: `nvme${index}`, transport: 'tcp', address: 'traddr=::1', state }
  })
  const ports = [
    { state: 'Online', roles: 'FCP Target' },
    { state: 'Not Present', roles: 'FCP Initiator' },
    { state: 'Blocked', roles: 'FCP Target, NVMe Target' },
    { state: null, roles: 'FCP Target' },
  ].map((port, index) => ({ name: `rport-2:0-${index}`, portName: `0x${index}`, ...port }))
  const identity = { nqn: null, model: null, serial: null, firmwareRevision: null, iopolicy: null }
  const snapshot = new Snapshot({
    ...snapshotWith([]),
    nvmeSubsystems: [{ name: 'nvme-subsys0', ...identity, controllers, namespaces: [] }],
    fibreChannelHosts: [{ hostNumber: 2, portName: null, state: null, speed: null, remotePorts: ports }],
  })
  const controllerDown: Finding = {
    kind: 'controllerDown',
    controller: 'nvme1',
    subsystem: 'nvme-subsys0',
    address: 'traddr=::1',
    state: 'connecting',
  }
  const remotePortDown: Finding = {
    kind: 'remotePortDown',
    port: 'rport-2:0-2',
    hostNumber: 2,
    portName: '0x2',
    state: 'Blocked',
  }
  t.deepEqual(findingsOf(snapshot, { kinds: ['controllerDown'] }), [controllerDown])
  t.deepEqual(findingsOf(snapshot, { kinds: ['remotePortDown'] }), [remotePortDown])
  t.deepEqual(findingsOf(snapshot), [remotePortDown, controllerDown])
})

test('the time of findings grows linearly with the disks', (t) => {
  const root = temporaryDirectory()
  t.teardown(() => removeMachine(root))
  writeMachine(root, machineOfSize({ sessions: 32, luns: 8, maps: 64 }))
  const { blockDevices, multipathMaps, iscsiSessions, ...rest } = new Sysfs({ root }).snapshot({ detail: 'full' })
  /** Several copies of a machine in one, each with its own names, hosts and sessions. */
  const times = (count: number): SnapshotData => {
    const copies = Array.from({ length: count }, (_, copy) => copy)
    return {
      ...rest,
      blockDevices: copies.flatMap((copy) => blockDevices.map((device) => copyOfDevice(device, copy))),
      multipathMaps: copies.flatMap((copy) =>
        multipathMaps.map((one) => ({
          ...one,
          device: `${one.device}-${copy}`,
          paths: one.paths.map((path) => ({ ...path, device: `${path.device}-${copy}` })),
        })),
      ),
      iscsiSessions,
    }
  }
  const seconds = (data: SnapshotData): number => {
    const runs = Array.from({ length: 5 }, () => {
      const begin = process.cpuUsage()
      const snapshot = new Snapshot(data)
      findingsOf(snapshot, { kinds: ['degradedMap'] })
      findingsOf(snapshot, { kinds: ['phantomLun'] })
      for (const device of snapshot.blockDevices) {
        snapshot.mapsOver(device)
        snapshot.disksUnder(device)
        snapshot.deviceByPath(device.devicePath)
      }
      const { user, system } = process.cpuUsage(begin)
      return (user + system) / 1e6
    })
    return Math.min(...runs)
  }
  seconds(times(1))
  const [few, many] = [seconds(times(4)), seconds(times(32))]
  t.true(many < 8 * few * 3, `${few} s for four machines, ${many} s for 32`)
})

function copyOfDevice(device: BlockDevice, copy: number): BlockDevice {
  const suffix = (name: string) => `${name}-${copy}`
  return {
    ...device,
    name: suffix(device.name),
    devicePath: suffix(device.devicePath),
    parent: device.parent && suffix(device.parent),
    holders: device.holders.map(suffix),
    slaves: device.slaves.map(suffix),
  }
}
