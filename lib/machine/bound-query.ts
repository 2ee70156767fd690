import { awaitLanding, type FlightOptions } from '../executor/async-run.js'
import type { Execution, Executor, Roots } from '../executor/executor.js'
import { checkParameters } from '../query/parameters.js'
import type { RunOptions } from './prepared-query.js'
import { compile, type Program } from '../query/program.js'
import type { Query } from '../query/query.js'

/** A query made ready for one machine. Its rows are those of the query it was made of. */
export class BoundQuery {
  private readonly program: Program
  private readonly execution: Execution

  constructor(
    query: Query<unknown, unknown>,
    executor: Executor,
    private readonly roots: Roots,
  ) {
    this.program = compile(query)
    this.execution = executor.prepare(this.program, roots)
  }

  run(parameters: unknown, limit: number, options: RunOptions | undefined): readonly unknown[] {
    const checked = checkParameters(this.program.parameters, parameters)
    return this.execution.run(checked, limit, options?.unreadable)
  }

  /** The same without holding up the event loop. What `run` throws, this rejects with. */
  async fly(
    parameters: unknown,
    limit: number,
    options: (RunOptions & FlightOptions) | undefined,
  ): Promise<readonly unknown[]> {
    const checked = checkParameters(this.program.parameters, parameters)
    const { rows, unreadable } = await awaitLanding(
      (landed) => this.execution.fly(checked, limit, landed),
      options,
      this.roots.sys,
    )
    options?.unreadable?.push(...unreadable)
    return rows
  }
}
