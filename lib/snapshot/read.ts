import { type Operation, operation } from '../machine/operation.js'
import type { Query } from '../query/query.js'
import { joinRows } from './join.js'
import type { Detail } from './model.js'
import { basicQuery, fullQuery, linksQuery, type Rows } from './parts.js'
import { Snapshot } from './snapshot.js'

const queries: Readonly<Record<Detail, Query<Rows, unknown>>> = {
  links: linksQuery,
  basic: basicQuery,
  full: fullQuery,
}

const operations: Readonly<Record<Detail, Operation<[], Snapshot>>> = {
  links: snapshotOperation('links'),
  basic: snapshotOperation('basic'),
  full: snapshotOperation('full'),
}

/**
 * The operation that reads a snapshot.
 *
 * @throws {TypeError} for an unknown detail
 */
export function readSnapshot(detail: Detail = 'basic'): Operation<[], Snapshot> {
  checkDetail(detail)
  return operations[detail]
}

/**
 * The query of a snapshot.
 *
 * @throws {TypeError} for an unknown detail
 */
export function queryOf(detail: Detail): Query<Rows, unknown> {
  checkDetail(detail)
  return queries[detail]
}

function snapshotOperation(detail: Detail): Operation<[], Snapshot> {
  return operation({
    query: queries[detail],
    limit: 1,
    parametersOf: () => ({}),
    resultOf: ([rows]: readonly Rows[]) => new Snapshot(joinRows(detail, rows ?? {})),
  })
}

function checkDetail(detail: Detail): void {
  if (!Object.hasOwn(queries, detail)) {
    throw new TypeError(`detail must be 'links', 'basic' or 'full', not ${JSON.stringify(detail)}`)
  }
}
