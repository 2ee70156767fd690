import { errorCode, SysfsError, type Unreadable } from '../errors.js'
import type { Roots } from '../executor/executor.js'
import { parseInteger, trim } from '../files/attribute.js'
import { type Bytes, fromBytes, toBytes } from '../files/bytes.js'
import { Failure, isGone, isResourceError } from '../files/failure.js'
import { compareBytes, type PathToken } from '../query/path.js'
import {
  type Condition,
  deviceParameterOf,
  type ListProgram,
  type Program,
  type StepReading,
} from '../query/program.js'
import { deviceOfNode, resolveDevice } from './device-path.js'
import { matchPattern, numberAfter } from './pattern.js'
import type { Call, Outcome, Steps } from './system-call.js'

type Value = string | number | boolean | null | readonly unknown[]
type MutableRow = Record<string, Value>
/** A reading that takes a system call. */
type FileReading = Exclude<StepReading, { kind: 'name' | 'capture' | 'list' }>

/** Runs a program on a machine. The runs follow one another. A run yields the system calls that it needs. */
export class Walk {
  private readonly roots: Roots
  /** The path of sysfs, with a final slash. */
  private readonly sys: Bytes
  private readonly device: ReturnType<typeof deviceParameterOf>
  /** The captured numbers and the integers that paths refer to. NaN for an integer that could not be read. */
  private readonly slots: number[]
  /** The current entry of the list at each level. */
  private readonly entries: Bytes[] = []
  private parameters: Bytes[] = []
  private unreadable: Unreadable[] | undefined
  /** The text of the link that was read last. `null` if it could not be read. */
  private link: Bytes | null = null
  /** Whether the outermost list has not found its directory, or has no row for its single entry. */
  private rootIsGone = false

  constructor(
    private readonly program: Program,
    roots: Roots,
  ) {
    this.roots = {
      sys: toBytes(roots.sys),
      dev: toBytes(roots.dev),
      proc: toBytes(roots.proc),
      root: toBytes(roots.root),
    }
    this.sys = `${this.roots.sys}/`
    this.device = deviceParameterOf(program)
    this.slots = new Array(program.slotCount).fill(Number.NaN)
  }

  *run(parameters: readonly string[], limit: number, unreadable: Unreadable[] | undefined): Steps<readonly unknown[]> {
    this.parameters = parameters.map(toBytes)
    this.unreadable = unreadable
    if (this.device === undefined) return yield* this.list(this.program.root, this.sys, 0, limit)

    const { index, namePrefix } = this.device
    const resolved = yield* resolveDevice(this.roots, this.parameters[index] as Bytes)
    if (resolved === undefined) return []
    if (resolved.name.startsWith(namePrefix)) {
      this.parameters[index] = resolved.name
      const rows = yield* this.list(this.program.root, this.sys, 0, limit)
      if (rows.length > 0 || !this.rootIsGone) return rows
    }
    if (resolved.node === undefined) return []

    // The node in /dev does not have the kernel's name. Its device number identifies the device.
    const name = yield* deviceOfNode(this.roots, resolved.node)
    if (name === undefined || name === resolved.name || !name.startsWith(namePrefix)) return []
    this.parameters[index] = name
    return yield* this.list(this.program.root, this.sys, 0, limit)
  }

  /**
   * Reads the rows of a list.
   *
   * @param at the path that the directory of the list is relative to, with a final slash
   */
  private *list(list: ListProgram, at: Bytes, level: number, limit: number): Steps<readonly MutableRow[]> {
    if (level === 0) this.rootIsGone = false
    const relative = this.expand(list.directory)
    if (relative === undefined) return []
    const directory = relative === '' ? at : `${at}${relative}/`
    const rows: MutableRow[] = []
    if (list.isOneEntry) {
      const entry = this.expand(list.pattern as readonly PathToken[])
      if (entry === undefined) return []
      const isThere = list.hasCondition || entry === '' || (yield* this.exists(directory + entry))
      const row = isThere ? yield* this.row(list, directory, entry, level) : undefined
      if (row !== undefined) rows.push(row)
      else if (level === 0) this.rootIsGone = true
      return rows
    }
    const first = list.probeFirst === undefined ? undefined : this.expand(list.probeFirst)
    if (first !== undefined && this.matches(list, first)) {
      const row = yield* this.row(list, directory, first, level)
      if (row !== undefined) return [row]
    }
    const path = directory.slice(0, -1)
    const names = (yield { syscall: 'scandir', path }) as readonly Bytes[] | Failure
    for (const entry of this.entriesOf(list, path, names, level)) {
      if (rows.length >= limit) break
      this.matches(list, entry)
      const row = yield* this.row(list, directory, entry, level)
      if (row !== undefined) rows.push(row)
    }
    return rows
  }

  /** The entries of a directory that match the pattern, in byte order. */
  private entriesOf(
    list: ListProgram,
    path: Bytes,
    names: readonly Bytes[] | Failure,
    level: number,
  ): readonly Bytes[] {
    if (!(names instanceof Failure)) return names.filter((entry) => this.matches(list, entry)).sort(compareBytes)
    const { errno, code } = names
    if (isResourceError(code) || code === 'EACCES' || code === 'EPERM') {
      throw new SysfsError(errno, 'scandir', fromBytes(path))
    }
    if (!isGone(code)) this.note(path, errno)
    else if (level === 0) this.rootIsGone = true
    return []
  }

