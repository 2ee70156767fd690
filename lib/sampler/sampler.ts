import { typeName } from '../errors.js'
import {
  cellCount,
  type SampledAttribute,
  type SampledDevices,
  type SamplerSource,
  statColumns,
} from '../executor/sampler-source.js'
import { isOnFileSystem } from '../files/file-system.js'
import { halfOfFreeDescriptors } from '../files/open-files.js'
import type { Machine } from '../machine/machine.js'
import { blockDevice, blockDevices } from '../storage/block-devices.js'
import { type ColumnOf, type StatColumn, sampledAttributes } from './columns.js'
import { type DeviceRates, ratesOf } from './rates.js'

/** Options of a sampler. */
export interface SamplerOptions<Attributes extends readonly string[] = readonly string[]> {
  /**
   * The devices, each a kernel name ('sda', 'dm-0', 'sda1') or a path to a device ('/dev/mapper/mpatha'). A repeated
   * device is sampled once. By default all devices that are in class/block now.
   */
  readonly devices?: readonly string[]
  /**
   * What to read of each device; ['stat'] by default. Known attributes are `stat`, `inflight`, `queue_depth` and the
   * counters of the SCSI layer, `iorequest_cnt`, `iodone_cnt`, `ioerr_cnt` and `iotmo_cnt`. Any other file with one
   * integer (decimal or 0x) is named by its path below class/block/DEVICE: 'queue/nr_requests', 'device/timeout'.
   *
   * iSCSI connections have no counters in sysfs, only in netlink (ISCSI_UEVENT_GET_STATS,
   * drivers/scsi/scsi_transport_iscsi.c). The counters of their disks count the same requests.
   */
  readonly attributes?: Attributes
  /**
   * 'sysfs', the default, reads every attribute through a descriptor of its own. 'diskstats' reads only `stat`, of all
   * devices, from /proc/diskstats through one descriptor. It takes less than half the time if most devices are sampled.
   */
  readonly readFrom?: 'sysfs' | 'diskstats'
  /**
   * The number of descriptors to keep open, one for every attribute of every device. By default half of those that the
   * process has left. Other attributes are opened again for every sample: slower, with the same numbers.
   */
  readonly mostHeld?: number
}

/** A copy of a sampler's numbers. */
export interface Sample {
  /** See `Sampler.timestamp`. */
  timestamp: number
  /** See `Sampler.values`. */
  readonly values: Float64Array
}

/**
 * Reads the same numbers of the same block devices repeatedly. A sample costs little more than its reads.
 *
 * The numbers of a removed device are NaN from then on, also if another device gets its name. A new device needs a new
 * sampler.
 */
export class Sampler<Column extends string = string> {
  /** The kernel names of the sampled devices, one a row. For a path that leads to no device, the path. */
  readonly devices: readonly string[]
  /** The names of the numbers in a row. See `statColumns` for those of `stat`. */
  readonly columns: readonly Column[]
  /**
   * The numbers of the last sample: `values[row * columns.length + column]`. Every sample overwrites them. NaN stands
   * for a number that is missing or cannot be read.
   */
  readonly values: Float64Array
  /** The number of descriptors that are needed to keep every attribute open. */
  readonly needed: number

  readonly #source: SamplerSource
  /** The time, the values, and the rows of vanished devices: see SamplerSource. */
  readonly #cells: Float64Array
  /** The index of each column in a row. */
  readonly #columnIndexes: ReadonlyMap<string, number>
  #vanished: readonly string[] = none
  #isClosed = false

