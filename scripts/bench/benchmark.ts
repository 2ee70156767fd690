import { setTimeout } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { BareLoop } from './bare-loop.js'
import { type Contender, inThisProcess } from './measure.js'

export interface BareLoops {
  /** With threads, as Node has them: what the addon is held to. */
  readonly withThreads: BareLoop
  readonly oneThread: BareLoop
}

/** What a ratio has to be. Without a target it is only shown. */
export interface Targets {
  /** addon / bare C */
  readonly floor: number
  /** naive / addon */
  readonly naive?: number
  /** fallback / addon */
  readonly fallback: number
}

/** Where there is little to read, it shows what a call itself costs. */
export const smallAnswer: Targets = { floor: 1.25, fallback: 1.3 }
export const largeAnswer: Targets = { floor: 1.1, fallback: 1.3 }

/** Something to ask, with everyone who can answer it. */
export interface Question {
  readonly title: string
  readonly targets: Targets
  readonly contenders: readonly Contender[]
  /** Throws where the answers are not all the same. */
  check(): Promise<void>
}

export interface QuestionParts<Answer> {
  readonly title: string
  readonly targets: Targets
  readonly addon: () => Answer
  readonly fallback: () => Answer
  readonly naive: () => Answer
  /** A query of bare-loop.c. */
  readonly bare: readonly string[]
  /** What the values that bare-loop.c gives mean, in the form of `lines`, in any order. */
  bareLines(values: readonly string[]): readonly string[]
  lines(answer: Answer): readonly string[]
}

export const addon = 'addon'
export const fallback = 'fallback'
export const naive = 'naive'
export const bareLoop = 'bare C'
export const bareLoopOneThread = 'bare C, one thread'

export function question<Answer>(parts: QuestionParts<Answer>, loops: BareLoops | undefined): Question {
  const contenders: Contender[] = [
    inThisProcess(addon, parts.addon),
    inThisProcess(fallback, parts.fallback),
    inThisProcess(naive, parts.naive),
  ]
  const asBatch = (name: string, loop: BareLoop): Contender => ({
    name,
    batch: (lead, count) => loop.run(parts.bare, lead, count),
  })
  if (loops !== undefined) {
    contenders.push(asBatch(bareLoop, loops.withThreads), asBatch(bareLoopOneThread, loops.oneThread))
  }

  async function differences(): Promise<readonly string[]> {
    const expected = parts.lines(parts.addon()).toSorted()
    const others = new Map([
      [fallback, parts.lines(parts.fallback())],
      [naive, parts.lines(parts.naive())],
    ])
    if (loops !== undefined) others.set(bareLoop, parts.bareLines(await loops.withThreads.answer(parts.bare)))
    return [...others.keys()].filter((name) => !isDeepStrictEqual(others.get(name)?.toSorted(), expected))
  }

  return {
    title: parts.title,
    targets: parts.targets,
    contenders,
    check: async () => {
      // On a live machine something may come or go between two answers, for as long as somebody works on it.
      for (let tries = 0; tries < 200; tries++) {
        if ((await differences()).length === 0) return
        await setTimeout(20)
      }
      throw new Error(`${parts.title}: not the addon's answer: ${(await differences()).join(', ')}`)
    },
  }
}

/** Cuts a flat list into groups of the same size. */
export function groups(values: readonly string[], size: number): readonly (readonly string[])[] {
  return Array.from({ length: values.length / size }, (_, index) => values.slice(index * size, (index + 1) * size))
}
