/**
 * The columns of `stat`, in the order of Documentation/block/stat.rst. A sector is 512 bytes, whatever the device's own
 * sector size. All columns but `inFlight` count since the device appeared. Milliseconds count modulo 2^32. Discards
 * exist since Linux 4.18, flushes since 5.5; before that these columns are NaN.
 */
export const statColumns = [
  'reads',
  'readMerges',
  'readSectors',
  /** The sum over all requests. It may grow faster than time. */
  'readMilliseconds',
  'writes',
  'writeMerges',
  'writeSectors',
  'writeMilliseconds',
  /** The requests that the device is processing now. */
  'inFlight',
  /** The time during which there was at least one request. */
  'ioMilliseconds',
  /** The time that requests spent in the queue, multiplied by their number at each moment. */
  'queueMilliseconds',
  'discards',
  'discardMerges',
  'discardSectors',
  'discardMilliseconds',
  'flushes',
  'flushMilliseconds',
] as const

/** An attribute to sample. */
export interface SampledAttribute {
  /** Relative to class/block/DEVICE. */
  readonly path: string
  readonly columns: readonly string[]
}

/** The devices to sample. */
export interface SampledDevices {
  /** class/block of a sysfs. */
  readonly directory: string
  /** Kernel names. */
  readonly names: readonly string[]
}

/**
 * Reads the numbers of a sampler. The cells are: the time of the sample (milliseconds of CLOCK_MONOTONIC), the numbers
 * of each device in turn, and one cell a device, of which the first hold the indexes of the devices that vanished.
 */
export interface SamplerSource {
  /**
   * Fills the cells without allocating memory.
   *
   * @returns how many devices vanished since the last sample
   * @throws {TypeError} for a wrong number of cells
   * @throws {SysfsError} if the process is out of descriptors or memory
   */
  sample(cells: Float64Array): number
  /** How many descriptors are open. */
  held(): number
  close(): void
}

/** The number of cells of a sampler. */
export function cellCount(devices: number, columns: number): number {
  return 1 + devices * (columns + 1)
}
