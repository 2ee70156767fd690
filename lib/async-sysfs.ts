import type { Machine } from './machine/machine.js'
import type { Query } from './query/query.js'
import { type SnapshotOptions, snapshotOfDetail } from './snapshot/read.js'
import type { Snapshot } from './snapshot/snapshot.js'
import {
  devicesForIscsiLun,
  iscsiPortalHostMapForTarget,
  multipathDeviceForDevice,
  slaveDevicesOnMultipath,
} from './storage/operations.js'
import type { FlightOptions } from './executor/async-run.js'
import { AsyncPreparedQuery, type AsyncRunOptions } from './machine/async-prepared-query.js'

export interface AsyncSnapshotOptions extends SnapshotOptions, FlightOptions {}

/**
 * The methods of Sysfs with the same answers, as promises: the reading is done on Node's thread pool, so that a device
 * that hangs does not stop the event loop. What the methods of Sysfs throw, these reject with.
 *
 * A system call that hangs cannot be taken back. `signal` and `timeoutMs` end the waiting at once, and the run before
 * its next system call, but the thread is gone until the kernel answers; so long the process does not end by itself, and
 * process.exit() and a worker's terminate() wait as well. When a call has lasted for a second, other queries get another
 * thread. They do without what it reads: an attribute or link is `null`, in `unreadable` with 'ETIMEDOUT'; a directory
 * that must be listed rejects with it. So no path costs a second thread. At most half of the pool (UV_THREADPOOL_SIZE,
 * 4 by default) is taken. If all of that hangs, queries are rejected at once with 'ETIMEDOUT' and a path that hangs.
 * A thread of JavaScript (worker_threads) counts for itself.
 */
export class AsyncSysfs {
  readonly #machine: Machine

  /** Made by Sysfs. */
  constructor(machine: Machine) {
    this.#machine = machine
  }

  /**
   * Makes a query ready to run on this machine, as Sysfs does and without a promise: nothing is read.
   *
   * @throws {TypeError} where the query makes no sense
   */
  prepare<Row, Parameters>(query: Query<Row, Parameters>): AsyncPreparedQuery<Row, Parameters> {
    return new AsyncPreparedQuery(this.#machine.bind(query))
  }

  /** See Sysfs. */
  findMultipathDeviceForDevice(device: string, options?: AsyncRunOptions): Promise<string | undefined> {
    return this.#machine.askAsync(multipathDeviceForDevice, [device], options)
  }

  /** See Sysfs. */
  findSlaveDevicesOnMultipath(map: string, options?: AsyncRunOptions): Promise<readonly string[]> {
    return this.#machine.askAsync(slaveDevicesOnMultipath, [map], options)
  }

  /** See Sysfs. */
  getIscsiPortalHostMapForTarget(iqn: string, options?: AsyncRunOptions): Promise<ReadonlyMap<string, number>> {
    return this.#machine.askAsync(iscsiPortalHostMapForTarget, [iqn], options)
  }

  /** See Sysfs. */
  findDevicesForIscsiLun(iqn: string, lun: number, options?: AsyncRunOptions): Promise<readonly string[]> {
    return this.#machine.askAsync(devicesForIscsiLun, [iqn, lun], options)
  }

  /** See Sysfs. */
  async snapshot(options: AsyncSnapshotOptions = {}): Promise<Snapshot> {
    return this.#machine.askAsync(snapshotOfDetail(options.detail), [], options)
  }
}
