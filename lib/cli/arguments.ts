import { type ParseArgsConfig, parseArgs } from 'node:util'
import type { Detail, SysfsOptions } from '../index.js'

/** The options of all commands, for parseArgs and for the help. */
export const commonOptions = {
  json: { type: 'boolean', short: 'J', description: 'print JSON' },
  root: { type: 'string', argument: 'DIR', description: 'read DIR/sys and DIR/dev, of a host or a recorded machine' },
  backend: { type: 'string', argument: 'NAME', description: 'auto, native or fallback' },
  help: { type: 'boolean', short: 'h', description: 'show this, or the help of a command' },
  version: { type: 'boolean', short: 'V', description: 'show the version' },
} as const satisfies OptionTable

/** Those that only some commands take. */
export const ownOptions = {
  detail: { type: 'string', argument: 'DETAIL', description: 'links, basic or full' },
  columns: {
    type: 'string',
    short: 'o',
    argument: 'LIST',
    description: 'columns, as NAME,SIZE; +WWID adds to the usual',
  },
  bytes: { type: 'boolean', short: 'b', description: 'print sizes in bytes' },
  format: { type: 'string', argument: 'FORMAT', description: 'dot or mermaid' },
  interval: { type: 'string', argument: 'SECONDS', description: 'how long between two looks, 1 by default' },
  count: { type: 'string', short: 'n', argument: 'COUNT', description: 'end after so many' },
  sort: { type: 'string', argument: 'COLUMN', description: 'what stands first' },
  batch: { type: 'boolean', description: 'print one line each time, for files and programs' },
} as const satisfies OptionTable

type OptionTable = Readonly<
  Record<string, NonNullable<ParseArgsConfig['options']>[string] & { argument?: string; description: string }>
>

export type OwnOption = keyof typeof ownOptions
type Backend = NonNullable<SysfsOptions['backend']>
export type OptionValues = ReturnType<typeof parseArguments>['options']

/** The command line makes no sense; the message names the problem. */
export class UsageError extends Error {}

/** The options and the words that are none. Options may stand anywhere; after `--` there are words only. */
export function parseArguments(args: readonly string[]) {
  const { values, positionals } = parse(args)
  const { backend, detail, root } = values
  if (root === '') throw new UsageError('--root must not be empty')
  if (!isOneOf<Backend>(backend, ['auto', 'native', 'fallback'])) {
    throw new UsageError(`--backend must be auto, native or fallback, not '${backend}'`)
  }
  if (!isOneOf<Detail>(detail, ['links', 'basic', 'full'])) {
    throw new UsageError(`--detail must be links, basic or full, not '${detail}'`)
  }
  const intervalMs = values.interval === undefined ? undefined : millisecondsOf(values.interval)
  const count = values.count === undefined ? undefined : countOf(values.count)
  return { options: { ...values, backend, detail, count, intervalMs }, positionals }
}

/** Throws for an option that others take, but not this command. */
export function checkOptions(name: string | null, taken: readonly OwnOption[], options: OptionValues): void {
  for (const option of Object.keys(ownOptions) as OwnOption[]) {
    if (options[option] === undefined || taken.includes(option)) continue
    throw new UsageError(name === null ? `--${option} is for a command` : `${name} takes no --${option}`)
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: { ...commonOptions, ...ownOptions }, allowPositionals: true })
  } catch (error) {
    if (!(error instanceof Error)) throw error
    // parseArgs goes on to tell how it might have been meant, over several lines.
    const [problem = error.message] = error.message.split(/\.\s|\n/)
    throw new UsageError(problem)
  }
}

/** As long as a timer takes at the most. */
const longestSeconds = (2 ** 31 - 1) / 1000

function millisecondsOf(seconds: string): number {
  const milliseconds = Number(seconds) * 1000
  if (!/^\d+(\.\d+)?$/.test(seconds) || !(milliseconds >= 1 && Number(seconds) <= longestSeconds)) {
    throw new UsageError(`--interval must be a number of seconds from 0.001, not '${seconds}'`)
  }
  return milliseconds
}

function countOf(digits: string): number {
  if (!/^[1-9]\d{0,8}$/.test(digits)) throw new UsageError(`--count must be a number from 1, not '${digits}'`)
  return Number(digits)
}

function isOneOf<Word extends string>(value: string | undefined, words: readonly Word[]): value is Word | undefined {
  return value === undefined || words.some((word) => word === value)
}
