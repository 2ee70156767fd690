import test from 'ava'
import type { TestWith } from './test-with.js'

/*
 * `npm test` takes a minute or two. `npm run test:all` sets FAST_SYSFS_LONG=1, repeats the random and repeated parts of
 * tests more often, and runs the tests that only say something after a long run.
 */

const isLong = process.env['FAST_SYSFS_LONG'] === '1'

/** A value that differs between the two, such as a number of repetitions. */
export function byRunLength<Value>({ usual, long }: { readonly usual: Value; readonly long: Value }): Value {
  return isLong ? long : usual
}

/** Registers a test for `npm run test:all` only. */
export const longTest: TestWith = isLong ? test : Object.assign(() => {}, { serial: () => {} })

/** Options of fast-check: the number of random cases, and the time limit. */
export function randomCases(counts: { readonly usual: number; readonly long: number }) {
  return {
    numRuns: byRunLength(counts),
    interruptAfterTimeLimit: isLong ? 300_000 : 30_000,
    includeErrorInReport: true,
  }
}

/** `test` for a test on a recording. The recording of a thousand disks is used in the long run only. */
export function testOnRecording(name: string): TestWith {
  return name === 'S8b-1024disks' ? longTest : test
}
