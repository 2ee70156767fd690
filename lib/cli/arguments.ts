import { type ParseArgsConfig, parseArgs } from 'node:util'
import type { Detail, SysfsOptions } from '../index.js'

/** The options of every command. parseArgs and the help use this table. */
export const commonOptions = {
  json: { type: 'boolean', short: 'J', description: 'print JSON' },
  root: { type: 'string', argument: 'DIR', description: 'read DIR/sys and DIR/dev instead of /sys and /dev' },
  backend: { type: 'string', argument: 'NAME', description: 'auto, native or fallback (default: auto)' },
  help: { type: 'boolean', short: 'h', description: 'print this help, or the help of the command' },
  version: { type: 'boolean', short: 'V', description: 'print the version' },
} as const satisfies OptionTable

/** The options that only some commands take. */
export const ownOptions = {
  detail: { type: 'string', argument: 'DETAIL', description: 'how much to read: links, basic or full' },
  columns: {
    type: 'string',
    short: 'o',
    argument: 'LIST',
    description: 'columns to print: NAME,SIZE; +WWID adds to the default',
  },
  bytes: { type: 'boolean', short: 'b', description: 'print sizes in bytes' },
  format: { type: 'string', argument: 'FORMAT', description: 'dot or mermaid (default: dot)' },
  interval: { type: 'string', argument: 'SECONDS', description: 'time between two readings (default: 1)' },
  count: { type: 'string', short: 'n', argument: 'COUNT', description: 'exit after COUNT outputs' },
  sort: { type: 'string', argument: 'COLUMN', description: 'sort by this column (default: busy)' },
  batch: { type: 'boolean', description: 'print one summary line per interval' },
} as const satisfies OptionTable

type OptionTable = Readonly<
  Record<string, NonNullable<ParseArgsConfig['options']>[string] & { argument?: string; description: string }>
>

export type OwnOption = keyof typeof ownOptions
type Backend = NonNullable<SysfsOptions['backend']>
export type OptionValues = ReturnType<typeof parseArguments>['options']

/** The command line is wrong. The message names the problem. */
export class UsageError extends Error {}

/**
 * Returns the options and the other words of the command line. Options may be anywhere before `--`.
 *
 * @throws {UsageError} for an unknown option or a wrong value
 */
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

/** @throws {UsageError} for an option that only other commands take */
export function checkOptions(name: string | null, taken: readonly OwnOption[], options: OptionValues): void {
  for (const option of Object.keys(ownOptions) as OwnOption[]) {
    if (options[option] === undefined || taken.includes(option)) continue
    throw new UsageError(name === null ? `--${option} requires a command` : `${name} does not take --${option}`)
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: { ...commonOptions, ...ownOptions }, allowPositionals: true })
  } catch (error) {
    if (!(error instanceof Error)) throw error
    // parseArgs appends suggestions, which may span several lines.
    const [problem = error.message] = error.message.split(/\.\s|\n/)
    throw new UsageError(problem)
  }
}

/** The longest delay of a timer in Node.js. */
const longestSeconds = (2 ** 31 - 1) / 1000

function millisecondsOf(seconds: string): number {
  const milliseconds = Number(seconds) * 1000
  if (!/^\d+(\.\d+)?$/.test(seconds) || !(milliseconds >= 1 && Number(seconds) <= longestSeconds)) {
    throw new UsageError(
      `--interval must be a number of seconds from 0.001 to ${Math.floor(longestSeconds)}, not '${seconds}'`,
    )
  }
  return milliseconds
}

function countOf(digits: string): number {
  if (!/^[1-9]\d{0,8}$/.test(digits)) {
    throw new UsageError(`--count must be an integer from 1 to 999999999, not '${digits}'`)
  }
  return Number(digits)
}

function isOneOf<Word extends string>(value: string | undefined, words: readonly Word[]): value is Word | undefined {
  return value === undefined || words.some((word) => word === value)
}
