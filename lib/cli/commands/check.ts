import { findingsOf } from '../../index.js'
import type { Command } from '../command.js'
import { exitCodes } from '../exit-code.js'
import { drawFindings } from '../finding-list.js'
import { writeJson, writeLines } from '../output.js'

export const check: Command = {
  name: 'check',
  parameters: [],
  options: [],
  summary: 'what an operator should look at, with what shows it',
  description: [
    'Lost sessions, disks, ports and controllers; maps with fewer paths than',
    'sessions, of another size or suspended; paths in no map; phantom LUNs, which the',
    'target does not have any more, as far as sysfs shows.',
    'Ends with 1 when there are any, else with 0.',
    'JSON: { findings: [{ kind, ... }] }, as findingsOf of the library.',
  ],
  run: ({ sysfs, options }) => {
    const snapshot = sysfs.snapshot({ detail: 'full' })
    const findings = findingsOf(snapshot)
    if (options.json) writeJson({ findings })
    else writeLines((glyphs) => drawFindings(findings, glyphs), undefined)
    return findings.length === 0 ? exitCodes.found : exitCodes.nothingFound
  },
}
