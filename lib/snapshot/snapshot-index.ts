import { append, grouped } from './grouped.js'
import type { BlockDevice, IscsiSession, MultipathMap, SnapshotData } from './model.js'

/** The parts of a snapshot by name, number and path, so that finding one takes constant time. */
export class SnapshotIndex {
  readonly deviceByName: ReadonlyMap<string, BlockDevice>
  readonly deviceByMapName: ReadonlyMap<string, BlockDevice>
  readonly deviceByPath: ReadonlyMap<string, BlockDevice>
  /** By `major:minor`. */
  readonly deviceByNumber: ReadonlyMap<string, BlockDevice>
  readonly partitionsOfDisk: ReadonlyMap<string, readonly BlockDevice[]>
  /** By session and LUN, `3 17`. There is usually one disk. */
  readonly disksOfLun: ReadonlyMap<string, readonly BlockDevice[]>
  readonly mapByDevice: ReadonlyMap<string, MultipathMap>
  /** The kernel allows several maps to share a path. multipathd makes no such maps. */
  readonly mapsOfPath: ReadonlyMap<string, readonly MultipathMap[]>
  readonly sessionById: ReadonlyMap<number, IscsiSession>
  readonly sessionsByTarget: ReadonlyMap<string, readonly IscsiSession[]>

  constructor({ blockDevices, multipathMaps, iscsiSessions }: SnapshotData) {
    this.deviceByName = new Map(blockDevices.map((device) => [device.name, device]))
    const deviceByMapName = new Map<string, BlockDevice>()
    for (const device of blockDevices) if (device.dm?.name != null) deviceByMapName.set(device.dm.name, device)
    this.deviceByMapName = deviceByMapName
    this.deviceByPath = new Map(blockDevices.map((device) => [device.devicePath, device]))
    this.deviceByNumber = new Map(blockDevices.map((device) => [`${device.major}:${device.minor}`, device]))
    this.partitionsOfDisk = grouped(blockDevices, (device) => device.parent)
    this.disksOfLun = grouped(blockDevices, ({ parent, iscsi, scsi }) =>
      parent === null && iscsi !== null && scsi !== null ? `${iscsi.sessionId} ${scsi.lun}` : null,
    )
    this.mapByDevice = new Map(multipathMaps.map((map) => [map.device, map]))
    const mapsOfPath = new Map<string, MultipathMap[]>()
    for (const map of multipathMaps) for (const path of map.paths) append(mapsOfPath, path.device, map)
    this.mapsOfPath = mapsOfPath
    this.sessionById = new Map(iscsiSessions.map((session) => [session.id, session]))
    this.sessionsByTarget = grouped(iscsiSessions, (session) => session.targetName)
  }
}