  private matches(list: ListProgram, entry: Bytes): boolean {
    return matchPattern(list.pattern, entry, this.slots, (token) => this.part(token))
  }

  private *row(list: ListProgram, directory: Bytes, entry: Bytes, level: number): Steps<MutableRow | undefined> {
    this.entries[level] = entry
    const at = entry === '' ? directory.slice(0, -1) : directory + entry
    const values: MutableRow = {}
    for (const step of list.steps) {
      const { reading } = step
      let value: Value
      if (reading.kind === 'name') value = entry
      else if (reading.kind === 'capture') value = this.slots[reading.from] as number
      else if (reading.kind === 'list') {
        value = yield* this.list(reading.list, `${at}/`, level + 1, Number.POSITIVE_INFINITY)
      } else {
        const call = this.callFor(reading, at)
        value = this.valueOf(reading, call?.path, call && (yield call))
      }
      if (step.slot !== -1) this.slots[step.slot] = (value as number | null) ?? Number.NaN
      if (step.condition.kind !== 'none' && !this.holds(step.condition, value)) return undefined
      values[step.key] = typeof value === 'string' ? fromBytes(value) : value
    }
    return inOrder(list, values)
  }

  /**
   * The system call of a reading. `undefined` if a number in its path could not be read, or if it uses the link that
   * the previous step has read.
   */
  private callFor(reading: FileReading, at: Bytes): Call | undefined {
    switch (reading.kind) {
      case 'text':
      case 'integer':
      case 'hex':
        return callAt('read', this.below(at, reading.path))
      case 'exists':
        return callAt('access', this.below(at, reading.path))
      case 'link':
      case 'numberFromLink':
        if (reading.reuse) return undefined
        this.link = null
        return callAt('readlink', reading.path === undefined ? at : this.below(at, reading.path))
    }
  }

  private valueOf(reading: FileReading, path: Bytes | undefined, outcome: Outcome | undefined): Value {
    // EINVAL: the file exists, but is not a link.
    const isNoLink = outcome instanceof Failure && outcome.syscall === 'readlink' && outcome.code === 'EINVAL'
    if (outcome instanceof Failure && !isNoLink) this.failed(path as Bytes, outcome)
    const content = typeof outcome === 'string' ? outcome : null
    switch (reading.kind) {
      case 'text':
        return content === null ? null : trim(content)
      case 'integer':
        return content === null ? null : parseInteger(trim(content))
      case 'hex':
        return content === null ? null : Buffer.from(content, 'latin1').toString('hex')
      case 'exists':
        return outcome === true
      case 'link':
      case 'numberFromLink':
        if (!reading.reuse) this.link = content
        if (this.link === null || reading.kind === 'link') return this.link
        return numberAfter(reading.prefix, this.link)
    }
  }

  private holds(condition: Condition, value: Value): boolean {
    switch (condition.kind) {
      case 'none':
        return true
      case 'required':
        return Array.isArray(value) ? value.length > 0 : value !== null && value !== false
      case 'equalsConstant':
        return value !== null && String(value) === toBytes(condition.constant)
      case 'equalsParameter':
        return value !== null && String(value) === this.parameters[condition.parameter]
    }
  }

  private *exists(path: Bytes): Steps<boolean> {
    const isThere = (yield { syscall: 'access', path }) as boolean | Failure
    if (isThere instanceof Failure) this.failed(path, isThere)
    return isThere === true
  }

  private below(at: Bytes, tokens: readonly PathToken[]): Bytes | undefined {
    const path = this.expand(tokens)
    return path === undefined ? undefined : `${at}/${path}`
  }

  private expand(tokens: readonly PathToken[]): Bytes | undefined {
    let path = ''
    for (const token of tokens) {
      const part = this.part(token)
      if (part === undefined) return undefined
      path += part
    }
    return path
  }

  /** The text of a token. `undefined` for a number that could not be read. */
  private part(token: PathToken): Bytes | undefined {
    switch (token.kind) {
      case 'literal':
        return toBytes(token.text)
      case 'parameter':
        return this.parameters[token.parameter]
      case 'entry':
        return this.entries[token.level]
      case 'slot': {
        const number = this.slots[token.slot] as number
        return Number.isNaN(number) ? undefined : String(number)
      }
    }
  }

  private failed(path: Bytes, { errno, code, syscall }: Failure): void {
    if (isResourceError(code)) throw new SysfsError(errno, syscall, fromBytes(path))
    if (!isGone(code)) this.note(path, errno)
  }

  private note(path: Bytes, errno: number): void {
    this.unreadable?.push({ path: fromBytes(path), code: errorCode(errno) })
  }
}

function callAt(syscall: Call['syscall'], path: Bytes | undefined): Call | undefined {
  return path === undefined ? undefined : { syscall, path }
}

/** Makes the row with its keys in the order of the declaration. */
function inOrder(list: ListProgram, values: MutableRow): MutableRow {
  const row: MutableRow = {}
  for (const key of list.keys) row[key] = values[key] as Value
  return row
}
