import { Sysfs } from '../../lib/index.js'
import { LoopDevices } from '../../test/support/loop-devices.js'
import { type Effort, inThisProcess, Samples, type Timing, warmUp } from './measure.js'

/** A kept snapshot with so many block devices on the machine. */
export interface MonitorRow {
  readonly blockDevices: number
  /** Asking where nothing happened. */
  readonly unchanged: Timing
  /** Also reading what changes without an event. */
  readonly refresh: Timing
  /** A new snapshot. */
  readonly oneShot: Timing
  /** How many times as long a new one takes as one that is kept and did not change. */
  readonly oneShotTakes: number
}

export interface MonitorMeasurement {
  readonly rows: readonly MonitorRow[]
  /** With the most devices: that a new snapshot takes at least so many times as long. */
  readonly atLeast: number
  /** The longest time of asking where nothing happened, in that of the fewest devices: it does not grow. */
  readonly growth: number
  readonly growthAtMost: number
}

const deviceCounts = { short: [10, 100], full: [10, 100, 1000] }

/** On the real /sys, with loop devices beside those that are there; or why that cannot be measured. */
export async function measureMonitor(
  effort: Effort,
  size: keyof typeof deviceCounts,
): Promise<MonitorMeasurement | string> {
  const started = await LoopDevices.start()
  if ('missing' in started) return started.missing
  const { devices } = started
  try {
    const sysfs = new Sysfs({ sysPath: '/sys', devPath: '/dev', backend: 'native' })
    const monitor = sysfs.monitor()
    if (monitor.pollingReason !== undefined) return monitor.pollingReason
    const rows: MonitorRow[] = []
    let made = 0
    for (const count of deviceCounts[size]) {
      await devices.add(count - made)
      made = count
      const unchanged = inThisProcess('unchanged', () => monitor.snapshot())
      const refresh = inThisProcess('refresh', () => monitor.refresh())
      const oneShot = inThisProcess('one-shot', () => sysfs.snapshot())
      const paced = []
      for (const contender of [unchanged, refresh, oneShot]) paced.push(await warmUp(contender, effort))
      const samples = await Samples.take(paced, effort)
      rows.push({
        blockDevices: monitor.snapshot().blockDevices.length,
        unchanged: samples.timing('unchanged'),
        refresh: samples.timing('refresh'),
        oneShot: samples.timing('one-shot'),
        oneShotTakes: samples.ratio('one-shot', 'unchanged'),
      })
    }
    monitor.close()
    const [fewest, ...more] = rows.map((row) => row.unchanged.medianNanoseconds)
    const growth = Math.max(...more) / (fewest ?? Number.NaN)
    return { rows, atLeast: 1000, growth, growthAtMost: 1.25 }
  } finally {
    await devices.close()
  }
}
