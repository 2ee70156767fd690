// Writes the current output of each example into docs/command-line.md, after a change of the command line's output:
//
//     npm run compile && node dist/scripts/update-command-examples.js
//
// Read the difference before you commit it. test/docs.test.ts fails while the page is not current.

import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { argumentsOf, type CommandExample, withCurrentOutputs } from '../test/support/command-examples.js'
import { unpackRecording } from '../test/support/recordings.js'

const packageRoot = path.resolve(__dirname, '../..')
const page = path.join(packageRoot, 'docs/command-line.md')
const tool = path.join(packageRoot, 'dist/lib/cli/main.js')

async function outputOf(example: CommandExample): Promise<readonly string[]> {
  const root = await unpackRecording(example.recording)
  const { error, stdout, stderr } = spawnSync(process.execPath, [tool, ...argumentsOf(example), '--root', root], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], LANG: 'C.UTF-8' },
  })
  if (error !== undefined) throw error
  return (stdout + stderr).split('\n').slice(0, -1)
}

async function main(): Promise<void> {
  writeFileSync(page, await withCurrentOutputs(readFileSync(page, 'utf8'), outputOf))
}

main()
