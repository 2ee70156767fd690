import { errorCode, type SysfsError, type Unreadable } from '../errors.js'
import type { AsyncRun, Completion } from '../executor/async-run.js'
import type { Execution, Executor } from '../executor/executor.js'
import type { ListProgram, Program, StepReading } from '../query/program.js'
import { loadAddon } from './addon.js'
import { type Addon, type AddonCompletion, type AddonText, errorOf, type PreparedProgram } from './addon-interface.js'
import { encodeProgram } from './encode-program.js'
import { NativeRun } from './native-run.js'
import { NativeSampler } from './native-sampler.js'
import { NativeUevents } from './native-uevents.js'

/**
 * The executor that runs programs in the addon, or the reason why the addon does not load.
 *
 * @param file as for `loadAddon`
 */
export function loadNative(file: string | undefined): Executor | Error {
  const addon = loadAddon(file)
  if (addon instanceof Error) return addon
  const shared = resultsOf(addon)
  return {
    name: 'native',
    prepare: (program, roots) => {
      const encoded = encodeProgram(program, addon.programKinds)
      const prepared = new addon.PreparedProgram(encoded, roots.sys, roots.dev, roots.root)
      return new NativeExecution(program, prepared, shared, addon)
    },
    sampleAttributes: (devices, attributes, mostHeld) =>
      NativeSampler.ofAttributes(addon, devices, attributes, mostHeld),
    sampleDiskstats: (devices, file) => NativeSampler.ofDiskstats(addon, devices, file),
    openUevents: (sysPath, receiveBufferSize) => NativeUevents.open(addon, sysPath, receiveBufferSize),
  }
}

const results = new WeakMap<Addon, Results>()

/**
 * Shared by all executions of an addon in this thread. A run is synchronous, and its result is decoded before the next.
 */
function resultsOf(addon: Addon): Results {
  const known = results.get(addon)
  if (known !== undefined) return known
  const added = new Results(addon)
  results.set(addon, added)
  return added
}

/** A result begins with two cells: the number of cells that follow, and the number of unreadable paths. */
const headerCells = 2

/** The memory that receives the results of synchronous runs. */
class Results {
  /** Receives the cells of a result. */
  cells = new Float64Array(1024)

  constructor(private readonly addon: Addon) {}

  /** Grows the array if the last result did not fit, and copies the result again. */
  fit(): void {
    const size = (this.cells[0] as number) + headerCells
    if (size <= this.cells.length) return
    this.cells = new Float64Array(size * 2)
    this.addon.copyResult(this.cells)
  }

  /** The error of the run that has just failed. */
  failure(errno: number): SysfsError {
    return errorOf(-errno, this.addon.lastFailure())
  }
}

/** The addon has 32 bits for the limit. */
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

  runAsync(parameters: readonly string[], limit: number, onComplete: (completion: Completion) => void): AsyncRun {
    return new NativeRun(
      (callback) => new this.addon.AsyncRun(this.prepared, Math.min(limit, largestLimit), callback, ...parameters),
      (...completion) => this.completionOf(completion),
      onComplete,
    )
  }

  private completionOf([text, rest]: AddonCompletion): Completion {
    if (rest === undefined) return { kind: 'failure', error: new Error('a cancelled run has no result') }
    if (typeof text === 'number') return { kind: 'failure', error: errorOf(-text, rest) }
    const unreadable: Unreadable[] = []
    return { kind: 'success', rows: this.decode(text, rest, unreadable), unreadable }
  }

  private decode(text: AddonText, cells: Float64Array, unreadable: Unreadable[] | undefined): readonly unknown[] {
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

// The kinds of cells: the end of a text, a number, a boolean, and the number of rows of a list.
const textCell = 0
const numberCell = 1
const booleanCell = 2
const rowsCell = 3

const cellKinds: Readonly<Record<StepReading['kind'], number>> = {
  name: textCell,
  text: textCell,
  hex: textCell,
  link: textCell,
  capture: numberCell,
  integer: numberCell,
  numberFromLink: numberCell,
  exists: booleanCell,
  list: rowsCell,
}

/** How the cells of a list are decoded to rows. It is computed when the query is prepared. */
class ListShape {
  /** The kind of each step's cell. The cells are in the order of the reads. */
  readonly kinds: readonly number[]
  readonly keys: readonly string[]
  readonly lists: readonly (ListShape | undefined)[]
  /** The keys in the order of the declaration, if that differs from the order of the reads. */
  readonly declared: readonly string[]
  readonly Row = rowConstructor()

  constructor(list: ListProgram) {
    this.kinds = list.steps.map(({ reading }) => cellKinds[reading.kind])
    this.keys = list.steps.map((step) => step.key)
    this.lists = list.steps.map(({ reading }) => (reading.kind === 'list' ? new ListShape(reading.list) : undefined))
    this.declared = this.keys.every((key, step) => key === list.keys[step]) ? [] : list.keys
  }
}

/**
 * Reads the cells and texts of a result in order. One class serves both kinds of text. So V8 compiles its calls for one
 * class only, which is faster.
 */
class Decoder {
  private at = headerCells
  private end = 0
  private readonly ascii: string
  private readonly bytes: Buffer | undefined

  constructor(
    private readonly cells: Float64Array,
    text: AddonText,
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
          case booleanCell:
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
 * Makes the constructor of the rows of a list. The rows are plain objects. V8 counts the fields that a constructor's
 * objects get, and stores them in the objects themselves. If fields are added to a `{}`, V8 stores four of them in the
 * object and the others in a second object, which takes more time and memory.
 */
function rowConstructor(): new () => MutableRow {
  function Row(): void {}
  Row.prototype = Object.prototype
  return Row as unknown as new () => MutableRow
}
