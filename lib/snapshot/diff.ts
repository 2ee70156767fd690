import type {
  BlockDevice,
  FibreChannelHost,
  IscsiSession,
  MultipathMap,
  NvmeSubsystem,
  ScsiHost,
  SnapshotData,
} from './model.js'

/** What is compared: each kind of object in a snapshot, by the name of the kind. */
interface Objects {
  readonly blockDevice: BlockDevice
  readonly multipathMap: MultipathMap
  readonly iscsiSession: IscsiSession
  readonly scsiHost: ScsiHost
  readonly nvmeSubsystem: NvmeSubsystem
  readonly fibreChannelHost: FibreChannelHost
}

/**
 * A difference between two snapshots: an object was added, removed or changed. If a name or number belongs to another
 * object in the second snapshot, the difference is a removal and an addition.
 *
 * With detail 'full' a block device is the same one as long as its device number and disk sequence number are the same.
 * So a changed medium is another disk. With less detail, or on a kernel without disk sequence numbers, a block device
 * is the same one as long as its device number, session, SCSI address and map uuid are the same.
 */
export type Change = { [What in keyof Objects]: ChangeOf<What> }[keyof Objects]

type ChangeOf<What extends keyof Objects> =
  /** The object is only in the second snapshot. */
  | {
      /** The kind of change. */
      readonly kind: 'added'
      /** The kind of object. */
      readonly what: What
      /** The name of the object: `sda`, `mpatha`, `session1`, `host2`, `nvme-subsys0`. */
      readonly name: string
      /** The object in the second snapshot. */
      readonly after: Objects[What]
    }
  /** The object is only in the first snapshot. */
  | {
      /** The kind of change. */
      readonly kind: 'removed'
      /** The kind of object. */
      readonly what: What
      /** The name of the object. */
      readonly name: string
      /** The object in the first snapshot. */
      readonly before: Objects[What]
    }
  /** The object is in both snapshots, with different values. */
  | {
      /** The kind of change. */
      readonly kind: 'changed'
      /** The kind of object. */
      readonly what: What
      /** The name of the object in the second snapshot. */
      readonly name: string
      /** The object in the first snapshot. */
      readonly before: Objects[What]
      /** The object in the second snapshot. */
      readonly after: Objects[What]
      /** The names of the fields that differ. A field of an inner object has a name such as `scsi.state`. */
      readonly fields: readonly string[]
    }

/** How objects of one kind are compared. */
interface Comparison<What extends keyof Objects> {
  readonly what: What
  readonly of: (snapshot: SnapshotData) => readonly Objects[What][]
  readonly name: (item: Objects[What]) => string
  /** A text that is equal for the same object, and for no other object of the kind. */
  readonly identity: (item: Objects[What], snapshot: SnapshotData) => string
}

const comparisons = [
  comparison({
    what: 'blockDevice',
    of: (snapshot) => snapshot.blockDevices,
    name: (device) => device.name,
    identity: (device) => `${device.name} ${device.major}:${device.minor} ${device.diskSequence ?? originOf(device)}`,
  }),
  comparison({
    what: 'multipathMap',
    of: (snapshot) => snapshot.multipathMaps,
    name: (map) => map.name,
    identity: (map) => `${map.device} ${map.wwid}`,
  }),
  comparison({
    what: 'iscsiSession',
    of: (snapshot) => snapshot.iscsiSessions,
    name: (session) => `session${session.id}`,
    identity: (session) => `${session.id} ${session.hostNumber}`,
  }),
  comparison({
    what: 'scsiHost',
    of: (snapshot) => snapshot.scsiHosts,
    name: (host) => `host${host.number}`,
    identity: (host, snapshot) => `${host.number} ${host.driver} ${sessionIdsOf(host, snapshot)}`,
  }),
  comparison({
    what: 'nvmeSubsystem',
    of: (snapshot) => snapshot.nvmeSubsystems,
    name: (subsystem) => subsystem.name,
    identity: (subsystem) => `${subsystem.name} ${subsystem.nqn}`,
  }),
  comparison({
    what: 'fibreChannelHost',
    of: (snapshot) => snapshot.fibreChannelHosts,
    name: (host) => `host${host.hostNumber}`,
    identity: (host) => `${host.hostNumber} ${host.portName}`,
  }),
]

