import { type Finding, findingsOf } from '../../index.js'
import { type Command, exitCodes } from '../command.js'
import { writeJson, writeLines } from '../terminal/output.js'
import { layOutRows } from '../terminal/table.js'
import type { Glyphs, Line } from '../terminal/terminal.js'
import { subjectOf, textOf } from '../text/finding-text.js'

export const check: Command = {
  name: 'check',
  parameters: [],
  options: [],
  summary: 'report storage faults, such as lost paths',
  description: [
    'The findings are: sessions, disks, ports and controllers that are down; maps',
    'that have fewer working paths than sessions, have a wrong size or are suspended;',
    'paths that are not in a map; phantom LUNs, which the target no longer has.',
    'JSON: { findings: [{ kind, ... }] }, the result of findingsOf in the library.',
  ],
  exitStatus: 'Exit status: 0 no findings, 1 findings, 2 wrong usage, 3 failure',
  run: ({ sysfs, options }) => {
    const snapshot = sysfs.snapshot({ detail: 'full' })
    const findings = findingsOf(snapshot)
    if (options.json) writeJson({ findings })
    else writeLines((glyphs) => drawFindings(findings, glyphs), undefined)
    return findings.length === 0 ? exitCodes.found : exitCodes.nothingFound
  },
}

function drawFindings(findings: readonly Finding[], glyphs: Glyphs): readonly Line[] {
  if (findings.length === 0) return [[{ text: 'no findings' }]]
  const rows = findings.map((finding) => ({
    cells: [{ text: subjectOf(finding), style: 'fault' as const }, { text: textOf(finding) }],
  }))
  return layOutRows(rows, glyphs)
}
