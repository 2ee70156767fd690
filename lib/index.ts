import type { ReadOptions } from './machine/prepared-query.js'
import { Sysfs } from './sysfs.js'

export { AsyncSysfs } from './async-sysfs.js'
export { SysfsError, type Unreadable } from './errors.js'
export type { AsyncOptions } from './executor/async-run.js'
export { statColumns } from './executor/sampler-source.js'
export type { LostUevents, Uevent } from './executor/uevent.js'
export type * from './findings/finding.js'
export { type FindingsOptions, findingsOf } from './findings/findings.js'
export type { Backend } from './machine/backend.js'
export {
  AsyncPreparedQuery,
  type AsyncReadOptions,
  PreparedQuery,
  type ReadOptions,
  type RunArguments,
} from './machine/prepared-query.js'
export type { RootOptions } from './machine/roots.js'
export {
  type ChangesOptions,
  Monitor,
  type MonitorEvents,
  type MonitorOptions,
  type WatchOptions,
} from './monitor/monitor.js'
export type { HeldCount } from './monitor/open-attributes.js'
export type { UeventsOptions } from './monitor/uevent-iterator.js'
export type { Field, Fields } from './query/definition.js'
export { type ComparableField, type ListField, param, type RequirableField } from './query/field.js'
/** The fields of a query: `field.text('operstate')`. */
export * as field from './query/fields.js'
export { type ParameterKind, Query, query, record } from './query/query.js'
export type { Row } from './query/row-types.js'
export type { ColumnOf, StatColumn } from './sampler/columns.js'
export type { DeviceRates } from './sampler/rates.js'
export { type Sample, Sampler, type SamplerOf, type SamplerOptions } from './sampler/sampler.js'
export { type Change, diff } from './snapshot/diff.js'
export type * from './snapshot/model.js'
export type { AsyncSnapshotOptions, SnapshotOptions } from './snapshot/read.js'
export { Snapshot } from './snapshot/snapshot.js'
export { formatPortal } from './storage/iscsi.js'
export { Sysfs, type SysfsOptions } from './sysfs.js'

let machine: Sysfs | undefined

/** This machine. HOST_SYS and HOST_DEV are read at the first call. */
function thisMachine(): Sysfs {
  machine ??= new Sysfs()
  return machine
}

/** Calls `Sysfs.findMultipathDeviceForDevice` for this machine. */
export function findMultipathDeviceForDevice(device: string, options?: ReadOptions): string | undefined {
  return thisMachine().findMultipathDeviceForDevice(device, options)
}

/** Calls `Sysfs.findSlaveDevicesOnMultipath` for this machine. */
export function findSlaveDevicesOnMultipath(map: string, options?: ReadOptions): readonly string[] {
  return thisMachine().findSlaveDevicesOnMultipath(map, options)
}

/** Calls `Sysfs.getIscsiPortalHostMapForTarget` for this machine. */
export function getIscsiPortalHostMapForTarget(iqn: string, options?: ReadOptions): ReadonlyMap<string, number> {
  return thisMachine().getIscsiPortalHostMapForTarget(iqn, options)
}

/** Calls `Sysfs.findDevicesForIscsiLun` for this machine. */
export function findDevicesForIscsiLun(iqn: string, lun: number, options?: ReadOptions): readonly string[] {
  return thisMachine().findDevicesForIscsiLun(iqn, lun, options)
}
