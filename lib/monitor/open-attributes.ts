import { closeSync, openSync, readSync } from 'node:fs'
import { SysfsError } from '../errors.js'
import { openFlags, parseInteger, trim } from '../files/attribute.js'
import { type Bytes, fromBytes } from '../files/bytes.js'
import { halfOfFreeDescriptors } from '../files/descriptors.js'
import { failureOf, isProcessTrouble } from '../files/failure.js'
import type { Row } from './row-store.js'

/** An attribute of a row: the field it is read into, as what, and its path below the entry. */
export interface VolatileAttribute {
  readonly key: string
  readonly kind: 'text' | 'integer'
  readonly path: string
}

/** How many there are, and how many of them stay open from one reading to the next. */
export interface HeldCount {
  readonly attributes: number
  readonly held: number
}

type Held = (number | undefined)[]

/** As much as one read takes; the kernel gives a page at the most. */
const buffer = Buffer.allocUnsafe(65536)

/**
 * Reads attributes again and again through descriptors that stay open, which saves opening and closing them: two thirds
 * of the time. It takes a part of those the process has left; attributes beyond that are opened each time.
 */
export class HeldAttributes {
  /** By the entry's path; `undefined` for an attribute that is opened each time. */
  readonly #held = new Map<string, Held>()
  #heldCount = 0
  #attributeCount = 0
  #most: number | undefined

  constructor() {
    forgotten.register(this, this.#held)
  }

  get count(): HeldCount {
    return { attributes: this.#attributeCount, held: this.#heldCount }
  }

  /** The row with what its attributes are now; the same row where that is no different. */
  read(entryPath: string, row: Row, attributes: readonly VolatileAttribute[]): Row {
    let held = this.#held.get(entryPath)
    if (held === undefined) {
      held = attributes.map(() => undefined)
      this.#held.set(entryPath, held)
      this.#attributeCount += attributes.length
    }
    let changed: Record<string, unknown> | undefined
    for (const [index, { key, kind, path }] of attributes.entries()) {
      const value = this.#value(`${entryPath}/${path}`, held, index, kind)
      if (value === row[key]) continue
      changed ??= { ...row }
      changed[key] = value
    }
    return changed ?? row
  }

  /** To be called where an entry is gone or may be another now: an open attribute stays that of the device it was of. */
  release(entryPath: string): void {
    const held = this.#held.get(entryPath)
    if (held === undefined) return
    for (const descriptor of held) if (descriptor !== undefined) this.#close(descriptor)
    this.#held.delete(entryPath)
    this.#attributeCount -= held.length
  }

  close(): void {
    for (const entryPath of this.#held.keys()) this.release(entryPath)
  }

  /** What an executor gives for it: `null` for what is not there or cannot be read. */
  #value(path: string, held: Held, index: number, kind: VolatileAttribute['kind']): string | number | null {
    const text = this.#readHeld(held, index) ?? this.#readAnew(path, held, index)
    if (text === null) return null
    return kind === 'text' ? fromBytes(text) : parseInteger(text)
  }

  /** `undefined` where none is held any more: one of a device that is gone fails for ever, even when its name returns. */
  #readHeld(held: Held, index: number): Bytes | undefined {
    const descriptor = held[index]
    if (descriptor === undefined) return undefined
    try {
      return readFrom(descriptor)
    } catch (error) {
      failureOf(error)
      this.#close(descriptor)
      held[index] = undefined
      return undefined
    }
  }

  /** Opens it, and holds it where there is room for that. */
  #readAnew(path: string, held: Held, index: number): Bytes | null {
    let syscall = 'open'
    let descriptor: number | undefined
    try {
      descriptor = openSync(path, openFlags)
      syscall = 'read'
      const text = readFrom(descriptor)
      if (this.#heldCount < this.#mostHeld()) {
        held[index] = descriptor
        descriptor = undefined
        this.#heldCount++
      }
      return text
    } catch (error) {
      const { errno, code } = failureOf(error)
      if (isProcessTrouble(code)) throw new SysfsError(errno, syscall, path)
      return null
    } finally {
      if (descriptor !== undefined) closeSync(descriptor)
    }
  }

  #close(descriptor: number): void {
    closeSync(descriptor)
    this.#heldCount--
  }

  /** Half of what the process had left when this began: nothing else of it shall run out. */
  #mostHeld(): number {
    this.#most ??= halfOfFreeDescriptors()
    return this.#most
  }
}

function readFrom(descriptor: number): Bytes {
  return trim(buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, buffer.length, 0)))
}

/** Closes what nobody closed. */
const forgotten = new FinalizationRegistry<ReadonlyMap<string, Held>>((held) => {
  for (const descriptors of held.values()) {
    for (const descriptor of descriptors) if (descriptor !== undefined) closeSync(descriptor)
  }
})
