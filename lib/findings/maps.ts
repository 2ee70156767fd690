import { grouped } from '../snapshot/grouped.js'
import type { Snapshot } from '../snapshot/snapshot.js'
import type { Finding } from './finding.js'
import { scsiDisks, unitOf } from './scsi-disks.js'

/** Finds disks that are in no multipath map, although other disks are paths to the same unit. */
export function findOrphanPaths(snapshot: Snapshot): readonly Finding[] {
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

/**
 * Finds multipath maps that have a path that is not live, or that have no live path through a session to their target.
 * A path of unknown state counts as live.
 */
export function findDegradedMaps(snapshot: Snapshot): readonly Finding[] {
  return snapshot.multipathMaps.flatMap((map): readonly Finding[] => {
    const targets = new Set(map.paths.map((path) => snapshot.device(path.device)?.iscsi?.targetName ?? null))
    const sessions = [...targets].flatMap((target) => (target === null ? [] : snapshot.sessionsTo(target)))
    const live = snapshot.livePaths(map)
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

/** Finds multipath maps that have a path of another size than the map. Paths of size 0 are phantom LUNs. */
export function findMapsOfOtherSize(snapshot: Snapshot): readonly Finding[] {
  return snapshot.multipathMaps.flatMap(({ name, device, sizeBytes, paths }): readonly Finding[] => {
    if (sizeBytes === null) return []
    const others = paths.flatMap((path) => {
      const size = snapshot.device(path.device)?.sizeBytes
      return size && size !== sizeBytes ? [{ device: path.device, sizeBytes: size }] : []
    })
    return others.length === 0 ? [] : [{ kind: 'mapSizeDiffers', map: name, device, sizeBytes, paths: others }]
  })
}

/** Finds device-mapper maps of any kind that are suspended. */
export function findSuspendedMaps(snapshot: Snapshot): readonly Finding[] {
  return snapshot.blockDevices.flatMap(({ name, dm }): readonly Finding[] =>
    dm?.suspended ? [{ kind: 'mapSuspended', map: dm.name ?? name, device: name }] : [],
  )
}
