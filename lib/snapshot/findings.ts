import type { BlockDevice, IscsiSession, MultipathMap } from './model.js'
import type { Snapshot } from './snapshot.js'

/** Something on the machine that an operator should look at, with what shows it. */
export type Finding =
  /** A disk with other paths to the same unit, which no multipath map has among its paths: I/O to it has one path. */
  | {
      readonly kind: 'orphanPath'
      readonly device: string
      /** The WWID, or the target and LUN, that the paths have in common. */
      readonly unit: string
      readonly otherPaths: readonly string[]
      /** The map that has the others. */
      readonly map: string | null
    }
  /** A map with fewer paths that work than there are sessions to its target. */
  | {
      readonly kind: 'degradedMap'
      readonly map: string
      readonly device: string
      readonly livePaths: number
      readonly sessions: number
      /** Sessions that no working path goes through. */
      readonly without: readonly { readonly sessionId: number; readonly state: string | null }[]
    }
  /** A disk whose target does not have it any more, as far as sysfs shows. */
  | {
      readonly kind: 'phantomLun'
      readonly device: string
      readonly hctl: string
      readonly evidence: readonly Evidence[]
    }
  /** A session that is not logged in. */
  | {
      readonly kind: 'sessionDown'
      readonly sessionId: number
      readonly targetName: string | null
      readonly state: string | null
      readonly disks: readonly string[]
    }

export type Evidence =
  /** The kernel gave the device up; `transport-offline` is the session's trouble and not in here. */
  | { readonly kind: 'state'; readonly state: string }
  /** A disk of no size, after the target was asked again. */
  | { readonly kind: 'zeroSize' }
  /** Another LUN of the same target has the same WWID: the target answers with a unit that is not this one. */
  | { readonly kind: 'wwidOfAnotherLun'; readonly wwid: string; readonly device: string; readonly lun: number }
  /** A path to what should be the same unit has another size. */
  | { readonly kind: 'sizeDiffers'; readonly wwid: string; readonly device: string; readonly sizeBytes: number }
  /** The map over it was made for another unit. */
  | { readonly kind: 'mapOfAnotherUnit'; readonly map: string; readonly mapWwid: string; readonly wwid: string }

/** All findings on a snapshot of full detail; one of less shows less. */
export function findingsOf(snapshot: Snapshot): readonly Finding[] {
  return [...sessionsDown(snapshot), ...degradedMaps(snapshot), ...orphanPaths(snapshot), ...phantomLuns(snapshot)]
}

/** Disks that have other paths to their unit and are in no map. */
export function orphanPaths(snapshot: Snapshot): readonly Finding[] {
  const units = groupBy(scsiDisks(snapshot), unitOf)
  const mapOfPath = new Map(
    snapshot.multipathMaps.flatMap((map) => map.paths.map((path): [string, MultipathMap] => [path.device, map])),
  )
  return [...units].flatMap(([unit, disks]) =>
    disks
      .filter((disk) => unit !== null && disks.length > 1 && !mapOfPath.has(disk.name))
      .map((disk): Finding => {
        const others = disks.filter((other) => other !== disk).map((other) => other.name)
        const map = others.map((other) => mapOfPath.get(other)).find((candidate) => candidate !== undefined)
        return { kind: 'orphanPath', device: disk.name, unit: unit ?? '', otherPaths: others, map: map?.name ?? null }
      }),
  )
}

/** Maps with fewer paths that work than sessions to their target. */
export function degradedMaps(snapshot: Snapshot): readonly Finding[] {
  return snapshot.multipathMaps.flatMap((map): readonly Finding[] => {
    const targets = new Set(map.paths.map((path) => snapshot.device(path.device)?.iscsi?.targetName ?? null))
    const sessions = snapshot.iscsiSessions.filter(
      (session) => session.targetName !== null && targets.has(session.targetName),
    )
    const live = map.paths.filter((path) => isLive(path.state, sessions, path.sessionId))
    const through = new Set(live.map((path) => path.sessionId))
    const without = sessions.filter((session) => !through.has(session.id))
    if (without.length === 0 && live.length === map.paths.length) return []
    return [
      {
        kind: 'degradedMap',
        map: map.name,
        device: map.device,
        livePaths: live.length,
        sessions: sessions.length,
        without: without.map(({ id, state }) => ({ sessionId: id, state })),
      },
    ]
  })
}

