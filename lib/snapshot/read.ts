import type { RunOptions } from '../machine/prepared-query.js'
import type { Query } from '../query/query.js'
import { type Question, question } from '../machine/operation.js'
import { joinRows } from './join.js'
import type { Detail } from './model.js'
import type { Rows } from './queries.js'
import { Snapshot } from './snapshot.js'

export interface SnapshotOptions extends RunOptions {
  /** How much to read; 'basic' by default. More takes more time: every attribute is three system calls. */
  readonly detail?: Detail
}

const details = ['links', 'basic', 'full'] as const satisfies readonly Detail[]

const snapshots = new Map<Detail, Question<[], Snapshot>>()

/** @throws {TypeError} for a detail that is none */
export function snapshotOfDetail(detail: Detail = 'basic'): Question<[], Snapshot> {
  const known = snapshots.get(detail)
  if (known !== undefined) return known
  const made = snapshotOf(detail)
  snapshots.set(detail, made)
  return made
}

/** @throws {TypeError} for a detail that is none */
export function queryOf(detail: Detail): Query<Rows, unknown> {
  checkDetail(detail)
  // Required here and not imported above: more than a hundred fields are made when that module is evaluated, which a
  // process that asks for no snapshot does without. In the bundles nothing is left of `require`.
  const { basicQuery, fullQuery, linksQuery } = require('./queries.js') as typeof import('./queries.js')
  return { links: linksQuery, basic: basicQuery, full: fullQuery }[detail]
}

function snapshotOf(detail: Detail): Question<[], Snapshot> {
  return question({
    query: queryOf(detail),
    limit: 1,
    parametersOf: () => ({}),
    answerOf: ([rows]: readonly Rows[]) => new Snapshot(joinRows(detail, rows ?? {})),
  })
}

function checkDetail(detail: Detail): void {
  if (!details.includes(detail)) {
    throw new TypeError(`detail must be 'links', 'basic' or 'full', not ${JSON.stringify(detail)}`)
  }
}
