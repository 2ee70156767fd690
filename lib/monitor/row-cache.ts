import type { Detail } from '../snapshot/model.js'
import { placeOf } from '../snapshot/place.js'
import type { Rows } from '../snapshot/queries.js'
import type { Sysfs } from '../sysfs.js'
import { HeldAttributes, type HeldCount, type VolatileAttribute } from './open-attributes.js'
import { directoryOf, KeptRows, type Part } from './row-store.js'
import { type NamedEntry, namedBy } from './affected-entries.js'
import type { HeardUevents } from '../native/uevent-socket.js'
import { volatileAttributes, volatileParts } from './volatile.js'

/** For how long after its event something that the kernel goes on changing is read again, in milliseconds. */
export const settlingTime = 2000

interface Settling {
  readonly named: NamedEntry
  /** By the clock of `now`: it is over with the first reading after that. */
  readonly until: number
}

/** The attributes of a part that change without an event, with where they are. */
interface VolatilePart {
  readonly part: Part
  readonly directory: string
  readonly attributes: readonly VolatileAttribute[]
}

/**
 * Keeps rows as the machine is, by what events name. What reads returns whether anything is different; where it throws,
 * it must be followed by `readAll`.
 */
export class CurrentRows {
  private readonly rows: KeptRows
  private readonly held = new HeldAttributes()
  private readonly volatile: readonly VolatilePart[]
  /** By part and entry. */
  private readonly settling = new Map<string, Settling>()
  /** After lost events nobody knows what is settling: everything is read once more at this time. */
  private readAllAgainAt: number | undefined

  constructor(
    sysfs: Sysfs,
    detail: Detail,
    private readonly now: () => number,
  ) {
    this.rows = new KeptRows(sysfs, detail)
    this.volatile = this.rows.definitions().map(([part, list]) => ({
      part,
      directory: `${sysfs.sysPath}/${directoryOf(list)}`,
      attributes: volatileAttributes(part, list),
    }))
  }

  /** Whether something will be read again without another event. */
  get isSettling(): boolean {
    return this.settling.size > 0 || this.readAllAgainAt !== undefined
  }

  get heldCount(): HeldCount {
    return this.held.count
  }

  toRows(): Rows {
    return this.rows.toRows()
  }

  readAll(): boolean {
    const isDifferent = this.rows.readAll()
    // What stands for another device now, or for none.
    if (isDifferent) this.held.close()
    return isDifferent
  }

  /** Reads what the events are about and what is settling; everything where events were lost, or are so many. */
  readNamed({ uevents, someWereLost }: HeardUevents): boolean {
    const now = this.now()
    const until = now + settlingTime
    let isEverythingNamed = someWereLost || (this.readAllAgainAt !== undefined && now >= this.readAllAgainAt)
    const entries = new Map<string, NamedEntry>()
    const settled: string[] = []
    for (const [key, { named, until }] of this.settling) {
      entries.set(key, named)
      if (now >= until) settled.push(key)
    }
    const settling = new Map<string, NamedEntry>()
    for (const uevent of uevents) {
      const named = namedBy(uevent)
      if (named === 'everything') isEverythingNamed = true
      else {
        for (const entry of named) {
          entries.set(keyOf(entry), entry)
          if (entry.isSettling) settling.set(keyOf(entry), entry)
        }
      }
    }
    const isAllCheaper = entries.size > fewEntries + this.rows.size / 2
    const isDifferent = isEverythingNamed || isAllCheaper ? this.readAll() : this.readEntries(entries.values())

    if (isEverythingNamed) this.readAllAgainAt = someWereLost ? until : undefined
    for (const key of settled) if (!this.isLoggingIn(entries.get(key) as NamedEntry)) this.settling.delete(key)
    for (const [key, named] of settling) this.settling.set(key, { named, until })
    return isDifferent
  }

  /** Reads what changes without an event. */
  readVolatile(): boolean {
    let isDifferent = false
    for (const part of volatileParts) isDifferent = this.rows.readPart(part) || isDifferent
    for (const { part, directory, attributes } of this.volatile) {
      if (attributes.length === 0) continue
      for (const [entry, before] of this.rows.rowsOf(part)) {
        const after = this.held.read(`${directory}/${entry}`, before, attributes)
        if (after === before) continue
        this.rows.replace(part, entry, after)
        isDifferent = true
      }
    }
    return isDifferent
  }

  close(): void {
    this.held.close()
  }

  private readEntries(named: Iterable<NamedEntry>): boolean {
    let isDifferent = false
    for (const { part, entry } of named) {
      if (entry === undefined) {
        isDifferent = this.rows.readPart(part) || isDifferent
        continue
      }
      isDifferent = this.readEntry(part, entry) || isDifferent
      if (part !== 'sessions') continue
      for (const other of this.belongingTo(entry)) isDifferent = this.readEntry(...other) || isDifferent
    }
    return isDifferent
  }

  private readEntry(part: Part, entry: string): boolean {
    const place = this.volatile.find((candidate) => candidate.part === part)
    if (place !== undefined) this.held.release(`${place.directory}/${entry}`)
    return this.rows.readEntry(part, entry)
  }

  /** `connection3:0` and `host2` of `session3`: they come to be as it logs in. */
  private belongingTo(session: string): readonly [Part, string][] {
    const prefix = `connection${session.slice('session'.length)}:`
    const entries: [Part, string][] = []
    for (const connection of this.rows.rowsOf('connections').keys()) {
      if (connection.startsWith(prefix)) entries.push(['connections', connection])
    }
    const link = this.rows.rowsOf('sessions').get(session)?.['link']
    const { hostNumber } = placeOf(typeof link === 'string' ? link : '')
    if (hostNumber !== null) entries.push(['iscsiHosts', `host${hostNumber}`])
    return entries
  }

  /** A login takes as long as it takes, and no event tells its end where the target has no LUN. */
  private isLoggingIn({ part, entry }: NamedEntry): boolean {
    if (part !== 'sessions' || entry === undefined) return false
    const state = this.rows.rowsOf('sessions').get(entry)?.['state']
    return state !== undefined && state !== 'LOGGED_IN'
  }
}

/** Up to so many are read one by one however little there is. */
const fewEntries = 16

function keyOf({ part, entry }: NamedEntry): string {
  return `${part} ${entry ?? ''}`
}
