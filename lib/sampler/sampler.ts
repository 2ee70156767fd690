import { statfsSync } from 'node:fs'
import { loadAddon } from '../native/addon.js'
import { halfOfFreeDescriptors } from '../files/descriptors.js'
import { failureOf } from '../files/failure.js'
import { kindOf } from '../query/parameters.js'
import { name, query } from '../query/query.js'
import type { Sysfs } from '../sysfs.js'
import { type ColumnOf, type SampledAttribute, type StatColumn, sampledAttributes, statColumns } from './columns.js'
import { FallbackAttributes } from '../fallback/fallback-attribute-sampler.js'
import { FallbackDiskstats } from '../fallback/fallback-diskstats-sampler.js'
import { NativeSource } from '../native/native-sampler.js'
import { type DeviceRates, ratesOf } from './rates.js'
import { cellCount, type Sampled, type Source } from '../executor/sampler-source.js'

export interface SamplerOptions<Attributes extends readonly string[] = readonly string[]> {
  /**
   * The devices, each a kernel name ('sda', 'dm-0', 'sda1') or a path that leads to one ('/dev/mapper/mpatha'); one that
   * is named twice is sampled once. By default all that there are in class/block at this moment.
   */
  readonly devices?: readonly string[]
  /**
   * What to read of each, ['stat'] by default: `stat`, `inflight`, `queue_depth`, the counters of the SCSI layer
   * `iorequest_cnt`, `iodone_cnt`, `ioerr_cnt` and `iotmo_cnt`, or any other file of one integer (decimal or 0x) by its
   * path below class/block/DEVICE: 'queue/nr_requests', 'device/timeout'.
   *
   * iSCSI connections have no counters in sysfs: theirs go through netlink (ISCSI_UEVENT_GET_STATS,
   * drivers/scsi/scsi_transport_iscsi.c). Those of their disks count the same requests.
   */
  readonly attributes?: Attributes
  /**
   * `sysfs`, the default, reads every attribute through a descriptor of its own. `diskstats` reads `stat`, and nothing
   * else, of all devices out of /proc/diskstats through one, in less than half the time where most devices are sampled.
   */
  readonly source?: 'sysfs' | 'diskstats'
  /**
   * How many descriptors to hold at the most, one for every attribute of every device. By default half of what this
   * process has left. Attributes for which there is none are opened anew for every sample: slower, but the same numbers.
   */
  readonly mostHeld?: number
}

/** What a sampler had at one moment. */
export interface Sample {
  /** As `Sampler.timestamp`. */
  timestamp: number
  /** As `Sampler.values`. */
  readonly values: Float64Array
}

/**
 * Reads the same numbers of the same block devices again and again, for the price of the reads alone.
 *
 * A device that goes away is NaN from then on. That stays so where another one gets its name: make another sampler for
 * that.
 */
export class Sampler<Column extends string = string> {
  /** The kernel names of the sampled devices, one for each row. Of a path that leads to no device, the path. */
  readonly devices: readonly string[]
  /** The names of a row's numbers: those of `stat`, for example. See `statColumns`. */
  readonly columns: readonly Column[]
  /**
   * The numbers of the last sample, one device after the other: `values[row * columns.length + column]`. Every sample
   * overwrites them. NaN is what is not there or cannot be read.
   */
  readonly values: Float64Array
  /** How many descriptors it takes to open nothing anew. */
  readonly needed: number

  readonly #source: Source
  /** The timestamp, the values, and the rows of what vanished: see Source. */
  readonly #cells: Float64Array
  readonly #places: ReadonlyMap<string, number>
  #vanished: readonly string[] = none
  #isClosed = false

