import { append, grouped } from './grouped.js'
import type { BlockDevice, IscsiSession, MultipathMap, SnapshotData } from './model.js'

/** A snapshot's parts by what they are asked for by, so that no question goes through all of them. */
export class SnapshotIndex {
  readonly deviceByName: ReadonlyMap<string, BlockDevice>
  readonly deviceByMapName: ReadonlyMap<string, BlockDevice>
  readonly deviceByPath: ReadonlyMap<string, BlockDevice>
  /** By `major:minor`. */
  readonly deviceByNumber: ReadonlyMap<string, BlockDevice>
  readonly partitionsOfDisk: ReadonlyMap<string, readonly BlockDevice[]>
  /** By session and LUN, `3 17`: one disk, as a rule. */
  readonly disksOfLun: ReadonlyMap<string, readonly BlockDevice[]>
  readonly mapByDevice: ReadonlyMap<string, MultipathMap>
  /** The kernel lets several maps share a path, though multipathd makes none that do. */
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
