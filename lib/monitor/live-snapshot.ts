import { joinRows } from '../snapshot/join.js'
import type { Detail } from '../snapshot/model.js'
import { Snapshot } from '../snapshot/snapshot.js'
import type { Sysfs } from '../sysfs.js'
import { CurrentRows, settlingTime } from './row-cache.js'
import type { HeldCount } from './open-attributes.js'
import type { Uevent } from '../executor/uevent.js'
import { UeventSource } from '../native/uevent-socket.js'

/** What is told as it happens. Told one after the other, each once. */
export interface Follower {
  onSnapshot(snapshot: Snapshot): void
  onUevents(uevents: readonly Uevent[]): void
  /** Something could not be read. It goes on: all is read anew the next time. */
  onError(error: unknown): void
  /** It tells nothing more. */
  onClose(): void
}

/** What to read besides what events name: what changes without one, or everything. */
export type Reading = 'named' | 'volatile' | 'everything'

export interface ObservationOptions {
  readonly detail: Detail
  /** How often what changes without an event is read, without events everything, for those that follow. */
  readonly intervalMs: number
  readonly receiveBufferSize?: number
}

/** The first time that what is settling is read again; then each time it is four times as long until the next. */
const firstSettlingDelay = 10

/** One machine's snapshot, kept as the machine is: whenever it is asked for, and for followers all the time. */
export class Observation {
  readonly detail: Detail
  /** Why there are no uevents. */
  readonly pollingReason: string | undefined

  readonly #uevents: UeventSource | undefined
  readonly #rows: CurrentRows
  readonly #intervalMs: number
  readonly #followers = new Set<Follower>()
  #snapshot: Snapshot | undefined
  /** Rows may be wrong: everything must be read. */
  #isInDoubt = true
  /** Rows are not those of the snapshot. */
  #isStale = true
  #isClosed = false

  #isReferenced = true
  #told: Snapshot | undefined
  #untold: Uevent[] = []
  #isTelling = false
  #interval: NodeJS.Timeout | undefined
  #volatileReadAt = 0
  #settling: NodeJS.Timeout | undefined
  #settlingDelay = firstSettlingDelay

  constructor(sysfs: Sysfs, { detail, intervalMs, receiveBufferSize }: ObservationOptions) {
    this.detail = detail
    this.#intervalMs = intervalMs
    this.#rows = new CurrentRows(sysfs, detail, () => performance.now())
    // Before anything is read, so that whatever changes meanwhile is heard of.
    const uevents = UeventSource.open(sysfs, receiveBufferSize)
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

  /** The snapshot as it is now: the same object where nothing is different. */
  read(reading: Reading): Snapshot {
    if (this.#isClosed) throw new Error('the monitor is closed')
    this.#readRows(reading)
    if (this.#snapshot === undefined || this.#isStale) {
      this.#snapshot = new Snapshot(joinRows(this.detail, this.#rows.toRows()))
      this.#isStale = false
    }
    if (this.#followers.size > 0) this.#tellSoon()
    return this.#snapshot
  }

  /** Tells the follower of every snapshot from now on, as soon as it is known that there is another. */
  follow(follower: Follower): void {
    if (this.#isClosed || this.#followers.has(follower)) return
    this.#followers.add(follower)
    if (this.#followers.size > 1) return
    this.#told = this.#snapshot
    this.#uevents?.listen(() => this.#check('named'))
    this.#readAgainInTime()
  }

  unfollow(follower: Follower): void {
    if (!this.#followers.delete(follower) || this.#followers.size > 0) return
    this.#uevents?.pause()
    clearTimeout(this.#interval)
    clearTimeout(this.#settling)
    this.#interval = undefined
    this.#settling = undefined
    this.#untold = []
  }

  /** Whether following keeps the process alive. */
  keepAlive(isReferenced: boolean): void {
    this.#isReferenced = isReferenced
    this.#applyReference()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const follower of [...this.#followers]) {
      this.unfollow(follower)
      follower.onClose()
    }
    this.#uevents?.close()
    this.#rows.close()
  }

  #readRows(reading: Reading): void {
    const heard = this.#uevents?.take()
    if (heard !== undefined) {
      this.#settlingDelay = firstSettlingDelay
      if (this.#followers.size > 0) this.#untold.push(...heard.uevents)
    }
    if (reading !== 'named') this.#volatileReadAt = performance.now()
    try {
      if (this.#uevents === undefined) {
        this.#note(this.#rows.readAll())
      } else if (this.#isInDoubt || reading === 'everything') {
        // Events that came before are about what is read now; what they name may be settling all the same.
        if (heard !== undefined) this.#note(this.#rows.readNamed(heard))
        this.#note(this.#rows.readAll())
      } else {
        if (heard !== undefined || this.#rows.isSettling) this.#note(this.#rows.readNamed(heard ?? nothingHeard))
        if (reading === 'volatile') this.#note(this.#rows.readVolatile())
      }
      this.#isInDoubt = false
    } catch (error) {
      this.#isInDoubt = true
      throw error
    }
  }

  #note(isDifferent: boolean): void {
    this.#isStale ||= isDifferent
  }

  #check(reading: Reading): void {
    if (this.#isClosed || this.#followers.size === 0) return
    try {
      this.read(reading)
    } catch (error) {
      for (const follower of [...this.#followers]) follower.onError(error)
    }
    this.#tell()
    if (this.#followers.size > 0) this.#readAgainInTime()
  }

  /** For one who asked: what it learned from is told to others when it has its answer. */
  #tellSoon(): void {
    if (this.#isTelling || (this.#snapshot === this.#told && this.#untold.length === 0)) return
    this.#isTelling = true
    queueMicrotask(() => {
      this.#tell()
      if (this.#followers.size > 0) this.#readAgainInTime()
    })
  }

  #tell(): void {
    this.#isTelling = false
    const uevents = this.#untold
    this.#untold = []
    const snapshot = this.#snapshot
    const isNew = snapshot !== undefined && snapshot !== this.#told
    this.#told = snapshot
    for (const follower of [...this.#followers]) {
      if (uevents.length > 0) follower.onUevents(uevents)
      if (isNew) follower.onSnapshot(snapshot)
    }
  }

  #readAgainInTime(): void {
    if (this.#interval === undefined) {
      const left = this.#volatileReadAt + this.#intervalMs - performance.now()
      this.#interval = setTimeout(
        () => {
          this.#interval = undefined
          this.#check('volatile')
        },
        Math.max(1, left),
      )
    }
    if (this.#settling === undefined && this.#rows.isSettling) {
      const delay = this.#settlingDelay
      this.#settlingDelay = Math.min(delay * 4, settlingTime)
      this.#settling = setTimeout(() => {
        this.#settling = undefined
        this.#check('named')
      }, delay)
    }
    this.#applyReference()
  }

  #applyReference(): void {
    for (const one of [this.#uevents, this.#interval, this.#settling]) {
      if (this.#isReferenced) one?.ref()
      else one?.unref()
    }
  }
}

const nothingHeard = { uevents: [], someWereLost: false } as const
