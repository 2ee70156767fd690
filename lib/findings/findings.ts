import type { Snapshot } from '../snapshot/snapshot.js'
import { findControllersDown, findDisksDown, findRemotePortsDown, findSessionsDown } from './connectivity.js'
import type { Finding } from './finding.js'
import { findDegradedMaps, findMapsOfOtherSize, findOrphanPaths, findSuspendedMaps } from './maps.js'
import { findPhantomLuns } from './phantom-luns.js'

/** The function that finds each kind of finding, in the order of the report. */
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
  /** The kinds of findings to look for. By default all kinds. */
  readonly kinds?: readonly Finding['kind'][]
}

/**
 * Finds conditions of a snapshot that an operator should look at. With detail 'full' it finds all of them. With 'basic'
 * it finds those that follow from session states, sizes, targets and LUNs. With 'links' it finds none.
 *
 * @throws {TypeError} for an unknown kind
 */
export function findingsOf(snapshot: Snapshot, { kinds = everyKind }: FindingsOptions = {}): readonly Finding[] {
  for (const kind of kinds) {
    if (!Object.hasOwn(finders, kind)) throw new TypeError(`no kind of finding: ${JSON.stringify(kind)}`)
  }
  return everyKind.filter((kind) => kinds.includes(kind)).flatMap((kind) => finders[kind](snapshot))
}
