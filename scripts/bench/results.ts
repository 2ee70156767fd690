import { addon, type Benchmark, bareC, bareCOneThread, fallback, reference } from './benchmark.js'
import type { Samples, Timing } from './samples.js'

export type Target = { readonly atMost: number } | { readonly atLeast: number }

/** A figure that two timings give, and its target. */
export interface Comparison {
  /** 'addon / bare C', for example. */
  readonly name: string
  readonly value: number
  readonly unit: 'times' | 'nanoseconds'
  readonly target?: Target
}

/** The timing of one implementation of one benchmark. */
export interface ResultRow {
  readonly benchmark: string
  readonly implementation: string
  readonly timing: Timing
  readonly comparison?: Comparison
}

export interface ResultTable {
  readonly title: string
  readonly note: string
  readonly rows: readonly ResultRow[]
}

export function ratio(samples: Samples, dividend: string, divisor: string, target?: Target): Comparison {
  return {
    name: `${dividend} / ${divisor}`,
    value: samples.ratio(dividend, divisor),
    unit: 'times',
    ...(target !== undefined && { target }),
  }
}

/** `undefined` if there is no target. */
export function isMet({ value, target }: Comparison): boolean | undefined {
  if (target === undefined) return undefined
  return 'atMost' in target ? value <= target.atMost : value >= target.atLeast
}

/** The rows of a benchmark: the addon, then the other implementations compared with it. */
export function rowsOf({ title, targets, implementations }: Benchmark, samples: Samples): readonly ResultRow[] {
  const atLeast = (least: number | undefined) => (least === undefined ? undefined : { atLeast: least })
  const comparisons: Readonly<Record<string, () => Comparison>> = {
    [fallback]: () => ratio(samples, fallback, addon, atLeast(targets.fallback)),
    [reference]: () => ratio(samples, reference, addon, atLeast(targets.reference)),
    [bareC]: () => ratio(samples, addon, bareC, { atMost: targets.bareC }),
    [bareCOneThread]: () => ratio(samples, addon, bareCOneThread),
  }
  return implementations.map(({ name }) => {
    const comparison = comparisons[name]?.()
    return {
      benchmark: title,
      implementation: name,
      timing: samples.timing(name),
      ...(comparison !== undefined && { comparison }),
    }
  })
}
