import type { Machine } from '../machine/machine.js'
import type { PreparedQuery } from '../machine/prepared-query.js'
import type { ListDefinition } from '../query/definition.js'
import { compareBytes } from '../query/path.js'
import { Query } from '../query/query.js'
import { isEqual } from '../snapshot/diff.js'
import type { Detail } from '../snapshot/model.js'
import { type Part, partsOf, type Rows } from '../snapshot/parts.js'
import { queryOf } from '../snapshot/read.js'
import type { Row } from './open-attributes.js'

/**
 * The rows of a snapshot by part and entry. Each entry can be read again alone. The queries of single entries are
 * made from the snapshot's query.
 */
export class RowStore {
  private readonly all: PreparedQuery<Rows, unknown>
  private readonly parts: ReadonlyMap<Part, StoredPart>

  constructor(machine: Machine, detail: Detail) {
    const query = queryOf(detail)
    this.all = machine.prepare(query)
    this.parts = new Map(
      [...partsOf(query)].map(([part, { list, isSilent }]) => [part, new StoredPart(machine, list, isSilent)]),
    )
  }

  /** The number of rows. */
  get size(): number {
    let size = 0
    for (const part of this.parts.values()) size += part.rows.size
    return size
  }

  /** Reads everything. Returns whether anything has changed. If it throws, no row has changed. */
  readAll(): boolean {
    const rows: Rows = this.all.first() ?? {}
    let hasChanged = false
    for (const [name, part] of this.parts)
      hasChanged = part.replaceAll((rows[name] ?? []) as readonly Row[]) || hasChanged
    return hasChanged
  }

  /** Reads all entries of a part. Returns whether any has changed. */
  readPart(part: Part): boolean {
    return this.parts.get(part)?.readAll() ?? false
  }

  /** Reads one entry. Returns whether it has changed. A missing entry has no row. */
  readEntry(part: Part, entry: string): boolean {
    return this.parts.get(part)?.read(entry) ?? false
  }

  /** Replaces the row of an entry. */
  replace(part: Part, entry: string, row: Row): void {
    this.parts.get(part)?.rows.set(entry, row)
  }

  /** The list of each part, and whether the kernel changes the lists below its entries without a uevent. */
  definitions(): readonly { readonly part: Part; readonly list: ListDefinition; readonly isSilent: boolean }[] {
    return [...this.parts].map(([part, { list, isSilent }]) => ({ part, list, isSilent }))
  }

  /** The rows of a part by the names of their entries. */
  rowsOf(part: Part): ReadonlyMap<string, Row> {
    return this.parts.get(part)?.rows ?? new Map()
  }

  /** The rows in the form of the query for everything. */
  toRows(): Rows {
    const parts = [...this.parts].map(([name, part]): [string, readonly Row[]] => [name, part.inOrder()])
    return Object.fromEntries(parts)
  }
}

/** The rows of a part. */
class StoredPart {
  readonly rows = new Map<string, Row>()
  private readonly whole: PreparedQuery<Row, unknown>
  private readonly one: PreparedQuery<Row, { readonly entry: string }>
  private readonly captures: readonly Capture[]
  private readonly form: RegExp

  constructor(
    machine: Machine,
    readonly list: ListDefinition,
    readonly isSilent: boolean,
  ) {
    const fields = Object.entries(list.fields)
    const uncaptured = fields.filter(([, field]) => field.reading.kind !== 'capture')
    this.captures = fields.flatMap(([key, { reading }]) =>
      reading.kind === 'capture' ? [{ key, capture: reading.capture }] : [],
    )
    this.form = formOf(list.pattern)
    const pattern = `${directoryOf(list)}/$entry`
    this.whole = machine.prepare(new Query<Row, unknown>(list, {}))
    this.one = machine.prepare(
      new Query<Row, { readonly entry: string }>({ ...list, pattern, fields: Object.fromEntries(uncaptured) }, {}),
    )
  }

  readAll(): boolean {
    return this.replaceAll(this.whole.all())
  }

  replaceAll(rows: readonly Row[]): boolean {
    let hasChanged = rows.length !== this.rows.size
    const replaced = rows.map((row): [string, Row] => {
      const entry = this.entryOf(row)
      hasChanged ||= !isEqual(this.rows.get(entry), row)
      return [entry, row]
    })
    if (!hasChanged) return false
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

  /** The rows in byte order of their entries, as an executor returns them. */
  inOrder(): readonly Row[] {
    const entries = [...this.rows].sort(([a], [b]) => compareBytes(a, b))
    return entries.map(([, row]) => row)
  }

  /** The name of a row's entry. It is a field of the row, or is composed of the pattern and the captured numbers. */
  private entryOf(row: Row): string {
    for (const [key, { reading }] of Object.entries(this.list.fields)) {
      if (reading.kind === 'name') return String(row[key])
    }
    const name = this.list.pattern.slice(directoryOf(this.list).length + 1)
    return this.captures.reduce((text, { key, capture }) => text.replace(`{${capture}}`, String(row[key])), name)
  }
}

/** A field with a captured number. */
interface Capture {
  readonly key: string
  readonly capture: string
}

/** The directory of a list: `class/iscsi_session` of `class/iscsi_session/session{id}`. */
export function directoryOf({ pattern }: ListDefinition): string {
  return pattern.slice(0, pattern.lastIndexOf('/'))
}

/** A pattern as a regular expression, with a group for each captured number. */
function formOf(pattern: string): RegExp {
  const name = pattern.slice(pattern.lastIndexOf('/') + 1)
  const source = name
    .replace(/[.+?^$()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replace(/\{(\w+)\}/g, '(?<$1>\\d+)')
  // The outer group makes `groups` an object also if no number is captured.
  return new RegExp(`^(?<entry>${source})$`)
}