  /** Use `sysfs.sampler()`. */
  constructor(machine: Machine, options: SamplerOptions) {
    const { attributes, readFrom, mostHeld } = checkOptions(options)
    const devices = devicesOf(machine, options.devices)
    const columns = attributes.flatMap((attribute) => attribute.columns)
    this.devices = devices
    this.columns = columns as readonly string[] as readonly Column[]
    this.needed = readFrom === 'diskstats' ? 1 : devices.length * attributes.length
    this.#columnIndexes = new Map(columns.map((column, index) => [column, index]))
    this.#cells = new Float64Array(cellCount(devices.length, columns.length)).fill(Number.NaN)
    this.values = this.#cells.subarray(1, 1 + devices.length * columns.length)
    const { executor, roots } = machine
    const sampled: SampledDevices = { directory: `${roots.sys}/class/block`, names: devices.map(kernelNameOf) }
    if (readFrom === 'diskstats') {
      checkSameMachine(machine)
      this.#source = executor.sampleDiskstats(sampled, `${roots.proc}/diskstats`)
    } else {
      this.#source = executor.sampleAttributes(sampled, attributes, mostHeld ?? halfOfFreeDescriptors())
    }
  }

  /** The time of the last sample, in milliseconds of CLOCK_MONOTONIC. NaN before the first sample. */
  get timestamp(): number {
    return this.#cells[0] as number
  }

  /** The devices that the last sample found to be gone. Each is reported once. */
  get vanished(): readonly string[] {
    return this.#vanished
  }

  /** How many descriptors are open. */
  get held(): number {
    return this.#source.held()
  }

  /** How many attributes are opened again for every sample, or do not exist. */
  get reopened(): number {
    return this.needed - this.held
  }

