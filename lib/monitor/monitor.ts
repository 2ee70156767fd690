import { EventEmitter } from 'node:events'
import { typeName } from '../errors.js'
import type { Uevent } from '../executor/uevent.js'
import type { Machine } from '../machine/machine.js'
import { type Change, diff } from '../snapshot/diff.js'
import type { Detail } from '../snapshot/model.js'
import type { Snapshot } from '../snapshot/snapshot.js'
import { ChangeIterator } from './change-iterator.js'
import { LiveSnapshot, type Subscriber } from './live-snapshot.js'
import type { HeldCount } from './open-attributes.js'

/** Options of a monitor. */
export interface MonitorOptions {
  /** How much to read, as for `Sysfs.snapshot`. The default is 'basic'. */
  readonly detail?: Detail
  /**
   * The interval, in milliseconds, at which values that change without a uevent are read for listeners and iterators.
   * The default is 1000. With `source: 'polling'` everything is read at this interval.
   */
  readonly intervalMs?: number
}

/** Options of `Monitor.changes`. */
export interface ChangesOptions {
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal
}

/** Options of `Sysfs.watch`. */
export interface WatchOptions extends MonitorOptions, ChangesOptions {}

/** The events of a monitor, each with the arguments of its listeners. */
export interface MonitorEvents {
  /** An object was added, removed or changed. The snapshot is the one after the change. */
  change: [change: Change, snapshot: Snapshot]
  /** The kernel has sent a uevent, for a device of any kind. It is not emitted with `source: 'polling'`. */
  uevent: [uevent: Uevent]
  /** A read failed (see SysfsError). The monitor stays open. Its next read reads everything. */
  error: [error: Error]
}

/**
 * Keeps a snapshot current. A monitor reads again only what the kernel's uevents affect. If nothing has happened, a
 * snapshot costs one system call, however many devices there are. With 'change' or 'uevent' listeners the monitor waits
 * for events and keeps the process alive, unless `unref` was called. Otherwise it does nothing between calls.
 *
 * The kernel changes some values without a uevent: the states of SCSI devices, sessions, connections, hosts and ports;
 * queue depths, time limits and command counters; recovery_tmo; the portal and interface of a connection; a size from
 * or to 0, and the size of a partition; ro set by BLKROSET; dm/suspended; the slaves of a table that is loaded but not
 * in use, or of an MD array; and everything of NVMe but the appearance and removal of devices. `refresh` reads these
 * values. Listeners and iterators get them every `intervalMs`. Other values that a rescan or a write may change (a
 * WWID, serial number or model, other parameters of a session, block sizes, rotational, removable) are read when an
 * event affects their device, and by `reload`.
 */
export class Monitor extends EventEmitter<MonitorEvents> {
  readonly #live: LiveSnapshot
  readonly #emitter: ListenerSubscriber

