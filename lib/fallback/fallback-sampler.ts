import { statSync } from 'node:fs'
import { SysfsError } from '../errors.js'
import { failureOf, isGone, isProcessTrouble } from '../files/failure.js'
import { cellCount, type Sampled, type Source } from '../executor/sampler-source.js'

/** A device that is sampled. */
export interface SampledDevice {
  readonly index: number
  readonly path: string
  /** Of its directory. kernfs numbers on and on: no other device has it, unlike the name. */
  inode: number
  isGone: boolean
}

/**
 * CLOCK_MONOTONIC when this thread's performance.now() was 0. Asking that makes no objects, unlike hrtime(). It is
 * measured for the first sampler: the first use of `performance` loads a part of Node that takes milliseconds.
 */
let timeOrigin: number | undefined

function monotonicTimeOrigin(): number {
  let origin = 0
  let least = Number.POSITIVE_INFINITY
  // Something may happen between two looks at a clock; not every time.
  for (let tries = 0; tries < 10; tries++) {
    const before = performance.now()
    const monotonic = Number(process.hrtime.bigint()) / 1e6
    const after = performance.now()
    if (after - before >= least) continue
    least = after - before
    origin = monotonic - (before + after) / 2
  }
  return origin
}

/** What native/core/sampler.cc is in the addon. */
export abstract class FallbackSource implements Source {
  protected readonly devices: readonly SampledDevice[]
  readonly #columns: number
  readonly #timeOrigin: number
  readonly #vanished: number[] = []

  constructor({ directory, devices }: Sampled, columns: number) {
    this.devices = devices.map((name, index) => ({ index, path: `${directory}/${name}`, inode: 0, isGone: false }))
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

  /** Puts the numbers into the cells from 1 on. */
  protected abstract read(cells: Float64Array): void

  /** Whether there is still the device, not another of its name. */
  protected isThere(device: SampledDevice): boolean {
    try {
      return statSync(device.path).ino === device.inode
    } catch (error) {
      return !isGone(failureOf(error).code)
    }
  }

  protected vanish(device: SampledDevice): void {
    if (device.isGone) return
    device.isGone = true
    this.#vanished.push(device.index)
  }

  /** Finds a device, or sees that it is not there. */
  protected find(device: SampledDevice): void {
    try {
      device.inode = statSync(device.path).ino
    } catch (error) {
      this.throwIfProcessTrouble(error, 'open', device.path)
      if (isGone(failureOf(error).code)) this.vanish(device)
    }
  }

  protected throwIfProcessTrouble(error: unknown, syscall: string, path: string): void {
    const { errno, code } = failureOf(error)
    if (isProcessTrouble(code)) throw new SysfsError(errno, syscall, path)
  }
}
