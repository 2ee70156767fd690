import type { Snapshot } from '../snapshot/snapshot.js'
import { findControllersDown, findDisksDown, findRemotePortsDown, findSessionsDown } from './connectivity.js'
import type { Finding } from './finding.js'
import { findDegradedMaps, findMapsOfOtherSize, findOrphanPaths, findSuspendedMaps } from './maps.js'
import { findPhantomLuns } from './phantom-luns.js'

/** What finds the findings of each kind, in the order in which they are reported. */
const finders: Readonly<Record<Finding['kind'], (snapshot: Snapshot) => readonly Finding[]>> = {
  sessionDown: findSessionsDown,
  remotePortDown: findRemotePortsDown,
  controllerDown: findControllersDown,
  diskDown: findDisksDown,
  mapSuspended: findSuspendedMaps,
  degradedMap: findDegradedMaps,
  mapSizeDiffers: findMapsOfOtherSize,
  orphanPath: findOrphanPaths,
  phantomLun: findPhantomLuns,
}

const everyKind = Object.keys(finders) as readonly Finding['kind'][]

/** Options of `findingsOf`. */
export interface FindingsOptions {
  /** The kinds to look for; all by default. */
  readonly kinds?: readonly Finding['kind'][]
}

/**
 * The findings on a snapshot: what an operator should look at. Full detail shows all of them. 'basic' shows what
 * follows from the states of sessions, sizes, targets and LUNs. 'links' shows none.
 *
 * @throws {TypeError} for an unknown kind
 */
export function findingsOf(snapshot: Snapshot, { kinds = everyKind }: FindingsOptions = {}): readonly Finding[] {
  for (const kind of kinds) {
    if (!Object.hasOwn(finders, kind)) throw new TypeError(`no kind of finding: ${JSON.stringify(kind)}`)
  }
  return everyKind.filter((kind) => kinds.includes(kind)).flatMap((kind) => finders[kind](snapshot))
}
