#!/usr/bin/env node
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { Sysfs } from '../index.js'
import { checkOptions, parseArguments, UsageError } from './arguments.js'
import { checkArguments } from './command.js'
import { loadCommand } from './commands.js'
import { type ExitCode, exitCodes } from './exit-code.js'
import { helpOf } from './help.js'
import { printable } from './terminal.js'

async function main(words: readonly string[]): Promise<ExitCode> {
  const { options, positionals } = parseArguments(words)
  if (options.version) {
    process.stdout.write(`${packageVersion()}\n`)
    return exitCodes.found
  }
  const command = await loadCommand(positionals)
  if (options.help) {
    process.stdout.write(await helpOf(command))
    return exitCodes.found
  }
  const args = positionals.slice(1)
  checkOptions(command.name, command.options, options)
  checkArguments(command, args)
  const { backend = 'auto', root } = options
  const sysfs = new Sysfs(root === undefined ? { backend } : { backend, root })
  // Without sysfs every answer would be empty, as if there were no storage.
  if (!isDirectory(sysfs.sysPath)) throw new Error(`there is no sysfs at ${sysfs.sysPath}`)
  return command.run({ sysfs, args, options })
}

function isDirectory(directory: string): boolean {
  return statSync(directory, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function packageVersion(): string {
  // The compiled file and the bundle of the package are equally deep.
  const file = path.join(__dirname, '../../../package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version
}

function report(error: unknown): ExitCode {
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
main(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode
  },
  (error: unknown) => {
    process.exitCode = report(error)
  },
)
