import { closeSync, openSync, readdirSync, readlinkSync, readSync, statSync } from 'node:fs'
import { errorCode, SysfsError, type Unreadable } from '../errors.js'
import type { PathToken } from '../query/path.js'
import {
  type Condition,
  deviceParameterOf,
  type ListProgram,
  type Program,
  type StepReading,
} from '../query/program.js'
import { openFlags, parseInteger, trim } from './attribute.js'
import { type Bytes, fromBytes, toBytes, toPath } from './bytes.js'
import { deviceOfNode, resolveDevice } from './device-path.js'
import type { Execution, Executor, Roots } from './executor.js'
import { failureOf, isGone, isProcessTrouble } from './failure.js'
import { matchPattern, numberAfter } from './pattern.js'

/** Runs programs on node:fs, where no addon loads. */
export const fallback: Executor = {
  name: 'fallback',
  prepare: (program, roots) => new FallbackExecution(program, roots),
}

type Value = string | number | boolean | null | readonly unknown[]
type MutableRow = Record<string, Value>

/** As much as one read takes; the kernel gives a page at the most. */
const attributeBuffer = Buffer.allocUnsafe(65536)

class FallbackExecution implements Execution {
  private readonly roots: Roots
  private readonly sys: Bytes
  private readonly device: ReturnType<typeof deviceParameterOf>
  private readonly slots: number[]
  private readonly entries: Bytes[] = []
  private parameters: Bytes[] = []
  private unreadable: Unreadable[] | undefined
  private link: Bytes | null = null
  private rootIsGone = false

  constructor(
    private readonly program: Program,
    roots: Roots,
  ) {
    this.roots = { sys: toBytes(roots.sys), dev: toBytes(roots.dev), root: toBytes(roots.root) }
    this.sys = `${this.roots.sys}/`
    this.device = deviceParameterOf(program)
    this.slots = new Array(program.slotCount).fill(Number.NaN)
  }

  run(parameters: readonly string[], limit: number, unreadable: Unreadable[] | undefined): readonly unknown[] {
    this.parameters = parameters.map(toBytes)
    this.unreadable = unreadable
    if (this.device === undefined) return this.list(this.program.root, this.sys, 0, limit)

    const { index, namePrefix } = this.device
    const resolved = resolveDevice(this.roots, this.parameters[index] as Bytes)
    if (resolved === undefined) return []
    if (resolved.name.startsWith(namePrefix)) {
      this.parameters[index] = resolved.name
      const rows = this.list(this.program.root, this.sys, 0, limit)
      if (rows.length > 0 || !this.rootIsGone) return rows
    }
    if (resolved.node === undefined) return []

    // The node under /dev does not have the kernel's name: its device number tells which it is.
    const name = deviceOfNode(this.roots, resolved.node)
    if (name === undefined || name === resolved.name || !name.startsWith(namePrefix)) return []
    this.parameters[index] = name
    return this.list(this.program.root, this.sys, 0, limit)
  }

  /** `at`: the path that the list's directory is relative to, with its slash. */
  private list(list: ListProgram, at: Bytes, level: number, limit: number): readonly MutableRow[] {
    if (level === 0) this.rootIsGone = false
    const relative = this.expand(list.directory)
    if (relative === undefined) return []
    const directory = relative === '' ? at : `${at}${relative}/`
    const rows: MutableRow[] = []
    if (list.isOneEntry) {
      const entry = this.expand(list.pattern as readonly PathToken[])
      if (entry === undefined) return []
      const isThere = list.hasCondition || entry === '' || this.exists(directory + entry)
      const row = isThere ? this.row(list, directory, entry, level) : undefined
      if (row !== undefined) rows.push(row)
      else if (level === 0) this.rootIsGone = true
      return rows
    }
    const first = list.tryFirst === undefined ? undefined : this.expand(list.tryFirst)
    if (first !== undefined && this.matches(list, first)) {
      const row = this.row(list, directory, first, level)
      if (row !== undefined) return [row]
    }
    for (const entry of this.scan(list, directory, level)) {
      if (rows.length >= limit) break
      this.matches(list, entry)
      const row = this.row(list, directory, entry, level)
      if (row !== undefined) rows.push(row)
    }
    return rows
  }

  /** The entries that match, in byte order. */
  private scan(list: ListProgram, directory: Bytes, level: number): readonly Bytes[] {
    const path = directory.slice(0, -1)
    let names: readonly Bytes[]
    try {
      names = readdirSync(toPath(path), 'latin1')
    } catch (error) {
      const { errno, code } = failureOf(error)
      if (isProcessTrouble(code) || code === 'EACCES' || code === 'EPERM') {
        throw new SysfsError(errno, 'scandir', fromBytes(path))
      }
      if (isGone(code)) {
        if (level === 0) this.rootIsGone = true
      } else this.note(path, errno)
      return []
    }
    return names.filter((entry) => this.matches(list, entry)).sort(byBytes)
  }

