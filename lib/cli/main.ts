#!/usr/bin/env node
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { Sysfs } from '../index.js'
import { checkOptions, parseArguments, UsageError } from './arguments.js'
import { checkArguments, type ExitCode, exitCodes } from './command.js'
import { loadCommand } from './commands.js'
import { helpOf } from './help.js'
import { printable } from './terminal/terminal.js'

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
  // Without sysfs every result is empty, as on a machine without storage.
  if (!isDirectory(sysfs.sysPath)) throw new Error(`no sysfs at ${sysfs.sysPath}`)
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
  // The message may contain arguments. printable() keeps it on one line.
  process.stderr.write(`fast-sysfs: ${printable(message)}${isUsage ? ' (see fast-sysfs --help)' : ''}\n`)
  return isUsage ? exitCodes.usage : exitCodes.failure
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader such as `head` has closed the pipe. This is not an error.
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
