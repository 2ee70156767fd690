import { commonOptions, ownOptions } from './arguments.js'
import type { Command } from './command.js'
import { loadAllCommands } from './commands.js'

/** Returns the help of a command. The command without a name has the help of the tool. */
export async function helpOf(command: Command): Promise<string> {
  const help = command.name === null ? toolHelp(command, await loadAllCommands()) : commandHelp(command)
  return [...help, '', command.exitStatus ?? exitStatus, ''].join('\n')
}

const exitStatus = 'Exit status: 0 found, 1 nothing found, 2 wrong usage, 3 failure'

function toolHelp({ description }: Command, commands: readonly Command[]): readonly string[] {
  return [
    'Usage: fast-sysfs [COMMAND] [OPTIONS]',
    '',
    'Show the block storage of a machine as Linux sysfs reports it.',
    '',
    'Commands:',
    ...columns(commands.map((command) => [usageOf(command), command.summary])),
    '',
    'Options:',
    ...optionRows(commonOptions),
    '',
    ...description,
  ]
}

function commandHelp(command: Command): readonly string[] {
  const own = Object.fromEntries(command.options.map((name) => [name, ownOptions[name]]))
  return [
    `Usage: fast-sysfs ${usageOf(command)} [OPTIONS]`,
    '',
    `${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`,
    ...command.description,
    '',
    'Options:',
    ...optionRows({ ...own, ...commonOptions }),
  ]
}

function usageOf({ name, parameters }: Command): string {
  return [name ?? '(none)', ...parameters].join(' ')
}

interface ShownOption {
  readonly short?: string
  readonly argument?: string
  readonly description: string
}

function optionRows(options: Readonly<Record<string, ShownOption>>): readonly string[] {
  return columns(
    Object.entries(options).map(([name, { short, argument, description }]) => [
      `${short === undefined ? '    ' : `-${short}, `}--${name}${argument === undefined ? '' : ` ${argument}`}`,
      description,
    ]),
  )
}

function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const width = Math.max(...rows.map(([first = '']) => first.length))
  return rows.map(([first = '', second = '']) => `  ${first.padEnd(width)}  ${second}`)
}
