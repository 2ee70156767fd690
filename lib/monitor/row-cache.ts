import type { UeventBatch } from '../executor/uevent.js'
import type { Machine } from '../machine/machine.js'
import type { Fields } from '../query/definition.js'
import { locationOf } from '../snapshot/device-location.js'
import type { Detail } from '../snapshot/model.js'
import { changesSilently, type Part, type Rows } from '../snapshot/parts.js'
import { type AffectedEntry, affectedBy } from './affected-entries.js'
import { type HeldCount, OpenAttributes, type RowAttribute } from './open-attributes.js'
import { directoryOf, RowStore } from './row-store.js'

/** How long a settling entry (see AffectedEntry) is read again after its event, in milliseconds. */
export const settlingTime = 2000

/** A settling entry. */
interface Settling {
  readonly affected: AffectedEntry
  /** A time of the clock `now`. The first read after this time is the last one. */
  readonly until: number
}

/** The attributes of a part that change without a uevent. */
interface SilentAttributes {
  readonly part: Part
  readonly directory: string
  readonly attributes: readonly RowAttribute[]
}

/**
 * The rows of a snapshot, which uevents keep current. A reading method returns whether anything has changed. After one
 * that throws, `readAll` must follow.
 */
export class RowCache {
  private readonly rows: RowStore
  private readonly openAttributes = new OpenAttributes()
  private readonly silentAttributes: readonly SilentAttributes[]
  private readonly silentParts: readonly Part[]
  /** By part and entry. */
  private readonly settling = new Map<string, Settling>()
  /** After lost events any entry may be settling. So everything is read once more at this time. */
  private readAllAgainAt: number | undefined

  constructor(
    machine: Machine,
    detail: Detail,
    private readonly now: () => number,
  ) {
    this.rows = new RowStore(machine, detail)
    const definitions = this.rows.definitions()
    this.silentParts = definitions.filter(({ isSilent }) => isSilent).map(({ part }) => part)
    this.silentAttributes = definitions.map(({ part, list }) => ({
      part,
      directory: `${machine.roots.sys}/${directoryOf(list)}`,
      attributes: silentAttributesOf(list.fields),
    }))
  }

  /** Whether entries must be read again without another event. */
  get isSettling(): boolean {
    return this.settling.size > 0 || this.readAllAgainAt !== undefined
  }

  get heldCount(): HeldCount {
    return this.openAttributes.count
  }

  toRows(): Rows {
    return this.rows.toRows()
  }

  /** Reads everything. */
  readAll(): boolean {
    const hasChanged = this.rows.readAll()
    // An open file may belong to a device that is gone.
    if (hasChanged) this.openAttributes.close()
    return hasChanged
  }

  /** Reads the entries that the events affect and those that are settling. Reads everything if events were lost. */
  readAffected({ uevents, someWereLost }: UeventBatch): boolean {
    const now = this.now()
    const until = now + settlingTime
    let isEverythingAffected = someWereLost || (this.readAllAgainAt !== undefined && now >= this.readAllAgainAt)
    const entries = new Map<string, AffectedEntry>()
    const settled: string[] = []
    for (const [key, { affected, until }] of this.settling) {
      entries.set(key, affected)
      if (now >= until) settled.push(key)
    }
    const settling = new Map<string, AffectedEntry>()
    for (const uevent of uevents) {
      const affected = affectedBy(uevent)
      if (affected === 'everything') isEverythingAffected = true
      else {
        for (const entry of affected) {
          entries.set(keyOf(entry), entry)
          if (entry.isSettling) settling.set(keyOf(entry), entry)
        }
      }
    }
    const isAllCheaper = entries.size > fewEntries + this.rows.size / 2
    const hasChanged = isEverythingAffected || isAllCheaper ? this.readAll() : this.readEntries(entries.values())

    if (isEverythingAffected) this.readAllAgainAt = someWereLost ? until : undefined
    for (const key of settled) if (!this.isLoggingIn(entries.get(key) as AffectedEntry)) this.settling.delete(key)
    for (const [key, affected] of settling) this.settling.set(key, { affected, until })
    return hasChanged
  }

  /** Reads what changes without a uevent. */
  readSilent(): boolean {
    let hasChanged = false
    for (const part of this.silentParts) hasChanged = this.rows.readPart(part) || hasChanged
    for (const { part, directory, attributes } of this.silentAttributes) {
      if (attributes.length === 0) continue
      for (const [entry, before] of this.rows.rowsOf(part)) {
        const after = this.openAttributes.read(`${directory}/${entry}`, before, attributes)
        if (after === before) continue
        this.rows.replace(part, entry, after)
        hasChanged = true
      }
    }
    return hasChanged
  }

  close(): void {
    this.openAttributes.close()
  }

  private readEntries(affected: Iterable<AffectedEntry>): boolean {
    let hasChanged = false
    for (const { part, entry } of affected) {
      if (entry === undefined) {
        hasChanged = this.rows.readPart(part) || hasChanged
        continue
      }
      hasChanged = this.readEntry(part, entry) || hasChanged
      if (part !== 'sessions') continue
      for (const other of this.belongingTo(entry)) hasChanged = this.readEntry(...other) || hasChanged
    }
    return hasChanged
  }

  private readEntry(part: Part, entry: string): boolean {
    const attributes = this.silentAttributes.find((candidate) => candidate.part === part)
    if (attributes !== undefined) this.openAttributes.release(`${attributes.directory}/${entry}`)
    return this.rows.readEntry(part, entry)
  }

  /** The other entries that change while a session logs in: `connection3:0` and `host2` for `session3`. */
  private belongingTo(session: string): readonly [Part, string][] {
    const prefix = `connection${session.slice('session'.length)}:`
    const entries: [Part, string][] = []
    for (const connection of this.rows.rowsOf('connections').keys()) {
      if (connection.startsWith(prefix)) entries.push(['connections', connection])
    }
    const link = this.rows.rowsOf('sessions').get(session)?.['link']
    const { hostNumber } = locationOf(typeof link === 'string' ? link : '')
    if (hostNumber !== null) entries.push(['iscsiHosts', `host${hostNumber}`])
    return entries
  }

  /**
   * Whether a session is logging in. Such a session stays settling, because a login may take longer than the settling
   * time, and no event reports its end if the target has no LUN.
   */
  private isLoggingIn({ part, entry }: AffectedEntry): boolean {
    if (part !== 'sessions' || entry === undefined) return false
    const state = this.rows.rowsOf('sessions').get(entry)?.['state']
    return state !== undefined && state !== 'LOGGED_IN'
  }
}

/** Up to this number, affected entries are read one by one, even if they are more than half of the rows. */
const fewEntries = 16

function keyOf({ part, entry }: AffectedEntry): string {
  return `${part} ${entry ?? ''}`
}

function silentAttributesOf(fields: Fields): readonly RowAttribute[] {
  return Object.entries(fields).flatMap(([key, field]): readonly RowAttribute[] => {
    const { reading } = field
    const isAttribute = reading.kind === 'text' || reading.kind === 'integer'
    return isAttribute && changesSilently(field) ? [{ key, kind: reading.kind, path: reading.path }] : []
  })
}
