import path from 'node:path'
import { AsyncSysfs } from './async-sysfs.js'
import type { Executor, Roots } from './executor/executor.js'
import { fallback } from './fallback/fallback-executor.js'
import { loadNative } from './native/native-executor.js'
import { Machine } from './machine/machine.js'
import { Monitor, type MonitorOptions, type WatchOptions, watch } from './monitor/monitor.js'
import type { LostUevents, Uevent } from './executor/uevent.js'
import { type UeventsOptions, ueventsOf } from './monitor/uevents.js'
import { kindOf } from './query/parameters.js'
import { PreparedQuery, type RunOptions } from './machine/prepared-query.js'
import type { Query } from './query/query.js'
import { Sampler, type SamplerOf, type SamplerOptions } from './sampler/sampler.js'
import type { Change } from './snapshot/diff.js'
import { type SnapshotOptions, snapshotOfDetail } from './snapshot/read.js'
import type { Snapshot } from './snapshot/snapshot.js'
import {
  devicesForIscsiLun,
  iscsiPortalHostMapForTarget,
  multipathDeviceForDevice,
  slaveDevicesOnMultipath,
} from './storage/operations.js'

export interface SysfsOptions {
  /**
   * Where the machine's file system is, for containers ('/host') and recorded machines: sysfs is at root/sys, the
   * device nodes at root/dev. Paths given and returned are always as the machine itself sees them.
   */
  readonly root?: string
  /** Where sysfs is, whatever `root` says. By default root/sys; without a root HOST_SYS of the environment, or /sys. */
  readonly sysPath?: string
  /** Where device nodes are, whatever `root` says. By default root/dev; without a root HOST_DEV, or /dev. */
  readonly devPath?: string
  /**
   * Where /proc is, whatever `root` says: only a sampler of `source: 'diskstats'` reads it. By default root/proc; without
   * a root HOST_PROC, or /proc.
   */
  readonly procPath?: string
  /**
   * `native` throws where the addon cannot load, `fallback` does without it, `auto` (the default) takes the addon where
   * it loads. Answers are the same.
   */
  readonly backend?: 'auto' | 'native' | 'fallback'
  /**
   * The .node file to load, for a bundle that has it elsewhere than beside itself. By default FAST_SYSFS_ADDON of the
   * environment; without either the addon is looked up: in the package, for a bundle beside the bundle. A file is loaded
   * once in a thread, for all that name it; instances that name different files run on different addons.
   */
  readonly addonPath?: string
}

/** One machine's sysfs. Making one reads nothing of it. */
export class Sysfs {
  readonly sysPath: string
  readonly devPath: string
  readonly procPath: string
  /** What queries run on. */
  readonly backend: 'native' | 'fallback'
  /** The .node file that `addonPath` or FAST_SYSFS_ADDON names, absolute; `undefined` where the addon is looked up. */
  readonly addonPath: string | undefined
  /** Why the addon does not load, where `backend: 'auto'` fell back for that. It names the file. */
  readonly nativeLoadError: Error | undefined

  /** The same methods as promises, which do not hold up the event loop: for devices that may hang. */
  readonly async: AsyncSysfs

  readonly #machine: Machine

