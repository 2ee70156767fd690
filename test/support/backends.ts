import test, { type ExecutionContext } from 'ava'
import { isEverythingRequired, missingAddon } from './requirements.js'
import { type Register, testWithAddon } from './test-with.js'

export type Backend = 'native' | 'fallback'

/** The backends that can be tested here. */
export const backends: readonly Backend[] =
  missingAddon === undefined || isEverythingRequired ? ['native', 'fallback'] : ['fallback']

/** Registers a test for each backend; the one for the addon is skipped where there is no addon. */
export function onEveryBackend(
  title: string,
  run: (t: ExecutionContext, backend: Backend) => void | Promise<void>,
  register: Register = test,
): void {
  const registerNative = missingAddon === undefined ? register : testWithAddon
  registerNative(`${title} (native)`, (t) => run(t, 'native'))
  register(`${title} (fallback)`, (t) => run(t, 'fallback'))
}
