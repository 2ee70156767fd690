import type { Query } from '../query/query.js'

/**
 * A question about a machine: the query to run, and what comes before and after it. It is asked in two ways, by a
 * caller who waits and by one who does not.
 */
export interface Question<Arguments extends readonly unknown[], Answer> {
  readonly query: Query<unknown, unknown>
  /** The number of rows that the answer needs. */
  readonly limit: number
  /** The query's parameters. Throws for arguments that make no sense. */
  parametersOf(...given: Arguments): unknown
  answerOf(rows: readonly unknown[]): Answer
}

/** Declares a question, with the types of its query. */
export function question<Row, Parameters, Arguments extends readonly unknown[], Answer>(declared: {
  readonly query: Query<Row, Parameters>
  readonly limit?: number
  readonly parametersOf: (...given: Arguments) => Parameters
  readonly answerOf: (rows: readonly Row[]) => Answer
}): Question<Arguments, Answer> {
  const { query, limit = Number.POSITIVE_INFINITY, parametersOf, answerOf } = declared
  return { query, limit, parametersOf, answerOf: answerOf as (rows: readonly unknown[]) => Answer }
}
