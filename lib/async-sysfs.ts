import type { Machine } from './machine/machine.js'
import { AsyncPreparedQuery, type AsyncReadOptions } from './machine/prepared-query.js'
import type { Query } from './query/query.js'
import { type AsyncSnapshotOptions, readSnapshot } from './snapshot/read.js'
import type { Snapshot } from './snapshot/snapshot.js'
import {
  devicesForIscsiLun,
  iscsiPortalHostMapForTarget,
  multipathDeviceForDevice,
  slaveDevicesOnMultipath,
} from './storage/operations.js'

/**
 * The methods of Sysfs as promises, with the same answers. They read on Node's thread pool, so that a device that hangs
 * does not block the event loop. They reject with what the methods of Sysfs throw.
 *
 * A system call that hangs cannot be interrupted. `signal` and `timeoutMs` end the waiting at once, and the run before
 * its next system call. The thread stays blocked until the kernel returns. Until then the process does not end by
 * itself; process.exit() and a worker's terminate() wait, too. When a call has lasted a second, other runs get another
 * thread and skip the blocked path: an attribute or link is `null` and reported as unreadable with 'ETIMEDOUT'; a
 * directory that must be listed rejects. So a path blocks one thread at most. At most half of the pool
 * (UV_THREADPOOL_SIZE, 4 by default) is used. If all of these threads are blocked, runs are rejected at once with
 * 'ETIMEDOUT' and a blocked path. Each JavaScript thread (worker_threads) counts separately.
 */
export class AsyncSysfs {
  readonly #machine: Machine

  /** Use `Sysfs.async`. */
  constructor(machine: Machine) {
    this.#machine = machine
  }

  /**
   * Compiles a query for this machine, as `Sysfs.prepare` does. Nothing is read.
   *
   * @throws {TypeError} if the query makes no sense
   */
  prepare<Row, Parameters>(query: Query<Row, Parameters>): AsyncPreparedQuery<Row, Parameters> {
    return new AsyncPreparedQuery(this.#machine.compile(query))
  }

  /** See `Sysfs.findMultipathDeviceForDevice`. */
  findMultipathDeviceForDevice(device: string, options?: AsyncReadOptions): Promise<string | undefined> {
    return this.#machine.runAsync(multipathDeviceForDevice, [device], options)
  }

  /** See `Sysfs.findSlaveDevicesOnMultipath`. */
  findSlaveDevicesOnMultipath(map: string, options?: AsyncReadOptions): Promise<readonly string[]> {
    return this.#machine.runAsync(slaveDevicesOnMultipath, [map], options)
  }

  /** See `Sysfs.getIscsiPortalHostMapForTarget`. */
  getIscsiPortalHostMapForTarget(iqn: string, options?: AsyncReadOptions): Promise<ReadonlyMap<string, number>> {
    return this.#machine.runAsync(iscsiPortalHostMapForTarget, [iqn], options)
  }

  /** See `Sysfs.findDevicesForIscsiLun`. */
  findDevicesForIscsiLun(iqn: string, lun: number, options?: AsyncReadOptions): Promise<readonly string[]> {
    return this.#machine.runAsync(devicesForIscsiLun, [iqn, lun], options)
  }

  /** See `Sysfs.snapshot`. */
  async snapshot(options: AsyncSnapshotOptions = {}): Promise<Snapshot> {
    return this.#machine.runAsync(readSnapshot(options.detail), [], options)
  }
}
