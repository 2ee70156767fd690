import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { SysfsError } from '../errors.js'
import { openFlags, parseInteger, trim } from '../executor/attribute.js'
import { fromBytes } from '../executor/bytes.js'
import { failureOf, isProcessTrouble } from '../executor/failure.js'
import type { Row } from './kept-rows.js'

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
    let descriptor = held[index]
    let syscall = 'read'
    let keep = descriptor !== undefined
    try {
      if (descriptor === undefined) {
        syscall = 'open'
        descriptor = openSync(path, openFlags)
        syscall = 'read'
        keep = this.#heldCount < this.#mostHeld()
        if (keep) {
          held[index] = descriptor
          this.#heldCount++
        }
      }
      const content = buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, buffer.length, 0))
      const text = trim(content)
      return kind === 'text' ? fromBytes(text) : parseInteger(text)
    } catch (error) {
      const { errno, code } = failureOf(error)
      if (isProcessTrouble(code)) throw new SysfsError(errno, syscall, path)
      return null
    } finally {
      if (descriptor !== undefined && !keep) closeSync(descriptor)
    }
  }

  #close(descriptor: number): void {
    closeSync(descriptor)
    this.#heldCount--
  }

  /** Half of what the process had left when this began: nothing else of it shall run out. */
  #mostHeld(): number {
    this.#most ??= Math.floor(Math.max(0, mostDescriptors() - openDescriptors()) / 2)
    return this.#most
  }
}

/** Closes what nobody closed. */
const forgotten = new FinalizationRegistry<ReadonlyMap<string, Held>>((held) => {
  for (const descriptors of held.values()) {
    for (const descriptor of descriptors) if (descriptor !== undefined) closeSync(descriptor)
  }
})

/** RLIMIT_NOFILE; where it cannot be told, what is usual. */
function mostDescriptors(): number {
  try {
    const limit = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
    return limit === 'unlimited' ? 1 << 20 : Number(limit ?? usualLimit)
  } catch {
    return usualLimit
  }
}

const usualLimit = 1024

function openDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return 0
  }
}
