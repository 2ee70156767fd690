import type { Uevent, UeventSource } from '../executor/uevent.js'
import type { Machine } from '../machine/machine.js'
import { joinRows } from '../snapshot/join.js'
import type { Detail } from '../snapshot/model.js'
import { Snapshot } from '../snapshot/snapshot.js'
import type { HeldCount } from './open-attributes.js'
import { RowCache, settlingTime } from './row-cache.js'

/** Room for thousands of events, in bytes. The kernel uses memory only for events that wait. */
export const defaultReceiveBufferSize = 4 << 20

/** Receives snapshots and events in order, each once. */
export interface Subscriber {
  onSnapshot(snapshot: Snapshot): void
  onUevents(uevents: readonly Uevent[]): void
  /** A reading failed. Everything is read again the next time. */
  onError(error: unknown): void
  /** Nothing follows. */
  onClose(): void
}

/** What to read: the entries that events affect; also what changes without events; or everything. */
export type Scope = 'affected' | 'silent' | 'everything'

export interface LiveSnapshotOptions {
  readonly detail: Detail
  /** How often subscribers get what changes without events; without events, everything. In milliseconds. */
  readonly intervalMs: number
  readonly receiveBufferSize?: number
}

/** The delay before settling entries are first read again, in milliseconds. Each delay is four times the last. */
const firstSettlingDelay = 10

/** A machine's snapshot, made current when it is read, and continuously while there are subscribers. */
export class LiveSnapshot {
  readonly detail: Detail
  /** Why there are no uevents. */
  readonly pollingReason: string | undefined

  readonly #uevents: UeventSource | undefined
  readonly #rows: RowCache
  readonly #intervalMs: number
  readonly #subscribers = new Set<Subscriber>()
  #snapshot: Snapshot | undefined
  /** Whether rows may be wrong. Then everything must be read. */
  #mustReadAll = true
  /** Whether rows have changed since the snapshot was made. */
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

  /** Delivers every later snapshot to the subscriber as soon as it is known. */
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
        // What is read now includes the effect of earlier events. Their entries may still be settling.
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

  /** Delivers to subscribers after a direct reading has returned. */
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
