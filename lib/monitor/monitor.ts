import { EventEmitter } from 'node:events'
import { kindOf } from '../query/parameters.js'
import { type Change, diff } from '../snapshot/diff.js'
import type { Detail } from '../snapshot/model.js'
import type { Snapshot } from '../snapshot/snapshot.js'
import type { Sysfs } from '../sysfs.js'
import { ChangeIterator } from './changes.js'
import type { HeldCount } from './open-attributes.js'
import { type Follower, Observation } from './live-snapshot.js'
import type { Uevent } from '../executor/uevent.js'

export interface MonitorOptions {
  /** How much to keep, as for `Sysfs.snapshot`; 'basic' by default. */
  readonly detail?: Detail
  /**
   * In milliseconds, for those who wait for changes: how often what changes without an event is read, and without
   * events (`source: 'polling'`) everything; 1000 by default.
   */
  readonly intervalMs?: number
}

export interface ChangesOptions {
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal
}

export interface WatchOptions extends MonitorOptions, ChangesOptions {}

/** The events of a Monitor, each with what its listeners get. */
export interface MonitorEvents {
  /** Something was added, removed or changed; with the snapshot that has it so. */
  change: [change: Change, snapshot: Snapshot]
  /** The kernel said something, of whatever device; never with `source: 'polling'`. */
  uevent: [uevent: Uevent]
  /** Something could not be read (see SysfsError). It goes on: everything is read anew the next time. */
  error: [error: Error]
}

/**
 * Keeps a snapshot current. What the kernel's uevents name is read again, and nothing else; where nothing happened
 * asking costs one system call, however many devices there are. With 'change' or 'uevent' listeners it waits for
 * events, and keeps the process alive unless `unref` was called; otherwise it does nothing until it is asked.
 *
 * The kernel changes some things without an event: the states of SCSI devices, sessions, connections, hosts and ports,
 * queue depths, time limits and counters of commands, recovery_tmo, the portal a connection is at and the interface it
 * goes through, a size from or to 0 and a partition's, ro by BLKROSET, dm/suspended, the slaves of a table that was
 * loaded but is not in use yet or of an MD array, and all of NVMe but its devices' coming and going. `refresh` reads
 * these, and those who wait for changes get them every `intervalMs`. What else somebody may write, or a rescan may bring
 * (a WWID, serial number or model, other parameters of a session, block sizes, rotational, removable), is read when an
 * event names its device, or by `rescan`.
 */
export class Monitor extends EventEmitter<MonitorEvents> {
  readonly #observation: Observation
  readonly #emitting: EmittingFollower

