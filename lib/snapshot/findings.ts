import { grouped } from './grouped.js'
import type { BlockDevice, IscsiDisk, MultipathPath, ScsiDisk } from './model.js'
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

/**
 * All findings on a snapshot of full detail. One of 'basic' shows what the states of sessions, sizes, targets and LUNs
 * show; one of 'links' nothing.
 */
export function findingsOf(snapshot: Snapshot): readonly Finding[] {
  return [...sessionsDown(snapshot), ...degradedMaps(snapshot), ...orphanPaths(snapshot), ...phantomLuns(snapshot)]
}

/** Disks that have other paths to their unit and are in no map. */
export function orphanPaths(snapshot: Snapshot): readonly Finding[] {
  return [...grouped(scsiDisks(snapshot), unitOf)].flatMap(([unit, disks]): readonly Finding[] => {
    const names = disks.map((disk) => disk.name)
    if (names.length === 1) return []
    const maps = names.map((name) => snapshot.mapsOfPath(name)[0])
    const map = maps.find((candidate) => candidate !== undefined)?.name ?? null
    return names
      .filter((_, index) => maps[index] === undefined)
      .map((device) => {
        return { kind: 'orphanPath', device, unit, otherPaths: names.filter((other) => other !== device), map }
      })
  })
}

/** Maps with fewer paths that work than sessions to their target. What is not known to be down counts as working. */
export function degradedMaps(snapshot: Snapshot): readonly Finding[] {
  return snapshot.multipathMaps.flatMap((map): readonly Finding[] => {
    const targets = new Set(map.paths.map((path) => snapshot.device(path.device)?.iscsi?.targetName ?? null))
    const sessions = [...targets].flatMap((target) => (target === null ? [] : snapshot.sessionsTo(target)))
    const live = map.paths.filter((path) => isLive(path, snapshot))
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

/** Disks whose target does not have them any more; of each kind of evidence the first piece that is found. */
export function phantomLuns(snapshot: Snapshot): readonly Finding[] {
  const disks = scsiDisks(snapshot)
  const named = disks.filter((disk) => disk.scsi.wwid !== null)
  const others: Others = {
    ofAnotherLun: new Unlike(named, ({ scsi, iscsi }) => `${scsi.wwid} of ${targetOf(scsi, iscsi)}`, lunOf),
    ofAnotherSize: new Unlike(
      named.filter((disk) => disk.sizeBytes !== null),
      (disk) => disk.scsi.wwid,
      (disk) => disk.sizeBytes,
    ),
  }
  return disks.flatMap((disk): readonly Finding[] => {
    const evidence = evidenceAgainst(disk, others, snapshot)
    return evidence.length === 0 ? [] : [{ kind: 'phantomLun', device: disk.name, hctl: disk.scsi.hctl, evidence }]
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

interface Others {
  readonly ofAnotherLun: Unlike<number>
  readonly ofAnotherSize: Unlike<number | null>
}

function evidenceAgainst(disk: WholeScsiDisk, others: Others, snapshot: Snapshot): readonly Evidence[] {
  const { scsi, sizeBytes } = disk
  const evidence: Evidence[] = []
  if (scsi.state !== null && goneStates.has(scsi.state)) evidence.push({ kind: 'state', state: scsi.state })
  if (sizeBytes === 0) evidence.push({ kind: 'zeroSize' })
  if (scsi.wwid === null) return evidence
  const { wwid } = scsi
  const lun = others.ofAnotherLun.to(disk)
  if (lun !== undefined) evidence.push({ kind: 'wwidOfAnotherLun', wwid, device: lun.name, lun: lun.scsi.lun })
  const size = sizeBytes === null ? undefined : others.ofAnotherSize.to(disk)
  if (size?.sizeBytes != null) {
    evidence.push({ kind: 'sizeDiffers', wwid, device: size.name, sizeBytes: size.sizeBytes })
  }
  for (const map of snapshot.mapsOfPath(disk.name)) {
    if (isNaa(wwid) && isNaaOfMap(map.wwid) && map.wwid !== mapWwidOf(wwid)) {
      evidence.push({ kind: 'mapOfAnotherUnit', map: map.name, mapWwid: map.wwid, wwid })
    }
  }
  return evidence
}

/**
 * Of disks that should have a value in common, finds one that has another. It remembers two unlike ones of each group,
 * so that hundreds of paths to one unit need not be compared with one another.
 */
class Unlike<Value> {
  private readonly pairs = new Map<string | null, { readonly one: WholeScsiDisk; unlike?: WholeScsiDisk }>()

  constructor(
    disks: readonly WholeScsiDisk[],
    private readonly groupWith: (disk: WholeScsiDisk) => string | null,
    private readonly valueIn: (disk: WholeScsiDisk) => Value,
  ) {
    for (const disk of disks) {
      const pair = this.pairs.get(groupWith(disk))
      if (pair === undefined) this.pairs.set(groupWith(disk), { one: disk })
      else if (valueIn(disk) !== valueIn(pair.one)) pair.unlike ??= disk
    }
  }

  to(disk: WholeScsiDisk): WholeScsiDisk | undefined {
    const pair = this.pairs.get(this.groupWith(disk))
    if (pair === undefined) return undefined
    return this.valueIn(pair.one) === this.valueIn(disk) ? pair.unlike : pair.one
  }
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

function isLive({ state, sessionId }: MultipathPath, snapshot: Snapshot): boolean {
  const sessionState = sessionId === null ? null : (snapshot.session(sessionId)?.state ?? null)
  return (state === null || state === 'running') && (sessionState === null || sessionState === 'LOGGED_IN')
}

/** A disk of which another path could be another. */
type WholeScsiDisk = BlockDevice & { readonly scsi: ScsiDisk }

function scsiDisks(snapshot: Snapshot): readonly WholeScsiDisk[] {
  return snapshot.blockDevices.filter(
    (device): device is WholeScsiDisk => device.scsi !== null && device.parent === null && device.type === 'disk',
  )
}

/** What two paths to one unit have in common. */
function unitOf({ scsi, iscsi }: WholeScsiDisk): string | null {
  if (scsi.wwid !== null) return scsi.wwid
  return iscsi?.targetName == null ? null : `${iscsi.targetName} LUN ${scsi.lun}`
}

function lunOf({ scsi }: WholeScsiDisk): number {
  return scsi.lun
}

/** What two LUNs of one target have in common: its name, else its place on the host. */
function targetOf(scsi: ScsiDisk, iscsi: IscsiDisk | null): string {
  return iscsi?.targetName ?? `${scsi.host}:${scsi.channel}:${scsi.target}`
}
