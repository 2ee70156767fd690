import type { PreparedQuery, RunOptions } from '../query/prepared-query.js'
import type { Query } from '../query/query.js'
import type { Sysfs } from '../sysfs.js'
import { joinRows } from './join.js'
import type { Detail } from './model.js'
import { basicQuery, fullQuery, linksQuery, type Rows } from './queries.js'
import { Snapshot } from './snapshot.js'

export interface SnapshotOptions extends RunOptions {
  /** How much to read; 'basic' by default. More takes more time: every attribute is three system calls. */
  readonly detail?: Detail
}

const queries = { links: linksQuery, basic: basicQuery, full: fullQuery } as const

/** Takes snapshots of one machine. Its queries are prepared when first asked for. */
export class SnapshotReader {
  private readonly prepared = new Map<Detail, PreparedQuery<Rows, unknown>>()

  constructor(private readonly sysfs: Sysfs) {}

  read({ detail = 'basic', ...options }: SnapshotOptions): Snapshot {
    return new Snapshot(joinRows(detail, this.prepare(detail).first({}, options) ?? {}))
  }

  private prepare(detail: Detail): PreparedQuery<Rows, unknown> {
    const known = this.prepared.get(detail)
    if (known !== undefined) return known
    const prepared = this.sysfs.prepare(queryOf(detail))
    this.prepared.set(detail, prepared)
    return prepared
  }
}

/** @throws {TypeError} for a detail that is none */
export function queryOf(detail: Detail): Query<Rows, unknown> {
  if (!Object.hasOwn(queries, detail)) {
    throw new TypeError(`detail must be 'links', 'basic' or 'full', not ${JSON.stringify(detail)}`)
  }
  return queries[detail]
}
