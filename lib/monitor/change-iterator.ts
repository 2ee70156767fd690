import { type Change, diff } from '../snapshot/diff.js'
import type { Snapshot } from '../snapshot/snapshot.js'
import type { LiveSnapshot, Subscriber } from './live-snapshot.js'
import { PendingResults } from './pending-results.js'

/**
 * The changes since the last snapshot that this iterator returned. A slow consumer gets one combined diff, and misses a
 * device that came and went in between. So the iterator stores at most the changes of one comparison, and does nothing
 * until `next` is called.
 *
 * This is not a generator: `return` ends a pending `next` at once, and closes the snapshot also before the first
 * `next`.
 */
export class ChangeIterator implements AsyncIterableIterator<Change>, Subscriber {
  readonly #live: LiveSnapshot
  readonly #results: PendingResults<Change>
  readonly #isOwner: boolean
  #returned: Snapshot

  /**
   * Reads the snapshot that the first changes are compared with.
   *
   * @param isOwner whether the live snapshot is closed when this iterator ends
   */
  constructor(live: LiveSnapshot, signal: AbortSignal | undefined, isOwner: boolean) {
    this.#live = live
    this.#isOwner = isOwner
    this.#returned = live.read('affected')
    this.#results = new PendingResults(signal, () => this.#end())
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Change>> {
    if (!this.#results.hasEnded && this.#results.isIdle) {
      if (this.#live.isClosed) this.#results.end()
      else {
        try {
          this.#compare(this.#live.read('affected'))
        } catch (error) {
          this.#results.end()
          throw error
        }
      }
    }
    const result = this.#results.take()
    if (this.#results.isAwaited) this.#live.subscribe(this)
    return result
  }

  async return(): Promise<IteratorResult<Change>> {
    this.#results.end()
    return { done: true, value: undefined }
  }

  onSnapshot(snapshot: Snapshot): void {
    this.#compare(snapshot)
    if (!this.#results.isAwaited) this.#live.unsubscribe(this)
  }

  onUevents(): void {}

  onError(error: unknown): void {
    this.#results.fail(error)
  }

  onClose(): void {
    this.#results.end()
  }

  #compare(snapshot: Snapshot): void {
    if (snapshot === this.#returned) return
    const changes = diff(this.#returned, snapshot)
    this.#returned = snapshot
    this.#results.add(changes)
  }

  #end(): void {
    this.#live.unsubscribe(this)
    if (this.#isOwner) this.#live.close()
  }
}
