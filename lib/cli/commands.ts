import { UsageError } from './arguments.js'
import type { Command } from './command.js'
import { check } from './commands/check.js'
import { graph } from './commands/graph.js'
import { list } from './commands/list.js'
import { lun } from './commands/lun.js'
import { multipath } from './commands/multipath.js'
import { portals } from './commands/portals.js'
import { sessions } from './commands/sessions.js'
import { slaves } from './commands/slaves.js'
import { snapshot } from './commands/snapshot.js'
import { tree } from './commands/tree.js'

/** All there is to do: dispatch and help are made of this. */
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
]

/** The command that the first word names. */
export function findCommand(words: readonly string[]): Command {
  const name = words[0] ?? null
  const found = commands.find((candidate) => candidate.name === name)
  if (found === undefined) throw new UsageError(`unknown command '${name}'`)
  return found
}
