import type { LostUevents, Uevent, UeventSource } from '../executor/uevent.js'
import type { Machine } from '../machine/machine.js'
import { defaultReceiveBufferSize } from './live-snapshot.js'
import { PendingResults } from './pending-results.js'

/** Options of `Sysfs.uevents`. */
export interface UeventsOptions {
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal
}

/**
 * Opens a source of uevents.
 *
 * @param receiveBufferSize for tests: the size of the kernel's buffer in bytes
 * @throws {Error} if no uevents reach this process
 */
export function ueventsOf(
  { executor, roots }: Machine,
  { signal }: UeventsOptions,
  receiveBufferSize: number = defaultReceiveBufferSize,
): UeventIterator {
  const source = executor.openUevents(roots.sys, receiveBufferSize)
  if (typeof source === 'string') throw new Error(`no uevents reach this process: ${source}`)
  return new UeventIterator(source, signal)
}

/**
 * The uevents in the order in which the kernel sends them. Between calls of `next` they wait in the kernel's buffer.
 */
export class UeventIterator implements AsyncIterableIterator<Uevent | LostUevents> {
  readonly #source: UeventSource
  readonly #results: PendingResults<Uevent | LostUevents>

  constructor(source: UeventSource, signal: AbortSignal | undefined) {
    this.#source = source
    this.#results = new PendingResults(signal, () => source.close())
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Uevent | LostUevents>> {
    if (!this.#results.hasEnded && this.#results.isIdle) this.#take()
    const wasAwaited = this.#results.isAwaited
    const result = this.#results.take()
    if (this.#results.isAwaited && !wasAwaited) this.#source.listen(() => this.#receive())
    return result
  }

  async return(): Promise<IteratorResult<Uevent | LostUevents>> {
    this.#results.end()
    return { done: true, value: undefined }
  }

  #receive(): void {
    this.#take()
    if (!this.#results.isAwaited) this.#source.pause()
  }

  #take(): void {
    const batch = this.#source.take()
    if (batch === undefined) return
    const lost: readonly LostUevents[] = batch.someWereLost ? [{ action: 'lost' }] : []
    this.#results.add([...batch.uevents, ...lost])
  }
}
