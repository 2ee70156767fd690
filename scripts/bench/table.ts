import { type Comparison, isMet, type ResultTable, type Target } from './results.js'

export interface Table {
  readonly title: string
  /** What the table shows, in one or two sentences. */
  readonly note: string
  readonly columns: readonly string[]
  /** The columns after these have numbers, which are aligned to the right. */
  readonly textColumns: number
  readonly rows: readonly (readonly string[])[]
}

export function tableOf({ title, note, rows }: ResultTable): Table {
  return {
    title,
    note,
    columns: ['measured', 'implementation', 'median', 'minimum', 'spread', 'compared', 'value', 'target', 'result'],
    textColumns: 2,
    rows: rows.map(({ benchmark, implementation, timing, comparison }, index) => [
      benchmark === rows[index - 1]?.benchmark ? '' : benchmark,
      implementation,
      duration(timing.medianNanoseconds),
      duration(timing.minimumNanoseconds),
      `${(timing.spread * 100).toFixed(0)} %`,
      ...(comparison === undefined ? ['', '', '', ''] : comparisonCells(comparison)),
    ]),
  }
}

/** The number of targets that are met, by comparison, and the range of the values. */
export function targetsTable(tables: readonly ResultTable[]): Table {
  const byName = new Map<string, Comparison[]>()
  for (const { comparison } of tables.flatMap(({ rows }) => rows)) {
    if (comparison?.target === undefined) continue
    byName.set(comparison.name, [...(byName.get(comparison.name) ?? []), comparison])
  }
  const all = [...byName.values()].flat()
  return {
    title: 'Targets',
    note: `${all.filter(isMet).length} of ${all.length} targets are met. The other tables have each result with its target.`,
    columns: ['compared', 'targets', 'met', 'smallest value', 'largest value'],
    textColumns: 1,
    rows: Array.from(byName, ([name, comparisons]) => {
      const sorted = comparisons.toSorted((a, b) => a.value - b.value)
      return [
        name,
        String(comparisons.length),
        String(comparisons.filter(isMet).length),
        ...[sorted[0], sorted.at(-1)].map((comparison) => (comparison === undefined ? '' : valueText(comparison))),
      ]
    }),
  }
}

function valueText({ value, unit }: Comparison): string {
  return unit === 'times' ? `${significant(value)}×` : duration(value)
}

function comparisonCells(comparison: Comparison): readonly string[] {
  const { name, unit, target } = comparison
  const met = isMet(comparison)
  return [
    name,
    valueText(comparison),
    target === undefined ? '' : targetText(target, unit),
    met === undefined ? '' : met ? 'met' : 'missed',
  ]
}

function targetText(target: Target, unit: Comparison['unit']): string {
  const limit = 'atMost' in target ? target.atMost : target.atLeast
  return `${'atMost' in target ? '≤' : '≥'} ${unit === 'times' ? `${limit}×` : `${limit} ns`}`
}

function duration(nanoseconds: number): string {
  if (nanoseconds < 1e3) return `${significant(nanoseconds)} ns`
  if (nanoseconds < 1e6) return `${significant(nanoseconds / 1e3)} µs`
  return `${significant(nanoseconds / 1e6)} ms`
}

/** Three digits, without an exponent. */
function significant(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

export function plainText({ title, note, columns, textColumns, rows }: Table): string {
  const all = rows.length === 0 ? [] : [columns, ...rows]
  const widths = columns.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const cell = (text: string, column: number) =>
    column < textColumns ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0)
  return [title, note, '', ...all.map((row) => `  ${row.map(cell).join('   ').trimEnd()}`), ''].join('\n')
}

export function markdown({ title, note, columns, textColumns, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const escaped = (text: string) => text.replaceAll(/[|*_<>]/g, '\\$&')
  const lines = [
    line(columns),
    line(columns.map((_, column) => (column < textColumns ? '---' : '---:'))),
    ...rows.map((row) => line(row.map(escaped))),
  ]
  return [`## ${title}`, '', note, '', ...(rows.length === 0 ? [] : [...lines, ''])].join('\n')
}
