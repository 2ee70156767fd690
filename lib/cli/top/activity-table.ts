import { UsageError } from '../arguments.js'
import { inNamingOrder } from '../order.js'
import { formatSize } from '../quantity.js'
import { type Cell, layOut } from '../table.js'
import type { Glyphs, Line } from '../terminal.js'
import type { Activity } from './disk-activity.js'

interface ActivityColumn {
  readonly title: string
  /** What `--sort` and the key `s` call it; what has the most of it stands first. */
  readonly word: string
  readonly amount: (activity: Activity) => number
  readonly text: (amount: number) => string
}

const columns: readonly ActivityColumn[] = [
  { title: 'r/s', word: 'reads', amount: ({ readsPerSecond }) => readsPerSecond, text: tenths },
  { title: 'w/s', word: 'writes', amount: ({ writesPerSecond }) => writesPerSecond, text: tenths },
  { title: 'rB/s', word: 'read', amount: ({ readBytesPerSecond }) => readBytesPerSecond, text: wholeBytes },
  { title: 'wB/s', word: 'written', amount: ({ writeBytesPerSecond }) => writeBytesPerSecond, text: wholeBytes },
  { title: 'wait ms', word: 'wait', amount: ({ waitMilliseconds }) => waitMilliseconds, text: tenths },
  { title: 'queue', word: 'queue', amount: ({ queueDepth }) => queueDepth, text: tenths },
  { title: 'busy', word: 'busy', amount: ({ utilization }) => utilization, text: percent },
]

export const sortWords: readonly string[] = [
  'busy',
  ...columns.map(({ word }) => word).filter((word) => word !== 'busy'),
  'name',
]

/** Throws for a word that is no column. */
export function checkSortWord(word: string): void {
  if (!sortWords.includes(word)) throw new UsageError(`--sort must be one of ${sortWords.join(', ')}, not '${word}'`)
}

/** With the most of something first; those that have as much of it by name. */
export function sorted(activities: readonly Activity[], word: string): readonly Activity[] {
  const amountOf = columns.find((column) => column.word === word)?.amount ?? (() => 0)
  return activities.toSorted((a, b) => amountOf(b) - amountOf(a) || inNamingOrder(a.title, b.title))
}

/** A row for each, after one with the titles; the one it is sorted by stands out. */
export function drawActivities(activities: readonly Activity[], word: string, glyphs: Glyphs): readonly Line[] {
  const title = (text: string, isChosen: boolean): Cell => ({ text, style: isChosen ? 'title' : 'faint' })
  return layOut(
    [
      {
        cells: [
          title('name', word === 'name'),
          ...columns.map((column) => ({ ...title(column.title, column.word === word), align: 'right' as const })),
        ],
      },
      ...activities.map((activity) => ({
        cells: [
          { text: activity.title },
          ...columns.map(({ amount, text }) => ({ text: text(amount(activity)), align: 'right' as const })),
        ],
        details: [{ text: barOf(activity.utilization, glyphs) }],
      })),
    ],
    glyphs,
  )
}

/** All disks together, and which of them is the busiest. What is made of disks does their work and is not added. */
export function summaryOf(activities: readonly Activity[]): string {
  const disks = activities.filter(({ isStacked }) => !isStacked)
  const sum = (amount: (activity: Activity) => number): number => disks.reduce((total, disk) => total + amount(disk), 0)
  const [busiest] = sorted(disks, 'busy')
  return [
    `${tenths(sum(({ readsPerSecond }) => readsPerSecond))} r/s`,
    `${tenths(sum(({ writesPerSecond }) => writesPerSecond))} w/s`,
    `${wholeBytes(sum(({ readBytesPerSecond }) => readBytesPerSecond))} read/s`,
    `${wholeBytes(sum(({ writeBytesPerSecond }) => writeBytesPerSecond))} written/s`,
    ...(busiest === undefined ? [] : [`${busiest.title} ${percent(busiest.utilization)} busy`]),
  ].join('  ')
}

const barWidth = 10

function barOf(part: number, { bar, barRest }: Glyphs): string {
  const filled = Math.min(barWidth, Math.round(part * barWidth))
  return bar.repeat(filled) + barRest.repeat(barWidth - filled)
}

function tenths(amount: number): string {
  return amount >= 100 ? String(Math.round(amount)) : amount.toFixed(1)
}

function wholeBytes(amount: number): string {
  return formatSize(Math.round(amount))
}

/** The kernel counts in ticks, so that there may be a little more than all. */
function percent(part: number): string {
  return `${Math.min(100, Math.round(part * 100))}%`
}
