import type { Unreadable } from '../errors.js'
import type { Execution } from '../executor/executor.js'
import { checkParameters } from './parameters.js'
import type { Program } from './program.js'

export interface RunOptions {
  /** Collects what is there and could not be read, with the reason. A `null` in a row that is not in here is absent. */
  readonly unreadable?: Unreadable[]
}

/** What a run takes: the parameters, which may be left out where there are none. */
export type RunArguments<Parameters> = [keyof Parameters] extends [never]
  ? [parameters?: Record<never, never>, options?: RunOptions]
  : [parameters: Parameters, options?: RunOptions]

/** A query made ready for one machine; run it as often as you like. Every run reads anew, in one native call. */
export class PreparedQuery<Row, Parameters> {
  constructor(
    private readonly program: Program,
    private readonly execution: Execution,
  ) {}

  /**
   * All rows, in byte order of their names.
   *
   * @throws {TypeError} or {RangeError} for parameters that are not what the query takes, before anything is read
   * @throws {SysfsError} where the process is out of descriptors or memory, or may not list a directory
   */
  all(...[parameters, options]: RunArguments<Parameters>): readonly Row[] {
    return this.run(parameters, Number.POSITIVE_INFINITY, options)
  }

  /** The first row, or `undefined`; nothing is read for those after it. Throws as `all` does. */
  first(...[parameters, options]: RunArguments<Parameters>): Row | undefined {
    return this.run(parameters, 1, options)[0]
  }

  private run(parameters: unknown, limit: number, options: RunOptions | undefined): readonly Row[] {
    const checked = checkParameters(this.program.parameters, parameters)
    return this.execution.run(checked, limit, options?.unreadable) as readonly Row[]
  }
}
