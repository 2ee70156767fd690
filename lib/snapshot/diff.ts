import { isEqual } from './is-equal.js'
import type {
  BlockDevice,
  FibreChannelHost,
  IscsiSession,
  MultipathMap,
  NvmeSubsystem,
  ScsiHost,
  SnapshotData,
} from './model.js'

/** The parts of a snapshot that are compared, by the word for one of each. */
interface Parts {
  readonly blockDevice: BlockDevice
  readonly multipathMap: MultipathMap
  readonly iscsiSession: IscsiSession
  readonly scsiHost: ScsiHost
  readonly nvmeSubsystem: NvmeSubsystem
  readonly fibreChannelHost: FibreChannelHost
}

/**
 * What became of one thing between two snapshots. A name or number that came to mean another thing is a removal and an
 * addition: with 'full' a block device is the same while its number and disk sequence are (a changed medium is another
 * disk), with less or on an old kernel while its number, session, SCSI address and map's uuid are. `fields` names what
 * changed, `scsi.state` for a field inside another.
 */
export type Change = { [What in keyof Parts]: ChangeOf<What> }[keyof Parts]

type ChangeOf<What extends keyof Parts> =
  | { readonly kind: 'added'; readonly what: What; readonly name: string; readonly after: Parts[What] }
  | { readonly kind: 'removed'; readonly what: What; readonly name: string; readonly before: Parts[What] }
  | {
      readonly kind: 'changed'
      readonly what: What
      readonly name: string
      readonly before: Parts[What]
      readonly after: Parts[What]
      readonly fields: readonly string[]
    }

interface Part<What extends keyof Parts> {
  readonly what: What
  readonly of: (snapshot: SnapshotData) => readonly Parts[What][]
  readonly name: (item: Parts[What]) => string
  /** The same for the same thing, whatever else changes, and for no other. */
  readonly identity: (item: Parts[What], snapshot: SnapshotData) => string
}

const parts = [
  part({
    what: 'blockDevice',
    of: (snapshot) => snapshot.blockDevices,
    name: (device) => device.name,
    identity: (device) => `${device.name} ${device.major}:${device.minor} ${device.diskSequence ?? originOf(device)}`,
  }),
  part({
    what: 'multipathMap',
    of: (snapshot) => snapshot.multipathMaps,
    name: (map) => map.name,
    identity: (map) => `${map.device} ${map.wwid}`,
  }),
  part({
    what: 'iscsiSession',
    of: (snapshot) => snapshot.iscsiSessions,
    name: (session) => `session${session.id}`,
    identity: (session) => `${session.id} ${session.hostNumber}`,
  }),
  part({
    what: 'scsiHost',
    of: (snapshot) => snapshot.scsiHosts,
    name: (host) => `host${host.number}`,
    identity: (host, snapshot) => `${host.number} ${host.driver} ${onlySessionsOf(host, snapshot)}`,
  }),
  part({
    what: 'nvmeSubsystem',
    of: (snapshot) => snapshot.nvmeSubsystems,
    name: (subsystem) => subsystem.name,
    identity: (subsystem) => `${subsystem.name} ${subsystem.nqn}`,
  }),
  part({
    what: 'fibreChannelHost',
    of: (snapshot) => snapshot.fibreChannelHosts,
    name: (host) => `host${host.hostNumber}`,
    identity: (host) => `${host.hostNumber} ${host.portName}`,
  }),
]

/** Without a disk sequence: what a device has for life and one of the same name after it has not. */
function originOf({ iscsi, scsi, dm }: BlockDevice): string {
  return [iscsi?.sessionId, scsi?.hctl, dm?.uuid].join(' ')
}

/** proc_name of the initiators that make a host for each session, which goes with it: its number is used again. */
const hostPerSession: ReadonlySet<string> = new Set(['iscsi_tcp', 'iscsi_iser'])

function onlySessionsOf({ number, driver }: ScsiHost, snapshot: SnapshotData): string {
  if (driver === null || !hostPerSession.has(driver)) return ''
  const sessions = snapshot.iscsiSessions.filter((session) => session.hostNumber === number)
  return sessions.map((session) => session.id).join()
}

/** Count what the machine did, not what it is: they would make every busy disk a change. */
const counters: ReadonlySet<string> = new Set(['scsi.ioRequests', 'scsi.ioDone'])

/**
 * What changed between two snapshots of one machine: removals first, then changes, then additions, each in the order of
 * the snapshot's parts. Counters of I/O (`scsi.ioRequests`, `scsi.ioDone`) do not count as a change.
 *
 * @throws {TypeError} for snapshots of different detail: what the one did not read would seem to be gone
 */
export function diff(before: SnapshotData, after: SnapshotData): readonly Change[] {
  if (before.detail !== after.detail) {
    throw new TypeError(`snapshots of different detail cannot be compared: '${before.detail}' and '${after.detail}'`)
  }
  const changes = parts.flatMap((compare) => compare(before, after))
  const ofKind = (kind: Change['kind']) => changes.filter((change) => change.kind === kind)
  return [...ofKind('removed'), ...ofKind('changed'), ...ofKind('added')]
}

function part<What extends keyof Parts>(definition: Part<What>): (a: SnapshotData, b: SnapshotData) => Change[] {
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
    // The compiler cannot see that a change of one part is one of all.
    return changes as Change[]
  }
}

/** The names of the fields that differ; those of an object inside with its name before them. */
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
