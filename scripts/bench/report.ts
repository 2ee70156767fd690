import { addon, bareLoop, bareLoopOneThread, fallback, naive, type Targets } from './benchmark.js'
import type { Crossing } from './crossing.js'
import type { TodayRow } from './forked-tools.js'
import type { Samples, Timing } from './measure.js'
import type { Memory } from './memory.js'
import type { MonitorMeasurement } from './monitor.js'

export interface Ratio {
  readonly of: string
  readonly to: string
  /** The median of the rounds' ratios. */
  readonly ratio: number
  readonly target?: { readonly atMost: number } | { readonly atLeast: number }
  readonly met?: boolean
}

export interface Result {
  readonly place: string
  readonly question: string
  readonly ratios: readonly Ratio[]
  readonly timings: Readonly<Record<string, Timing>>
}

const contenders = [addon, fallback, naive, bareLoop, bareLoopOneThread]

export function resultOf(place: string, question: string, targets: Targets, samples: Samples): Result {
  const ratios: Ratio[] = []
  if (samples.has(bareLoop)) {
    ratios.push(atMost(samples, addon, bareLoop, targets.floor))
    ratios.push({ of: addon, to: bareLoopOneThread, ratio: samples.ratio(addon, bareLoopOneThread) })
  }
  ratios.push(atLeast(samples, naive, addon, targets.naive))
  ratios.push(atLeast(samples, fallback, addon, targets.fallback))
  const present = contenders.filter((name) => samples.has(name))
  return {
    place,
    question,
    ratios,
    timings: Object.fromEntries(present.map((name) => [name, samples.timing(name)])),
  }
}

function atMost(samples: Samples, of: string, to: string, limit: number): Ratio {
  const ratio = samples.ratio(of, to)
  return { of, to, ratio, target: { atMost: limit }, met: ratio <= limit }
}

function atLeast(samples: Samples, of: string, to: string, limit: number | undefined): Ratio {
  const ratio = samples.ratio(of, to)
  return limit === undefined ? { of, to, ratio } : { of, to, ratio, target: { atLeast: limit }, met: ratio >= limit }
}

/** For each place the ratios with their targets, then the times in microseconds, median and minimum. */
export function table(results: readonly Result[]): string {
  const places = new Set(results.map((result) => result.place))
  const tables = Array.from(places, (place) => {
    const ofPlace = results.filter((result) => result.place === place)
    return placeTable(place, ofPlace)
  })
  return tables.join('\n')
}

/** What is used today, by the clock: the times, and how many times as long lsblk takes as each answer. */
export function todayTable(place: string, rows: readonly TodayRow[]): string {
  return [
    `${place}: what is used today\n`,
    aligned([
      ['microseconds by the clock, with the processes that are started', 'median (minimum)', 'lsblk -J -O takes'],
      ...rows.map(({ name, timing, lsblkTakes, atLeast }) => [
        name,
        timingText(timing),
        lsblkTakes === undefined ? '' : takesText(lsblkTakes, atLeast),
      ]),
    ]),
  ].join('\n')
}

function takesText(takes: number, atLeast: number | undefined): string {
  const shown = `${significant(takes)}x`
  return atLeast === undefined ? shown : `${shown} (>= ${atLeast} ${takes >= atLeast ? 'met' : 'MISSED'})`
}

export function crossingLine({ rows, nanosecondsPerRow, atMost }: Crossing): string {
  const met = nanosecondsPerRow <= atMost ? 'met' : 'MISSED'
  return `Rows of 8 fields (${rows}): ${significant(nanosecondsPerRow)} ns each after the native call (<= ${atMost} ${met})\n`
}

/** What a monitor's snapshot costs where nothing happened, beside a new one. */
export function monitorTable({ rows, atLeast, growth, growthAtMost }: MonitorMeasurement): string {
  const most = rows.at(-1)?.blockDevices
  return [
    'real sysfs: a kept snapshot\n',
    aligned([
      ['microseconds of processor time: median (minimum)', 'unchanged', 'refreshed', 'a new one', 'takes'],
      ...rows.map(({ blockDevices, unchanged, refresh, oneShot, oneShotTakes }) => [
        `${blockDevices} block devices`,
        ...[unchanged, refresh, oneShot].map(timingText),
        // The target is for a thousand devices.
        most === blockDevices && blockDevices >= 1000
          ? takesText(oneShotTakes, atLeast)
          : takesText(oneShotTakes, undefined),
      ]),
    ]),
    `  unchanged, the most to the fewest devices: ${significant(growth)}x (<= ${growthAtMost} ${growth <= growthAtMost ? 'met' : 'MISSED'})\n`,
  ].join('\n')
}

export function memoryTable(rows: readonly Memory[]): string {
  const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1)
  return aligned([
    ['mebibytes', 'block devices', 'held by the snapshot', 'peak of the process', 'before it'],
    ...rows.map(({ detail, blockDevices, heldBytes, peakBytes, peakBytesBefore }) => [
      ...[`snapshot, ${detail}`, String(blockDevices), mebibytes(heldBytes)],
      ...[mebibytes(peakBytes), mebibytes(peakBytesBefore)],
    ]),
  ])
}

function placeTable(place: string, results: readonly Result[]): string {
  const { ratios, timings } = results[0] as Result
  return [
    `${place}\n`,
    aligned([
      ['times as long', ...ratios.map(({ of, to }) => `${of} / ${to}`)],
      ...results.map((result) => [result.question, ...result.ratios.map(ratioText)]),
    ]),
    aligned([
      ['microseconds of processor time: median (minimum)', ...Object.keys(timings)],
      ...results.map((result) => [result.question, ...Object.values(result.timings).map(timingText)]),
    ]),
  ].join('\n')
}

function ratioText({ ratio, target, met }: Ratio): string {
  const shown = `${significant(ratio)}x`
  if (target === undefined) return shown
  const limit = 'atMost' in target ? `<= ${target.atMost.toFixed(2)}` : `>= ${target.atLeast}`
  return `${shown} (${limit} ${met === true ? 'met' : 'MISSED'})`
}

function timingText({ medianNanoseconds, minimumNanoseconds }: Timing): string {
  return `${significant(medianNanoseconds / 1000)} (${significant(minimumNanoseconds / 1000)})`
}

/** Three digits, without an exponent. */
function significant(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(3)
}

/** The first column to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widthOf = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0))
  const cellOf = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widthOf(0)) : cell.padStart(widthOf(column))
  return rows.map((row) => `  ${row.map(cellOf).join('   ')}\n`).join('')
}
