import { AsyncSysfs } from './async-sysfs.js'
import { typeName } from './errors.js'
import type { LostUevents, Uevent } from './executor/uevent.js'
import { type Backend, chooseExecutor } from './machine/backend.js'
import { Machine } from './machine/machine.js'
import type { PreparedQuery, ReadOptions } from './machine/prepared-query.js'
import { absolutePath, type RootOptions, rootsOf } from './machine/roots.js'
import { Monitor, type MonitorOptions, type WatchOptions, watch } from './monitor/monitor.js'
import { type UeventsOptions, ueventsOf } from './monitor/uevent-iterator.js'
import type { Query } from './query/query.js'
import { Sampler, type SamplerOf, type SamplerOptions } from './sampler/sampler.js'
import type { Change } from './snapshot/diff.js'
import { readSnapshot, type SnapshotOptions } from './snapshot/read.js'
import type { Snapshot } from './snapshot/snapshot.js'
import {
  devicesForIscsiLun,
  iscsiPortalHostMapForTarget,
  multipathDeviceForDevice,
  slaveDevicesOnMultipath,
} from './storage/operations.js'

/** Options of a Sysfs. */
export interface SysfsOptions extends RootOptions {
  /**
   * 'native' throws if the addon does not load. 'fallback' does not use the addon. 'auto', the default, uses the addon
   * if it loads. The answers are the same.
   */
  readonly backend?: Backend
  /**
   * The .node file to load. By default FAST_SYSFS_ADDON of the environment. Without either the addon is looked up in
   * the package, or, for a bundle, beside the bundle. A thread loads each file once. Instances that name different
   * files use different addons.
   */
  readonly addonPath?: string
}

/** The sysfs of one machine. The constructor reads nothing. */
export class Sysfs {
  /** Where this process finds the machine's /sys. */
  readonly sysPath: string
  /** Where this process finds the machine's /dev. */
  readonly devPath: string
  /** Where this process finds the machine's /proc. */
  readonly procPath: string
  /** The executor of the queries. */
  readonly backend: 'native' | 'fallback'
  /** The .node file that `addonPath` or FAST_SYSFS_ADDON names, absolute. `undefined` if the addon is looked up. */
  readonly addonPath: string | undefined
  /** Why the addon does not load, if `backend: 'auto'` uses the fallback for that reason. */
  readonly nativeLoadError: Error | undefined

  /** The same methods as promises. They do not block the event loop if a device hangs. */
  readonly async: AsyncSysfs

  readonly #machine: Machine

