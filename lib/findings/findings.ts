import { grouped } from '../snapshot/grouped.js'
import type { BlockDevice, IscsiDisk, MultipathMap, MultipathPath, ScsiDisk } from '../snapshot/model.js'
import type { Snapshot } from '../snapshot/snapshot.js'

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
  /** A session that is not logged in, or a connection of which is not up. */
  | {
      readonly kind: 'sessionDown'
      readonly sessionId: number
      readonly targetName: string | null
      readonly state: string | null
      /** The connections that are known not to be up ('full'). */
      readonly connections: readonly { readonly id: number; readonly state: string }[]
      readonly disks: readonly string[]
    }
  /** A SCSI disk that waits or fails (`blocked`, `transport-offline`, `quiesce`) with no lost session to explain it. */
  | { readonly kind: 'diskDown'; readonly device: string; readonly hctl: string; readonly state: string }
  /** A multipath map whose paths have grown or shrunk since it was loaded: I/O goes by the old size. */
  | {
      readonly kind: 'mapSizeDiffers'
      readonly map: string
      readonly device: string
      readonly sizeBytes: number
      /** The paths of another size; those of none are phantom LUNs. */
      readonly paths: readonly { readonly device: string; readonly sizeBytes: number }[]
    }
  /** A device-mapper map whose I/O waits until it is resumed. */
  | { readonly kind: 'mapSuspended'; readonly map: string; readonly device: string }
  /** An NVMe controller that is not `live`. */
  | {
      readonly kind: 'controllerDown'
      readonly controller: string
      readonly subsystem: string
      readonly address: string | null
      readonly state: string
    }
  /** A Fibre Channel target's port that is not `Online`. */
  | {
      readonly kind: 'remotePortDown'
      readonly port: string
      readonly hostNumber: number
      readonly portName: string | null
      readonly state: string
    }

export type Evidence =
  /** The kernel gave the device up; `transport-offline` is the session's trouble and not in here. */
  | { readonly kind: 'state'; readonly state: string }
  /** A disk of no size, after the target was asked again; a card reader without a card is none. */
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
  return [
    ...sessionsDown(snapshot),
    ...remotePortsDown(snapshot),
    ...controllersDown(snapshot),
    ...disksDown(snapshot),
    ...mapsSuspended(snapshot),
    ...degradedMaps(snapshot),
    ...mapsOfAnotherSize(snapshot),
    ...orphanPaths(snapshot),
    ...phantomLuns(snapshot),
  ]
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
    const live = livePathsOf(map, snapshot)
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

/** The paths of a map whose disk runs and whose session is logged in; what is not known to be down counts as up. */
export function livePathsOf(map: MultipathMap, snapshot: Snapshot): readonly MultipathPath[] {
  return map.paths.filter((path) => isLive(path, snapshot))
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

/** Sessions that are not logged in or have a connection that is not up, with the disks that wait for them. */
export function sessionsDown(snapshot: Snapshot): readonly Finding[] {
  return snapshot.iscsiSessions.flatMap(({ id, targetName, state, connections, luns }): readonly Finding[] => {
    const down = connections.flatMap((connection) =>
      connection.state === null || connection.state === 'up' ? [] : [{ id: connection.id, state: connection.state }],
    )
    if (isLoggedIn(state) && down.length === 0) return []
    const disks = luns.flatMap((lun) => (lun.device === null ? [] : [lun.device]))
    return [{ kind: 'sessionDown', sessionId: id, targetName, state, connections: down, disks }]
  })
}

/** SCSI disks that wait or fail though their session, if they have one, is logged in. */
export function disksDown(snapshot: Snapshot): readonly Finding[] {
  return scsiDisks(snapshot).flatMap((disk): readonly Finding[] => {
    const { state, hctl } = disk.scsi
    if (state === null || state === 'running' || goneStates.has(state)) return []
    if (!isLoggedIn(snapshot.sessionOf(disk)?.state ?? null)) return []
    return [{ kind: 'diskDown', device: disk.name, hctl, state }]
  })
}

/** Multipath maps with paths that have another size than the map. */
export function mapsOfAnotherSize(snapshot: Snapshot): readonly Finding[] {
  return snapshot.multipathMaps.flatMap(({ name, device, sizeBytes, paths }): readonly Finding[] => {
    if (sizeBytes === null) return []
    const others = paths.flatMap((path) => {
      const size = snapshot.device(path.device)?.sizeBytes
      return size && size !== sizeBytes ? [{ device: path.device, sizeBytes: size }] : []
    })
    return others.length === 0 ? [] : [{ kind: 'mapSizeDiffers', map: name, device, sizeBytes, paths: others }]
  })
}

/** Device-mapper maps of any kind that are suspended. */
export function mapsSuspended(snapshot: Snapshot): readonly Finding[] {
  return snapshot.blockDevices.flatMap(({ name, dm }): readonly Finding[] =>
    dm?.suspended ? [{ kind: 'mapSuspended', map: dm.name ?? name, device: name }] : [],
  )
}

/** NVMe controllers that are `connecting`, `resetting`, `deleting`, `dead`... */
export function controllersDown(snapshot: Snapshot): readonly Finding[] {
  return snapshot.nvmeSubsystems.flatMap((subsystem) =>
    subsystem.controllers.flatMap(({ name, address, state }): readonly Finding[] =>
      state === null || state === 'live'
        ? []
        : [{ kind: 'controllerDown', controller: name, subsystem: subsystem.name, address, state }],
    ),
  )
}

/** Fibre Channel ports of targets that are `Blocked`, `Not Present`... */
export function remotePortsDown(snapshot: Snapshot): readonly Finding[] {
  return snapshot.fibreChannelHosts.flatMap(({ hostNumber, remotePorts }) =>
    remotePorts.flatMap(({ name, portName, state, roles }): readonly Finding[] =>
      state === null || state === 'Online' || !roles?.includes('Target')
        ? []
        : [{ kind: 'remotePortDown', port: name, hostNumber, portName, state }],
    ),
  )
}

interface Others {
  readonly ofAnotherLun: Unlike<number>
  readonly ofAnotherSize: Unlike<number | null>
}

function evidenceAgainst(disk: WholeScsiDisk, others: Others, snapshot: Snapshot): readonly Evidence[] {
  const { scsi, sizeBytes, removable } = disk
  const evidence: Evidence[] = []
  if (scsi.state !== null && goneStates.has(scsi.state)) evidence.push({ kind: 'state', state: scsi.state })
  if (sizeBytes === 0 && !removable) evidence.push({ kind: 'zeroSize' })
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
  return (state === null || state === 'running') && isLoggedIn(sessionState)
}

/** What is not known is not down. */
function isLoggedIn(sessionState: string | null): boolean {
  return sessionState === null || sessionState === 'LOGGED_IN'
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
