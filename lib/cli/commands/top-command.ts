import { setTimeout } from 'node:timers/promises'
import { UsageError } from '../arguments.js'
import { abortOnInterrupt, type Command, checkedCall, exitCodes, type Request } from '../command.js'
import { writeJson, writeLines } from '../terminal/output.js'
import { Screen } from '../terminal/screen.js'
import type { Line } from '../terminal/terminal.js'
import { drawActivities, sorted, sortWords, summaryOf } from '../top/activity-table.js'
import { type Activity, DiskActivity } from '../top/disk-activity.js'

export const top: Command = {
  name: 'top',
  parameters: ['[DEVICE...]'],
  options: ['interval', 'count', 'sort', 'batch'],
  summary: 'show the activity of disks and maps continuously',
  description: [
    'The columns are requests and bytes per second, average wait, queue depth and',
    'busy time, as iostat defines them. DEVICE is a kernel name or a path. The',
    'default is all devices in use except partitions.',
    `COLUMN is ${sortWords.join(', ')}.`,
    'COUNT is a number of intervals.',
    'Keys: s sorts by the next column, q quits. With --batch, or if the output is not',
    'a terminal, one line per interval sums up all disks and names the busiest.',
    'JSON: one line per interval, { time, devices: [{ device, title, isStacked,',
    '  readsPerSecond, ... }] }, with the rates of the library (DeviceRates).',
  ],
  run: async (request) => {
    const { options } = request
    const sort = options.sort ?? 'busy'
    if (!sortWords.includes(sort)) {
      throw new UsageError(`--sort must be one of ${sortWords.join(', ')}, not '${sort}'`)
    }
    const { args, sysfs } = request
    const activity = new DiskActivity(sysfs, (inUse) =>
      checkedCall(() => sysfs.sampler({ devices: args.length > 0 ? args : inUse })),
    )
    try {
      const isLive = !options.json && !options.batch && process.stdout.isTTY
      await (isLive ? showLive(request, activity, sort) : printLines(request, activity, sort))
    } finally {
      activity.close()
    }
    return exitCodes.found
  },
}

async function printLines({ options }: Request, activity: DiskActivity, sort: string): Promise<void> {
  for await (const activities of measurements(activity, options, abortOnInterrupt().signal)) {
    const time = new Date()
    if (options.json) writeJson({ time: time.toISOString(), devices: sorted(activities, sort) }, 0)
    else writeLines(() => [[{ text: `${time.toTimeString().slice(0, 8)}  ${summaryOf(activities)}` }]], undefined)
  }
}

async function showLive({ options }: Request, activity: DiskActivity, firstSort: string): Promise<void> {
  const controller = abortOnInterrupt()
  let sort = firstSort
  let activities: readonly Activity[] = activity.measure()
  const show = (): void => {
    const head: Line = [{ text: summaryOf(activities) }]
    screen.show((glyphs) => [head, [], ...drawActivities(sorted(activities, sort), sort, glyphs)])
  }
  const screen = new Screen(process.stdout, process.stdin, (key) => {
    // In raw mode Ctrl-C is a key and sends no signal.
    if (key === 'q' || key === '\x03') controller.abort()
    if (key !== 's') return
    sort = sortWords[(sortWords.indexOf(sort) + 1) % sortWords.length] as string
    show()
  })
  try {
    show()
    for await (const latest of measurements(activity, options, controller.signal)) {
      activities = latest
      show()
    }
  } finally {
    screen.close()
  }
}

/** Measures after every interval, `count` times or until it is aborted. */
async function* measurements(
  activity: DiskActivity,
  { intervalMs = 1000, count = Number.POSITIVE_INFINITY }: Request['options'],
  signal: AbortSignal,
): AsyncGenerator<readonly Activity[]> {
  for (let left = count; left > 0; left--) {
    try {
      await setTimeout(intervalMs, undefined, { signal })
    } catch (error) {
      if (signal.aborted) return
      throw error
    }
    yield activity.measure()
  }
}
