import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/*
 * Times are the processor's, not the clock's: what other processes do in between does not count. Without any the two are
 * the same, for nothing that is measured so waits. What starts processes or waits is measured by the clock.
 */

/** One of those that answer a question. */
export interface Contender {
  readonly name: string
  /** Nanoseconds for `count` runs after `lead` unmeasured ones. */
  batch(lead: number, count: number): number | Promise<number>
}

export interface Effort {
  readonly rounds: number
  readonly batchMilliseconds: number
  readonly warmUpMilliseconds: number
  /** Where a round takes long there are fewer, so that a question takes no longer than this; but at least three. */
  readonly longestSeconds: number
}

export interface Timing {
  readonly medianNanoseconds: number
  readonly minimumNanoseconds: number
  readonly runsPerBatch: number
}

setFlagsFromString('--expose-gc')
/** All of it, or what is young. */
export const collectGarbage: (options?: { readonly type: 'minor' }) => void = runInNewContext('gc')

/** A contender that runs in this process. */
export function inThisProcess(name: string, run: () => unknown): Contender {
  return {
    name,
    batch: (lead, count) => {
      // Each pays for its own garbage, not for that of the one before it.
      collectGarbage({ type: 'minor' })
      for (let i = 0; i < lead; i++) run()
      const start = process.cpuUsage()
      for (let i = 0; i < count; i++) run()
      const { user, system } = process.cpuUsage(start)
      return (user + system) * 1000
    },
  }
}

/** A contender that waits, for other processes or for its turn: its time is that of the clock. */
export function byTheClock(name: string, run: () => unknown): Contender {
  return {
    name,
    batch: async (lead, count) => {
      collectGarbage({ type: 'minor' })
      for (let i = 0; i < lead; i++) await run()
      const start = process.hrtime.bigint()
      for (let i = 0; i < count; i++) {
        const waited = run()
        // What does not wait need not wait for its turn.
        if (waited instanceof Promise) await waited
      }
      return Number(process.hrtime.bigint() - start)
    },
  }
}

/** A contender with the number of runs that fill a batch, and about what a run takes. */
export interface Paced {
  readonly contender: Contender
  readonly count: number
  readonly nanoseconds: number
}

/** Runs a contender until its code is compiled and the tree is in the caches; finds out how many runs fill a batch. */
export async function warmUp(contender: Contender, effort: Effort): Promise<Paced> {
  const wanted = effort.batchMilliseconds * 1e6
  let count = 1
  let taken = 0
  for (let total = 0; taken < wanted || total < effort.warmUpMilliseconds * 1e6; total += taken) {
    if (taken < wanted) count *= 2
    taken = await contender.batch(0, count)
  }
  return { contender, count: Math.max(1, Math.round((count * wanted) / taken)), nanoseconds: taken / count }
}

/**
 * Nanoseconds a run of each contender in each round, the contenders' batches interleaved. The processor's frequency and
 * what others leave of its caches change while this lasts; contenders of one round had nearly the same.
 */
export class Samples {
  readonly #perRun = new Map<string, number[]>()
  readonly #counts = new Map<string, number>()

  static async take(paced: readonly Paced[], effort: Effort): Promise<Samples> {
    const samples = new Samples()
    for (const { contender, count } of paced) {
      samples.#perRun.set(contender.name, [])
      samples.#counts.set(contender.name, count)
    }
    const orders = balancedOrders(paced)
    const roundSeconds = paced.reduce((total, { count, nanoseconds }) => total + (count * nanoseconds) / 1e9, 0)
    const rounds = Math.min(effort.rounds, Math.max(3, Math.round(effort.longestSeconds / roundSeconds)))
    for (let round = 0; round < rounds; round++) {
      for (const { contender, count } of orders[round % orders.length] as readonly Paced[]) {
        // the lead brings the processor's caches back to this contender; a run that fills a batch by itself needs none
        const taken = await contender.batch(Math.floor(count / 8), count)
        samples.#of(contender.name).push(taken / count)
      }
    }
    return samples
  }

  has(name: string): boolean {
    return this.#perRun.has(name)
  }

  timing(name: string): Timing {
    const samples = this.#of(name)
    return {
      medianNanoseconds: median(samples),
      minimumNanoseconds: Math.min(...samples),
      runsPerBatch: this.#counts.get(name) as number,
    }
  }

  /** Nanoseconds that the first takes longer: the median of the rounds' own differences. */
  difference(slower: string, faster: string): number {
    const subtrahends = this.#of(faster)
    return median(this.#of(slower).map((sample, round) => sample - (subtrahends[round] as number)))
  }

  /** How many times longer the first takes: the median of the rounds' own ratios. */
  ratio(slower: string, faster: string): number {
    const denominators = this.#of(faster)
    return median(this.#of(slower).map((sample, round) => sample / (denominators[round] as number)))
  }

  #of(name: string): number[] {
    const samples = this.#perRun.get(name)
    if (samples === undefined) throw new Error(`${name} did not take part`)
    return samples
  }
}

/**
 * Orders in which everyone stands in every place equally often and follows everyone else equally often (Williams'
 * design), so that neither place nor predecessor favours anybody.
 */
export function balancedOrders<T>(contenders: readonly T[]): readonly (readonly T[])[] {
  const size = contenders.length
  // 0, 1, n-1, 2, n-2, ...
  const zigzag = contenders.map((_, place) => (place % 2 === 0 ? (size - place / 2) % size : (place + 1) / 2))
  const rotations = contenders.map((_, shift) => zigzag.map((index) => contenders[(index + shift) % size] as T))
  // an odd number needs the reverse of each as well
  return size % 2 === 0 ? rotations : [...rotations, ...rotations.map((order) => order.toReversed())]
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2
}
