import { closeSync, fstatSync, readSync } from 'node:fs'
import type { SampledAttribute, SampledDevices } from '../executor/sampler-source.js'
import { failureOf, isGone } from '../files/failure.js'
import { OpenFiles, type ReopenableFile } from '../files/open-files.js'
import { FallbackSampler, type SampledDevice } from './fallback-sampler.js'
import { parseIntegers, parseWhole } from './integers.js'

/** One attribute of one device. */
interface AttributeFile extends ReopenableFile {
  /** Whether the device has the attribute and the process may open it. */
  isPresent: boolean
  /** The inode number at the last opening. kernfs never uses a number twice. */
  inode: number
}

/** Longer than any attribute of numbers. */
const buffer = Buffer.allocUnsafeSlow(4096)

/** The counterpart of native/core/attribute_sampler.cc. */
export class FallbackAttributeSampler extends FallbackSampler {
  readonly #attributes: readonly SampledAttribute[]
  /** The attributes of the first device, then those of the second, and so on. */
  readonly #files: readonly AttributeFile[]
  readonly #openFiles: OpenFiles

  constructor(devices: SampledDevices, attributes: readonly SampledAttribute[], mostHeld: number) {
    super(
      devices,
      attributes.reduce((sum, { columns }) => sum + columns.length, 0),
    )
    this.#attributes = attributes
    this.#files = Array.from({ length: this.devices.length * attributes.length }, () => {
      return { descriptor: -1, isPresent: false, inode: 0 }
    })
    this.#openFiles = new OpenFiles(mostHeld)
    try {
      for (const device of this.devices) this.#open(device)
    } catch (error) {
      this.close()
      throw error
    }
  }

  held(): number {
    return this.#openFiles.count
  }

  close(): void {
    this.#openFiles.closeAll()
    for (const file of this.#files) file.isPresent = false
  }

  protected override read(cells: Float64Array): void {
    const attributes = this.#attributes
    const { length } = attributes
    let index = 0
    let cell = 1
    for (let row = 0; row < this.devices.length; row++) {
      const device = this.devices[row] as SampledDevice
      const firstCell = cell
      let hasAny = false
      for (let number = 0; number < length; number++, index++) {
        const { path, columns } = attributes[number] as SampledAttribute
        const size = this.#readFile(device, this.#files[index] as AttributeFile, path)
        if (size === -1) cells.fill(Number.NaN, cell, cell + columns.length)
        else if (columns.length === 1) parseWhole(buffer, size, cells, cell)
        else parseIntegers(buffer, 0, size, cells, cell, columns.length)
        if (size !== -1) hasAny = true
        cell += columns.length
      }
      // If no attribute of a device can be read, a failed read does not show whether the device was removed.
      if (!hasAny && !device.isGone && !this.isPresent(device)) this.markGone(device)
      if (!device.isGone) continue
      cells.fill(Number.NaN, firstCell, cell)
      for (let closed = index - length; closed < index; closed++) this.#remove(this.#files[closed] as AttributeFile)
    }
  }

  #open(device: SampledDevice): void {
    const first = device.index * this.#attributes.length
    // The files belong to one device if the directory is the same before and after they are opened. If it is not,
    // another device has got the name, and the files are opened again.
    do {
      for (let number = 0; number < this.#attributes.length; number++) {
        this.#remove(this.#files[first + number] as AttributeFile)
      }
      this.find(device)
      if (device.isGone) return
      this.#attributes.forEach(({ path }, number) => {
        this.#openFile(`${device.path}/${path}`, this.#files[first + number] as AttributeFile)
      })
    } while (!this.isPresent(device))
  }

  #openFile(path: string, file: AttributeFile): void {
    let descriptor: number
    try {
      descriptor = this.#openFiles.open(path)
    } catch (error) {
      this.throwIfResourceError(error, 'open', path)
      return
    }
    file.inode = fstatSync(descriptor).ino
    file.isPresent = true
    if (!this.#openFiles.keep(file, descriptor)) closeSync(descriptor)
  }

  /**
   * Reads an attribute into the buffer. Returns the number of bytes, or -1 if the attribute is missing or cannot be
   * read.
   */
  #readFile(device: SampledDevice, file: AttributeFile, path: string): number {
    if (file.descriptor !== -1) {
      try {
        return readSync(file.descriptor, buffer, 0, buffer.length, 0)
      } catch (error) {
        this.throwIfResourceError(error, 'read', `${device.path}/${path}`)
        if (failureOf(error).code !== 'ENODEV') return -1
        // The attribute was removed (kernfs_seq_start, fs/kernfs/file.c), or its driver returns this error.
        this.#openFiles.close(file)
      }
    }
    return file.isPresent ? this.#reopenAndRead(device, file, `${device.path}/${path}`) : -1
  }

  #reopenAndRead(device: SampledDevice, file: AttributeFile, path: string): number {
    if (device.isGone) return -1
    let descriptor = -1
    try {
      descriptor = this.#openFiles.open(path)
      const inode = fstatSync(descriptor).ino
      if (inode !== file.inode) {
        // The file is a new one. Either the device is new, too, or only the file was replaced. The kernel replaces the
        // attributes of an I/O scheduler, for example.
        if (!this.isPresent(device)) {
          this.markGone(device)
          return -1
        }
        file.inode = inode
      }
      const size = readSync(descriptor, buffer, 0, buffer.length, 0)
      if (this.#openFiles.keep(file, descriptor)) descriptor = -1
      return size
    } catch (error) {
      this.throwIfResourceError(error, 'open', path)
      if (isGone(failureOf(error).code) && !this.isPresent(device)) this.markGone(device)
      return -1
    } finally {
      if (descriptor !== -1) closeSync(descriptor)
    }
  }

  #remove(file: AttributeFile): void {
    this.#openFiles.close(file)
    file.isPresent = false
  }
}
