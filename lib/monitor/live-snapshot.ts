import type { Uevent, UeventSource } from '../executor/uevent.js'
import type { Machine } from '../machine/machine.js'
import { joinRows } from '../snapshot/join.js'
import type { Detail } from '../snapshot/model.js'
import { Snapshot } from '../snapshot/snapshot.js'
import type { HeldCount } from './open-attributes.js'
import { RowCache, settlingTime } from './row-cache.js'

/**
 * The size of the kernel's buffer for events, in bytes. It has space for thousands of events. The kernel allocates
 * memory only for the events that wait.
 */
export const defaultReceiveBufferSize = 4 << 20

/** Receives each snapshot and each event once, in order. */
export interface Subscriber {
  onSnapshot(snapshot: Snapshot): void
  onUevents(uevents: readonly Uevent[]): void
  /** A read failed. The next read reads everything. */
  onError(error: unknown): void
  /** The live snapshot is closed. No other call follows. */
  onClose(): void
}

/**
 * What to read. 'affected': the entries that events affect. 'silent': these, and values that change without events.
 * 'everything': all entries.
 */
export type Scope = 'affected' | 'silent' | 'everything'

/** Options of a live snapshot. */
export interface LiveSnapshotOptions {
  /** How much to read. */
  readonly detail: Detail
  /**
   * The interval, in milliseconds, at which values that change without events are read for subscribers. If there is no
   * source of events, everything is read at this interval.
   */
  readonly intervalMs: number
  /** The size of the kernel's buffer for events, in bytes. */
  readonly receiveBufferSize?: number
}

/**
 * The delay before settling entries are first read again, in milliseconds. Each delay is four times the previous one.
 */
const firstSettlingDelay = 10

/** The current snapshot of a machine. It is updated when it is read, and continuously while there are subscribers. */
export class LiveSnapshot {
  readonly detail: Detail
  /** Why no uevents are received. `undefined` if they are received. */
  readonly pollingReason: string | undefined

  readonly #uevents: UeventSource | undefined
  readonly #rows: RowCache
  readonly #intervalMs: number
  readonly #subscribers = new Set<Subscriber>()
  #snapshot: Snapshot | undefined
  /** Whether rows may be out of date without an event, because nothing was read yet or the last read failed. */
  #mustReadAll = true
  /** Whether rows have changed since the snapshot was created. */
  #isStale = true
  #isClosed = false

  #isReferenced = true
  #delivered: Snapshot | undefined
  #undelivered: Uevent[] = []
  #isDeliveryScheduled = false
  #interval: NodeJS.Timeout | undefined
  #silentReadAt = 0
  #settling: NodeJS.Timeout | undefined
  #settlingDelay = firstSettlingDelay

  constructor(
    machine: Machine,
    { detail, intervalMs, receiveBufferSize = defaultReceiveBufferSize }: LiveSnapshotOptions,
  ) {
    this.detail = detail
    this.#intervalMs = intervalMs
    this.#rows = new RowCache(machine, detail, () => performance.now())
    // Opened before anything is read, so that no change is missed.
    const uevents = machine.executor.openUevents(machine.roots.sys, receiveBufferSize)
    this.#uevents = typeof uevents === 'string' ? undefined : uevents
    this.pollingReason = typeof uevents === 'string' ? uevents : undefined
  }

  get source(): 'uevents' | 'polling' {
    return this.#uevents === undefined ? 'polling' : 'uevents'
  }