  /**
   * Reads all numbers into `values`, in one native call that allocates no memory.
   *
   * @returns how many devices vanished since the last sample: see `vanished`
   * @throws {SysfsError} if the process is out of descriptors or memory; the values are then undefined
   * @throws {Error} after `close`, and if the memory of `values` was transferred to another thread
   */
  sample(): number {
    if (this.#isClosed) throw new Error('the sampler is closed')
    if (this.#cells.length === 0) throw new Error("the memory of the sampler's values was transferred")
    const count = this.#source.sample(this.#cells)
    if (count > 0) this.#vanished = this.#reported(count)
    else if (this.#vanished !== none) this.#vanished = none
    return count
  }

  /**
   * The index of a column in a row.
   *
   * @throws {RangeError} for an unknown column
   */
  column(name: Column): number {
    const index = this.#columnIndexes.get(name)
    if (index === undefined) throw new RangeError(`this sampler has no column ${JSON.stringify(name)}`)
    return index
  }

  /**
   * A number of the last sample. NaN also for a device that is not sampled.
   *
   * @throws {RangeError} for an unknown column
   */
  value(device: string, column: Column): number {
    const row = this.devices.indexOf(device)
    const index = this.column(column)
    return row === -1 ? Number.NaN : (this.values[row * this.columns.length + index] as number)
  }

  /**
   * Copies the numbers of the last sample, for `rates`.
   *
   * @param into an older copy to overwrite, instead of making a new one
   */
  copy(into?: Sample): Sample {
    if (into === undefined) return { timestamp: this.timestamp, values: this.values.slice() }
    this.#checkSample('into', into)
    into.timestamp = this.timestamp
    into.values.set(this.values)
    return into
  }

  /**
   * The rates of the devices between a copy and the last sample, one a row: see DeviceRates.
   *
   * @throws {TypeError} if `previous` is not a copy of this sampler, or if `stat` is not sampled
   */
  rates(previous: Sample): readonly DeviceRates[] {
    this.#checkSample('previous', previous)
    const indexes = new Map(statColumns.map((column) => [column, this.#columnIndexes.get(column)]))
    if (indexes.get('reads') === undefined) throw new TypeError("rates need 'stat' among the attributes")
    const milliseconds = this.timestamp - previous.timestamp
    const width = this.columns.length
    return this.devices.map((device, row) => {
      const at = (column: StatColumn) => row * width + (indexes.get(column) as number)
      const counted = {
        before: (column: StatColumn) => previous.values[at(column)] as number,
        now: (column: StatColumn) => this.values[at(column)] as number,
      }
      return ratesOf(device, counted, milliseconds)
    })
  }

  /** Closes the descriptors. They are also closed when the sampler is collected, and at the end of the thread. */
  close(): void {
    this.#isClosed = true
    this.#source.close()
  }

  /** Calls `close`. */
  [Symbol.dispose](): void {
    this.close()
  }

  #reported(count: number): readonly string[] {
    const first = 1 + this.values.length
    return Array.from(this.#cells.subarray(first, first + count), (row) => this.devices[row] as string)
  }

  #checkSample(what: string, sample: unknown): void {
    if (
      typeof sample !== 'object' ||
      sample === null ||
      !('timestamp' in sample && typeof sample.timestamp === 'number') ||
      !('values' in sample && sample.values instanceof Float64Array && sample.values.length === this.values.length)
    ) {
      throw new TypeError(`${what} must be a copy of this sampler`)
    }
  }
}

/** A sampler of these attributes. */
export type SamplerOf<Attributes extends readonly string[]> = Sampler<ColumnOf<Attributes[number]>>

/** The value of `vanished` while no device has vanished. The constant makes a sample without allocations possible. */
const none: readonly string[] = []

interface CheckedOptions {
  readonly attributes: readonly SampledAttribute[]
  readonly readFrom: 'sysfs' | 'diskstats'
  readonly mostHeld: number | undefined
}

function checkOptions(options: SamplerOptions): CheckedOptions {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`options must be an object, not ${typeName(options)}`)
  }
  const { attributes = ['stat'], readFrom = 'sysfs', mostHeld } = options
  if (readFrom !== 'sysfs' && readFrom !== 'diskstats') {
    throw new TypeError(`readFrom must be 'sysfs' or 'diskstats', not ${JSON.stringify(readFrom)}`)
  }
  const sampled = sampledAttributes(attributes)
  if (readFrom === 'diskstats' && (sampled.length > 1 || sampled[0]?.path !== 'stat')) {
    throw new TypeError("diskstats has no attribute but 'stat'")
  }
  if (mostHeld !== undefined) {
    if (typeof mostHeld !== 'number') throw new TypeError(`mostHeld must be a number, not ${typeName(mostHeld)}`)
    if (!Number.isSafeInteger(mostHeld) || mostHeld < 0) {
      throw new RangeError(`mostHeld must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}, not ${mostHeld}`)
    }
  }
  return { attributes: sampled, readFrom, mostHeld }
}

function devicesOf(machine: Machine, devices: unknown): readonly string[] {
  if (devices === undefined) {
    const all = machine.prepare(blockDevices).all()
    return all.map((device) => device.name)
  }
  if (!Array.isArray(devices)) throw new TypeError(`devices must be an array, not ${typeName(devices)}`)
  const prepared = machine.prepare(blockDevice)
  return [...new Set(devices.map((device: string) => prepared.first({ device })?.name ?? device))]
}

/**
 * The name of a device in class/block. A path that leads to no device becomes a name that no device has. So no read
 * leaves class/block.
 */
function kernelNameOf(device: string): string {
  return device.replaceAll('/', '!')
}

/**
 * Refuses a /proc of the running kernel with a recorded sysfs, and a recorded /proc with the running kernel's sysfs.
 * Such a diskstats describes the devices of another machine.
 */
function checkSameMachine({ roots: { sys, proc } }: Machine): void {
  const isSysfs = isOnFileSystem(sys, 'sysfs')
  const isProc = isOnFileSystem(proc, 'proc')
  if (isSysfs === undefined || isProc === undefined || isSysfs === isProc) return
  const [mounted, recorded] = isProc ? [proc, sys] : [sys, proc]
  throw new TypeError(
    `procPath and sysPath must be of one machine: '${mounted}' is mounted by the kernel, '${recorded}' is not`,
  )
}
