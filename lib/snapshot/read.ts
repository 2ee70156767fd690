import type { RunOptions } from '../machine/prepared-query.js'
import type { Query } from '../query/query.js'
import { type Question, question } from '../machine/operation.js'
import { joinRows } from './join.js'
import type { Detail } from './model.js'
import { basicQuery, fullQuery, linksQuery, type Rows } from './queries.js'
import { Snapshot } from './snapshot.js'

export interface SnapshotOptions extends RunOptions {
  /** How much to read; 'basic' by default. More takes more time: every attribute is three system calls. */
  readonly detail?: Detail
}

const queries: Readonly<Record<Detail, Query<Rows, unknown>>> = {
  links: linksQuery,
  basic: basicQuery,
  full: fullQuery,
}

const snapshots: Readonly<Record<Detail, Question<[], Snapshot>>> = {
  links: snapshotOf('links'),
  basic: snapshotOf('basic'),
  full: snapshotOf('full'),
}

/** @throws {TypeError} for a detail that is none */
export function snapshotOfDetail(detail: Detail = 'basic'): Question<[], Snapshot> {
  checkDetail(detail)
  return snapshots[detail]
}

/** @throws {TypeError} for a detail that is none */
export function queryOf(detail: Detail): Query<Rows, unknown> {
  checkDetail(detail)
  return queries[detail]
}

function snapshotOf(detail: Detail): Question<[], Snapshot> {
  return question({
    query: queries[detail],
    limit: 1,
    parametersOf: () => ({}),
    answerOf: ([rows]: readonly Rows[]) => new Snapshot(joinRows(detail, rows ?? {})),
  })
}

function checkDetail(detail: Detail): void {
  if (!Object.hasOwn(queries, detail)) {
    throw new TypeError(`detail must be 'links', 'basic' or 'full', not ${JSON.stringify(detail)}`)
  }
}
