#!/usr/bin/env node
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { Sysfs } from '../sysfs.js'
import { parseArguments, UsageError } from './arguments.js'
import { type Answer, findCommand } from './commands.js'
import { helpOf } from './help.js'
import { printable, renderLine, terminalOf } from './terminal.js'

/** What the process ends with; the help tells them too. */
const exitCodes = { found: 0, nothingFound: 1, usage: 2, failure: 3 } as const

function main(args: readonly string[]): number {
  const { values, positionals } = parseArguments(args)
  if (values.version) {
    process.stdout.write(`${packageVersion()}\n`)
    return exitCodes.found
  }
  const command = findCommand(positionals)
  if (values.help) {
    process.stdout.write(helpOf(command))
    return exitCodes.found
  }
  const { json, backend = 'auto', root } = values
  const sysfs = new Sysfs(root === undefined ? { backend } : { backend, root })
  const answer = command.run(sysfs, positionals.slice(1))
  // Without sysfs every answer is empty, which would look as if there were no storage.
  if (!answer.isFound && !isDirectory(sysfs.sysPath)) throw new Error(`there is no sysfs at ${sysfs.sysPath}`)

  if (json) process.stdout.write(toJson(answer.json))
  else print(answer)
  return answer.isFound ? exitCodes.found : exitCodes.nothingFound
}

function print({ draw, nothing }: Answer): void {
  const terminal = terminalOf(process.stdout, process.env)
  const lines = draw(terminal.glyphs).map((line) => `${renderLine(line, terminal)}\n`)
  if (lines.length > 0) process.stdout.write(lines.join(''))
  else if (nothing !== undefined) process.stderr.write(`fast-sysfs: ${printable(nothing)}\n`)
}

function isDirectory(directory: string): boolean {
  return statSync(directory, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** JSON.stringify leaves as they are the control characters beyond ASCII, which steer some terminals. */
function toJson(value: unknown): string {
  const json = JSON.stringify(value, null, 2)
  return `${json.replace(/[\x7f-\x9f]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`)}\n`
}

function packageVersion(): string {
  const file = path.join(__dirname, '../../../package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version
}

function report(error: unknown): number {
  const isUsage = error instanceof UsageError
  const message = error instanceof Error ? error.message : String(error)
  // A message is one line, whatever is in the arguments it mentions.
  process.stderr.write(`fast-sysfs: ${printable(message)}${isUsage ? ' (see fast-sysfs --help)' : ''}\n`)
  return isUsage ? exitCodes.usage : exitCodes.failure
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // `| head` has seen enough.
  process.exit(error.code === 'EPIPE' ? process.exitCode : report(error))
})
process.stderr.on('error', () => {})
try {
  process.exitCode = main(process.argv.slice(2))
} catch (error) {
  process.exitCode = report(error)
}
