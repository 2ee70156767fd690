import { Sysfs } from '../../lib/index.js'
import { LoopDevices } from '../../test/support/loop-devices.js'
import { byProcessorTime } from './implementation.js'
import { type Comparison, type ResultRow, type ResultTable, ratio } from './results.js'
import { type MeasurementOptions, measure, type Timing } from './samples.js'

/** The numbers of loop devices that are added to the machine's own block devices. */
export type DeviceCounts = readonly number[]

const unchanged = 'monitor.snapshot()'
const refresh = 'monitor.refresh()'
const newSnapshot = 'sysfs.snapshot()'

/** Measures a monitor on the real sysfs. Returns the reason if it cannot be measured. */
export async function measureMonitor(
  options: MeasurementOptions,
  deviceCounts: DeviceCounts,
): Promise<ResultTable | string> {
  const started = await LoopDevices.start()
  if ('missing' in started) return started.missing
  const { devices } = started
  try {
    const sysfs = new Sysfs({ sysPath: '/sys', devPath: '/dev', backend: 'native' })
    const monitor = sysfs.monitor()
    if (monitor.pollingReason !== undefined) return monitor.pollingReason
    const rows: ResultRow[] = []
    let added = 0
    let fewest: { readonly count: number; readonly timing: Timing } | undefined
    for (const loopDevices of deviceCounts) {
      await devices.add(loopDevices - added)
      added = loopDevices
      const samples = await measure(
        [
          byProcessorTime(unchanged, () => monitor.snapshot()),
          byProcessorTime(refresh, () => monitor.refresh()),
          byProcessorTime(newSnapshot, () => sysfs.snapshot()),
        ],
        options,
      )
      const count = monitor.snapshot().blockDevices.length
      const benchmark = `${count} block devices`
      const timing = samples.timing(unchanged)
      const growth: Comparison | undefined = fewest && {
        name: `${count} / ${fewest.count} block devices`,
        value: timing.medianNanoseconds / fewest.timing.medianNanoseconds,
        unit: 'times',
        target: { atMost: 1.25 },
      }
      const atLeast = count >= 1000 ? { atLeast: 1000 } : undefined
      rows.push(
        { benchmark, implementation: unchanged, timing, ...(growth !== undefined && { comparison: growth }) },
        { benchmark, implementation: refresh, timing: samples.timing(refresh) },
        {
          benchmark,
          implementation: newSnapshot,
          timing: samples.timing(newSnapshot),
          comparison: ratio(samples, newSnapshot, unchanged, atLeast),
        },
      )
      fewest ??= { count, timing }
    }
    monitor.close()
    return {
      title: 'Monitor (real sysfs)',
      note:
        `No device changes between the calls. ${unchanged} returns the current snapshot, ${refresh} also reads the ` +
        `values that change without a uevent, ${newSnapshot} reads everything again. Processor time.`,
      rows,
    }
  } finally {
    await devices.close()
  }
}
