import type { Query } from '../query/query.js'

/**
 * An operation of the library: a query, the parameters that a call's arguments give it, and the result that its rows
 * give the caller. It can run synchronously or asynchronously.
 */
export interface Operation<Arguments extends readonly unknown[], Result> {
  readonly query: Query<unknown, unknown>
  /** The number of rows that the result needs. */
  readonly limit: number
  /** The query's parameters. Throws for wrong arguments. */
  parametersOf(...given: Arguments): unknown
  resultOf(rows: readonly unknown[]): Result
}

/** Declares an operation, typed by its query. */
export function operation<Row, Parameters, Arguments extends readonly unknown[], Result>(declared: {
  readonly query: Query<Row, Parameters>
  readonly limit?: number
  readonly parametersOf: (...given: Arguments) => Parameters
  readonly resultOf: (rows: readonly Row[]) => Result
}): Operation<Arguments, Result> {
  const { query, limit = Number.POSITIVE_INFINITY, parametersOf, resultOf } = declared
  return { query, limit, parametersOf, resultOf: resultOf as (rows: readonly unknown[]) => Result }
}