  /**
   * @throws {TypeError} for wrong options
   * @throws {Error} with `backend: 'native'`, if the addon does not load
   */
  constructor(options: SysfsOptions = {}) {
    if (typeof options !== 'object' || options === null) {
      throw new TypeError(`options must be an object, not ${typeName(options)}`)
    }
    const roots = rootsOf(options)
    this.sysPath = roots.sys
    this.devPath = roots.dev
    this.procPath = roots.proc
    const { addonPath = process.env['FAST_SYSFS_ADDON'] || undefined } = options
    this.addonPath = addonPath === undefined ? undefined : absolutePath('addonPath', addonPath)
    const { executor, nativeLoadError } = chooseExecutor(options.backend ?? 'auto', this.addonPath)
    this.backend = executor.name
    this.nativeLoadError = nativeLoadError
    this.#machine = new Machine(executor, roots)
    this.async = new AsyncSysfs(this.#machine)
  }

  /**
   * Compiles a query for this machine. Prepare a query once and run it many times.
   *
   * @throws {TypeError} if the query makes no sense: an absolute path, `..`, a name that nothing binds
   */
  prepare<Row, Parameters>(query: Query<Row, Parameters>): PreparedQuery<Row, Parameters> {
    return this.#machine.prepare(query)
  }

  /**
   * Finds the device-mapper device on a device: '/dev/dm-3'. It is the first in byte order in
   * /sys/class/block/DEVICE/holders, of any kind of map. For a path of a multipath map it is that map.
   *
   * @param device a kernel name ('sda') or a path to a block device ('/dev/disk/by-id/...')
   * @returns `undefined` if no map is on the device, or if there is no such device
   * @throws {TypeError} for anything but a name or an absolute path
   * @throws {SysfsError} see SysfsError
   */
  findMultipathDeviceForDevice(device: string, options?: ReadOptions): string | undefined {
    return this.#machine.run(multipathDeviceForDevice, [device], options)
  }

  /**
   * Lists the devices of a device-mapper device in byte order, ['/dev/sda', '/dev/sdb']: /sys/class/block/dm-N/slaves.
   *
   * @param map a kernel name ('dm-3') or a path to the map ('/dev/mapper/mpatha')
   * @returns an empty array if the map has no devices, if the device is not a map, or if it does not exist
   * @throws as findMultipathDeviceForDevice
   */
  findSlaveDevicesOnMultipath(map: string, options?: ReadOptions): readonly string[] {
    return this.#machine.run(slaveDevicesOnMultipath, [map], options)
  }

  /**
   * Maps each portal of a target to the number of its SCSI host: Map { '192.168.30.7:3260' => 2 }. The map has the
   * current portal of every connection (address and port in /sys/class/iscsi_connection/connectionS:C) and the one that
   * was asked for (persistent_address, persistent_port). If two sessions share a portal, the host that is last in byte
   * order counts. An IPv6 portal is in the map as the kernel writes it and as '[::1]:3260'.
   *
   * @param iqn the target's name, exactly as in /sys/class/iscsi_session/sessionN/targetname
   * @returns an empty map if there is no session to the target, or no iSCSI
   * @throws {TypeError} for anything but a string that is not empty and has no NUL
   * @throws {SysfsError} see SysfsError
   */
  getIscsiPortalHostMapForTarget(iqn: string, options?: ReadOptions): ReadonlyMap<string, number> {
    return this.#machine.run(iscsiPortalHostMapForTarget, [iqn], options)
  }

  /**
   * Finds the block devices of a LUN, one a session, by kernel name: ['sda', 'sdb']. The order is the byte order of
   * their hosts (host10 before host2).
   *
   * @param iqn as for getIscsiPortalHostMapForTarget
   * @param lun the number in H:C:T:LUN, 0 or more
   * @returns an empty array if no session has the LUN, or if the LUN is not a disk but, for example, a controller
   * @throws {TypeError} for an IQN as above, or a LUN that is not a number
   * @throws {RangeError} for a LUN that is negative, fractional or beyond `Number.MAX_SAFE_INTEGER`
   * @throws {SysfsError} see SysfsError
   */
  findDevicesForIscsiLun(iqn: string, lun: number, options?: ReadOptions): readonly string[] {
    return this.#machine.run(devicesForIscsiLun, [iqn, lun], options)
  }

  /**
   * Reads the block storage of the machine in one call: block devices, multipath maps, iSCSI sessions, SCSI hosts, NVMe
   * and Fibre Channel. A missing or malformed part of sysfs affects that part only.
   *
   * @throws {TypeError} for a detail that is not 'links', 'basic' or 'full'
   * @throws {SysfsError} see SysfsError
   */
  snapshot(options: SnapshotOptions = {}): Snapshot {
    return this.#machine.run(readSnapshot(options.detail), [], options)
  }

  /**
   * Makes a monitor, which keeps a snapshot current by the kernel's uevents: see Monitor. The caller closes it.
   *
   * @throws {TypeError} or {RangeError} for wrong options
   */
  monitor(options: MonitorOptions = {}): Monitor {
    return new Monitor(this.#machine, options)
  }

  /**
   * Iterates over the changes of the machine as they happen: `for await (const change of sysfs.watch({ signal }))`. See
   * `Monitor.changes`.
   *
   * @throws {TypeError} or {RangeError} for wrong options
   * @throws {SysfsError} see SysfsError; the iteration rejects with it, too, and then ends
   */
  watch(options: WatchOptions = {}): AsyncIterableIterator<Change> {
    return watch(this.#machine, options)
  }

  /**
   * Iterates over the kernel's uevents of all devices. When the kernel's buffer overflows, `{ action: 'lost' }` follows
   * the events that were kept.
   *
   * @throws {Error} if no uevents reach this process: see `Monitor.pollingReason`
   */
  uevents(options: UeventsOptions = {}): AsyncIterableIterator<Uevent | LostUevents> {
    return ueventsOf(this.#machine, options)
  }

  /**
   * Makes a sampler, which reads the same numbers of the same block devices many times a second: see Sampler. The
   * caller closes it.
   *
   * @throws {TypeError} or {RangeError} for wrong options
   * @throws {SysfsError} see SysfsError; also if /proc/diskstats is missing
   */
  sampler<const Attributes extends readonly string[] = readonly ['stat']>(
    options: SamplerOptions<Attributes> = {},
  ): SamplerOf<Attributes> {
    return new Sampler(this.#machine, options)
  }
}
