/**
 * Where a sampler's numbers come from: the addon, or node:fs. The cells are: when this was (milliseconds of
 * CLOCK_MONOTONIC), the numbers of one device after the other, and then as many cells as there are devices, which begin
 * with the indexes of those that vanished.
 */
export interface Source {
  /**
   * Fills the cells, allocating nothing.
   *
   * @returns how many devices vanished since the last time
   * @throws {TypeError} where the cells are not as many as there have to be
   * @throws {SysfsError} where the process is out of descriptors or memory
   */
  sample(cells: Float64Array): number
  /** How many descriptors are open. */
  held(): number
  close(): void
}

/** What is sampled. */
export interface Sampled {
  /** class/block of a sysfs. */
  readonly directory: string
  /** The kernel names of devices. */
  readonly devices: readonly string[]
}

export function cellCount(devices: number, columns: number): number {
  return 1 + devices * (columns + 1)
}
