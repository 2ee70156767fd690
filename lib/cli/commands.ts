import { UsageError } from './arguments.js'
import type { Command } from './command.js'

/** All commands by name, in the order of the help. Each is loaded when it is used. */
const loaders: ReadonlyMap<string | null, () => Promise<Command>> = new Map([
  [null, async () => (await import('./commands/tree-command.js')).tree],
  ['multipath', async () => (await import('./commands/multipath-command.js')).multipath],
  ['slaves', async () => (await import('./commands/slaves-command.js')).slaves],
  ['portals', async () => (await import('./commands/portals-command.js')).portals],
  ['lun', async () => (await import('./commands/lun-command.js')).lun],
  ['sessions', async () => (await import('./commands/sessions-command.js')).sessions],
  ['list', async () => (await import('./commands/list-command.js')).list],
  ['check', async () => (await import('./commands/check-command.js')).check],
  ['graph', async () => (await import('./commands/graph-command.js')).graph],
  ['snapshot', async () => (await import('./commands/snapshot-command.js')).snapshot],
  ['watch', async () => (await import('./commands/watch-command.js')).watch],
  ['top', async () => (await import('./commands/top-command.js')).top],
] as const)

/**
 * Loads the command that the first word names.
 *
 * @throws {UsageError} if the first word is not the name of a command
 */
export async function loadCommand(words: readonly string[]): Promise<Command> {
  const name = words[0] ?? null
  const load = loaders.get(name)
  if (load === undefined) throw new UsageError(`unknown command '${name}'`)
  return load()
}

/** Loads every command, for the help of the tool. */
export function loadAllCommands(): Promise<readonly Command[]> {
  return Promise.all([...loaders.values()].map((load) => load()))
}
