import test from 'ava'
import type { TestWith } from './test-with.js'

/*
 * `npm test` takes a minute or two. `npm run test:all` sets FAST_SYSFS_LONG=1, repeats the random and repeated parts of
 * tests more often, and runs the tests that only say something after a long run.
 */

const isLong = process.env['FAST_SYSFS_LONG'] === '1'

/** What a test uses in each of the two, such as how often it repeats something. */
export function byRunLength<Value>({ usual, long }: { readonly usual: Value; readonly long: Value }): Value {
  return isLong ? long : usual
}

/** Registers a test for `npm run test:all` only. */
export const longTest: TestWith = isLong ? test : Object.assign(() => {}, { serial: () => {} })

/** For fast-check: how many random cases are tried, and how long a slow machine may take for them. */
export function randomCases(counts: { readonly usual: number; readonly long: number }) {
  return {
    numRuns: byRunLength(counts),
    interruptAfterTimeLimit: isLong ? 300_000 : 30_000,
    includeErrorInReport: true,
  }
}

/** As `test`, for a test on a recording: that of a thousand disks is only unpacked in the long run. */
export function testOnRecording(name: string): TestWith {
  return name === 'S8b-1024disks' ? longTest : test
}