/** Identifies a device without a disk sequence number, by values that never change and that are rarely reused. */
function originOf({ iscsi, scsi, dm }: BlockDevice): string {
  return [iscsi?.sessionId, scsi?.hctl, dm?.uuid].join(' ')
}

/**
 * The proc_name of the initiators that create a host for each session. The kernel removes the host with its session and
 * reuses its number.
 */
const hostPerSession: ReadonlySet<string> = new Set(['iscsi_tcp', 'iscsi_iser'])

/** Identifies a host that exists only for its sessions. Empty for any other host. */
function sessionIdsOf({ number, driver }: ScsiHost, snapshot: SnapshotData): string {
  if (driver === null || !hostPerSession.has(driver)) return ''
  const sessions = snapshot.iscsiSessions.filter((session) => session.hostNumber === number)
  return sessions.map((session) => session.id).join()
}

/** The I/O counters. They are not compared, because every disk in use would be reported as changed. */
const counters: ReadonlySet<string> = new Set(['scsi.ioRequests', 'scsi.ioDone'])

/**
 * Compares two snapshots of one machine. The result has removals first, then changes, then additions, each in the order
 * of the fields of SnapshotData. The I/O counters `scsi.ioRequests` and `scsi.ioDone` are not compared.
 *
 * @throws {TypeError} for snapshots of different detail, because fields that one of them did not read would be reported
 */
export function diff(before: SnapshotData, after: SnapshotData): readonly Change[] {
  if (before.detail !== after.detail) {
    throw new TypeError(`snapshots of different detail cannot be compared: '${before.detail}' and '${after.detail}'`)
  }
  const changes = comparisons.flatMap((compare) => compare(before, after))
  const ofKind = (kind: Change['kind']) => changes.filter((change) => change.kind === kind)
  return [...ofKind('removed'), ...ofKind('changed'), ...ofKind('added')]
}

/** Makes the function that compares the objects of one kind. */
function comparison<What extends keyof Objects>(
  definition: Comparison<What>,
): (a: SnapshotData, b: SnapshotData) => Change[] {
  const { what, of, name, identity } = definition
  return (before, after) => {
    const old = new Map(of(before).map((item) => [identity(item, before), item]))
    const changes: ChangeOf<What>[] = []
    for (const item of of(after)) {
      const id = identity(item, after)
      const previous = old.get(id)
      old.delete(id)
      if (previous === undefined) {
        changes.push({ kind: 'added', what, name: name(item), after: item })
        continue
      }
      const fields = changedFields(previous, item)
      if (fields.length === 0) continue
      changes.push({ kind: 'changed', what, name: name(item), before: previous, after: item, fields })
    }
    for (const item of old.values()) changes.push({ kind: 'removed', what, name: name(item), before: item })
    // The compiler does not infer that ChangeOf<What> is a Change.
    return changes as Change[]
  }
}

/** The names of the fields that differ. A field of an inner object is prefixed with the object's name. */
function changedFields(before: object, after: object, prefix = ''): readonly string[] {
  const old = new Map(Object.entries(before))
  return Object.entries(after).flatMap(([key, value]): readonly string[] => {
    const name = prefix + key
    const previous: unknown = old.get(key)
    if (counters.has(name) || isEqual(previous, value)) return []
    return isObject(previous) && isObject(value) ? changedFields(previous, value, `${name}.`) : [name]
  })
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

let isDeepStrictEqual: typeof import('node:util').isDeepStrictEqual | undefined

/** Calls `isDeepStrictEqual` of node:util. Node takes two milliseconds to load it, so the first call loads it. */
export function isEqual(a: unknown, b: unknown): boolean {
  isDeepStrictEqual ??= process.getBuiltinModule('node:util').isDeepStrictEqual
  return isDeepStrictEqual(a, b)
}
