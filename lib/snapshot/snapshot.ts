import type { AsyncReadOptions, ReadOptions } from '../machine/prepared-query.js'
import { isLoggedIn } from '../storage/iscsi.js'
import type {
  BlockDevice,
  Detail,
  FibreChannelHost,
  IscsiSession,
  MultipathMap,
  MultipathPath,
  NvmeSubsystem,
  ScsiHost,
  SnapshotData,
} from './model.js'
import { SnapshotIndex } from './snapshot-index.js'

/** Options of a snapshot. */
export interface SnapshotOptions extends ReadOptions {
  /** How much to read; 'basic' by default. More detail takes more time: every attribute takes three system calls. */
  readonly detail?: Detail
}

/** Options of an asynchronous snapshot. */
export interface AsyncSnapshotOptions extends SnapshotOptions, AsyncReadOptions {}

/**
 * The block storage of a machine at one moment, with methods that find things in it. The data are readonly and
 * JSON-safe. `new Snapshot(JSON.parse(text))` restores a snapshot from JSON. No method reads the machine again.
 */
export class Snapshot implements SnapshotData {
  /** How much was read. */
  readonly detail: Detail
  /** All block devices, in byte order of their kernel names. */
  readonly blockDevices: readonly BlockDevice[]
  /** All multipath maps, in byte order of the kernel names of their devices ('basic'). */
  readonly multipathMaps: readonly MultipathMap[]
  /** All iSCSI sessions, in byte order of their names: session10 before session2. */
  readonly iscsiSessions: readonly IscsiSession[]
  /** All SCSI hosts, in byte order of their names: host10 before host2. */
  readonly scsiHosts: readonly ScsiHost[]
  /** All NVMe subsystems, in byte order of their names ('full'). */
  readonly nvmeSubsystems: readonly NvmeSubsystem[]
  /** All Fibre Channel hosts, in byte order of their names ('full'). */
  readonly fibreChannelHosts: readonly FibreChannelHost[]

  /** Made at the first call of a method. */
  #index: SnapshotIndex | undefined

  /** @param data of another snapshot, or from JSON */
  constructor(data: SnapshotData) {
    this.detail = data.detail
    this.blockDevices = data.blockDevices
    this.multipathMaps = data.multipathMaps
    this.iscsiSessions = data.iscsiSessions
    this.scsiHosts = data.scsiHosts
    this.nvmeSubsystems = data.nvmeSubsystems
    this.fibreChannelHosts = data.fibreChannelHosts
  }

  /** Finds a device by its kernel name, `sda`, or by the name of a map, `mpatha` ('basic'). */
  device(name: string): BlockDevice | undefined {
    return this.index.deviceByName.get(name) ?? this.index.deviceByMapName.get(name)
  }

  /** Finds a device by its device number. */
  deviceByNumber(major: number, minor: number): BlockDevice | undefined {
    return this.index.deviceByNumber.get(`${major}:${minor}`)
  }

  /**
   * Finds a device by its path: `/dev/sda`, `/dev/cciss/c0d0` or `/dev/mapper/mpatha` ('basic'). Other links, such as
   * /dev/disk/by-id, are not followed.
   */
  deviceByPath(path: string): BlockDevice | undefined {
    return path.startsWith(mapperDirectory)
      ? this.index.deviceByMapName.get(path.slice(mapperDirectory.length))
      : this.index.deviceByPath.get(path)
  }

  /** The disks that a device is made of, through any depth of maps, arrays and partitions. Empty for a disk. */
  disksUnder(device: BlockDevice): readonly BlockDevice[] {
    return this.reach(device, (one) => this.directlyUnder(one)).filter(
      (one) => one.slaves.length === 0 && one.parent === null && one.dm === null,
    )
  }

  /** The multipath maps on a device, through any depth, in the order of `multipathMaps`. */
  mapsOver(device: BlockDevice): readonly MultipathMap[] {
    return this.devicesOver(device)
      .map((one) => this.index.mapByDevice.get(one.name))
      .filter((map) => map !== undefined)
      .sort((a, b) => (a.device < b.device ? -1 : 1))
  }

  /** The devices that are made on a device or its partitions, through any depth. */
  devicesOver(device: BlockDevice): readonly BlockDevice[] {
    return this.reach(device, (one) => this.directlyOver(one))
  }

  /** The multipath maps that have a disk as a path. multipathd makes at most one. */
  mapsOfPath(name: string): readonly MultipathMap[] {
    return this.index.mapsOfPath.get(name) ?? []
  }

  /** Finds the map that has exactly these paths, in any order. */
  mapOfPaths(names: readonly string[]): MultipathMap | undefined {
    const wanted = new Set(names)
    return this.mapsOfPath(names[0] ?? '').find(
      (map) => map.paths.length === wanted.size && map.paths.every((path) => wanted.has(path.device)),
    )
  }

  /**
   * The paths of a map whose disk is running and whose session is logged in. A path of unknown state counts as live.
   */
  livePaths(map: MultipathMap): readonly MultipathPath[] {
    return map.paths.filter(({ state, sessionId }) => {
      const sessionState = sessionId === null ? null : (this.session(sessionId)?.state ?? null)
      return (state === null || state === 'running') && isLoggedIn(sessionState)
    })
  }

  /** Finds a session by N of sessionN. */
  session(id: number): IscsiSession | undefined {
    return this.index.sessionById.get(id)
  }

  /** The iSCSI session of a disk or partition. */
  sessionOf(device: BlockDevice): IscsiSession | undefined {
    return device.iscsi === null ? undefined : this.session(device.iscsi.sessionId)
  }

  /** The sessions to a target ('basic'). */
  sessionsTo(targetName: string): readonly IscsiSession[] {
    return this.index.sessionsByTarget.get(targetName) ?? []
  }

  /** The disks of a LUN of a target, one a session ('basic'). */
  disksOfLun(targetName: string, lun: number): readonly BlockDevice[] {
    return this.sessionsTo(targetName).flatMap(({ id }) => this.index.disksOfLun.get(`${id} ${lun}`) ?? [])
  }

  private get index(): SnapshotIndex {
    this.#index ??= new SnapshotIndex(this)
    return this.#index
  }

  private directlyUnder(device: BlockDevice): readonly BlockDevice[] {
    return this.devices(device.parent === null ? device.slaves : [device.parent])
  }

  private directlyOver(device: BlockDevice): readonly BlockDevice[] {
    return [...this.devices(device.holders), ...(this.index.partitionsOfDisk.get(device.name) ?? [])]
  }

  private devices(names: readonly string[]): readonly BlockDevice[] {
    return names.map((name) => this.index.deviceByName.get(name)).filter((device) => device !== undefined)
  }

  /** All devices that repeated steps lead to, without the first, in the order in which they are found. */
  private reach(from: BlockDevice, step: (device: BlockDevice) => readonly BlockDevice[]): readonly BlockDevice[] {
    const met = new Set<BlockDevice>([from])
    for (const device of met) for (const next of step(device)) met.add(next)
    met.delete(from)
    return [...met]
  }
}

const mapperDirectory = '/dev/mapper/'
