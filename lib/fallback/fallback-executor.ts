import type { Unreadable } from '../errors.js'
import type { AsyncRun, Completion } from '../executor/async-run.js'
import type { Execution, Executor, Roots } from '../executor/executor.js'
import type { Program } from '../query/program.js'
import { FallbackAttributeSampler } from './fallback-attribute-sampler.js'
import { FallbackDiskstatsSampler } from './fallback-diskstats-sampler.js'
import { FallbackRun } from './fallback-run.js'
import { runNow } from './system-call.js'
import { Walk } from './walk.js'

/** The executor that runs programs on node:fs. It is used if the addon does not load. */
export const fallback: Executor = {
  name: 'fallback',
  prepare: (program, roots) => new FallbackExecution(program, roots),
  sampleAttributes: (devices, attributes, mostHeld) => new FallbackAttributeSampler(devices, attributes, mostHeld),
  sampleDiskstats: (devices, file) => new FallbackDiskstatsSampler(devices, file),
  openUevents: () => 'the fallback cannot receive uevents',
}

class FallbackExecution implements Execution {
  private readonly walk: Walk

  constructor(
    private readonly program: Program,
    private readonly roots: Roots,
  ) {
    this.walk = new Walk(program, roots)
  }

  run(parameters: readonly string[], limit: number, unreadable: Unreadable[] | undefined): readonly unknown[] {
    return runNow(this.walk.run(parameters, limit, unreadable))
  }

  runAsync(parameters: readonly string[], limit: number, onComplete: (completion: Completion) => void): AsyncRun {
    const unreadable: Unreadable[] = []
    const walk = new Walk(this.program, this.roots)
    return new FallbackRun(walk.run(parameters, limit, unreadable), unreadable, onComplete)
  }
}
