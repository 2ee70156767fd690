import { UsageError } from './arguments.js'
import type { Command } from './command.js'

/** All commands, by the word that names them, in the order of the help. Each is loaded when it is asked for. */
const loaders: ReadonlyMap<string | null, () => Promise<Command>> = new Map([
  [null, async () => (await import('./commands/tree.js')).tree],
  ['multipath', async () => (await import('./commands/multipath.js')).multipath],
  ['slaves', async () => (await import('./commands/slaves.js')).slaves],
  ['portals', async () => (await import('./commands/portals.js')).portals],
  ['lun', async () => (await import('./commands/lun.js')).lun],
  ['sessions', async () => (await import('./commands/sessions.js')).sessions],
  ['list', async () => (await import('./commands/list.js')).list],
  ['check', async () => (await import('./commands/check.js')).check],
  ['graph', async () => (await import('./commands/graph.js')).graph],
  ['snapshot', async () => (await import('./commands/snapshot.js')).snapshot],
  ['watch', async () => (await import('./commands/watch.js')).watch],
  ['top', async () => (await import('./commands/top.js')).top],
] as const)

/** The command that the first word names. */
export async function loadCommand(words: readonly string[]): Promise<Command> {
  const name = words[0] ?? null
  const load = loaders.get(name)
  if (load === undefined) throw new UsageError(`unknown command '${name}'`)
  return load()
}

/** For the help of the tool. */
export function loadAllCommands(): Promise<readonly Command[]> {
  return Promise.all([...loaders.values()].map((load) => load()))
}
