import test, { type ExecutionContext } from 'ava'
import { isEverythingRequired, type Missing, missingAddon } from './requirements.js'

export type Run = (t: ExecutionContext) => void | Promise<void>
export type Register = (title: string, run: Run) => void

/** The part of ava's `test` that the tests use. */
export interface TestWith extends Register {
  readonly serial: Register
}

/**
 * Registers tests that need something. Where it is missing they are skipped, with the reason in the title; where
 * everything is required they fail.
 */
export function testWith(...needs: readonly Missing[]): TestWith {
  const missing = needs.find((need) => need !== undefined)
  if (missing === undefined) return test
  const register: Register = isEverythingRequired
    ? (title) => test(title, (t) => t.fail(missing))
    : (title, run) => test.skip(`${title} (skipped: ${missing})`, run)
  return Object.assign(register, { serial: register })
}

export const testWithAddon = testWith(missingAddon)
