import { setTimeout } from 'node:timers/promises'
import { asked, type Command, type Request } from '../command.js'
import { exitCodes } from '../exit-code.js'
import { interruption } from '../interruption.js'
import { writeJson, writeLines } from '../output.js'
import type { Line } from '../terminal.js'
import { checkSortWord, drawActivities, sorted, sortWords, summaryOf } from '../top/activity-table.js'
import { type Activity, DiskActivity } from '../top/disk-activity.js'
import { Screen } from '../top/screen.js'

export const top: Command = {
  name: 'top',
  parameters: ['[DEVICE...]'],
  options: ['interval', 'count', 'sort', 'batch'],
  summary: 'what disks and maps are doing, again and again',
  description: [
    'Requests and bytes a second, the average wait of a request, how many there are at a',
    'time, and for how much of the time there is any, as iostat defines them. Without a',
    'DEVICE all that are in use, but no partitions.',
    `COLUMN is ${sortWords.join(', ')}.`,
    'Keys: s sorts by the next column, q ends it. With --batch, and where the output is no',
    'terminal, a line each time: all disks together and the busiest of them.',
    'JSON: a line each time, { time, devices: [{ device, title, isStacked,',
    '  readsPerSecond, ... }] }, with the rates of the library (DeviceRates).',
  ],
  run: async (request) => {
    const { options } = request
    const sort = options.sort ?? 'busy'
    checkSortWord(sort)
    const activity = asked(() => new DiskActivity(request.sysfs, request.args))
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
  for await (const activities of looks(activity, options, interruption().signal)) {
    const time = new Date()
    if (options.json) writeJson({ time: time.toISOString(), devices: sorted(activities, sort) }, 0)
    else writeLines(() => [[{ text: `${time.toTimeString().slice(0, 8)}  ${summaryOf(activities)}` }]], undefined)
  }
}

async function showLive({ options }: Request, activity: DiskActivity, firstSort: string): Promise<void> {
  const controller = interruption()
  let sort = firstSort
  let activities: readonly Activity[] = activity.look()
  const show = (): void => {
    const head: Line = [{ text: summaryOf(activities) }]
    screen.show((glyphs) => [head, [], ...drawActivities(sorted(activities, sort), sort, glyphs)])
  }
  const screen = new Screen(process.stdout, process.stdin, (key) => {
    // In raw mode Ctrl-C is a key.
    if (key === 'q' || key === '\x03') controller.abort()
    if (key !== 's') return
    sort = sortWords[(sortWords.indexOf(sort) + 1) % sortWords.length] as string
    show()
  })
  try {
    show()
    for await (const latest of looks(activity, options, controller.signal)) {
      activities = latest
      show()
    }
  } finally {
    screen.close()
  }
}

/** One after every interval, until it is aborted or there were as many as wanted. */
async function* looks(
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
    yield activity.look()
  }
}