/** Disks whose target does not have them any more. */
export function phantomLuns(snapshot: Snapshot): readonly Finding[] {
  const disks = scsiDisks(snapshot)
  const byWwid = groupBy(disks, (disk) => disk.scsi?.wwid ?? null)
  return disks.flatMap((disk): readonly Finding[] => {
    const evidence = evidenceAgainst(disk, byWwid.get(disk.scsi?.wwid ?? null) ?? [], snapshot)
    return evidence.length === 0
      ? []
      : [{ kind: 'phantomLun', device: disk.name, hctl: disk.scsi?.hctl ?? '', evidence }]
  })
}

/** Sessions that are not logged in, with the disks that wait for them. */
export function sessionsDown(snapshot: Snapshot): readonly Finding[] {
  return snapshot.iscsiSessions
    .filter((session) => session.state !== null && session.state !== 'LOGGED_IN')
    .map(({ id, targetName, state, luns }) => ({
      kind: 'sessionDown',
      sessionId: id,
      targetName,
      state,
      disks: luns.flatMap((lun) => (lun.device === null ? [] : [lun.device])),
    }))
}

function evidenceAgainst(disk: BlockDevice, sameWwid: readonly BlockDevice[], snapshot: Snapshot): readonly Evidence[] {
  const { scsi, iscsi, sizeBytes } = disk
  const evidence: Evidence[] = []
  if (scsi?.state != null && goneStates.has(scsi.state)) evidence.push({ kind: 'state', state: scsi.state })
  if (sizeBytes === 0) evidence.push({ kind: 'zeroSize' })
  if (scsi?.wwid == null) return evidence
  const { wwid } = scsi
  for (const other of sameWwid) {
    if (other === disk || other.scsi === null) continue
    const isSameTarget = other.iscsi !== null && other.iscsi.targetName === iscsi?.targetName
    if (isSameTarget && other.scsi.lun !== scsi.lun) {
      evidence.push({ kind: 'wwidOfAnotherLun', wwid, device: other.name, lun: other.scsi.lun })
    }
    if (other.sizeBytes !== null && sizeBytes !== null && other.sizeBytes !== sizeBytes) {
      evidence.push({ kind: 'sizeDiffers', wwid, device: other.name, sizeBytes: other.sizeBytes })
    }
  }
  for (const map of snapshot.multipathMaps) {
    const isPath = map.paths.some((path) => path.device === disk.name)
    if (isPath && isNaa(wwid) && isNaaOfMap(map.wwid) && map.wwid !== mapWwidOf(wwid)) {
      evidence.push({ kind: 'mapOfAnotherUnit', map: map.name, mapWwid: map.wwid, wwid })
    }
  }
  return evidence
}

/** States of a SCSI device that the kernel has given up or is removing: drivers/scsi/scsi_sysfs.c. */
const goneStates: ReadonlySet<string> = new Set(['offline', 'cancel', 'deleted'])

/** multipathd names a unit by scsi_id: 3 and the NAA name for `naa.6000...`. */
function mapWwidOf(wwid: string): string {
  return `3${wwid.slice('naa.'.length)}`
}

function isNaa(wwid: string): boolean {
  return wwid.startsWith('naa.')
}

function isNaaOfMap(wwid: string): boolean {
  return /^3[0-9a-f]{16}([0-9a-f]{16})?$/.test(wwid)
}

function isLive(state: string | null, sessions: readonly IscsiSession[], sessionId: number | null): boolean {
  const session = sessions.find((candidate) => candidate.id === sessionId)
  return state === 'running' && (session === undefined || session.state === 'LOGGED_IN')
}

/** Whole SCSI disks, of which another path could be another. */
function scsiDisks(snapshot: Snapshot): readonly BlockDevice[] {
  return snapshot.blockDevices.filter(
    (device) => device.scsi !== null && device.parent === null && device.type === 'disk',
  )
}

/** What two paths to one unit have in common. */
function unitOf({ scsi, iscsi }: BlockDevice): string | null {
  if (scsi?.wwid != null) return scsi.wwid
  return iscsi?.targetName == null ? null : `${iscsi.targetName} LUN ${scsi?.lun}`
}

function groupBy<Key, Item>(items: readonly Item[], keyOf: (item: Item) => Key): ReadonlyMap<Key, readonly Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}
