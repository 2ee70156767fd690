import type { Sysfs } from '../index.js'
import { type OptionValues, type OwnOption, UsageError } from './arguments.js'
import { type ExitCode, exitCodes } from './exit-code.js'
import { writeJson, writeLines } from './output.js'
import type { Glyphs, Line } from './terminal.js'

export interface Command {
  /** `null` for what is done without a command. */
  readonly name: string | null
  /** What stands after the name, as the help shows it; the last may be `[DEVICE...]`, as many as one likes. */
  readonly parameters: readonly string[]
  /** Its options besides those that all commands have. */
  readonly options: readonly OwnOption[]
  /** What the list of commands says of it. */
  readonly summary: string
  /** What else there is to know, and the keys of the JSON. */
  readonly description: readonly string[]
  readonly run: (request: Request) => ExitCode | Promise<ExitCode>
}

/** What the command line asks of a command. */
export interface Request {
  readonly sysfs: Sysfs
  /** As many as the command has parameters. */
  readonly args: readonly string[]
  readonly options: OptionValues
}

/** What a command that answers once has to say. */
export interface Answer {
  /** Whether to end with 0, which is found; else with 1. */
  readonly isFound: boolean
  /** What --json prints. */
  readonly json: Readonly<Record<string, unknown>>
  readonly draw: (glyphs: Glyphs) => readonly Line[]
  /** What to say on standard error where that draws nothing. */
  readonly nothing?: string
}

interface AnsweringCommand extends Omit<Command, 'run' | 'options'> {
  readonly options?: readonly OwnOption[]
  readonly answer: (request: Request) => Answer
}

/** A command that answers once: in lines, or with --json in JSON. */
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

/** Throws where a command is given fewer or more words than it has parameters. */
export function checkArguments({ name, parameters }: Command, args: readonly string[]): void {
  const required = parameters.filter((parameter) => !parameter.startsWith('['))
  const missing = required.slice(args.length)
  if (missing.length > 0) throw new UsageError(`${name}: missing ${missing.join(' ')}`)
  const unexpected = required.length < parameters.length ? undefined : args[parameters.length]
  if (unexpected !== undefined) throw new UsageError(`${name}: unexpected '${unexpected}'`)
}

/** Arguments that make no sense are found by the library itself. */
export function asked<Result>(question: () => Result): Result {
  try {
    return question()
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw new UsageError(error.message)
    throw error
  }
}
