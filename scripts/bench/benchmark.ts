import { setTimeout } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Sysfs } from '../../lib/index.js'
import type { BareLoop } from './c-programs.js'
import { byProcessorTime, type Implementation } from './implementation.js'

/** A sysfs tree, opened with each backend. */
export interface OpenTree {
  readonly addon: Sysfs
  readonly fallback: Sysfs
  readonly sys: string
}

export interface BareLoops {
  /** In a process of several threads, as Node is. The addon's target refers to this one. */
  readonly withThreads: BareLoop
  readonly oneThread: BareLoop
}

/** The targets of the ratios. A ratio without a target is only reported. */
export interface Targets {
  /** addon / bare C, at most */
  readonly bareC: number
  /** reference / addon, at least */
  readonly reference?: number
  /** fallback / addon, at least */
  readonly fallback: number
}

/** For a result of a few values. The fixed cost of a call is a large part of the time. */
export const smallResult: Targets = { bareC: 1.25, fallback: 1.3 }
export const largeResult: Targets = { bareC: 1.1, fallback: 1.3 }

/** One query with all its implementations. */
export interface Benchmark {
  readonly title: string
  readonly targets: Targets
  readonly implementations: readonly Implementation[]
  /** The query of bare-loop.c. */
  readonly bareQuery: readonly string[]
  /** Throws if the implementations have different results. */
  check(): Promise<void>
}

export interface BenchmarkDefinition<Result> {
  readonly title: string
  readonly targets: Targets
  readonly addon: () => Result
  readonly fallback: () => Result
  readonly reference: () => Result
  /** The query of bare-loop.c. */
  readonly bareQuery: readonly string[]
  /** Converts the output of bare-loop.c to the form of `lines`, in any order. */
  bareLines(values: readonly string[]): readonly string[]
  /** Converts a result to lines that can be compared. */
  lines(result: Result): readonly string[]
}

export const addon = 'addon'
export const fallback = 'fallback'
export const reference = 'reference'
export const bareC = 'bare C'
export const bareCOneThread = 'bare C, one thread'

/** @param loops `undefined`: bare-loop.c cannot run the query, or is not compiled */
export function benchmark<Result>(definition: BenchmarkDefinition<Result>, loops: BareLoops | undefined): Benchmark {
  const { title, targets, bareQuery, lines } = definition
  const implementations: Implementation[] = [
    byProcessorTime(addon, definition.addon),
    byProcessorTime(fallback, definition.fallback),
    byProcessorTime(reference, definition.reference),
  ]
  const bareImplementation = (name: string, loop: BareLoop): Implementation => ({
    name,
    measure: (warmUp, count) => loop.run(bareQuery, warmUp, count),
  })
  if (loops !== undefined) {
    implementations.push(
      bareImplementation(bareC, loops.withThreads),
      bareImplementation(bareCOneThread, loops.oneThread),
    )
  }

  /** The implementations whose result differs from the addon's. */
  async function differing(): Promise<readonly string[]> {
    const expected = lines(definition.addon()).toSorted()
    const results = new Map([
      [fallback, lines(definition.fallback())],
      [reference, lines(definition.reference())],
    ])
    if (loops !== undefined) results.set(bareC, definition.bareLines(await loops.withThreads.result(bareQuery)))
    return [...results.keys()].filter((name) => !isDeepStrictEqual(results.get(name)?.toSorted(), expected))
  }

  return {
    title,
    targets,
    implementations,
    bareQuery,
    check: async () => {
      // On the real sysfs a device can appear or disappear between two results.
      for (let tries = 0; tries < 200; tries++) {
        if ((await differing()).length === 0) return
        await setTimeout(20)
      }
      throw new Error(`${title}: the result differs from the addon's: ${(await differing()).join(', ')}`)
    },
  }
}

/** Splits an array into groups of one size. */
export function groups(values: readonly string[], size: number): readonly (readonly string[])[] {
  return Array.from({ length: values.length / size }, (_, index) => values.slice(index * size, (index + 1) * size))
}
