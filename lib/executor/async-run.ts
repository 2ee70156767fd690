import { SysfsError, typeName, type Unreadable } from '../errors.js'
import { AbortError, offAbort, onAbort } from './abort.js'
import { type CurrentCall, runQueue } from './run-queue.js'

/** When to stop waiting for an asynchronous run. */
export interface AsyncOptions {
  /** Aborts the run. The promise is rejected with an AbortError, whose `cause` is the signal's reason. */
  readonly signal?: AbortSignal
  /**
   * The longest time to wait, in milliseconds. Then the promise is rejected with a SysfsError 'ETIMEDOUT', whose
   * `syscall` and `path` are those of the call that did not return.
   */
  readonly timeoutMs?: number
}

/** How a run ended. */
export type Completion =
  | { readonly kind: 'success'; readonly rows: readonly unknown[]; readonly unreadable: readonly Unreadable[] }
  | { readonly kind: 'failure'; readonly error: unknown }

/** A run that does not block the event loop. */
export interface AsyncRun {
  /** The system call that the run is making. `undefined` before the run has started. */
  currentCall(): CurrentCall | undefined
  /** The run does not complete any more. It ends before its next system call; a system call cannot be interrupted. */
  cancel(): void
}

const longestTimeoutMs = 2 ** 31 - 1

/**
 * Starts a run and waits for its completion.
 *
 * @param sysPath the path of the error for a time-out of a run that has not started
 * @throws {TypeError} or {RangeError} for wrong options
 */
export function awaitCompletion(
  start: (onComplete: (completion: Completion) => void) => AsyncRun,
  options: AsyncOptions | undefined,
  sysPath: string,
): Promise<Extract<Completion, { kind: 'success' }>> {
  const { signal, timeoutMs } = checkOptions(options)
  if (signal?.aborted) return Promise.reject(new AbortError(signal.reason))
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    let isSettled = false
    const settle = (): boolean => {
      if (isSettled) return false
      isSettled = true
      clearTimeout(timer)
      if (signal !== undefined) offAbort(signal, abort)
      return true
    }
    const abort = () => {
      if (!settle()) return
      run.cancel()
      reject(new AbortError(signal?.reason))
    }
    const expire = () => {
      if (isSettled) return
      const error = timedOut(run.currentCall() ?? runQueue.blockingCall() ?? { syscall: 'open', path: sysPath })
      settle()
      run.cancel()
      reject(error)
    }
    const run = start((completion) => {
      if (!settle()) return
      if (completion.kind === 'failure') reject(completion.error)
      else resolve(completion)
    })
    if (isSettled) return
    if (signal !== undefined) onAbort(signal, abort)
    // If the event loop was blocked, the run may have completed by now. Its completion is handled before the time-out.
    if (timeoutMs !== undefined) timer = setTimeout(() => setImmediate(expire), timeoutMs)
  })
}

/**
 * The error for a system call that does not return, or that is not made because another call on its path is blocked.
 */
export function timedOut({ syscall, path }: { readonly syscall: string; readonly path: string }): SysfsError {
  // Not imported: an import would load node:os into every process that loads the library.
  const { constants } = process.getBuiltinModule('node:os')
  return new SysfsError(-constants.errno.ETIMEDOUT, syscall, path)
}

function checkOptions(options: AsyncOptions | undefined): AsyncOptions {
  if (options === undefined) return {}
  const { signal, timeoutMs } = options
  // As Node checks. `instanceof` would refuse a signal of another realm.
  if (signal !== undefined && (typeof signal !== 'object' || signal === null || !('aborted' in signal))) {
    throw new TypeError(`signal must be an AbortSignal, not ${typeName(signal)}`)
  }
  if (timeoutMs !== undefined) {
    if (typeof timeoutMs !== 'number') throw new TypeError(`timeoutMs must be a number, not ${typeName(timeoutMs)}`)
    if (!(timeoutMs > 0 && timeoutMs <= longestTimeoutMs)) {
      throw new RangeError(`timeoutMs must be more than 0 and at most ${longestTimeoutMs}, not ${timeoutMs}`)
    }
  }
  return options
}
