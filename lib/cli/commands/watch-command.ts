import { abortOnInterrupt, type Command, exitCodes } from '../command.js'
import { writeJson, writeLines } from '../terminal/output.js'
import { changeText } from '../text/change-text.js'

export const watch: Command = {
  name: 'watch',
  parameters: [],
  options: ['detail', 'interval', 'count'],
  summary: 'print changes as they happen, until interrupted',
  description: [
    "The kernel's uevents report the changes. Values that change without a uevent,",
    'such as states, are read every SECONDS. If no uevents reach this process, for',
    'example in a container, everything is read every SECONDS. DETAIL is links, basic',
    'or full (the default). COUNT is a number of changes.',
    'JSON: one line per change, { time, kind: "added" | "removed" | "changed", what,',
    '  name, before, after, fields }',
  ],
  run: async ({ sysfs, options: { detail = 'full', intervalMs = 1000, count = Number.POSITIVE_INFINITY, json } }) => {
    const { signal } = abortOnInterrupt()
    let left = count
    for await (const change of sysfs.watch({ detail, intervalMs, signal })) {
      const time = new Date()
      if (json) writeJson({ time: time.toISOString(), ...change }, 0)
      else writeLines(({ arrow }) => [[{ text: `${timeOfDay(time)} ${changeText(change, arrow)}` }]], undefined)
      if (--left === 0) break
    }
    return exitCodes.found
  },
}

/** The local time. */
function timeOfDay(time: Date): string {
  return time.toTimeString().slice(0, 8)
}