  /** Use `Sysfs.monitor`. */
  constructor(machine: Machine, options: MonitorOptions, receiveBufferSize?: number) {
    super()
    const checked = checkedOptions(options)
    this.#live = new LiveSnapshot(machine, {
      ...checked,
      ...(receiveBufferSize !== undefined && { receiveBufferSize }),
    })
    this.#emitter = new ListenerSubscriber(this, this.#live)
    this.#watchListeners(this)
  }

  /** How much the monitor reads. */
  get detail(): Detail {
    return this.#live.detail
  }

  /** 'polling' if no uevents reach this process. Then everything is read every time, and compared. */
  get source(): 'uevents' | 'polling' {
    return this.#live.source
  }

  /** Why `source` is 'polling': the fallback, a recorded tree, the network namespace of a container. */
  get pollingReason(): string | undefined {
    return this.#live.pollingReason
  }

  /** How many attributes `refresh` reads, and how many of them stay open: at most half of the free descriptors. */
  get refreshed(): HeldCount {
    return this.#live.heldCount
  }

  /**
   * The current snapshot: the same object as the last time if no uevent has reported a change.
   *
   * @throws {SysfsError} see SysfsError
   * @throws {Error} after `close`
   */
  snapshot(): Snapshot {
    return this.#live.read('affected')
  }

  /** The current snapshot, after reading also what changes without a uevent. Throws as `snapshot` does. */
  refresh(): Snapshot {
    return this.#live.read('silent')
  }

  /** The current snapshot, after reading everything. Throws as `snapshot` does. */
  reload(): Snapshot {
    return this.#live.read('everything')
  }

  /**
   * The changes from now on. Between two calls of `next` several changes of one object become one, or none if it came
   * and went. So a slow consumer costs no memory, and neither does an overflow of the kernel's buffer. The iteration
   * ends by `break`, by the signal, or when the monitor is closed. It keeps the process alive only while `next` waits.
   *
   * @throws {SysfsError} also from the iteration, which it ends
   */
  changes({ signal }: ChangesOptions = {}): AsyncIterableIterator<Change> {
    return new ChangeIterator(this.#live, signal, false)
  }

  /** Lets the monitor keep the process alive while it waits for events. This is the default. */
  ref(): this {
    this.#live.keepAlive(true)
    return this
  }

  /** Lets the process end while the monitor waits for events. */
  unref(): this {
    this.#live.keepAlive(false)
    return this
  }

  /** Removes the listeners of an event, or of all events. */
  override removeAllListeners(event?: keyof MonitorEvents): this {
    if (event !== undefined) return super.removeAllListeners(event)
    // EventEmitter removes nothing if it is given `undefined`.
    super.removeAllListeners()
    // The listeners of this class were removed, too.
    this.#watchListeners(this)
    return this
  }

  /** Closes the monitor's descriptors and ends its iterations. May be called again. */
  close(): void {
    this.#live.close()
  }

  /** Calls `close`. */
  [Symbol.dispose](): void {
    this.close()
  }

  /** @param emitter this object, typed for the two events that MonitorEvents does not have */
  #watchListeners(emitter: EventEmitter): void {
    emitter.on('newListener', (event: string) => {
      if (isEmitted(event)) this.#emitter.start()
    })
    emitter.on('removeListener', () => {
      if (emittedEvents.every((event) => this.listenerCount(event) === 0)) this.#emitter.stop()
    })
  }
}

/** The changes of a machine. The iterator closes its live snapshot when it ends. */
export function watch(machine: Machine, { signal, ...options }: WatchOptions): AsyncIterableIterator<Change> {
  const live = new LiveSnapshot(machine, checkedOptions(options))
  try {
    return new ChangeIterator(live, signal, true)
  } catch (error) {
    live.close()
    throw error
  }
}

/** The subscriber that emits the events of a monitor. */
class ListenerSubscriber implements Subscriber {
  #delivered: Snapshot | undefined
  #isSubscribed = false

  constructor(
    private readonly monitor: Monitor,
    private readonly live: LiveSnapshot,
  ) {}

  start(): void {
    if (this.#isSubscribed || this.live.isClosed) return
    this.#isSubscribed = true
    try {
      this.#delivered = this.live.read('affected')
    } catch (error) {
      // The first snapshot that can be read is then compared with the next one.
      this.#delivered = undefined
      process.nextTick(() => this.onError(error))
    }
    this.live.subscribe(this)
  }

  stop(): void {
    this.#isSubscribed = false
    this.live.unsubscribe(this)
  }

  onSnapshot(snapshot: Snapshot): void {
    const changes = this.#delivered === undefined ? [] : diff(this.#delivered, snapshot)
    this.#delivered = snapshot
    for (const change of changes) this.monitor.emit('change', change, snapshot)
  }

  onUevents(uevents: readonly Uevent[]): void {
    for (const uevent of uevents) this.monitor.emit('uevent', uevent)
  }

  onError(error: unknown): void {
    this.monitor.emit('error', error instanceof Error ? error : new Error(String(error)))
  }

  onClose(): void {
    this.#isSubscribed = false
  }
}

const emittedEvents = ['change', 'uevent'] as const

function isEmitted(event: string): boolean {
  return emittedEvents.some((name) => name === event)
}

const longestInterval = 2 ** 31 - 1

function checkedOptions({ detail = 'basic', intervalMs = 1000 }: MonitorOptions) {
  if (typeof intervalMs !== 'number') throw new TypeError(`intervalMs must be a number, not ${typeName(intervalMs)}`)
  if (!(intervalMs >= 1 && intervalMs <= longestInterval)) {
    throw new RangeError(`intervalMs must be from 1 to ${longestInterval}, not ${intervalMs}`)
  }
  return { detail, intervalMs }
}
