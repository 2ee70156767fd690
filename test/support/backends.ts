import test, { type ExecutionContext } from 'ava'
import { Sysfs } from '../../lib/index.js'

export type Backend = 'native' | 'fallback'

/** Without a compiler there is no addon to test; where FAST_SYSFS_REQUIRE_NATIVE is set that is a failure. */
export const backends: readonly Backend[] =
  process.env['FAST_SYSFS_REQUIRE_NATIVE'] || new Sysfs().nativeLoadError === undefined
    ? ['native', 'fallback']
    : ['fallback']

/** Registers a test once for every backend. */
export function onEveryBackend(
  title: string,
  run: (t: ExecutionContext, backend: Backend) => void | Promise<void>,
  register: (title: string, run: (t: ExecutionContext) => void | Promise<void>) => void = test,
): void {
  for (const backend of backends) register(`${title} (${backend})`, (t) => run(t, backend))
}
