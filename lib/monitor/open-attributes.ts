import { closeSync, readSync } from 'node:fs'
import { SysfsError } from '../errors.js'
import { attributeSize, parseInteger, trim } from '../files/attribute.js'
import { type Bytes, fromBytes } from '../files/bytes.js'
import { failureOf, isResourceError } from '../files/failure.js'
import { halfOfFreeDescriptors, OpenFiles, type ReopenableFile } from '../files/open-files.js'

/** A row of any part of a snapshot. */
export type Row = Readonly<Record<string, unknown>>

/** An attribute of a row. */
export interface RowAttribute {
  /** The key of the field in the row. */
  readonly key: string
  readonly kind: 'text' | 'integer'
  /** The path of the attribute below the entry. */
  readonly path: string
}

/** How many attributes a monitor reads again, and how many of them it keeps open. */
export interface HeldCount {
  /** How many attributes are read again. */
  readonly attributes: number
  /** How many of them stay open. */
  readonly held: number
}

const buffer = Buffer.allocUnsafe(attributeSize)

/**
 * Reads attributes repeatedly through descriptors that stay open. That saves opening and closing, two thirds of
 * the time. It keeps at most half of the descriptors that the process has left when it starts.
 */
export class OpenAttributes {
  /** The files of an entry, by the entry's path. */
  readonly #entries = new Map<string, readonly ReopenableFile[]>()
  #attributeCount = 0
  #openFiles: OpenFiles | undefined

  get count(): HeldCount {
    return { attributes: this.#attributeCount, held: this.#openFiles?.count ?? 0 }
  }

  /** Returns a row with the current values of the attributes. If no value has changed, that is the given row. */
  read(entryPath: string, row: Row, attributes: readonly RowAttribute[]): Row {
    let files = this.#entries.get(entryPath)
    if (files === undefined) {
      files = attributes.map(() => ({ descriptor: -1 }))
      this.#entries.set(entryPath, files)
      this.#attributeCount += attributes.length
    }
    let changed: Record<string, unknown> | undefined
    for (const [index, { key, kind, path }] of attributes.entries()) {
      const value = this.#value(`${entryPath}/${path}`, files[index] as ReopenableFile, kind)
      if (value === row[key]) continue
      changed ??= { ...row }
      changed[key] = value
    }
    return changed ?? row
  }

  /**
   * Closes the files of an entry whose device may be removed or another one. An open file belongs to the old device.
   */
  release(entryPath: string): void {
    const files = this.#entries.get(entryPath)
    if (files === undefined) return
    for (const file of files) this.#openFiles?.close(file)
    this.#entries.delete(entryPath)
    this.#attributeCount -= files.length
  }

  close(): void {
    for (const entryPath of this.#entries.keys()) this.release(entryPath)
  }

  /** The value of an attribute, as an executor reads it. `null` if it is missing or cannot be read. */
  #value(path: string, file: ReopenableFile, kind: RowAttribute['kind']): string | number | null {
    const text = this.#readOpen(file) ?? this.#reopenAndRead(path, file)
    if (text === null) return null
    return kind === 'text' ? fromBytes(text) : parseInteger(text)
  }

  /** `undefined` if the file is not open any more. The file of a removed device fails even if its name returns. */
  #readOpen(file: ReopenableFile): Bytes | undefined {
    if (file.descriptor === -1) return undefined
    try {
      return readFrom(file.descriptor)
    } catch (error) {
      failureOf(error)
      this.#openFiles?.close(file)
      return undefined
    }
  }

  #reopenAndRead(path: string, file: ReopenableFile): Bytes | null {
    this.#openFiles ??= new OpenFiles(halfOfFreeDescriptors())
    let syscall = 'open'
    let descriptor = -1
    try {
      descriptor = this.#openFiles.open(path)
      syscall = 'read'
      const text = readFrom(descriptor)
      if (this.#openFiles.keep(file, descriptor)) descriptor = -1
      return text
    } catch (error) {
      const { errno, code } = failureOf(error)
      if (isResourceError(code)) throw new SysfsError(errno, syscall, path)
      return null
    } finally {
      if (descriptor !== -1) closeSync(descriptor)
    }
  }
}

function readFrom(descriptor: number): Bytes {
  return trim(buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, buffer.length, 0)))
}
