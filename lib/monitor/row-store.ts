import type { PreparedQuery } from '../machine/prepared-query.js'
import { type ListDefinition, Query } from '../query/query.js'
import { isEqual } from '../snapshot/is-equal.js'
import type { Detail } from '../snapshot/model.js'
import type { FullRows, Rows } from '../snapshot/queries.js'
import { queryOf } from '../snapshot/read.js'
import type { Sysfs } from '../sysfs.js'

export type Part = keyof FullRows
export type Row = Readonly<Record<string, unknown>>

/**
 * The rows a snapshot is joined of, by the names of their entries, so that each can be read again by itself. What is
 * read of an entry stands in the snapshot's queries alone; the queries of single ones are made of those.
 */
export class KeptRows {
  private readonly all: PreparedQuery<Rows, unknown>
  private readonly parts: ReadonlyMap<Part, KeptPart>

  constructor(sysfs: Sysfs, detail: Detail) {
    const query = queryOf(detail)
    this.all = sysfs.prepare(query)
    const parts = new Map<Part, KeptPart>()
    for (const [part, { reading }] of Object.entries(query.list.fields)) {
      if (reading.kind === 'list') parts.set(part as Part, new KeptPart(sysfs, reading.list))
    }
    this.parts = parts
  }

  /** How many there are. */
  get size(): number {
    let size = 0
    for (const part of this.parts.values()) size += part.rows.size
    return size
  }

  /** Reads everything; returns whether anything is different. Where it throws all is as it was. */
  readAll(): boolean {
    const rows: Rows = this.all.first() ?? {}
    let isDifferent = false
    for (const [name, part] of this.parts)
      isDifferent = part.replaceAll((rows[name] ?? []) as readonly Row[]) || isDifferent
    return isDifferent
  }

  /** Reads all entries of a part; returns whether any is different. */
  readPart(part: Part): boolean {
    return this.parts.get(part)?.readAll() ?? false
  }

  /** Reads one entry; returns whether it is different. One that is not there has no row. */
  readEntry(part: Part, entry: string): boolean {
    return this.parts.get(part)?.read(entry) ?? false
  }

  /** Replaces a row by one with some other values. */
  replace(part: Part, entry: string, row: Row): void {
    this.parts.get(part)?.rows.set(entry, row)
  }

  /** Where each part was listed, and what of its entries was read. */
  definitions(): readonly (readonly [Part, ListDefinition])[] {
    return [...this.parts].map(([part, { list }]) => [part, list])
  }

  rowsOf(part: Part): ReadonlyMap<string, Row> {
    return this.parts.get(part)?.rows ?? new Map()
  }

  /** As the query for everything gives them. */
  toRows(): Rows {
    const parts = [...this.parts].map(([name, part]): [string, readonly Row[]] => [name, part.inOrder()])
    return Object.fromEntries(parts)
  }
}

class KeptPart {
  readonly rows = new Map<string, Row>()
  private readonly whole: PreparedQuery<Row, unknown>
  private readonly one: PreparedQuery<Row, { readonly entry: string }>
  private readonly captures: readonly Capture[]
  private readonly form: RegExp

  constructor(
    sysfs: Sysfs,
    readonly list: ListDefinition,
  ) {
    const fields = Object.entries(list.fields)
    const uncaptured = fields.filter(([, field]) => field.reading.kind !== 'captured')
    this.captures = fields.flatMap(([key, { reading }]) =>
      reading.kind === 'captured' ? [{ key, capture: reading.capture }] : [],
    )
    this.form = formOf(list.pattern)
    const pattern = `${directoryOf(list)}/$entry`
    this.whole = sysfs.prepare(new Query<Row, unknown>(list, {}))
    this.one = sysfs.prepare(
      new Query<Row, { readonly entry: string }>({ ...list, pattern, fields: Object.fromEntries(uncaptured) }, {}),
    )
  }

  readAll(): boolean {
    return this.replaceAll(this.whole.all())
  }

  replaceAll(rows: readonly Row[]): boolean {
    let isDifferent = rows.length !== this.rows.size
    const replaced = rows.map((row): [string, Row] => {
      const entry = this.entryOf(row)
      isDifferent ||= !isEqual(this.rows.get(entry), row)
      return [entry, row]
    })
    if (!isDifferent) return false
    this.rows.clear()
    for (const [entry, row] of replaced) this.rows.set(entry, row)
    return true
  }

  read(entry: string): boolean {
    const before = this.rows.get(entry)
    const numbers = this.form.exec(entry)?.groups
    if (numbers === undefined) return false
    const row = this.one.first({ entry })
    if (row === undefined) return this.rows.delete(entry)
    const after: Record<string, unknown> = { ...row }
    for (const { key, capture } of this.captures) after[key] = Number(numbers[capture])
    if (isEqual(before, after)) return false
    this.rows.set(entry, after)
    return true
  }

  /** By bytes of their entries' names, as an executor has them. */
  inOrder(): readonly Row[] {
    const entries = [...this.rows].sort(([a], [b]) => (a < b ? -1 : 1))
    return entries.map(([, row]) => row)
  }

  /** The entry's name is in the row, or the numbers in it are. */
  private entryOf(row: Row): string {
    for (const [key, { reading }] of Object.entries(this.list.fields)) {
      if (reading.kind === 'name') return String(row[key])
    }
    const name = this.list.pattern.slice(directoryOf(this.list).length + 1)
    return this.captures.reduce((text, { key, capture }) => text.replace(`{${capture}}`, String(row[key])), name)
  }
}

interface Capture {
  readonly key: string
  readonly capture: string
}

/** `class/iscsi_session` of `class/iscsi_session/session{id}` */
export function directoryOf({ pattern }: ListDefinition): string {
  return pattern.slice(0, pattern.lastIndexOf('/'))
}

/** What an entry's name is like, with a group for each number in it. */
function formOf(pattern: string): RegExp {
  const name = pattern.slice(pattern.lastIndexOf('/') + 1)
  const source = name
    .replace(/[.+?^$()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replace(/\{(\w+)\}/g, '(?<$1>\\d+)')
  // The group that is always there makes `groups` an object where no number is captured.
  return new RegExp(`^(?<entry>${source})$`)
}