  /**
   * @throws {TypeError} for options that are not as above
   * @throws {Error} with `backend: 'native'`, why the addon does not load
   */
  constructor(options: SysfsOptions = {}) {
    if (typeof options !== 'object' || options === null) {
      throw new TypeError(`options must be an object, not ${kindOf(options)}`)
    }
    const roots = rootsOf(options)
    this.sysPath = roots.sys
    this.devPath = roots.dev
    this.procPath = procPathOf(options)
    this.addonPath = addonPathOf(options)
    const { executor, nativeLoadError } = chooseExecutor(options.backend ?? 'auto', this.addonPath)
    this.backend = executor.name
    this.nativeLoadError = nativeLoadError
    this.#machine = new Machine(executor, roots)
    this.async = new AsyncSysfs(this.#machine)
  }

  /**
   * Makes a query ready to run on this machine. Do it once, run it often.
   *
   * @throws {TypeError} where the query makes no sense: an absolute path, `..`, a name that nothing binds
   */
  prepare<Row, Parameters>(query: Query<Row, Parameters>): PreparedQuery<Row, Parameters> {
    return new PreparedQuery(this.#machine.bind(query))
  }

  /**
   * The device-mapper device over a device, '/dev/dm-3': the first in byte order of those in
   * /sys/class/block/DEVICE/holders, whatever kind of map it is (that of a multipath, for a path of one).
   *
   * @param device a kernel name ('sda') or a path that leads to a block device ('/dev/disk/by-id/...')
   * @returns `undefined` where nothing is over it, or there is no such device
   * @throws {TypeError} for anything but a name or an absolute path
   * @throws {SysfsError} see SysfsError
   */
  findMultipathDeviceForDevice(device: string, options?: RunOptions): string | undefined {
    return this.#machine.ask(multipathDeviceForDevice, [device], options)
  }

  /**
   * The devices under a device-mapper device, ['/dev/sda', '/dev/sdb'] in byte order: /sys/class/block/dm-N/slaves.
   *
   * @param map a kernel name ('dm-3') or a path that leads to the map ('/dev/mapper/mpatha')
   * @returns nothing where it has none, is no map or is not there
   * @throws as findMultipathDeviceForDevice
   */
  findSlaveDevicesOnMultipath(map: string, options?: RunOptions): readonly string[] {
    return this.#machine.ask(slaveDevicesOnMultipath, [map], options)
  }

  /**
   * The SCSI host that leads to each portal of a target: Map { '192.168.30.7:3260' => 2 }. Both the portal a connection
   * is at (address, port of /sys/class/iscsi_connection/connectionS:C) and the one that was asked for (persistent_address,
   * persistent_port) are in it; where two sessions have one portal, the host that is last in byte order counts. IPv6 portals are
   * there as the kernel writes them and as '[::1]:3260'.
   *
   * @param iqn the target's name, exactly as in /sys/class/iscsi_session/sessionN/targetname
   * @returns an empty map where there is no session to the target, or no iSCSI at all
   * @throws {TypeError} for anything but a text that is not empty and has no NUL
   * @throws {SysfsError} see SysfsError
   */
  getIscsiPortalHostMapForTarget(iqn: string, options?: RunOptions): ReadonlyMap<string, number> {
    return this.#machine.ask(iscsiPortalHostMapForTarget, [iqn], options)
  }

  /**
   * The kernel names of a LUN's block devices, one a session: ['sda', 'sdb']. They come in the byte order of their
   * hosts (host10 before host2).
   *
   * @param iqn as for getIscsiPortalHostMapForTarget
   * @param lun the number in H:C:T:LUN, 0 or more
   * @returns nothing where no session has the LUN, or it is no disk (a controller)
   * @throws {TypeError} for an IQN as above, or a LUN that is not a number
   * @throws {RangeError} for a LUN that is negative, fractional or beyond `Number.MAX_SAFE_INTEGER`
   * @throws {SysfsError} see SysfsError
   */
  findDevicesForIscsiLun(iqn: string, lun: number, options?: RunOptions): readonly string[] {
    return this.#machine.ask(devicesForIscsiLun, [iqn, lun], options)
  }

  /**
   * The block storage of the machine at one moment, in one call: block devices, multipath maps, iSCSI sessions, SCSI
   * hosts, NVMe and Fibre Channel. A part of sysfs that is missing or strange costs that part only.
   *
   * @throws {TypeError} for a detail that is not 'links', 'basic' or 'full'
   * @throws {SysfsError} see SysfsError
   */
  snapshot(options: SnapshotOptions = {}): Snapshot {
    return this.#machine.ask(snapshotOfDetail(options.detail), [], options)
  }

  /**
   * Keeps a snapshot current by the kernel's uevents: see Monitor.
   *
   * @throws {TypeError} or {RangeError} for options that are not as in MonitorOptions
   */
  monitor(options: MonitorOptions = {}): Monitor {
    return new Monitor(this, options)
  }

  /**
   * The machine's changes from now on, as they happen: `for await (const change of sysfs.watch({ signal }))`. See
   * `Monitor.changes`.
   *
   * @throws {TypeError} or {RangeError} for options that are not as in WatchOptions
   * @throws {SysfsError} see SysfsError; also from the iteration, which it ends
   */
  watch(options: WatchOptions = {}): AsyncIterableIterator<Change> {
    return watch(this, options)
  }

  /**
   * What the kernel says of all its devices, as it says it. Where it says more than is asked for and the kernel keeps,
   * there is one `{ action: 'lost' }` after what was kept.
   *
   * @throws {Error} where no uevents reach this process: see `Monitor.pollingReason`
   */
  uevents(options: UeventsOptions = {}): AsyncIterableIterator<Uevent | LostUevents> {
    return ueventsOf(this, options)
  }

  /**
   * Makes what reads the same numbers of the same block devices many times a second: see Sampler. The caller closes it.
   *
   * @throws {TypeError} or {RangeError} for options that are not as in SamplerOptions
   * @throws {SysfsError} see SysfsError; also where there is no /proc/diskstats to read
   */
  sampler<const Attributes extends readonly string[] = readonly ['stat']>(
    options: SamplerOptions<Attributes> = {},
  ): SamplerOf<Attributes> {
    return new Sampler(this, options)
  }
}

function rootsOf({ root, sysPath, devPath }: SysfsOptions): Roots {
  const { HOST_SYS, HOST_DEV } = process.env
  const base = root === undefined ? undefined : directoryOf('root', root)
  return {
    sys: directoryOf('sysPath', sysPath ?? (base === undefined ? HOST_SYS || '/sys' : `${base}/sys`)),
    dev: directoryOf('devPath', devPath ?? (base === undefined ? HOST_DEV || '/dev' : `${base}/dev`)),
    root: base ?? '',
  }
}

function procPathOf({ root, procPath }: SysfsOptions): string {
  const byDefault = root === undefined ? process.env['HOST_PROC'] || '/proc' : `${directoryOf('root', root)}/proc`
  return directoryOf('procPath', procPath ?? byDefault)
}

function addonPathOf({ addonPath = process.env['FAST_SYSFS_ADDON'] || undefined }: SysfsOptions): string | undefined {
  return addonPath === undefined ? undefined : absolutePath('addonPath', addonPath)
}

/** An absolute path, without a slash at the end. */
function directoryOf(option: string, directory: unknown): string {
  return absolutePath(option, directory).replace(/[/\\]$/, '')
}

function absolutePath(option: string, given: unknown): string {
  if (typeof given !== 'string') throw new TypeError(`${option} must be a string, not ${kindOf(given)}`)
  if (given === '') throw new TypeError(`${option} must not be empty`)
  if (given.includes('\0')) throw new TypeError(`${option} must not contain a NUL: ${JSON.stringify(given)}`)
  return path.resolve(given)
}

function chooseExecutor(
  backend: unknown,
  addonPath: string | undefined,
): { executor: Executor; nativeLoadError: Error | undefined } {
  if (backend === 'fallback') return { executor: fallback, nativeLoadError: undefined }
  if (backend !== 'auto' && backend !== 'native') {
    throw new TypeError(`backend must be 'auto', 'native' or 'fallback', not ${JSON.stringify(backend)}`)
  }
  const native = loadNative(addonPath)
  if (!(native instanceof Error)) return { executor: native, nativeLoadError: undefined }
  if (backend === 'native') throw native
  return { executor: fallback, nativeLoadError: native }
}
