import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Change, Monitor, SnapshotData } from '../../lib/index.js'

/**
 * A snapshot to which changes are applied one by one. Each must fit to what is there: one that was lost, told twice or
 * told in the wrong order is found out, by the next or in the end.
 */
export class ReplayedChanges {
  /** By what and name, each as JSON without its counters, which are no changes. */
  readonly #items: Map<string, string>

  /**
   * Begins to follow a monitor, again until nothing changed between the snapshot and that: others on the machine make
   * and remove devices, too.
   */
  static from<Following>(
    monitor: Monitor,
    follow: () => Following,
    stop: (following: Following) => void,
  ): { readonly replayed: ReplayedChanges; readonly following: Following } {
    while (true) {
      const start = monitor.snapshot()
      const following = follow()
      if (monitor.snapshot() === start) return { replayed: new ReplayedChanges(start), following }
      stop(following)
    }
  }

  private constructor(start: SnapshotData) {
    this.#items = itemsOf(start)
  }

  /** Returns what is wrong with it, if anything. */
  apply(change: Change): string | undefined {
    const name = `${change.what} ${change.name}`
    const before = change.kind === 'added' ? undefined : textOf(change.before)
    const there = this.#items.get(name)
    if (there !== before) {
      return `${change.kind} ${name} does not follow what was told before: ${before} instead of ${there}`
    }
    if (change.kind === 'removed') this.#items.delete(name)
    else this.#items.set(name, textOf(change.after))
    return undefined
  }

  /** The things that are not as in a snapshot. */
  differencesTo(snapshot: SnapshotData): readonly string[] {
    const items = itemsOf(snapshot)
    const names = new Set([...items.keys(), ...this.#items.keys()])
    return [...names].filter((name) => items.get(name) !== this.#items.get(name))
  }
}

function itemsOf(snapshot: SnapshotData): Map<string, string> {
  const items = new Map<string, string>()
  const add = (what: Change['what'], name: string, item: object) => items.set(`${what} ${name}`, textOf(item))
  for (const device of snapshot.blockDevices) add('blockDevice', device.name, device)
  for (const map of snapshot.multipathMaps) add('multipathMap', map.name, map)
  for (const session of snapshot.iscsiSessions) add('iscsiSession', `session${session.id}`, session)
  for (const host of snapshot.scsiHosts) add('scsiHost', `host${host.number}`, host)
  for (const subsystem of snapshot.nvmeSubsystems) add('nvmeSubsystem', subsystem.name, subsystem)
  for (const host of snapshot.fibreChannelHosts) add('fibreChannelHost', `host${host.hostNumber}`, host)
  return items
}

const counters: ReadonlySet<string> = new Set(['ioRequests', 'ioDone'])

function textOf(item: object): string {
  return JSON.stringify(item, (key, value: unknown) => (counters.has(key) ? undefined : value))
}

/**
 * What still differs when all that was to be told is told. What a snapshot has is told before the event loop goes on;
 * where something else changes just then (others make loop devices, too), it is looked at once more.
 */
export async function lastingDifferences(
  replayed: ReplayedChanges,
  monitor: { snapshot(): SnapshotData },
): Promise<readonly string[]> {
  let differences: readonly string[] = []
  for (let tries = 0; tries < 500; tries++) {
    const snapshot = monitor.snapshot()
    await setImmediate()
    differences = replayed.differencesTo(snapshot)
    if (differences.length === 0) break
    await setTimeout(5)
  }
  return differences
}
