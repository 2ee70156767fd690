import test from 'ava'
import {
  type BlockDevice,
  type Change,
  type Detail,
  diff,
  Snapshot,
  type SnapshotData,
  Sysfs,
} from '../../lib/index.js'
import { onEveryBackend } from '../support/backends.js'
import { unpackRecording } from '../support/recordings.js'

/** A change in one line: `changed blockDevice sda: sizeBytes scsi.wwid`. */
function lineOf(change: Change): string {
  const { kind, what, name } = change
  return `${kind} ${what} ${name}${change.kind === 'changed' ? `: ${change.fields.join(' ')}` : ''}`
}

interface Passage {
  readonly from: string
  readonly to: string
  readonly detail: Detail
  readonly changes: readonly string[]
}

// Consecutive recordings of one machine, and what was done to it between them.
const passages: readonly Passage[] = [
  // The target deleted LUN 2 and replaced LUN 3, without a rescan: only the errors show it.
  { from: 'S6a-before', to: 'S6b-phantom', detail: 'links', changes: [] },
  { from: 'S6a-before', to: 'S6b-phantom', detail: 'basic', changes: [] },
  {
    from: 'S6a-before',
    to: 'S6b-phantom',
    detail: 'full',
    changes: ['sda', 'sdb', 'sdc', 'sdd', 'sdg', 'sdh'].map((disk) => `changed blockDevice ${disk}: scsi.ioErrors`),
  },
  // After a rescan LUN 2 has no size, and LUN 3 is another unit with another map.
  {
    from: 'S6b-phantom',
    to: 'S6c-rescanned',
    detail: 'links',
    changes: [
      'removed blockDevice dm-2',
      'changed blockDevice sde: holders',
      'changed blockDevice sdf: holders',
      'added blockDevice dm-4',
    ],
  },
  {
    from: 'S6b-phantom',
    to: 'S6c-rescanned',
    detail: 'full',
    changes: [
      'removed blockDevice dm-2',
      'removed multipathMap mpathc',
      'changed blockDevice sdc: sizeBytes scsi.wwid scsi.ioErrors scsi.serial',
      'changed blockDevice sdd: sizeBytes scsi.wwid scsi.ioErrors scsi.serial',
      'changed blockDevice sde: sizeBytes holders scsi.wwid scsi.serial',
      'changed blockDevice sdf: sizeBytes holders scsi.wwid scsi.serial',
      'added blockDevice dm-4',
      'added multipathMap mpathe',
    ],
  },
  {
    from: 'S6c-rescanned',
    to: 'S6d-path-deleted',
    detail: 'basic',
    changes: [
      'removed blockDevice sda',
      'changed blockDevice dm-0: slaves',
      'changed multipathMap mpatha: paths',
      'changed iscsiSession session2: luns',
    ],
  },
  // A portal is lost, and its session fails. The disks do not change.
  {
    from: 'S7c-recovered',
    to: 'S7b-transport-offline',
    detail: 'basic',
    changes: ['changed iscsiSession session1: state connections'],
  },
  {
    from: 'S7c-recovered',
    to: 'S7b-transport-offline',
    detail: 'full',
    changes: [
      'changed blockDevice sda: scsi.state',
      'changed blockDevice sdc: scsi.state',
      'changed multipathMap mpatha: paths pathsActive pathsFailed',
      'changed multipathMap mpathb: paths pathsActive pathsFailed',
      // The recovery's time-out is another one because the recorder set it, so that it would not have to wait.
      'changed iscsiSession session1: state recoveryTimeoutSeconds interfaceAddress connections luns',
    ],
  },
]