  get heldCount(): HeldCount {
    return this.#rows.heldCount
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /**
   * The current snapshot: the same object if nothing has changed.
   *
   * @throws {Error} after `close`
   */
  read(scope: Scope): Snapshot {
    if (this.#isClosed) throw new Error('the monitor is closed')
    this.#readRows(scope)
    if (this.#snapshot === undefined || this.#isStale) {
      this.#snapshot = new Snapshot(joinRows(this.detail, this.#rows.toRows()))
      this.#isStale = false
    }
    if (this.#subscribers.size > 0) this.#scheduleDelivery()
    return this.#snapshot
  }

  /** Delivers each later snapshot to the subscriber as soon as a change is known. */
  subscribe(subscriber: Subscriber): void {
    if (this.#isClosed || this.#subscribers.has(subscriber)) return
    this.#subscribers.add(subscriber)
    if (this.#subscribers.size > 1) return
    this.#delivered = this.#snapshot
    this.#uevents?.listen(() => this.#check('affected'))
    this.#scheduleReadings()
  }

  unsubscribe(subscriber: Subscriber): void {
    if (!this.#subscribers.delete(subscriber) || this.#subscribers.size > 0) return
    this.#uevents?.pause()
    clearTimeout(this.#interval)
    clearTimeout(this.#settling)
    this.#interval = undefined
    this.#settling = undefined
    this.#undelivered = []
  }

  /** Whether subscribers keep the process alive. */
  keepAlive(isReferenced: boolean): void {
    this.#isReferenced = isReferenced
    this.#applyReference()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const subscriber of [...this.#subscribers]) {
      this.unsubscribe(subscriber)
      subscriber.onClose()
    }
    this.#uevents?.close()
    this.#rows.close()
  }

  #readRows(scope: Scope): void {
    const batch = this.#uevents?.take()
    if (batch !== undefined) {
      this.#settlingDelay = firstSettlingDelay
      if (this.#subscribers.size > 0) this.#undelivered.push(...batch.uevents)
    }
    if (scope !== 'affected') this.#silentReadAt = performance.now()
    try {
      if (this.#uevents === undefined) {
        this.#note(this.#rows.readAll())
      } else if (this.#mustReadAll || scope === 'everything') {
        // The events are processed all the same, because their entries may change later without another event.
        if (batch !== undefined) this.#note(this.#rows.readAffected(batch))
        this.#note(this.#rows.readAll())
      } else {
        if (batch !== undefined || this.#rows.isSettling) this.#note(this.#rows.readAffected(batch ?? emptyBatch))
        if (scope === 'silent') this.#note(this.#rows.readSilent())
      }
      this.#mustReadAll = false
    } catch (error) {
      this.#mustReadAll = true
      throw error
    }
  }

  #note(hasChanged: boolean): void {
    this.#isStale ||= hasChanged
  }

  #check(scope: Scope): void {
    if (this.#isClosed || this.#subscribers.size === 0) return
    try {
      this.read(scope)
    } catch (error) {
      for (const subscriber of [...this.#subscribers]) subscriber.onError(error)
    }
    this.#deliver()
    if (this.#subscribers.size > 0) this.#scheduleReadings()
  }

  /** Delivers a snapshot that a caller has read to the subscribers, after the caller's code. */
  #scheduleDelivery(): void {
    if (this.#isDeliveryScheduled || (this.#snapshot === this.#delivered && this.#undelivered.length === 0)) return
    this.#isDeliveryScheduled = true
    queueMicrotask(() => {
      this.#deliver()
      if (this.#subscribers.size > 0) this.#scheduleReadings()
    })
  }

  #deliver(): void {
    this.#isDeliveryScheduled = false
    const uevents = this.#undelivered
    this.#undelivered = []
    const snapshot = this.#snapshot
    const isNew = snapshot !== undefined && snapshot !== this.#delivered
    this.#delivered = snapshot
    for (const subscriber of [...this.#subscribers]) {
      if (uevents.length > 0) subscriber.onUevents(uevents)
      if (isNew) subscriber.onSnapshot(snapshot)
    }
  }

  #scheduleReadings(): void {
    if (this.#interval === undefined) {
      const left = this.#silentReadAt + this.#intervalMs - performance.now()
      this.#interval = setTimeout(
        () => {
          this.#interval = undefined
          this.#check('silent')
        },
        Math.max(1, left),
      )
    }
    if (this.#settling === undefined && this.#rows.isSettling) {
      const delay = this.#settlingDelay
      this.#settlingDelay = Math.min(delay * 4, settlingTime)
      this.#settling = setTimeout(() => {
        this.#settling = undefined
        this.#check('affected')
      }, delay)
    }
    this.#applyReference()
  }

  #applyReference(): void {
    for (const handle of [this.#uevents, this.#interval, this.#settling]) {
      if (this.#isReferenced) handle?.ref()
      else handle?.unref()
    }
  }
}

const emptyBatch = { uevents: [], someWereLost: false } as const
