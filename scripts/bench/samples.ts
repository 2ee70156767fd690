import type { Implementation } from './implementation.js'

export interface MeasurementOptions {
  readonly rounds: number
  readonly batchMilliseconds: number
  readonly warmUpMilliseconds: number
  /** A benchmark that would take longer has fewer rounds, but at least three. */
  readonly maximumSeconds: number
}

/** The time of one run, over all rounds. */
export interface Timing {
  readonly medianNanoseconds: number
  readonly minimumNanoseconds: number
  /** The interquartile range divided by the median. */
  readonly spread: number
  readonly rounds: number
  readonly runsPerBatch: number
}

/** An implementation with the number of runs that fill a batch. */
export interface Calibrated {
  readonly implementation: Implementation
  readonly count: number
  readonly nanosecondsPerRun: number
}

/** Runs an implementation until its code is compiled and the tree is cached, and determines the runs of a batch. */
export async function calibrate(implementation: Implementation, options: MeasurementOptions): Promise<Calibrated> {
  const batch = options.batchMilliseconds * 1e6
  let count = 1
  let taken = 0
  for (let total = 0; taken < batch || total < options.warmUpMilliseconds * 1e6; total += taken) {
    if (taken < batch) count *= 2
    taken = await implementation.measure(0, count)
  }
  return {
    implementation,
    count: Math.max(1, Math.round((count * batch) / taken)),
    nanosecondsPerRun: taken / count,
  }
}

/** Calibrates and measures implementations. */
export async function measure(
  implementations: readonly Implementation[],
  options: MeasurementOptions,
): Promise<Samples> {
  const calibrated: Calibrated[] = []
  for (const implementation of implementations) calibrated.push(await calibrate(implementation, options))
  return Samples.take(calibrated, options)
}

/**
 * The nanoseconds of one run of each implementation in each round. A round has one batch of every implementation. The
 * processor's frequency and the use of its caches by other processes change over time; within a round they are similar.
 */
export class Samples {
  readonly #samples = new Map<string, number[]>()
  readonly #counts = new Map<string, number>()

  static async take(calibrated: readonly Calibrated[], options: MeasurementOptions): Promise<Samples> {
    const samples = new Samples()
    for (const { implementation, count } of calibrated) {
      samples.#samples.set(implementation.name, [])
      samples.#counts.set(implementation.name, count)
    }
    const orders = balancedOrders(calibrated)
    const roundSeconds = calibrated.reduce(
      (total, { count, nanosecondsPerRun }) => total + (count * nanosecondsPerRun) / 1e9,
      0,
    )
    const rounds = Math.min(options.rounds, Math.max(3, Math.round(options.maximumSeconds / roundSeconds)))
    for (let round = 0; round < rounds; round++) {
      for (const { implementation, count } of orders[round % orders.length] as readonly Calibrated[]) {
        // The warm-up fills the processor's caches. A single long run needs none.
        const taken = await implementation.measure(Math.floor(count / 8), count)
        samples.#of(implementation.name).push(taken / count)
      }
    }
    return samples
  }

  has(name: string): boolean {
    return this.#samples.has(name)
  }

  timing(name: string): Timing {
    const samples = this.#of(name)
    const median = quantile(samples, 0.5)
    return {
      medianNanoseconds: median,
      minimumNanoseconds: Math.min(...samples),
      spread: (quantile(samples, 0.75) - quantile(samples, 0.25)) / median,
      rounds: samples.length,
      runsPerBatch: this.#counts.get(name) as number,
    }
  }

  /** The nanoseconds that one run of the first takes longer: the median of the differences in each round. */
  difference(slower: string, faster: string): number {
    const subtrahends = this.#of(faster)
    const differences = this.#of(slower).map((sample, round) => sample - (subtrahends[round] as number))
    return quantile(differences, 0.5)
  }

  /** The time of the first divided by the time of the second: the median of the ratios in each round. */
  ratio(dividend: string, divisor: string): number {
    const divisors = this.#of(divisor)
    const ratios = this.#of(dividend).map((sample, round) => sample / (divisors[round] as number))
    return quantile(ratios, 0.5)
  }

  #of(name: string): number[] {
    const samples = this.#samples.get(name)
    if (samples === undefined) throw new Error(`${name} was not measured`)
    return samples
  }
}

/**
 * Returns orders in which every element has each position equally often and follows each other element equally often
 * (Williams design). Neither the position nor the predecessor favours an element.
 */
function balancedOrders<T>(elements: readonly T[]): readonly (readonly T[])[] {
  const size = elements.length
  // 0, 1, n-1, 2, n-2, ...
  const zigzag = elements.map((_, position) => (position % 2 === 0 ? (size - position / 2) % size : (position + 1) / 2))
  const rotations = elements.map((_, shift) => zigzag.map((index) => elements[(index + shift) % size] as T))
  // An odd number of elements also needs the reverse of each order.
  return size % 2 === 0 ? rotations : [...rotations, ...rotations.map((order) => order.toReversed())]
}

/** Interpolates linearly between the two nearest values. */
function quantile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const position = (sorted.length - 1) * fraction
  const lower = sorted[Math.floor(position)] as number
  const upper = sorted[Math.ceil(position)] as number
  return lower + (upper - lower) * (position - Math.floor(position))
}
