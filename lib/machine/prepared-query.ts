import type { Unreadable } from '../errors.js'
import type { BoundQuery } from './bound-query.js'

export interface RunOptions {
  /** Collects what is there and could not be read, with the reason. A `null` in a row that is not in here is absent. */
  readonly unreadable?: Unreadable[]
}

/** What a run takes: the parameters, which may be left out where there are none. */
export type RunArguments<Parameters, Options = RunOptions> = [keyof Parameters] extends [never]
  ? [parameters?: Record<never, never>, options?: Options]
  : [parameters: Parameters, options?: Options]

/** A query made ready for one machine; run it as often as you like. Every run reads anew, in one native call. */
export class PreparedQuery<Row, Parameters> {
  constructor(private readonly bound: BoundQuery) {}

  /**
   * All rows, in byte order of their names.
   *
   * @throws {TypeError} or {RangeError} for parameters that are not what the query takes, before anything is read
   * @throws {SysfsError} where the process is out of descriptors or memory, or may not list a directory
   */
  all(...[parameters, options]: RunArguments<Parameters>): readonly Row[] {
    return this.bound.run(parameters, Number.POSITIVE_INFINITY, options) as readonly Row[]
  }

  /** The first row, or `undefined`; nothing is read for those after it. Throws as `all` does. */
  first(...[parameters, options]: RunArguments<Parameters>): Row | undefined {
    return this.bound.run(parameters, 1, options)[0] as Row | undefined
  }
}
