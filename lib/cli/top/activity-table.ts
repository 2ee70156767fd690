import { inNamingOrder } from '../inventory/names.js'
import { type Cell, layOutRows } from '../terminal/table.js'
import type { Glyphs, Line } from '../terminal/terminal.js'
import { formatSize } from '../text/quantity.js'
import type { Activity } from './disk-activity.js'

interface ActivityColumn {
  readonly title: string
  /** The value of `--sort` that selects the column. */
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

/** The values of `--sort`, in the order in which the key `s` selects them. */
export const sortWords: readonly string[] = [
  'busy',
  ...columns.map(({ word }) => word).filter((word) => word !== 'busy'),
  'name',
]

/** Sorts by a column, the largest value first. Equal values are sorted by name. */
export function sorted(activities: readonly Activity[], word: string): readonly Activity[] {
  const amountOf = columns.find((column) => column.word === word)?.amount ?? (() => 0)
  return activities.toSorted((a, b) => amountOf(b) - amountOf(a) || inNamingOrder(a.title, b.title))
}

/** Draws a heading and one row for each device. The heading of the sort column is bold. */
export function drawActivities(activities: readonly Activity[], word: string, glyphs: Glyphs): readonly Line[] {
  const title = (text: string, isChosen: boolean): Cell => ({ text, style: isChosen ? 'title' : 'faint' })
  return layOutRows(
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

/** Sums up the activity of all disks and names the busiest. The disks below stacked devices do their I/O. */
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

/** The kernel counts busy time in ticks, so the value may exceed 100 %. */
function percent(part: number): string {
  return `${Math.min(100, Math.round(part * 100))}%`
}