for (const { from, to, detail, changes } of passages) {
  onEveryBackend(`${detail}: the changes from ${from} to ${to}`, async (t, backend) => {
    const before = new Sysfs({ root: await unpackRecording(from), backend }).snapshot({ detail })
    const after = new Sysfs({ root: await unpackRecording(to), backend }).snapshot({ detail })
    t.deepEqual(diff(before, after).map(lineOf), changes)
    t.deepEqual(diff(before, before), [])
    t.deepEqual(diff(after, new Snapshot(JSON.parse(JSON.stringify(after)))), [])
    for (const change of diff(before, after)) {
      if (change.what !== 'blockDevice') continue
      if (change.kind !== 'added') t.is(before.device(change.name), change.before)
      if (change.kind !== 'removed') t.is(after.device(change.name), change.after)
    }
    // Backwards, additions are removals.
    const opposite = { added: 'removed', removed: 'added', changed: 'changed' }
    t.deepEqual(
      diff(after, before)
        .map(({ kind, what, name }) => `${kind} ${what} ${name}`)
        .sort(),
      diff(before, after)
        .map(({ kind, what, name }) => `${opposite[kind]} ${what} ${name}`)
        .sort(),
    )
  })
}

async function fullOfS3(): Promise<Snapshot> {
  return new Sysfs({ root: await unpackRecording('S3') }).snapshot({ detail: 'full' })
}

function withDevices(snapshot: SnapshotData, change: (device: BlockDevice) => BlockDevice): SnapshotData {
  return { ...snapshot, blockDevices: snapshot.blockDevices.map(change) }
}

/** S3 with other values of `sda`. */
function withSda(snapshot: SnapshotData, sda: Partial<BlockDevice>): SnapshotData {
  return withDevices(snapshot, (device) => (device.name === 'sda' ? { ...device, ...sda } : device))
}

test('a reused name is a removal and an addition', async (t) => {
  const full = await fullOfS3()
  const again = ['removed blockDevice sda', 'added blockDevice sda']
  t.deepEqual(diff(full, withSda(full, { diskSequence: 99 })).map(lineOf), again)
  t.deepEqual(diff(full, withSda(full, { minor: 99 })).map(lineOf), again)
  t.deepEqual(diff(full, withSda(full, { sizeBytes: 99 })).map(lineOf), ['changed blockDevice sda: sizeBytes'])

  // With another unit, dm-0 has another map.
  const [mpatha, ...otherMaps] = full.multipathMaps
  t.not(mpatha, undefined)
  const reused = mpatha && { ...mpatha, name: 'mpathz', wwid: '3600' }
  const mapChanges = diff(full, { ...full, multipathMaps: reused ? [reused, ...otherMaps] : [] })
  t.deepEqual(mapChanges.map(lineOf), ['removed multipathMap mpatha', 'added multipathMap mpathz'])
})

test('without a disk sequence the session, the SCSI address and the uuid identify a device', async (t) => {
  const plain = withDevices(await fullOfS3(), (device) => ({ ...device, diskSequence: null }))
  const sda = new Snapshot(plain).device('sda')
  const again = ['removed blockDevice sda', 'added blockDevice sda']
  if (sda?.scsi == null || sda.iscsi === null) return t.fail()
  const otherLun = withSda(plain, { scsi: { ...sda.scsi, hctl: '0:0:0:9', lun: 9 } })
  t.deepEqual(diff(plain, otherLun).map(lineOf), again)
  const otherSession = withSda(plain, { iscsi: { ...sda.iscsi, sessionId: 9 } })
  t.deepEqual(diff(plain, otherSession).map(lineOf), again)
  const otherMap = withDevices(plain, (device) =>
    device.name === 'dm-0' ? { ...device, dm: { name: 'x', uuid: 'mpath-3600', suspended: false } } : device,
  )
  t.deepEqual(diff(plain, otherMap).map(lineOf), ['removed blockDevice dm-0', 'added blockDevice dm-0'])
  t.deepEqual(diff(plain, withSda(plain, { sizeBytes: 0 })).map(lineOf), ['changed blockDevice sda: sizeBytes'])
})

