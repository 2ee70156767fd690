import { SysfsError, type Unreadable } from '../errors.js'
import { kindOf } from '../query/parameters.js'
import { AbortError, awaitAbort, ignoreAbort } from './abort.js'
import { lane, type TimedCall } from './run-queue.js'

export interface FlightOptions {
  /** Aborts: the promise is rejected with an AbortError, whose `cause` is the signal's reason. */
  readonly signal?: AbortSignal
  /**
   * How long to wait, in milliseconds from the call on. Then the promise is rejected with a SysfsError 'ETIMEDOUT',
   * whose `syscall` and `path` are what did not come back.
   */
  readonly timeoutMs?: number
}

export type Landing =
  | { readonly rows: readonly unknown[]; readonly unreadable: readonly Unreadable[] }
  | { readonly error: unknown }

/** A run that does not hold up the event loop. */
export interface Flight {
  /** The system call that it is in; nothing where it has not begun. */
  call(): TimedCall | undefined
  /** It does not land any more. In the middle of a system call it cannot be stopped, only before the next. */
  stop(): void
}

const longestTimeoutMs = 2 ** 31 - 1

/** Starts a flight and waits for it as long as the caller likes to. */
export function awaitLanding(
  start: (landed: (landing: Landing) => void) => Flight,
  options: FlightOptions | undefined,
  sysPath: string,
): Promise<Exclude<Landing, { error: unknown }>> {
  const { signal, timeoutMs } = checkOptions(options)
  if (signal?.aborted) return Promise.reject(new AbortError(signal.reason))
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    let isSettled = false
    const settle = (): boolean => {
      if (isSettled) return false
      isSettled = true
      clearTimeout(timer)
      if (signal !== undefined) ignoreAbort(signal, abort)
      return true
    }
    const abort = () => {
      if (!settle()) return
      flight.stop()
      reject(new AbortError(signal?.reason))
    }
    const expire = () => {
      if (isSettled) return
      const error = timedOut(flight.call() ?? lane.holdUp() ?? { syscall: 'open', path: sysPath })
      settle()
      flight.stop()
      reject(error)
    }
    const flight = start((landing) => {
      if (!settle()) return
      if ('error' in landing) reject(landing.error)
      else resolve(landing)
    })
    if (isSettled) return
    if (signal !== undefined) awaitAbort(signal, abort)
    // Where the event loop was held up, the answer may be there by now: it gets its turn first.
    if (timeoutMs !== undefined) timer = setTimeout(() => setImmediate(expire), timeoutMs)
  })
}

/** The error for a system call that does not come back, or that is not made because of another that does not. */
export function timedOut({ syscall, path }: { readonly syscall: string; readonly path: string }): SysfsError {
  // By getBuiltinModule: an import would load node:os into every process that loads the library.
  const { constants } = process.getBuiltinModule('node:os')
  return new SysfsError(-constants.errno.ETIMEDOUT, syscall, path)
}

function checkOptions(options: FlightOptions | undefined): FlightOptions {
  if (options === undefined) return {}
  const { signal, timeoutMs } = options
  // As Node asks: with `instanceof` those of another realm would be none.
  if (signal !== undefined && (typeof signal !== 'object' || signal === null || !('aborted' in signal))) {
    throw new TypeError(`signal must be an AbortSignal, not ${kindOf(signal)}`)
  }
  if (timeoutMs !== undefined) {
    if (typeof timeoutMs !== 'number') throw new TypeError(`timeoutMs must be a number, not ${kindOf(timeoutMs)}`)
    if (!(timeoutMs > 0 && timeoutMs <= longestTimeoutMs)) {
      throw new RangeError(`timeoutMs must be more than 0 and at most ${longestTimeoutMs}, not ${timeoutMs}`)
    }
  }
  return options
}
