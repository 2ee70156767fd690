import type { RunOptions } from '../query/prepared-query.js'
import type { Query } from '../query/query.js'
import { type Question, question } from '../query/question.js'
import { joinRows } from './join.js'
import type { Detail } from './model.js'
import { basicQuery, fullQuery, linksQuery, type Rows } from './queries.js'
import { Snapshot } from './snapshot.js'

export interface SnapshotOptions extends RunOptions {
  /** How much to read; 'basic' by default. More takes more time: every attribute is three system calls. */
  readonly detail?: Detail
}

const snapshots: Readonly<Record<Detail, Question<[], Snapshot>>> = {
  links: snapshotOf('links', linksQuery),
  basic: snapshotOf('basic', basicQuery),
  full: snapshotOf('full', fullQuery),
}

/** Throws a TypeError for a detail that there is not. */
export function snapshotOfDetail(detail: Detail = 'basic'): Question<[], Snapshot> {
  if (!Object.hasOwn(snapshots, detail)) {
    throw new TypeError(`detail must be 'links', 'basic' or 'full', not ${JSON.stringify(detail)}`)
  }
  return snapshots[detail]
}

function snapshotOf(detail: Detail, query: Query<Rows, unknown>): Question<[], Snapshot> {
  return question({
    query,
    limit: 1,
    parametersOf: () => ({}),
    answerOf: ([rows]) => new Snapshot(joinRows(detail, rows ?? {})),
  })
}
