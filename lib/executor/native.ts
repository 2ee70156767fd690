import type { Flight, Landing } from '../async/flight.js'
import { NativeFlight } from '../async/native-flight.js'
import { errorCode, SysfsError, type Unreadable } from '../errors.js'
import type { ListProgram, Program, StepReading } from '../query/program.js'
import { type Addon, type AddonOutcome, loadAddon, type PreparedProgram } from './addon.js'
import { encodeProgram } from './encode.js'
import type { Execution, Executor } from './executor.js'

/** Runs programs in the addon, or says why there is none. */
export function loadNative(): Executor | Error {
  const loaded = loadAddon()
  if ('error' in loaded) return loaded.error
  const { addon } = loaded
  results ??= new Results(addon)
  const shared = results
  return {
    name: 'native',
    prepare: (program, roots) =>
      new NativeExecution(
        program,
        new addon.PreparedProgram(encodeProgram(program), roots.sys, roots.dev, roots.root),
        shared,
        addon,
      ),
  }
}

/** One for all executions of this thread: a call is synchronous, and its result is decoded before the next. */
let results: Results | undefined

/** The numbers of a result start after how many they are, and how much was unreadable. */
const header = 2

class Results {
  /** Where the addon puts a result's cells. */
  cells = new Float64Array(1024)

  constructor(private readonly addon: Addon) {}

  /** Makes room for a result that was too large, and has it delivered again. */
  fit(): void {
    const size = (this.cells[0] as number) + header
    if (size <= this.cells.length) return
    this.cells = new Float64Array(size * 2)
    this.addon.deliver(this.cells)
  }

  failure(errno: number): SysfsError {
    return failureOf(errno, this.addon.failure())
  }
}

function failureOf(errno: number, [syscall, path]: ReturnType<Addon['failure']>): SysfsError {
  return new SysfsError(-errno, syscall, typeof path === 'string' ? path : Buffer.from(path).toString('utf8'))
}

const largestLimit = 0xffffffff

class NativeExecution implements Execution {
  private readonly decodeRows: DecodeRows

  constructor(
    program: Program,
    private readonly prepared: PreparedProgram,
    private readonly results: Results,
    private readonly addon: Addon,
  ) {
    this.decodeRows = rowDecoder(program.root)
  }

  run(parameters: readonly string[], limit: number, unreadable: Unreadable[] | undefined): readonly unknown[] {
    const { results } = this
    const text = this.prepared.run(results.cells, Math.min(limit, largestLimit), ...parameters)
    if (typeof text === 'number') throw results.failure(text)
    results.fit()
    return this.decode(text, results.cells, unreadable)
  }

  fly(parameters: readonly string[], limit: number, landed: (landing: Landing) => void): Flight {
    return new NativeFlight(
      (back) => new this.addon.Flight(this.prepared, Math.min(limit, largestLimit), back, ...parameters),
      (...outcome) => this.landingOf(outcome),
      landed,
    )
  }

  private landingOf([text, rest]: AddonOutcome): Landing {
    if (rest === undefined) return { error: new Error('a flight that was stopped has no answer') }
    if (typeof text === 'number') return { error: failureOf(text, rest) }
    const unreadable: Unreadable[] = []
    return { rows: this.decode(text, rest, unreadable), unreadable }
  }

  private decode(
    text: string | Uint8Array,
    cells: Float64Array,
    unreadable: Unreadable[] | undefined,
  ): readonly unknown[] {
    const cursor = typeof text === 'string' ? new AsciiCursor(cells, text) : new BytesCursor(cells, text)
    const rows = this.decodeRows(cursor)
    if (unreadable !== undefined) {
      for (let count = cells[1] as number; count > 0; count--) {
        const path = cursor.text() as string
        unreadable.push({ path, code: errorCode(-cursor.cell()) })
      }
    }
    return rows
  }
}

/** Walks over a result's cells and texts. */
abstract class Cursor {
  private at = header
  private end = 0

  constructor(private readonly cells: Float64Array) {}

  cell(): number {
    return this.cells[this.at++] as number
  }

  number(): number | null {
    const value = this.cell()
    return Number.isNaN(value) ? null : value
  }

  text(): string | null {
    const end = this.cell()
    if (end < 0) return null
    const start = this.end
    this.end = end
    return this.slice(start, end)
  }

  protected abstract slice(start: number, end: number): string
}

class AsciiCursor extends Cursor {
  constructor(
    cells: Float64Array,
    private readonly source: string,
  ) {
    super(cells)
  }

  protected slice(start: number, end: number): string {
    return this.source.slice(start, end)
  }
}

class BytesCursor extends Cursor {
  private readonly source: Buffer

  constructor(cells: Float64Array, source: Uint8Array) {
    super(cells)
    this.source = Buffer.from(source.buffer, source.byteOffset, source.byteLength)
  }

  protected slice(start: number, end: number): string {
    return this.source.toString('utf8', start, end)
  }
}

type DecodeRows = (cursor: Cursor) => readonly unknown[]
type MutableRow = Record<string, unknown>

/** Cells come in the order of evaluation; the row has its keys in the order they were declared. */
function rowDecoder(list: ListProgram): DecodeRows {
  const empty: MutableRow = {}
  for (const key of list.keys) empty[key] = null
  const keys = list.steps.map((step) => step.key)
  const decoders = list.steps.map((step) => valueDecoder(step.reading))
  return (cursor) => {
    const rows: MutableRow[] = []
    for (let count = cursor.cell(); count > 0; count--) {
      const row = { ...empty }
      for (let index = 0; index < keys.length; index++) {
        row[keys[index] as string] = (decoders[index] as (cursor: Cursor) => unknown)(cursor)
      }
      rows.push(row)
    }
    return rows
  }
}

function valueDecoder(reading: StepReading): (cursor: Cursor) => unknown {
  switch (reading.kind) {
    case 'name':
    case 'text':
    case 'hex':
    case 'link':
      return (cursor) => cursor.text()
    case 'captured':
    case 'integer':
    case 'linkNumber':
      return (cursor) => cursor.number()
    case 'exists':
      return (cursor) => cursor.cell() === 1
    case 'list':
      return rowDecoder(reading.list)
  }
}
