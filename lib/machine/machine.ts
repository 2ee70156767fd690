import { typeName } from '../errors.js'
import type { Executor, Roots } from '../executor/executor.js'
import { compile } from '../query/compile.js'
import { Query } from '../query/query.js'
import type { Operation } from './operation.js'
import {
  type AsyncReadOptions,
  type CompiledQuery,
  PreparedQuery,
  type ReadOptions,
  runQuery,
  runQueryAsync,
} from './prepared-query.js'

/** One machine: its directories, and the executor that reads them. */
export class Machine {
  /** The queries of operations, compiled at their first run. */
  readonly #compiled = new Map<Query<unknown, unknown>, CompiledQuery>()

  constructor(
    readonly executor: Executor,
    readonly roots: Roots,
  ) {}

  /** @throws {TypeError} if the query makes no sense */
  compile(query: unknown): CompiledQuery {
    if (!(query instanceof Query)) throw new TypeError(`prepare takes a query, not ${typeName(query)}`)
    const program = compile(query)
    return { program, execution: this.executor.prepare(program, this.roots), sysPath: this.roots.sys }
  }

  /** @throws {TypeError} if the query makes no sense */
  prepare<Row, Parameters>(query: Query<Row, Parameters>): PreparedQuery<Row, Parameters> {
    return new PreparedQuery(this.compile(query))
  }

  run<Arguments extends readonly unknown[], Result>(
    operation: Operation<Arguments, Result>,
    given: Arguments,
    options: ReadOptions | undefined,
  ): Result {
    const parameters = operation.parametersOf(...given)
    return operation.resultOf(runQuery(this.#compiledOf(operation.query), parameters, operation.limit, options))
  }

  async runAsync<Arguments extends readonly unknown[], Result>(
    operation: Operation<Arguments, Result>,
    given: Arguments,
    options: AsyncReadOptions | undefined,
  ): Promise<Result> {
    const parameters = operation.parametersOf(...given)
    const query = this.#compiledOf(operation.query)
    return operation.resultOf(await runQueryAsync(query, parameters, operation.limit, options))
  }

  #compiledOf(query: Query<unknown, unknown>): CompiledQuery {
    const known = this.#compiled.get(query)
    if (known !== undefined) return known
    const compiled = this.compile(query)
    this.#compiled.set(query, compiled)
    return compiled
  }
}
