import type { Unreadable } from '../errors.js'
import { type AsyncOptions, awaitCompletion } from '../executor/async-run.js'
import type { Execution } from '../executor/executor.js'
import { checkParameters } from '../query/parameters.js'
import type { Program } from '../query/program.js'

/** Options of every reading method. */
export interface ReadOptions {
  /**
   * Called for everything that exists and could not be read, after the run. A `null` in a row that is not reported here
   * stands for something that does not exist.
   */
  readonly onUnreadable?: (unreadable: Unreadable) => void
}

/** Options of every asynchronous reading method. */
export interface AsyncReadOptions extends ReadOptions, AsyncOptions {}

/** A query compiled for one machine. */
export interface CompiledQuery {
  readonly program: Program
  readonly execution: Execution
  /** Where sysfs is. */
  readonly sysPath: string
}

/** Checks the parameters and runs the query. */
export function runQuery(
  { program, execution }: CompiledQuery,
  parameters: unknown,
  limit: number,
  options: ReadOptions | undefined,
): readonly unknown[] {
  const checked = checkParameters(program.parameters, parameters)
  const { onUnreadable } = options ?? {}
  if (onUnreadable === undefined) return execution.run(checked, limit, undefined)
  const unreadable: Unreadable[] = []
  const rows = execution.run(checked, limit, unreadable)
  unreadable.forEach((item) => {
    onUnreadable(item)
  })
  return rows
}

/** Runs the query without blocking the event loop. Rejects with what `runQuery` throws. */
export async function runQueryAsync(
  { program, execution, sysPath }: CompiledQuery,
  parameters: unknown,
  limit: number,
  options: AsyncReadOptions | undefined,
): Promise<readonly unknown[]> {
  const checked = checkParameters(program.parameters, parameters)
  const { rows, unreadable } = await awaitCompletion(
    (onComplete) => execution.runAsync(checked, limit, onComplete),
    options,
    sysPath,
  )
  for (const item of unreadable) options?.onUnreadable?.(item)
  return rows
}

/** The arguments of a run. The parameters may be left out if the query has none. */
export type RunArguments<Parameters, Options = ReadOptions> = [keyof Parameters] extends [never]
  ? [parameters?: Record<never, never>, options?: Options]
  : [parameters: Parameters, options?: Options]

/** A query that is ready to run on one machine, any number of times. Every run reads again, in one native call. */
export class PreparedQuery<Row, Parameters> {
  readonly #query: CompiledQuery

  /** Use `Sysfs.prepare`. */
  constructor(query: CompiledQuery) {
    this.#query = query
  }

  /**
   * Reads all rows, in byte order of their names.
   *
   * @throws {TypeError} or {RangeError} for parameters that the query does not take, before anything is read
   * @throws {SysfsError} if the process is out of descriptors or memory, or may not list a directory
   */
  all(...[parameters, options]: RunArguments<Parameters>): readonly Row[] {
    return runQuery(this.#query, parameters, Number.POSITIVE_INFINITY, options) as readonly Row[]
  }

  /** Reads the first row and stops. `undefined` if there is no row. Throws what `all` throws. */
  first(...[parameters, options]: RunArguments<Parameters>): Row | undefined {
    return runQuery(this.#query, parameters, 1, options)[0] as Row | undefined
  }
}

/**
 * A query that is ready to run on one machine without blocking the event loop. Every run starts to read after the call,
 * never before.
 */
export class AsyncPreparedQuery<Row, Parameters> {
  readonly #query: CompiledQuery

  /** Use `AsyncSysfs.prepare`. */
  constructor(query: CompiledQuery) {
    this.#query = query
  }

  /** Reads all rows, as `PreparedQuery.all`. Rejects with what that throws; see AsyncSysfs for other errors. */
  async all(...[parameters, options]: RunArguments<Parameters, AsyncReadOptions>): Promise<readonly Row[]> {
    return (await runQueryAsync(this.#query, parameters, Number.POSITIVE_INFINITY, options)) as readonly Row[]
  }

  /** Reads the first row, as `PreparedQuery.first`. */
  async first(...[parameters, options]: RunArguments<Parameters, AsyncReadOptions>): Promise<Row | undefined> {
    return (await runQueryAsync(this.#query, parameters, 1, options))[0] as Row | undefined
  }
}