test('a reused host number is another host', async (t) => {
  const full = await fullOfS3()
  const relogin: SnapshotData = {
    ...full,
    iscsiSessions: full.iscsiSessions.map((session) => (session.id === 1 ? { ...session, id: 21 } : session)),
  }
  t.deepEqual(diff(full, relogin).map(lineOf), [
    'removed iscsiSession session1',
    'removed scsiHost host0',
    'added iscsiSession session21',
    'added scsiHost host0',
  ])

  // The hosts of a card exist without sessions, too.
  const withCard = (snapshot: SnapshotData, kind: 'iscsi' | 'other'): SnapshotData => ({
    ...snapshot,
    scsiHosts: snapshot.scsiHosts.map((host) => ({ ...host, driver: 'qla4xxx', kind })),
  })
  t.deepEqual(diff(withCard(full, 'iscsi'), withCard(relogin, 'iscsi')).map(lineOf), [
    'removed iscsiSession session1',
    'added iscsiSession session21',
  ])
  t.is(diff(withCard(full, 'iscsi'), withCard(full, 'other')).filter(({ kind }) => kind === 'changed').length, 4)

  const [first] = withCard(full, 'iscsi').scsiHosts
  const otherDriver = first && { ...first, driver: 'lpfc' }
  t.deepEqual(
    diff({ ...full, scsiHosts: first ? [first] : [] }, { ...full, scsiHosts: otherDriver ? [otherDriver] : [] }).map(
      lineOf,
    ),
    ['removed scsiHost host0', 'added scsiHost host0'],
  )
})

test('NVMe subsystems and Fibre Channel hosts are compared', async (t) => {
  const full = await fullOfS3()
  const identity = { nqn: 'nqn.a', model: 'Linux', serial: '1', firmwareRevision: '6.1' }
  const subsystem = { name: 'nvme-subsys0', ...identity, iopolicy: 'numa', controllers: [], namespaces: [] }
  const host = { hostNumber: 7, portName: '0x1', state: 'Online', speed: null, remotePorts: [] }
  const before: SnapshotData = { ...full, nvmeSubsystems: [subsystem], fibreChannelHosts: [host] }
  const changed: SnapshotData = {
    ...full,
    nvmeSubsystems: [{ ...subsystem, iopolicy: 'round-robin' }],
    fibreChannelHosts: [{ ...host, state: 'Linkdown' }],
  }
  const other: SnapshotData = {
    ...full,
    nvmeSubsystems: [{ ...subsystem, nqn: 'nqn.b' }],
    fibreChannelHosts: [{ ...host, portName: '0x2' }],
  }
  t.deepEqual(diff(before, changed).map(lineOf), [
    'changed nvmeSubsystem nvme-subsys0: iopolicy',
    'changed fibreChannelHost host7: state',
  ])
  t.deepEqual(diff(before, other).map(lineOf), [
    'removed nvmeSubsystem nvme-subsys0',
    'removed fibreChannelHost host7',
    'added nvmeSubsystem nvme-subsys0',
    'added fibreChannelHost host7',
  ])
})

test('completed commands are not a change, errors are', async (t) => {
  const full = await fullOfS3()
  const scsi = full.device('sda')?.scsi
  if (scsi == null) return t.fail()
  t.deepEqual(diff(full, withSda(full, { scsi: { ...scsi, ioRequests: 1e9, ioDone: 1e9 } })), [])
  t.deepEqual(diff(full, withSda(full, { scsi: { ...scsi, ioErrors: 1e9, ioTimeouts: 1e9 } })).map(lineOf), [
    'changed blockDevice sda: scsi.ioErrors scsi.ioTimeouts',
  ])
})

test('an object that becomes null is one field', async (t) => {
  const full = await fullOfS3()
  t.deepEqual(diff(full, withSda(full, { scsi: null })).map(lineOf), ['changed blockDevice sda: scsi'])
  t.deepEqual(diff(withSda(full, { scsi: null }), full).map(lineOf), ['changed blockDevice sda: scsi'])
})

test('snapshots of different detail cannot be compared', async (t) => {
  const sysfs = new Sysfs({ root: await unpackRecording('S2') })
  t.throws(() => diff(sysfs.snapshot({ detail: 'links' }), sysfs.snapshot()), {
    instanceOf: TypeError,
    message: "snapshots of different detail cannot be compared: 'links' and 'basic'",
  })
})
