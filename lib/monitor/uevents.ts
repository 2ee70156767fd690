import type { Sysfs } from '../sysfs.js'
import { PendingResults } from './pending-results.js'
import type { LostUevents, Uevent } from '../executor/uevent.js'
import { UeventSource } from '../native/uevent-socket.js'

export interface UeventsOptions {
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal
}

/** @param receiveBufferSize for tests: how much the kernel keeps */
export function ueventsOf(sysfs: Sysfs, { signal }: UeventsOptions, receiveBufferSize?: number): UeventIterator {
  const source = UeventSource.open(sysfs, receiveBufferSize)
  if (typeof source === 'string') throw new Error(`there are no uevents to hear: ${source}`)
  return new UeventIterator(source, signal)
}

/** Uevents as the kernel sends them. Those that nobody has asked for yet wait in the kernel, which has room for so many. */
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
    if (this.#results.isAwaited && !wasAwaited) this.#source.listen(() => this.#hear())
    return result
  }

  async return(): Promise<IteratorResult<Uevent | LostUevents>> {
    this.#results.end()
    return { done: true, value: undefined }
  }

  #hear(): void {
    this.#take()
    if (!this.#results.isAwaited) this.#source.pause()
  }

  #take(): void {
    const heard = this.#source.take()
    if (heard === undefined) return
    const lost: readonly LostUevents[] = heard.someWereLost ? [{ action: 'lost' }] : []
    this.#results.add([...heard.uevents, ...lost])
  }
}
