/** The functions of a promise that waits for a value. */
interface Waiting<Value> {
  readonly resolve: (result: IteratorResult<Value>) => void
  readonly reject: (error: unknown) => void
}

/**
 * The results of an asynchronous iterator: either values that wait for calls of `next`, or calls of `next` that wait
 * for values.
 */
export class PendingResults<Value> {
  readonly #signal: AbortSignal | undefined
  readonly #onEnd: () => void
  readonly #abort = () => this.end()
  #stored: Value[] = []
  #waiting: Waiting<Value>[] = []
  #hasEnded = false

  /**
   * @param signal ends the iteration, without an error
   * @param onEnd called once, when the iteration ends
   */
  constructor(signal: AbortSignal | undefined, onEnd: () => void) {
    this.#signal = signal
    this.#onEnd = onEnd
    if (signal?.aborted) this.end()
    else signal?.addEventListener('abort', this.#abort, { once: true })
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Whether a call of `next` waits for a value. */
  get isAwaited(): boolean {
    return this.#waiting.length > 0
  }

  /** Whether no value is stored and no call waits. */
  get isIdle(): boolean {
    return this.#stored.length === 0 && this.#waiting.length === 0
  }

  /** The next value, when there is one. */
  take(): Promise<IteratorResult<Value>> {
    const value = this.#stored.shift()
    if (value !== undefined) return Promise.resolve({ done: false, value })
    if (this.#hasEnded) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /** Adds values. Nothing happens after the end. */
  add(values: readonly Value[]): void {
    if (this.#hasEnded) return
    for (const value of values) {
      const first = this.#waiting.shift()
      if (first === undefined) this.#stored.push(value)
      else first.resolve({ done: false, value })
    }
  }

  /** Rejects the first waiting call and ends the iteration. */
  fail(error: unknown): void {
    this.#waiting.shift()?.reject(error)
    this.end()
  }

  /** Ends the iteration. Stored values are dropped, and waiting calls get the end. */
  end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#signal?.removeEventListener('abort', this.#abort)
    this.#stored = []
    const waiting = this.#waiting
    this.#waiting = []
    this.#onEnd()
    for (const { resolve } of waiting) resolve({ done: true, value: undefined })
  }
}
