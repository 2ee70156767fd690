import type { Finding } from '../index.js'
import { subjectOf, textOf } from './finding-text.js'
import { layOut } from './table.js'
import type { Glyphs, Line } from './terminal.js'

/** A row for each finding. */
export function drawFindings(findings: readonly Finding[], glyphs: Glyphs): readonly Line[] {
  if (findings.length === 0) return [[{ text: 'no findings' }]]
  const rows = findings.map((finding) => ({
    cells: [{ text: subjectOf(finding), style: 'fault' as const }, { text: textOf(finding) }],
  }))
  return layOut(rows, glyphs)
}
