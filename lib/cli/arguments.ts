import { type ParseArgsConfig, parseArgs } from 'node:util'
import type { SysfsOptions } from '../sysfs.js'

/** The options, for parseArgs and for the help. */
export const options = {
  json: { type: 'boolean', description: 'print JSON' },
  root: { type: 'string', argument: 'DIR', description: 'read DIR/sys and DIR/dev, of a host or a recorded machine' },
  backend: { type: 'string', argument: 'NAME', description: 'auto, native or fallback' },
  help: { type: 'boolean', short: 'h', description: 'show this, or the help of a command' },
  version: { type: 'boolean', short: 'V', description: 'show the version' },
} as const satisfies ParseArgsConfig['options'] & Record<string, { argument?: string; description: string }>

type Backend = NonNullable<SysfsOptions['backend']>

/** The command line makes no sense; the message names the problem. */
export class UsageError extends Error {}

/** The options and the words that are none. Options may stand anywhere; after `--` there are words only. */
export function parseArguments(args: readonly string[]) {
  const { values, positionals } = parse(args)
  const { backend, root } = values
  if (root === '') throw new UsageError('--root must not be empty')
  if (backend !== undefined && !isBackend(backend)) {
    throw new UsageError(`--backend must be auto, native or fallback, not '${backend}'`)
  }
  return { values: { ...values, backend }, positionals }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    if (!(error instanceof Error)) throw error
    // parseArgs goes on to tell how it might have been meant, over several lines.
    const [problem = error.message] = error.message.split(/\.\s|\n/)
    throw new UsageError(problem)
  }
}

function isBackend(name: string): name is Backend {
  return name === 'auto' || name === 'native' || name === 'fallback'
}