  /** Use `sysfs.sampler()`. */
  constructor(sysfs: Sysfs, options: SamplerOptions) {
    const { attributes, source, mostHeld } = checkOptions(options)
    const devices = devicesOf(sysfs, options.devices)
    const columns = attributes.flatMap((attribute) => attribute.columns)
    this.devices = devices
    this.columns = columns as readonly string[] as readonly Column[]
    this.needed = source === 'diskstats' ? 1 : devices.length * attributes.length
    this.#places = new Map(columns.map((column, index) => [column, index]))
    this.#cells = new Float64Array(cellCount(devices.length, columns.length)).fill(Number.NaN)
    this.values = this.#cells.subarray(1, 1 + devices.length * columns.length)
    const sampled = { directory: `${sysfs.sysPath}/class/block`, devices: devices.map(kernelNameOf) }
    this.#source =
      source === 'diskstats'
        ? diskstatsSource(sysfs, sampled)
        : attributeSource(sysfs, sampled, attributes, mostHeld ?? halfOfFreeDescriptors())
  }

  /** When the last sample was: milliseconds of CLOCK_MONOTONIC, NaN before the first one. */
  get timestamp(): number {
    return this.#cells[0] as number
  }

  /** The names of the devices that vanished, or were not there, since the sample before the last one. */
  get vanished(): readonly string[] {
    return this.#vanished
  }

  /** How many descriptors are open. */
  get held(): number {
    return this.#source.held()
  }

  /** How many attributes are opened anew for every sample, or are not there. */
  get reopened(): number {
    return this.needed - this.held
  }

