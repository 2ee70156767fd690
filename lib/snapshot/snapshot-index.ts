import { append, grouped } from './grouped.js'
import type { BlockDevice, IscsiSession, MultipathMap, SnapshotData } from './model.js'

/** The devices, maps and sessions of a snapshot by the keys that `Snapshot` looks them up by. */
export class SnapshotIndex {
  /** By kernel name. */
  readonly deviceByName: ReadonlyMap<string, BlockDevice>
  /** By the name of the map: dm/name. */
  readonly deviceByMapName: ReadonlyMap<string, BlockDevice>
  /** By the path of the device node. */
  readonly deviceByPath: ReadonlyMap<string, BlockDevice>
  /** By `major:minor`. */
  readonly deviceByNumber: ReadonlyMap<string, BlockDevice>
  /** By the kernel name of the disk. */
  readonly partitionsOfDisk: ReadonlyMap<string, readonly BlockDevice[]>
  /** By session and LUN: `3 17`. A LUN of a session has usually one disk. */
  readonly disksOfLun: ReadonlyMap<string, readonly BlockDevice[]>
  /** By the kernel name of the map. */
  readonly mapByDevice: ReadonlyMap<string, MultipathMap>
  /** By the kernel name of the path. The kernel allows several maps on a path. multipathd creates one. */
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