  private matches(list: ListProgram, entry: Bytes): boolean {
    return matchPattern(list.pattern, entry, this.slots, (token) => this.part(token))
  }

  private row(list: ListProgram, directory: Bytes, entry: Bytes, level: number): MutableRow | undefined {
    this.entries[level] = entry
    const at = entry === '' ? directory.slice(0, -1) : directory + entry
    const values: MutableRow = {}
    for (const step of list.steps) {
      const value = this.value(step.reading, at, entry, level)
      if (step.slot !== -1) this.slots[step.slot] = (value as number | null) ?? Number.NaN
      if (step.condition.kind !== 'none' && !this.holds(step.condition, value)) return undefined
      values[step.key] = typeof value === 'string' ? fromBytes(value) : value
    }
    return inOrder(list, values)
  }

  private value(reading: StepReading, at: Bytes, entry: Bytes, level: number): Value {
    switch (reading.kind) {
      case 'name':
        return entry
      case 'captured':
        return this.slots[reading.from] as number
      case 'text':
        return this.attribute(reading.path, at, trim)
      case 'integer':
        return this.attribute(reading.path, at, (content) => parseInteger(trim(content)))
      case 'hex':
        return this.attribute(reading.path, at, (content) => Buffer.from(content, 'latin1').toString('hex'))
      case 'exists': {
        const path = this.below(at, reading.path)
        return path !== undefined && this.exists(path)
      }
      case 'link':
        return this.linkText(reading, at)
      case 'linkNumber': {
        const text = this.linkText(reading, at)
        return text === null ? null : numberAfter(reading.prefix, text)
      }
      case 'list':
        return this.list(reading.list, `${at}/`, level + 1, Number.POSITIVE_INFINITY)
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

  private attribute<Result>(
    tokens: readonly PathToken[],
    at: Bytes,
    interpret: (content: Bytes) => Result,
  ): Result | null {
    const path = this.below(at, tokens)
    if (path === undefined) return null
    let descriptor: number
    try {
      descriptor = openSync(toPath(path), openFlags)
    } catch (error) {
      return this.failed('open', path, error)
    }
    try {
      return interpret(readOnce(descriptor))
    } catch (error) {
      return this.failed('read', path, error)
    } finally {
      closeSync(descriptor)
    }
  }

  private linkText(reading: Extract<StepReading, { kind: 'link' | 'linkNumber' }>, at: Bytes): Bytes | null {
    if (reading.reuse) return this.link
    this.link = null
    const path = reading.path === undefined ? at : this.below(at, reading.path)
    if (path === undefined) return null
    try {
      this.link = readlinkSync(toPath(path), 'latin1')
    } catch (error) {
      // EINVAL: it is there, but no link.
      if (failureOf(error).code !== 'EINVAL') this.failed('readlink', path, error)
    }
    return this.link
  }

  private exists(path: Bytes): boolean {
    try {
      return statSync(toPath(path), { throwIfNoEntry: false }) !== undefined
    } catch (error) {
      this.failed('access', path, error)
      return false
    }
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

  /** What a token stands for now; `undefined` for a number that could not be read. */
  private part(token: PathToken): Bytes | undefined {
    if ('literal' in token) return toBytes(token.literal)
    if ('parameter' in token) return this.parameters[token.parameter]
    if ('entry' in token) return this.entries[token.entry]
    const number = this.slots[token.slot] as number
    return Number.isNaN(number) ? undefined : String(number)
  }

  private failed(syscall: string, path: Bytes, error: unknown): null {
    const { errno, code } = failureOf(error)
    if (isProcessTrouble(code)) throw new SysfsError(errno, syscall, fromBytes(path))
    if (!isGone(code)) this.note(path, errno)
    return null
  }

  private note(path: Bytes, errno: number): void {
    this.unreadable?.push({ path: fromBytes(path), code: errorCode(errno) })
  }
}

function readOnce(descriptor: number): Bytes {
  const size = readSync(descriptor, attributeBuffer, 0, attributeBuffer.length, null)
  return attributeBuffer.toString('latin1', 0, size)
}

function inOrder(list: ListProgram, values: MutableRow): MutableRow {
  const row: MutableRow = {}
  for (const key of list.keys) row[key] = values[key] as Value
  return row
}

function byBytes(a: Bytes, b: Bytes): number {
  return a < b ? -1 : a > b ? 1 : 0
}
