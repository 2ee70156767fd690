import { options } from './arguments.js'
import { type Command, commands } from './commands.js'

/** The help of a command; of what is done without one, that of the tool. */
export function helpOf(command: Command): string {
  return [...(command.name === null ? toolHelp(command) : commandHelp(command)), '', exitStatus, ''].join('\n')
}

const exitStatus = 'Exit status: 0 found, 1 nothing found, 2 wrong usage, 3 failure.'

function toolHelp({ description }: Command): readonly string[] {
  return [
    'Usage: fast-sysfs [COMMAND] [OPTIONS]',
    '',
    "Shows a machine's block storage as sysfs has it.",
    '',
    'Commands:',
    ...columns(commands.map((command) => [usageOf(command), command.summary])),
    '',
    ...optionList(),
    '',
    ...description,
  ]
}

function commandHelp(command: Command): readonly string[] {
  return [
    `Usage: fast-sysfs ${usageOf(command)} [OPTIONS]`,
    '',
    `Prints ${command.summary}.`,
    ...command.description,
    '',
    ...optionList(),
  ]
}

function usageOf({ name, parameters }: Command): string {
  return [name ?? '(none)', ...parameters].join(' ')
}

function optionList(): readonly string[] {
  const rows = Object.entries(options).map(([name, option]) => {
    const short = 'short' in option ? `-${option.short}, ` : '    '
    const argument = 'argument' in option ? ` ${option.argument}` : ''
    return [`${short}--${name}${argument}`, option.description]
  })
  return ['Options:', ...columns(rows)]
}

function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const width = Math.max(...rows.map(([first = '']) => first.length))
  return rows.map(([first = '', second = '']) => `  ${first.padEnd(width)}  ${second}`)
}
