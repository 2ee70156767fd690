import type {
  BlockDevice,
  FibreChannelHost,
  IscsiSession,
  MultipathMap,
  NvmeSubsystem,
  ScsiHost,
  SnapshotData,
} from './model.js'

/** The kinds of things that are compared. */
interface Things {
  readonly blockDevice: BlockDevice
  readonly multipathMap: MultipathMap
  readonly iscsiSession: IscsiSession
  readonly scsiHost: ScsiHost
  readonly nvmeSubsystem: NvmeSubsystem
  readonly fibreChannelHost: FibreChannelHost
}

/**
 * A difference between two snapshots. If a name or number belongs to another thing now, there is a removal and an
 * addition. With 'full' a block device is the same as long as its number and disk sequence are (a changed medium is
 * another disk). With less detail or on an old kernel it is the same as long as its number, session, SCSI address and
 * map uuid are. `fields` names what has changed; a field of an inner object is named `scsi.state`.
 */
export type Change = { [What in keyof Things]: ChangeOf<What> }[keyof Things]

type ChangeOf<What extends keyof Things> =
  | { readonly kind: 'added'; readonly what: What; readonly name: string; readonly after: Things[What] }
  | { readonly kind: 'removed'; readonly what: What; readonly name: string; readonly before: Things[What] }
  | {
      readonly kind: 'changed'
      readonly what: What
      readonly name: string
      readonly before: Things[What]
      readonly after: Things[What]
      readonly fields: readonly string[]
    }

interface Comparison<What extends keyof Things> {
  readonly what: What
  readonly of: (snapshot: SnapshotData) => readonly Things[What][]
  readonly name: (item: Things[What]) => string
  /** Equal for the same thing, and for no other thing. */
  readonly identity: (item: Things[What], snapshot: SnapshotData) => string
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
    identity: (host, snapshot) => `${host.number} ${host.driver} ${onlySessionsOf(host, snapshot)}`,
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

/**
 * Identifies a device without a disk sequence: values that never change, and that a later device of the name rarely
 * has.
 */
function originOf({ iscsi, scsi, dm }: BlockDevice): string {
  return [iscsi?.sessionId, scsi?.hctl, dm?.uuid].join(' ')
}

/** proc_name of the initiators with one host a session. The host goes with the session, and its number is reused. */
const hostPerSession: ReadonlySet<string> = new Set(['iscsi_tcp', 'iscsi_iser'])

function onlySessionsOf({ number, driver }: ScsiHost, snapshot: SnapshotData): string {
  if (driver === null || !hostPerSession.has(driver)) return ''
  const sessions = snapshot.iscsiSessions.filter((session) => session.hostNumber === number)
  return sessions.map((session) => session.id).join()
}

/** Counters of I/O. They would report every busy disk as a change. */
const counters: ReadonlySet<string> = new Set(['scsi.ioRequests', 'scsi.ioDone'])

/**
 * Compares two snapshots of one machine. Removals come first, then changes, then additions, each in the order of the
 * snapshot's parts. Counters of I/O (`scsi.ioRequests`, `scsi.ioDone`) are not compared.
 *
 * @throws {TypeError} for snapshots of different detail: values that one of them did not read would seem to be gone
 */
export function diff(before: SnapshotData, after: SnapshotData): readonly Change[] {
  if (before.detail !== after.detail) {
    throw new TypeError(`snapshots of different detail cannot be compared: '${before.detail}' and '${after.detail}'`)
  }
  const changes = comparisons.flatMap((compare) => compare(before, after))
  const ofKind = (kind: Change['kind']) => changes.filter((change) => change.kind === kind)
  return [...ofKind('removed'), ...ofKind('changed'), ...ofKind('added')]
}

function comparison<What extends keyof Things>(
  definition: Comparison<What>,
): (a: SnapshotData, b: SnapshotData) => Change[] {
  const { what, of, name, identity } = definition
  return (before, after) => {
    const old = new Map(of(before).map((item) => [identity(item, before), item]))
    const changes: ChangeOf<What>[] = []
    for (const item of of(after)) {
      const same = identity(item, after)
      const previous = old.get(same)
      old.delete(same)
      if (previous === undefined) {
        changes.push({ kind: 'added', what, name: name(item), after: item })
        continue
      }
      const fields = changedFields(previous, item)
      if (fields.length === 0) continue
      changes.push({ kind: 'changed', what, name: name(item), before: previous, after: item, fields })
    }
    for (const item of old.values()) changes.push({ kind: 'removed', what, name: name(item), before: item })
    // The compiler cannot see that a change of one kind is a Change.
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

/** `isDeepStrictEqual` of node:util. It is loaded at the first comparison, which takes Node two milliseconds. */
export function isEqual(a: unknown, b: unknown): boolean {
  isDeepStrictEqual ??= process.getBuiltinModule('node:util').isDeepStrictEqual
  return isDeepStrictEqual(a, b)
}
