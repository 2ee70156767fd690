/** What Node's own functions reject with for an aborted signal; they do not export the class. */
export class AbortError extends Error {
  override readonly name = 'AbortError'
  readonly code = 'ABORT_ERR'

  constructor(reason: unknown) {
    super('The operation was aborted', { cause: reason })
  }
}

/**
 * Those who wait for a signal. It gets one listener for all of them: a service gives its queries one signal, and Node
 * warns of a leak when an object has more than ten listeners.
 */
const waiting = new WeakMap<AbortSignal, Set<() => void>>()

/** Calls back when a signal is aborted, unless `ignoreAbort` is called before. */
export function awaitAbort(signal: AbortSignal, callback: () => void): void {
  let callbacks = waiting.get(signal)
  if (callbacks === undefined) {
    callbacks = new Set()
    waiting.set(signal, callbacks)
    signal.addEventListener('abort', tellAll, { once: true })
  }
  callbacks.add(callback)
}

export function ignoreAbort(signal: AbortSignal, callback: () => void): void {
  const callbacks = waiting.get(signal)
  callbacks?.delete(callback)
  if (callbacks?.size !== 0) return
  waiting.delete(signal)
  signal.removeEventListener('abort', tellAll)
}

function tellAll(this: AbortSignal): void {
  for (const callback of waiting.get(this) ?? []) callback()
}
