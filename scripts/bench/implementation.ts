import { collectGarbage } from './collect-garbage.js'

/** Something that is measured. */
export interface Implementation {
  readonly name: string
  /** Returns the nanoseconds of `count` runs. The `warmUp` runs before them are not measured. */
  measure(warmUp: number, count: number): number | Promise<number>
}

/**
 * A synchronous function, measured by the processor time of this process. The time of other processes does not count.
 * Nothing that is measured this way waits, so on an idle machine the wall-clock time is the same.
 */
export function byProcessorTime(name: string, run: () => unknown): Implementation {
  return {
    name,
    measure: (warmUp, count) => {
      // The garbage of the previous implementation is not collected at the expense of this one.
      collectGarbage({ type: 'minor' })
      for (let i = 0; i < warmUp; i++) run()
      const start = process.cpuUsage()
      for (let i = 0; i < count; i++) run()
      const { user, system } = process.cpuUsage(start)
      return (user + system) * 1000
    },
  }
}

/** A function that waits for other processes or for the thread pool, measured by wall-clock time. */
export function byWallClock(name: string, run: () => unknown): Implementation {
  return {
    name,
    measure: async (warmUp, count) => {
      collectGarbage({ type: 'minor' })
      for (let i = 0; i < warmUp; i++) await run()
      const start = process.hrtime.bigint()
      for (let i = 0; i < count; i++) {
        const result = run()
        // A synchronous result is not awaited: that would add a turn of the microtask queue.
        if (result instanceof Promise) await result
      }
      return Number(process.hrtime.bigint() - start)
    },
  }
}