  /** Made by `Sysfs.monitor`. */
  constructor(sysfs: Sysfs, options: MonitorOptions, receiveBufferSize?: number) {
    super()
    const checked = checkedOptions(options)
    this.#observation = new Observation(sysfs, {
      ...checked,
      ...(receiveBufferSize !== undefined && { receiveBufferSize }),
    })
    this.#emitting = new EmittingFollower(this, this.#observation)
    this.#heedListeners(this)
  }

  get detail(): Detail {
    return this.#observation.detail
  }

  /** 'polling' where no uevents reach this process: then everything is read every time, and compared. */
  get source(): 'uevents' | 'polling' {
    return this.#observation.source
  }

  /** Why `source` is 'polling': the fallback, another machine's tree, a container's network namespace. */
  get pollingReason(): string | undefined {
    return this.#observation.pollingReason
  }

  /** How many attributes `refresh` reads, and how many of these it holds open: half of the descriptors that were left. */
  get refreshed(): HeldCount {
    return this.#observation.heldCount
  }

  /**
   * The machine as it is now: the same object as the last time, unless the kernel said that something is different.
   *
   * @throws {SysfsError} see SysfsError
   * @throws {Error} after `close`
   */
  snapshot(): Snapshot {
    return this.#observation.read('named')
  }

  /** As `snapshot`, after also reading what changes without an event. */
  refresh(): Snapshot {
    return this.#observation.read('volatile')
  }

  /** As `snapshot`, after reading everything. */
  rescan(): Snapshot {
    return this.#observation.read('everything')
  }

  /**
   * The changes from now on. Between two that are asked for, what changed several times or came and went is told as one
   * change or none, so a slow reader costs no memory; as do events that came too fast for the kernel to keep. A break
   * or the signal ends it, and closing the monitor. It only waits, and keeps the process alive, while it is asked.
   *
   * @throws {SysfsError} also from the iteration, which it ends
   */
  changes({ signal }: ChangesOptions = {}): AsyncIterableIterator<Change> {
    return new ChangeIterator(this.#observation, signal, false)
  }

  /** Lets waiting for events keep the process alive, as it does unless `unref` was called. */
  ref(): this {
    this.#observation.keepAlive(true)
    return this
  }

  /** Lets the process end while this waits for events. */
  unref(): this {
    this.#observation.keepAlive(false)
    return this
  }

  override removeAllListeners(event?: keyof MonitorEvents): this {
    if (event !== undefined) return super.removeAllListeners(event)
    // Given `undefined` it would remove nothing.
    super.removeAllListeners()
    // It took those of this class, too.
    this.#heedListeners(this)
    return this
  }

  /** Frees its descriptors; iterations end. Any number of times. */
  close(): void {
    this.#observation.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** @param emitter this, as one of all events: the two are in no map of types */
  #heedListeners(emitter: EventEmitter): void {
    emitter.on('newListener', (event: string) => {
      if (isFollowed(event)) this.#emitting.start()
    })
    emitter.on('removeListener', () => {
      if (followed.every((event) => this.listenerCount(event) === 0)) this.#emitting.stop()
    })
  }
}

/** The changes of a monitor of their own, which ends with them. */
export function watch(sysfs: Sysfs, { signal, ...options }: WatchOptions): AsyncIterableIterator<Change> {
  const observation = new Observation(sysfs, checkedOptions(options))
  try {
    return new ChangeIterator(observation, signal, true)
  } catch (error) {
    observation.close()
    throw error
  }
}

/** Tells the listeners of a monitor. */
class EmittingFollower implements Follower {
  #told: Snapshot | undefined
  #isFollowing = false

  constructor(
    private readonly monitor: Monitor,
    private readonly observation: Observation,
  ) {}

  start(): void {
    if (this.#isFollowing || this.observation.isClosed) return
    this.#isFollowing = true
    try {
      this.#told = this.observation.read('named')
    } catch (error) {
      // Then the first snapshot that can be made is what others are compared with.
      this.#told = undefined
      process.nextTick(() => this.onError(error))
    }
    this.observation.follow(this)
  }

  stop(): void {
    this.#isFollowing = false
    this.observation.unfollow(this)
  }

  onSnapshot(snapshot: Snapshot): void {
    const changes = this.#told === undefined ? [] : diff(this.#told, snapshot)
    this.#told = snapshot
    for (const change of changes) this.monitor.emit('change', change, snapshot)
  }

  onUevents(uevents: readonly Uevent[]): void {
    for (const uevent of uevents) this.monitor.emit('uevent', uevent)
  }

  onError(error: unknown): void {
    this.monitor.emit('error', error instanceof Error ? error : new Error(String(error)))
  }

  onClose(): void {
    this.#isFollowing = false
  }
}

const followed = ['change', 'uevent'] as const

function isFollowed(event: string): boolean {
  return followed.some((name) => name === event)
}

const longestInterval = 2 ** 31 - 1

function checkedOptions({ detail = 'basic', intervalMs = 1000 }: MonitorOptions) {
  if (typeof intervalMs !== 'number') throw new TypeError(`intervalMs must be a number, not ${kindOf(intervalMs)}`)
  if (!(intervalMs >= 1 && intervalMs <= longestInterval)) {
    throw new RangeError(`intervalMs must be from 1 to ${longestInterval}, not ${intervalMs}`)
  }
  return { detail, intervalMs }
}
