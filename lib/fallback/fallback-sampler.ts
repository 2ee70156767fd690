import { statSync } from 'node:fs'
import { SysfsError } from '../errors.js'
import { cellCount, type SampledDevices, type SamplerSource } from '../executor/sampler-source.js'
import { failureOf, isGone, isResourceError } from '../files/failure.js'

/** A sampled device. */
export interface SampledDevice {
  readonly index: number
  readonly path: string
  /** The inode number of the device's directory. kernfs never uses a number twice. The kernel uses names again. */
  inode: number
  isGone: boolean
}

/**
 * CLOCK_MONOTONIC when performance.now() of this thread was 0. Unlike hrtime(), performance.now() makes no objects.
 * Measured for the first sampler: the first use of `performance` loads a part of Node that takes milliseconds.
 */
let timeOrigin: number | undefined

function monotonicTimeOrigin(): number {
  let origin = 0
  let shortest = Number.POSITIVE_INFINITY
  // The thread may be interrupted between the readings of the two clocks. The shortest of several attempts is the most
  // accurate.
  for (let attempt = 0; attempt < 10; attempt++) {
    const before = performance.now()
    const monotonic = Number(process.hrtime.bigint()) / 1e6
    const after = performance.now()
    if (after - before >= shortest) continue
    shortest = after - before
    origin = monotonic - (before + after) / 2
  }
  return origin
}

/** The counterpart of native/core/sampler.cc. */
export abstract class FallbackSampler implements SamplerSource {
  protected readonly devices: readonly SampledDevice[]
  readonly #columns: number
  readonly #timeOrigin: number
  readonly #vanished: number[] = []

  constructor({ directory, names }: SampledDevices, columns: number) {
    this.devices = names.map((name, index) => ({ index, path: `${directory}/${name}`, inode: 0, isGone: false }))
    this.#columns = columns
    timeOrigin ??= monotonicTimeOrigin()
    this.#timeOrigin = timeOrigin
  }

  sample(cells: Float64Array): number {
    const { length } = this.devices
    if (cells.length !== cellCount(length, this.#columns)) {
      throw new TypeError("cells must be a Float64Array of the sampler's size")
    }
    cells[0] = this.#timeOrigin + performance.now()
    this.read(cells)
    const count = this.#vanished.length
    for (let index = 0; index < count; index++) {
      cells[1 + length * this.#columns + index] = this.#vanished[index] as number
    }
    if (count > 0) this.#vanished.length = 0
    return count
  }

  abstract held(): number
  abstract close(): void

  /** Writes the numbers into the cells from index 1 on. */
  protected abstract read(cells: Float64Array): void

  /** Whether the device still exists. Another device with the same name does not count. */
  protected isPresent(device: SampledDevice): boolean {
    try {
      return statSync(device.path).ino === device.inode
    } catch (error) {
      return !isGone(failureOf(error).code)
    }
  }

  /** Marks a device as gone. The current or next sample reports it. */
  protected markGone(device: SampledDevice): void {
    if (device.isGone) return
    device.isGone = true
    this.#vanished.push(device.index)
  }

  /** Determines the inode number of a device, or marks the device as gone. */
  protected find(device: SampledDevice): void {
    try {
      device.inode = statSync(device.path).ino
    } catch (error) {
      this.throwIfResourceError(error, 'open', device.path)
      if (isGone(failureOf(error).code)) this.markGone(device)
    }
  }

  /** @throws {SysfsError} if the process is out of descriptors or memory */
  protected throwIfResourceError(error: unknown, syscall: string, path: string): void {
    const { errno, code } = failureOf(error)
    if (isResourceError(code)) throw new SysfsError(errno, syscall, path)
  }
}
