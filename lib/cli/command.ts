import type { Sysfs } from '../index.js'
import { type OptionValues, type OwnOption, UsageError } from './arguments.js'
import { writeJson, writeLines } from './terminal/output.js'
import type { Glyphs, Line } from './terminal/terminal.js'

/** The exit codes of the process. The help lists them. */
export const exitCodes = { found: 0, nothingFound: 1, usage: 2, failure: 3 } as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

export interface Command {
  /** `null` for the command that runs if the command line names none. */
  readonly name: string | null
  /** The arguments after the name, as the help shows them. The last one may be `[DEVICE...]`, for any number. */
  readonly parameters: readonly string[]
  /** The options that the command takes besides the common options. */
  readonly options: readonly OwnOption[]
  /** The line in the list of commands: an imperative, without a capital and a full stop. */
  readonly summary: string
  /** The lines of the help after the summary, with the keys of the JSON output. */
  readonly description: readonly string[]
  /** The exit status of a command that differs from the others. */
  readonly exitStatus?: string
  readonly run: (request: Request) => ExitCode | Promise<ExitCode>
}

/** What a command runs with. */
export interface Request {
  readonly sysfs: Sysfs
  /** The arguments after the command's name. checkArguments has checked their number. */
  readonly args: readonly string[]
  readonly options: OptionValues
}

/** The answer of a command that reads sysfs once. */
export interface Answer {
  /** The exit code is 0 if this is true, and 1 if it is false. */
  readonly isFound: boolean
  /** The output with --json. */
  readonly json: Readonly<Record<string, unknown>>
  readonly draw: (glyphs: Glyphs) => readonly Line[]
  /** The message on standard error if `draw` returns no lines. */
  readonly nothing?: string
}

interface AnsweringCommand extends Omit<Command, 'run' | 'options'> {
  readonly options?: readonly OwnOption[]
  readonly answer: (request: Request) => Answer
}

/** Makes a command that reads sysfs once and prints lines, or JSON with --json. */
export function answering({ answer, options = [], ...command }: AnsweringCommand): Command {
  return {
    ...command,
    options,
    run: (request) => {
      const { isFound, json, draw, nothing } = answer(request)
      if (request.options.json) writeJson(json)
      else writeLines(draw, nothing)
      return isFound ? exitCodes.found : exitCodes.nothingFound
    },
  }
}

/** @throws {UsageError} if the number of arguments differs from the number of parameters */
export function checkArguments({ name, parameters }: Command, args: readonly string[]): void {
  const required = parameters.filter((parameter) => !parameter.startsWith('['))
  const missing = required.slice(args.length)
  if (missing.length > 0) throw new UsageError(`${name}: missing argument ${missing.join(' ')}`)
  const unexpected = required.length < parameters.length ? undefined : args[parameters.length]
  if (unexpected !== undefined) throw new UsageError(`${name}: unexpected argument '${unexpected}'`)
}

/**
 * Runs a library call that checks the user's arguments. Reports a TypeError or RangeError of the call as wrong usage.
 * `call` must contain only that library call, because any other error of these types is a bug of this program.
 */
export function checkedCall<Result>(call: () => Result): Result {
  try {
    return call()
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw new UsageError(error.message)
    throw error
  }
}

/**
 * Returns a controller that SIGINT (Ctrl-C) or SIGTERM aborts. A command that runs until it is interrupted uses it. A
 * second signal terminates the process.
 */
export function abortOnInterrupt(): AbortController {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  process.once('SIGINT', abort)
  process.once('SIGTERM', abort)
  controller.signal.addEventListener('abort', () => {
    process.off('SIGINT', abort)
    process.off('SIGTERM', abort)
  })
  return controller
}
