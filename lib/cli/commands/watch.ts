import { changeText } from '../change-text.js'
import type { Command } from '../command.js'
import { exitCodes } from '../exit-code.js'
import { interruption } from '../interruption.js'
import { writeJson, writeLines } from '../output.js'

export const watch: Command = {
  name: 'watch',
  parameters: [],
  options: ['detail', 'interval', 'count'],
  summary: 'changes as they happen, until Ctrl-C',
  description: [
    "They come with the kernel's uevents, or where none reach this process (in a",
    'container, of another tree) by comparing every SECONDS. So often is also looked at',
    'what changes without an event, states above all. DETAIL is links, basic or full',
    '(the default).',
    'JSON: a line for each, { time, kind: "added" | "removed" | "changed", what, name,',
    '  before, after, fields }',
  ],
  run: async ({ sysfs, options: { detail = 'full', intervalMs = 1000, count = Number.POSITIVE_INFINITY, json } }) => {
    const { signal } = interruption()
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

/** By the local clock. */
function timeOfDay(time: Date): string {
  return time.toTimeString().slice(0, 8)
}
