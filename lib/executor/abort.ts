/** The error that Node's own functions reject with for an aborted signal. Node does not export its class. */
export class AbortError extends Error {
  override readonly name = 'AbortError'
  readonly code = 'ABORT_ERR'

  constructor(reason: unknown) {
    super('The operation was aborted', { cause: reason })
  }
}

/**
 * The callbacks of each signal. A signal gets one listener for all of them: a service gives one signal to all its
 * queries, and Node warns of a leak when an object has more than ten listeners.
 */
const callbacksOf = new WeakMap<AbortSignal, Set<() => void>>()

/** Calls back when a signal is aborted, unless `offAbort` is called before. */
export function onAbort(signal: AbortSignal, callback: () => void): void {
  let callbacks = callbacksOf.get(signal)
  if (callbacks === undefined) {
    callbacks = new Set()
    callbacksOf.set(signal, callbacks)
    signal.addEventListener('abort', callAll, { once: true })
  }
  callbacks.add(callback)
}

/** Undoes `onAbort`. */
export function offAbort(signal: AbortSignal, callback: () => void): void {
  const callbacks = callbacksOf.get(signal)
  callbacks?.delete(callback)
  if (callbacks?.size !== 0) return
  callbacksOf.delete(signal)
  signal.removeEventListener('abort', callAll)
}

function callAll(this: AbortSignal): void {
  for (const callback of callbacksOf.get(this) ?? []) callback()
}
