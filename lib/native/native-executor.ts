import type { Flight, Landing } from '../executor/async-run.js'
import { NativeFlight } from './native-run.js'
import { errorCode, SysfsError, type Unreadable } from '../errors.js'
import type { ListProgram, Program, StepReading } from '../query/program.js'
import { type Addon, type AddonOutcome, loadAddon, type PreparedProgram } from './addon.js'
import { encodeProgram } from './encode-program.js'
import type { Execution, Executor } from '../executor/executor.js'

/** Runs programs in the addon, or says why there is none. `file` as for `loadAddon`. */
export function loadNative(file: string | undefined): Executor | Error {
  const loaded = loadAddon(file)
  if ('error' in loaded) return loaded.error
  const { addon } = loaded
  const shared = resultsOf(addon)
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

const results = new WeakMap<Addon, Results>()

/** One for all executions of this thread: a call is synchronous, and its result is decoded before the next. */
function resultsOf(addon: Addon): Results {
  const known = results.get(addon)
  if (known !== undefined) return known
  const added = new Results(addon)
  results.set(addon, added)
  return added
}

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
  private readonly shape: ListShape

  constructor(
    program: Program,
    private readonly prepared: PreparedProgram,
    private readonly results: Results,
    private readonly addon: Addon,
  ) {
    this.shape = new ListShape(program.root)
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
    const decoder = new Decoder(cells, text)
    const rows = decoder.rows(this.shape)
    if (unreadable !== undefined) {
      for (let count = cells[1] as number; count > 0; count--) {
        const path = decoder.text() as string
        unreadable.push({ path, code: errorCode(-decoder.cell()) })
      }
    }
    return rows
  }
}

type MutableRow = Record<string, unknown>

// What a step's cell is: where a text ends, a number, a truth, or how many rows follow.
const textCell = 0
const numberCell = 1
const truthCell = 2
const rowsCell = 3

const cellKinds: Readonly<Record<StepReading['kind'], number>> = {
  name: textCell,
  text: textCell,
  hex: textCell,
  link: textCell,
  captured: numberCell,
  integer: numberCell,
  linkNumber: numberCell,
  exists: truthCell,
  list: rowsCell,
}

/** How the rows of a list are made of its cells, decided once. */
class ListShape {
  /** Of each step, in the order of evaluation, which is that of the cells. */
  readonly kinds: readonly number[]
  readonly keys: readonly string[]
  readonly lists: readonly (ListShape | undefined)[]
  /** The keys as they were declared, where a row would else have them in another order. */
  readonly declared: readonly string[]
  readonly Row = rowConstructor()

  constructor(list: ListProgram) {
    this.kinds = list.steps.map(({ reading }) => cellKinds[reading.kind])
    this.keys = list.steps.map((step) => step.key)
    this.lists = list.steps.map(({ reading }) => (reading.kind === 'list' ? new ListShape(reading.list) : undefined))
    this.declared = this.keys.every((key, step) => key === list.keys[step]) ? [] : list.keys
  }
}

/** Walks over a result's cells and texts. One class for both kinds of text, so that all calls of it stay the same. */
class Decoder {
  private at = header
  private end = 0
  private readonly ascii: string
  private readonly bytes: Buffer | undefined

  constructor(
    private readonly cells: Float64Array,
    text: string | Uint8Array,
  ) {
    this.ascii = typeof text === 'string' ? text : ''
    this.bytes = typeof text === 'string' ? undefined : Buffer.from(text.buffer, text.byteOffset, text.byteLength)
  }

  rows({ kinds, keys, lists, declared, Row }: ListShape): readonly MutableRow[] {
    const rows: MutableRow[] = []
    for (let count = this.cell(); count > 0; count--) {
      const row = new Row()
      for (const key of declared) row[key] = null
      for (let step = 0; step < kinds.length; step++) {
        let value: unknown
        switch (kinds[step]) {
          case textCell:
            value = this.text()
            break
          case numberCell: {
            const number = this.cell()
            value = Number.isNaN(number) ? null : number
            break
          }
          case truthCell:
            value = this.cell() === 1
            break
          default:
            value = this.rows(lists[step] as ListShape)
        }
        row[keys[step] as string] = value
      }
      rows.push(row)
    }
    return rows
  }

  cell(): number {
    return this.cells[this.at++] as number
  }

  text(): string | null {
    const end = this.cell()
    if (end < 0) return null
    const start = this.end
    this.end = end
    return this.bytes === undefined ? this.ascii.slice(start, end) : this.bytes.toString('utf8', start, end)
  }
}

/**
 * Makes plain objects. With a constructor for each list V8 learns how many fields its rows have, and keeps them in the
 * object itself; of those that are added to a `{}` it keeps four, and the others in a second object.
 */
function rowConstructor(): new () => MutableRow {
  function Row(): void {}
  Row.prototype = Object.prototype
  return Row as unknown as new () => MutableRow
}