  /**
   * Reads everything anew into `values`, in one native call that allocates nothing.
   *
   * @returns how many devices vanished since the last sample (see `vanished`); each is told of once
   * @throws {SysfsError} where the process is out of descriptors or memory; the values are then of no use
   * @throws {Error} after `close`, or where the memory of `values` was given away to another thread
   */
  sample(): number {
    if (this.#isClosed) throw new Error('the sampler is closed')
    if (this.#cells.length === 0) throw new Error("the memory of the sampler's values was given away")
    const count = this.#source.sample(this.#cells)
    if (count > 0) this.#vanished = this.#reported(count)
    else if (this.#vanished !== none) this.#vanished = none
    return count
  }

  /** Where a column is in a row. */
  column(name: Column): number {
    const place = this.#places.get(name)
    if (place === undefined) throw new RangeError(`this sampler has no column ${JSON.stringify(name)}`)
    return place
  }

  /** A device's number in the last sample, NaN also where there is no such device. */
  value(device: string, column: Column): number {
    const row = this.devices.indexOf(device)
    const place = this.column(column)
    return row === -1 ? Number.NaN : (this.values[row * this.columns.length + place] as number)
  }

  /**
   * What the sampler has now, for `rates` later.
   *
   * @param into an older copy to overwrite, which saves the making of one
   */
  copy(into?: Sample): Sample {
    if (into === undefined) return { timestamp: this.timestamp, values: this.values.slice() }
    this.#checkSample('into', into)
    into.timestamp = this.timestamp
    into.values.set(this.values)
    return into
  }

  /**
   * What the devices did between an older copy and the last sample, one for each row: see DeviceRates.
   *
   * @throws {TypeError} for what is no copy of this sampler's, or without `stat` among the attributes
   */
  rates(previous: Sample): readonly DeviceRates[] {
    this.#checkSample('previous', previous)
    const places = new Map(statColumns.map((column) => [column, this.#places.get(column)]))
    if (places.get('reads') === undefined) throw new TypeError("rates need 'stat' among the attributes")
    const milliseconds = this.timestamp - previous.timestamp
    const width = this.columns.length
    return this.devices.map((device, row) => {
      const at = (column: StatColumn) => row * width + (places.get(column) as number)
      const counted = {
        before: (column: StatColumn) => previous.values[at(column)] as number,
        now: (column: StatColumn) => this.values[at(column)] as number,
      }
      return ratesOf(device, counted, milliseconds)
    })
  }

  /** Closes the descriptors. They are also closed when nobody has the sampler any more, and at the end of the thread. */
  close(): void {
    this.#isClosed = true
    this.#source.close()
  }

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
      throw new TypeError(`${what} must be a copy of this sampler's`)
    }
  }
}

/** The sampler of these attributes. */
export type SamplerOf<Attributes extends readonly string[]> = Sampler<ColumnOf<Attributes[number]>>

const none: readonly string[] = []

interface CheckedOptions {
  readonly attributes: readonly SampledAttribute[]
  readonly source: 'sysfs' | 'diskstats'
  readonly mostHeld: number | undefined
}

function checkOptions(options: SamplerOptions): CheckedOptions {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`options must be an object, not ${kindOf(options)}`)
  }
  const { attributes = ['stat'], source = 'sysfs', mostHeld } = options
  if (source !== 'sysfs' && source !== 'diskstats') {
    throw new TypeError(`source must be 'sysfs' or 'diskstats', not ${JSON.stringify(source)}`)
  }
  const sampled = sampledAttributes(attributes)
  if (source === 'diskstats' && (sampled.length > 1 || sampled[0]?.path !== 'stat')) {
    throw new TypeError("source 'diskstats' has no attribute but 'stat'")
  }
  if (mostHeld !== undefined) {
    if (typeof mostHeld !== 'number') throw new TypeError(`mostHeld must be a number, not ${kindOf(mostHeld)}`)
    if (!Number.isSafeInteger(mostHeld) || mostHeld < 0) {
      throw new RangeError(`mostHeld must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}, not ${mostHeld}`)
    }
  }
  return { attributes: sampled, source, mostHeld }
}

const everyDevice = query('class/block/*', { name: name() })
const oneDevice = query('class/block/$device', { name: name() }, { device: 'device' })

function devicesOf(sysfs: Sysfs, devices: unknown): readonly string[] {
  if (devices === undefined)
    return sysfs
      .prepare(everyDevice)
      .all()
      .map((device) => device.name)
  if (!Array.isArray(devices)) throw new TypeError(`devices must be an array, not ${kindOf(devices)}`)
  const prepared = sysfs.prepare(oneDevice)
  return [...new Set(devices.map((device: string) => prepared.first({ device })?.name ?? device))]
}

/** Of a path that leads to no device a name that no device has: what is read never leaves class/block. */
function kernelNameOf(device: string): string {
  return device.replaceAll('/', '!')
}

function attributeSource(
  sysfs: Sysfs,
  sampled: Sampled,
  attributes: readonly SampledAttribute[],
  mostHeld: number,
): Source {
  const addon = addonOf(sysfs)
  return addon === undefined
    ? new FallbackAttributes(sampled, attributes, mostHeld)
    : NativeSource.ofAttributes(addon, sampled, attributes, Math.min(mostHeld, 2 ** 31 - 1))
}

function diskstatsSource(sysfs: Sysfs, sampled: Sampled): Source {
  checkIsOneMachine(sysfs)
  const addon = addonOf(sysfs)
  const file = `${sysfs.procPath}/diskstats`
  return addon === undefined ? new FallbackDiskstats(sampled, file) : NativeSource.ofDiskstats(addon, sampled, file)
}

function addonOf(sysfs: Sysfs) {
  if (sysfs.backend === 'fallback') return undefined
  const loaded = loadAddon(sysfs.addonPath)
  if ('error' in loaded) throw loaded.error
  return loaded.addon
}

/** include/uapi/linux/magic.h */
const fileSystems = { sysfs: 0x62656572, proc: 0x9fa0 } as const

/** This machine's /proc/diskstats says nothing of the devices of a tree of files, and the other way round. */
function checkIsOneMachine({ sysPath, procPath }: Sysfs): void {
  const isSysfs = isFileSystem(sysPath, 'sysfs')
  const isProc = isFileSystem(procPath, 'proc')
  if (isSysfs === undefined || isProc === undefined || isSysfs === isProc) return
  const [kernels, files] = isProc ? [procPath, sysPath] : [sysPath, procPath]
  throw new TypeError(`procPath and sysPath must be of one machine: '${kernels}' is a kernel's, '${files}' is not`)
}

/** `undefined` where there is nothing. */
function isFileSystem(path: string, kind: keyof typeof fileSystems): boolean | undefined {
  try {
    return statfsSync(path).type === fileSystems[kind]
  } catch (error) {
    failureOf(error)
    return undefined
  }
}
