import type { AsyncRunOptions } from './async-prepared-query.js'
import type { Executor, Roots } from '../executor/executor.js'
import { BoundQuery } from './bound-query.js'
import { kindOf } from '../query/parameters.js'
import type { RunOptions } from './prepared-query.js'
import { Query } from '../query/query.js'
import type { Question } from './operation.js'

/** Where a machine is and what its queries run on: what Sysfs and AsyncSysfs have in common. */
export class Machine {
  /** Those of the library's own questions; they are made ready when first asked. */
  private readonly bound = new Map<Query<unknown, unknown>, BoundQuery>()

  constructor(
    readonly executor: Executor,
    readonly roots: Roots,
  ) {}

  bind<Row, Parameters>(query: Query<Row, Parameters>): BoundQuery {
    if (!(query instanceof Query)) throw new TypeError(`prepare takes a query, not ${kindOf(query)}`)
    return new BoundQuery(query, this.executor, this.roots)
  }

  ask<Arguments extends readonly unknown[], Answer>(
    question: Question<Arguments, Answer>,
    given: Arguments,
    options: RunOptions | undefined,
  ): Answer {
    const parameters = question.parametersOf(...given)
    return question.answerOf(this.boundOf(question.query).run(parameters, question.limit, options))
  }

  async askAsync<Arguments extends readonly unknown[], Answer>(
    question: Question<Arguments, Answer>,
    given: Arguments,
    options: AsyncRunOptions | undefined,
  ): Promise<Answer> {
    const parameters = question.parametersOf(...given)
    return question.answerOf(await this.boundOf(question.query).fly(parameters, question.limit, options))
  }

  private boundOf(query: Query<unknown, unknown>): BoundQuery {
    const known = this.bound.get(query)
    if (known !== undefined) return known
    const bound = this.bind(query)
    this.bound.set(query, bound)
    return bound
  }
}
