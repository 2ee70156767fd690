import type { RunOptions } from './machine/prepared-query.js'
import { Sysfs } from './sysfs.js'

export { type AsyncSnapshotOptions, AsyncSysfs } from './async-sysfs.js'
export { AsyncPreparedQuery, type AsyncRunOptions } from './machine/async-prepared-query.js'
export { SysfsError, type Unreadable } from './errors.js'
export type { HeldCount } from './monitor/open-attributes.js'
export {
  type ChangesOptions,
  Monitor,
  type MonitorEvents,
  type MonitorOptions,
  type WatchOptions,
} from './monitor/monitor.js'
export type { LostUevents, Uevent } from './executor/uevent.js'
export type { UeventsOptions } from './monitor/uevents.js'
export { PreparedQuery, type RunOptions } from './machine/prepared-query.js'
export {
  captured,
  exists,
  hex,
  integer,
  link,
  linkNumber,
  list,
  name,
  param,
  Query,
  query,
  record,
  text,
} from './query/query.js'
export type { Field, Fields, Row } from './query/row-types.js'
export { type StatColumn, statColumns } from './sampler/columns.js'
export type { DeviceRates } from './sampler/rates.js'
export { type Sample, Sampler, type SamplerOf, type SamplerOptions } from './sampler/sampler.js'
export { type Change, diff } from './snapshot/diff.js'
export {
  controllersDown,
  degradedMaps,
  disksDown,
  type Evidence,
  type Finding,
  findingsOf,
  mapsOfAnotherSize,
  mapsSuspended,
  orphanPaths,
  phantomLuns,
  remotePortsDown,
  sessionsDown,
} from './findings/findings.js'
export type * from './snapshot/model.js'
export type { SnapshotOptions } from './snapshot/read.js'
export { Snapshot } from './snapshot/snapshot.js'
export { Sysfs, type SysfsOptions } from './sysfs.js'

let machine: Sysfs | undefined

/** The machine this runs on, as HOST_SYS and HOST_DEV say at the first call. */
function thisMachine(): Sysfs {
  machine ??= new Sysfs()
  return machine
}

/** `Sysfs.findMultipathDeviceForDevice` of this machine. */
export function findMultipathDeviceForDevice(device: string, options?: RunOptions): string | undefined {
  return thisMachine().findMultipathDeviceForDevice(device, options)
}

/** `Sysfs.findSlaveDevicesOnMultipath` of this machine. */
export function findSlaveDevicesOnMultipath(map: string, options?: RunOptions): readonly string[] {
  return thisMachine().findSlaveDevicesOnMultipath(map, options)
}

/** `Sysfs.getIscsiPortalHostMapForTarget` of this machine. */
export function getIscsiPortalHostMapForTarget(iqn: string, options?: RunOptions): ReadonlyMap<string, number> {
  return thisMachine().getIscsiPortalHostMapForTarget(iqn, options)
}

/** `Sysfs.findDevicesForIscsiLun` of this machine. */
export function findDevicesForIscsiLun(iqn: string, lun: number, options?: RunOptions): readonly string[] {
  return thisMachine().findDevicesForIscsiLun(iqn, lun, options)
}
