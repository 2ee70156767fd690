import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { openFlags } from '../files/attribute.js'
import { failureOf, isGone } from '../files/failure.js'
import type { SampledAttribute } from '../sampler/columns.js'
import { FallbackSource, type SampledDevice } from './fallback-sampler.js'
import { parseIntegers, parseWhole } from './integers.js'
import type { Sampled } from '../executor/sampler-source.js'

/** What stands in the place of a descriptor: the device has no such attribute, or it may not be read. */
const absent = -2
/** ...or it is opened every time. */
const reopened = -1

/** No attribute of numbers is as long. */
const buffer = Buffer.allocUnsafeSlow(4096)

/** Descriptors of samplers that nobody closed. */
const abandoned = new FinalizationRegistry<Int32Array>(closeAll)

/** What native/core/attribute_sampler.cc is in the addon. */
export class FallbackAttributes extends FallbackSource {
  readonly #attributes: readonly SampledAttribute[]
  /** One for every attribute of one device after the other. */
  readonly #descriptors: Int32Array
  readonly #inodes: Float64Array
  #mostHeld: number
  #held = 0

  constructor(sampled: Sampled, attributes: readonly SampledAttribute[], mostHeld: number) {
    super(
      sampled,
      attributes.reduce((sum, { columns }) => sum + columns.length, 0),
    )
    this.#attributes = attributes
    this.#descriptors = new Int32Array(this.devices.length * attributes.length).fill(absent)
    this.#inodes = new Float64Array(this.#descriptors.length)
    this.#mostHeld = mostHeld
    abandoned.register(this, this.#descriptors, this)
    try {
      for (const device of this.devices) this.#open(device)
    } catch (error) {
      this.close()
      throw error
    }
  }

  held(): number {
    return this.#held
  }

  close(): void {
    closeAll(this.#descriptors)
    this.#held = 0
    abandoned.unregister(this)
  }

  protected override read(cells: Float64Array): void {
    const attributes = this.#attributes
    const { length } = attributes
    let file = 0
    let cell = 1
    for (let index = 0; index < this.devices.length; index++) {
      const device = this.devices[index] as SampledDevice
      const firstCell = cell
      let hasAny = false
      for (let number = 0; number < length; number++, file++) {
        const { path, columns } = attributes[number] as SampledAttribute
        const size = this.#readFile(device, file, path)
        if (size === -1) cells.fill(Number.NaN, cell, cell + columns.length)
        else if (columns.length === 1) parseWhole(buffer, size, cells, cell)
        else parseIntegers(buffer, 0, size, cells, cell, columns.length)
        if (size !== -1) hasAny = true
        cell += columns.length
      }
      // Where nothing can be read of a device, nothing tells of its end either.
      if (!hasAny && !device.isGone && !this.isThere(device)) this.vanish(device)
      if (!device.isGone) continue
      cells.fill(Number.NaN, firstCell, cell)
      for (let closed = file - length; closed < file; closed++) this.#letGo(closed, absent)
    }
  }

  #open(device: SampledDevice): void {
    const first = device.index * this.#attributes.length
    // What is opened between two looks at one directory is all of one device.
    do {
      for (let number = 0; number < this.#attributes.length; number++) this.#letGo(first + number, absent)
      this.find(device)
      if (device.isGone) return
      this.#attributes.forEach(({ path }, number) => {
        this.#openFile(`${device.path}/${path}`, first + number)
      })
    } while (!this.isThere(device))
  }

  #openFile(path: string, file: number): void {
    let descriptor: number
    try {
      descriptor = this.#openWithRoom(path)
    } catch (error) {
      this.throwIfProcessTrouble(error, 'open', path)
      return
    }
    this.#inodes[file] = fstatSync(descriptor).ino
    this.#descriptors[file] = reopened
    if (this.#held < this.#mostHeld) this.#hold(file, descriptor)
    else closeSync(descriptor)
  }

  /** The size of what is in the buffer, or -1. */
  #readFile(device: SampledDevice, file: number, path: string): number {
    const descriptor = this.#descriptors[file] as number
    if (descriptor >= 0) {
      try {
        return readSync(descriptor, buffer, 0, buffer.length, 0)
      } catch (error) {
        this.throwIfProcessTrouble(error, 'read', `${device.path}/${path}`)
        if (failureOf(error).code !== 'ENODEV') return -1
        // The attribute is no more (kernfs_seq_start, fs/kernfs/file.c), or that is what its driver says.
        this.#letGo(file, reopened)
      }
    }
    return this.#descriptors[file] === reopened ? this.#readAnew(device, file, `${device.path}/${path}`) : -1
  }

  #readAnew(device: SampledDevice, file: number, path: string): number {
    if (device.isGone) return -1
    let descriptor = -1
    try {
      descriptor = this.#openWithRoom(path)
      const inode = fstatSync(descriptor).ino
      if (inode !== this.#inodes[file]) {
        // It came anew, with its device or alone, as those of a scheduler do.
        if (!this.isThere(device)) {
          this.vanish(device)
          return -1
        }
        this.#inodes[file] = inode
      }
      const size = readSync(descriptor, buffer, 0, buffer.length, 0)
      if (this.#held < this.#mostHeld) {
        this.#hold(file, descriptor)
        descriptor = -1
      }
      return size
    } catch (error) {
      this.throwIfProcessTrouble(error, 'open', path)
      if (isGone(failureOf(error).code) && !this.isThere(device)) this.vanish(device)
      return -1
    } finally {
      if (descriptor !== -1) closeSync(descriptor)
    }
  }

  #openWithRoom(path: string): number {
    for (;;) {
      try {
        return openSync(path, openFlags)
      } catch (error) {
        const { code } = failureOf(error)
        if ((code !== 'EMFILE' && code !== 'ENFILE') || !this.#giveUpOne()) throw error
      }
    }
  }

  #giveUpOne(): boolean {
    const last = this.#descriptors.findLastIndex((descriptor) => descriptor >= 0)
    if (last === -1) return false
    this.#letGo(last, reopened)
    this.#mostHeld = this.#held
    return true
  }

  #hold(file: number, descriptor: number): void {
    this.#descriptors[file] = descriptor
    this.#held++
  }

  #letGo(file: number, next: typeof absent | typeof reopened): void {
    const descriptor = this.#descriptors[file] as number
    if (descriptor >= 0) {
      closeSync(descriptor)
      this.#held--
    }
    this.#descriptors[file] = next
  }
}

function closeAll(descriptors: Int32Array): void {
  for (const descriptor of descriptors) if (descriptor >= 0) closeSync(descriptor)
  descriptors.fill(absent)
}
