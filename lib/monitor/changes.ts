import { type Change, diff } from '../snapshot/diff.js'
import type { Snapshot } from '../snapshot/snapshot.js'
import type { Follower, Observation } from './live-snapshot.js'
import { PendingResults } from './pending-results.js'

/**
 * The changes since the snapshot that was last told, however long ago: who asks seldom gets them together, a device that
 * came and went between not at all. So it never has more in store than one comparison gives, and does nothing at all
 * until it is asked.
 */
export class ChangeIterator implements AsyncIterableIterator<Change>, Follower {
  readonly #observation: Observation
  readonly #results: PendingResults<Change>
  readonly #isOwner: boolean
  #told: Snapshot

  /** @param isOwner whether the observation is to end with this */
  constructor(observation: Observation, signal: AbortSignal | undefined, isOwner: boolean) {
    this.#observation = observation
    this.#isOwner = isOwner
    this.#told = observation.read('named')
    this.#results = new PendingResults(signal, () => this.#end())
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Change>> {
    if (!this.#results.hasEnded && this.#results.isIdle) {
      if (this.#observation.isClosed) this.#results.end()
      else {
        try {
          this.#compare(this.#observation.read('named'))
        } catch (error) {
          this.#results.end()
          throw error
        }
      }
    }
    const result = this.#results.take()
    if (this.#results.isAwaited) this.#observation.follow(this)
    return result
  }

  async return(): Promise<IteratorResult<Change>> {
    this.#results.end()
    return { done: true, value: undefined }
  }

  onSnapshot(snapshot: Snapshot): void {
    this.#compare(snapshot)
    if (!this.#results.isAwaited) this.#observation.unfollow(this)
  }

  onUevents(): void {}

  onError(error: unknown): void {
    this.#results.fail(error)
  }

  onClose(): void {
    this.#results.end()
  }

  #compare(snapshot: Snapshot): void {
    if (snapshot === this.#told) return
    const changes = diff(this.#told, snapshot)
    this.#told = snapshot
    this.#results.add(changes)
  }

  #end(): void {
    this.#observation.unfollow(this)
    if (this.#isOwner) this.#observation.close()
  }
}
