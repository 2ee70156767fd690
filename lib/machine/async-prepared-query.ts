import type { BoundQuery } from './bound-query.js'
import type { RunArguments, RunOptions } from './prepared-query.js'
import type { FlightOptions } from '../executor/async-run.js'

/** How long an asynchronous query may take, and what else a query takes. */
export interface AsyncRunOptions extends RunOptions, FlightOptions {}

/**
 * A query made ready for one machine, whose runs do not hold up the event loop. Each reads anew after it was asked for,
 * never before.
 */
export class AsyncPreparedQuery<Row, Parameters> {
  constructor(private readonly bound: BoundQuery) {}

  /** As PreparedQuery's `all`; what that throws, this rejects with. See AsyncSysfs for what else. */
  async all(...[parameters, options]: RunArguments<Parameters, AsyncRunOptions>): Promise<readonly Row[]> {
    return (await this.bound.fly(parameters, Number.POSITIVE_INFINITY, options)) as readonly Row[]
  }

  /** As PreparedQuery's `first`. */
  async first(...[parameters, options]: RunArguments<Parameters, AsyncRunOptions>): Promise<Row | undefined> {
    return (await this.bound.fly(parameters, 1, options))[0] as Row | undefined
  }
}
