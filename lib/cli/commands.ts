import { UsageError } from './arguments.js'
import type { Command } from './command.js'
import { check } from './commands/check-command.js'
import { graph } from './commands/graph-command.js'
import { list } from './commands/list-command.js'
import { lun } from './commands/lun-command.js'
import { multipath } from './commands/multipath-command.js'
import { portals } from './commands/portals-command.js'
import { sessions } from './commands/sessions-command.js'
import { slaves } from './commands/slaves-command.js'
import { snapshot } from './commands/snapshot-command.js'
import { top } from './commands/top-command.js'
import { tree } from './commands/tree-command.js'
import { watch } from './commands/watch-command.js'

/** All commands, in the order of the help. */
export const commands: readonly Command[] = [
  tree,
  multipath,
  slaves,
  portals,
  lun,
  sessions,
  list,
  check,
  graph,
  snapshot,
  watch,
  top,
]

/** @throws {UsageError} if the first word is not the name of a command */
export function findCommand(words: readonly string[]): Command {
  const name = words[0] ?? null
  const found = commands.find((candidate) => candidate.name === name)
  if (found === undefined) throw new UsageError(`unknown command '${name}'`)
  return found
}
