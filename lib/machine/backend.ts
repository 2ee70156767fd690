import type { Executor } from '../executor/executor.js'
import { fallback } from '../fallback/fallback-executor.js'
import { loadNative } from '../native/native-executor.js'

/** The choice of an executor. */
export type Backend = 'auto' | 'native' | 'fallback'

/**
 * Chooses the executor.
 *
 * @param addonPath the .node file to load; looked up if it is undefined
 * @throws {TypeError} for an unknown backend
 * @throws {Error} with 'native', if the addon does not load
 */
export function chooseExecutor(
  backend: unknown,
  addonPath: string | undefined,
): { executor: Executor; nativeLoadError: Error | undefined } {
  if (backend === 'fallback') return { executor: fallback, nativeLoadError: undefined }
  if (backend !== 'auto' && backend !== 'native') {
    throw new TypeError(`backend must be 'auto', 'native' or 'fallback', not ${JSON.stringify(backend)}`)
  }
  const native = loadNative(addonPath)
  if (!(native instanceof Error)) return { executor: native, nativeLoadError: undefined }
  if (backend === 'native') throw native
  return { executor: fallback, nativeLoadError: native }
}
