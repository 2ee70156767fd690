import { spawnSync } from 'node:child_process'
import { Sysfs } from '../../lib/index.js'
import { addon } from './benchmark.js'
import type { UdevLoop } from './c-programs.js'
import { byWallClock, type Implementation } from './implementation.js'
import { type ResultRow, type ResultTable, ratio, type Target } from './results.js'
import { type MeasurementOptions, measure } from './samples.js'
import { details } from './snapshot-benchmarks.js'

const unknownTarget = 'iqn.1900-01.invalid:none'
const lsblk = 'lsblk -J -O'

/** One benchmark of this table. The names of the implementations are unique in the table. */
interface ToolBenchmark {
  readonly title: string
  readonly implementation: Implementation
  readonly isAddon: boolean
  /** The target of lsblk / addon. */
  readonly target?: Target
}

/**
 * Measures the tools and libraries that programs use for the block devices of this machine, and the addon. They do not
 * read the same: lsblk -O and systeminformation read more of each block device than a snapshot, and no sessions.
 *
 * @param device a block device; `undefined` if the machine has none
 * @param skip called with the reason for each tool that cannot be measured
 */
export async function measureForkedTools(
  device: string | undefined,
  udev: UdevLoop | undefined,
  options: MeasurementOptions,
  skip: (reason: string) => void,
): Promise<ResultTable> {
  const sysfs = new Sysfs({ sysPath: '/sys', devPath: '/dev', backend: 'native' })
  const byAddon = (title: string, run: () => unknown, target?: Target): ToolBenchmark => ({
    title,
    implementation: byWallClock(title, run),
    isAddon: true,
    ...(target !== undefined && { target }),
  })
  const benchmarks: ToolBenchmark[] = [
    byAddon('devices of a LUN, unknown target', () => sysfs.findDevicesForIscsiLun(unknownTarget, 1), {
      atLeast: 1000,
    }),
  ]
  if (device !== undefined) {
    const find = () => sysfs.findMultipathDeviceForDevice(device)
    benchmarks.push(byAddon(`multipath parent of ${device}`, find, { atLeast: 1000 }))
  }
  for (const detail of details) {
    benchmarks.push(byAddon(`snapshot, ${detail}`, () => sysfs.snapshot({ detail })))
  }

  const byTool = (title: string, implementation: Implementation): void => {
    benchmarks.push({ title, implementation, isAddon: false })
  }
  const hasLsblk = spawnSync('lsblk', ['-J', '-O']).status === 0
  if (hasLsblk) {
    const run = () => JSON.parse(spawnSync('lsblk', ['-J', '-O'], { encoding: 'utf8' }).stdout)
    byTool('block devices, forked and parsed', byWallClock(lsblk, run))
  } else {
    skip('lsblk: it is not installed, or fails on this machine')
  }
  if (udev !== undefined) {
    byTool('block devices: size, ro', { name: 'libudev in C', measure: (warmUp, count) => udev.run(warmUp, count) })
  }
  const information = await systemInformation()
  if (information === undefined) skip('systeminformation: it is not installed')
  else {
    byTool(
      'block devices, forked and parsed',
      byWallClock('systeminformation.blockDevices()', () => information.blockDevices()),
    )
    byTool(
      'disks, forked and parsed',
      byWallClock('systeminformation.diskLayout()', () => information.diskLayout()),
    )
  }

  const samples = await measure(
    benchmarks.map(({ implementation }) => implementation),
    options,
  )
  return {
    title: 'Forked tools and other libraries (real sysfs)',
    note: 'Wall-clock time, because the tools are other processes.',
    rows: benchmarks.map(({ title, implementation: { name }, isAddon, target }): ResultRow => {
      const timing = samples.timing(name)
      if (!isAddon) return { benchmark: title, implementation: name, timing }
      const row = { benchmark: title, implementation: addon, timing }
      if (!hasLsblk) return row
      return { ...row, comparison: { ...ratio(samples, lsblk, name, target), name: `${lsblk} / ${addon}` } }
    }),
  }
}

async function systemInformation() {
  try {
    return await import('systeminformation')
  } catch {
    return undefined
  }
}
