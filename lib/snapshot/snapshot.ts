import type { AsyncReadOptions, ReadOptions } from '../machine/prepared-query.js'
import { compareBytes } from '../query/path.js'
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
  /** How much to read. The default is 'basic'. More detail takes more time: each attribute takes three system calls. */
  readonly detail?: Detail
}

/** Options of an asynchronous snapshot. */
export interface AsyncSnapshotOptions extends SnapshotOptions, AsyncReadOptions {}

/**
 * The block storage of a machine at one moment. The data is readonly and can be converted to JSON.
 * `new Snapshot(JSON.parse(text))` makes a snapshot again. The methods look up devices, maps and sessions in the data.
 * They do not read the machine.
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

  /** Created at the first lookup. */
  #index: SnapshotIndex | undefined

  /**
   * Makes a snapshot of existing data.
   *
   * @param data another snapshot, or the parsed JSON of one
   */
  constructor(data: SnapshotData) {
    this.detail = data.detail
    this.blockDevices = data.blockDevices
    this.multipathMaps = data.multipathMaps
    this.iscsiSessions = data.iscsiSessions
    this.scsiHosts = data.scsiHosts
    this.nvmeSubsystems = data.nvmeSubsystems
    this.fibreChannelHosts = data.fibreChannelHosts
  }

  /** Finds a device by its kernel name (`sda`) or by the name of a map (`mpatha`, 'basic'). */
  device(name: string): BlockDevice | undefined {
    return this.index.deviceByName.get(name) ?? this.index.deviceByMapName.get(name)
  }

  /** Finds a device by its device number. */
  deviceByNumber(major: number, minor: number): BlockDevice | undefined {
    return this.index.deviceByNumber.get(`${major}:${minor}`)
  }

  /**
   * Finds a device by its path: `/dev/sda`, `/dev/cciss/c0d0`, `/dev/mapper/mpatha` ('basic'). Other links, such as
   * those in /dev/disk, are not found, because nothing is read.
   */
  deviceByPath(path: string): BlockDevice | undefined {
    return path.startsWith(mapperDirectory)
      ? this.index.deviceByMapName.get(path.slice(mapperDirectory.length))
      : this.index.deviceByPath.get(path)
  }

  /**
   * The disks that a device is made of, through any number of levels of maps, MD arrays and partitions. An empty array
   * for a disk.
   */
  disksUnder(device: BlockDevice): readonly BlockDevice[] {
    return this.reachable(device, (other) => this.directlyUnder(other)).filter(
      ({ slaves, parent, dm }) => slaves.length === 0 && parent === null && dm === null,
    )
  }

  /** The multipath maps among `devicesOver(device)`, in the order of `multipathMaps`. */
  mapsOver(device: BlockDevice): readonly MultipathMap[] {
    return this.devicesOver(device)
      .map(({ name }) => this.index.mapByDevice.get(name))
      .filter((map) => map !== undefined)
      .sort((a, b) => compareBytes(a.device, b.device))
  }

  /** The partitions of a device, the maps and MD arrays that have it as a slave, and the devices over these in turn. */
  devicesOver(device: BlockDevice): readonly BlockDevice[] {
    return this.reachable(device, (other) => this.directlyOver(other))
  }

  /**
   * The multipath maps that have a device among their paths. multipathd creates at most one.
   *
   * @param name the kernel name of the device
   */
  mapsOfPath(name: string): readonly MultipathMap[] {
    return this.index.mapsOfPath.get(name) ?? []
  }

  /**
   * The multipath map that has exactly these paths.
   *
   * @param names the kernel names of the paths, in any order
   */
  mapOfPaths(names: readonly string[]): MultipathMap | undefined {
    const wanted = new Set(names)
    return this.mapsOfPath(names[0] ?? '').find(
      (map) => map.paths.length === wanted.size && map.paths.every((path) => wanted.has(path.device)),
    )
  }

  /**
   * The paths of a map whose SCSI device is `running` and whose session is logged in. An unknown state of a device or
   * session counts as working. A path without a session needs none.
   */
  livePaths(map: MultipathMap): readonly MultipathPath[] {
    return map.paths.filter(({ state, sessionId }) => {
      const sessionState = sessionId === null ? null : (this.session(sessionId)?.state ?? null)
      return (state === null || state === 'running') && isLoggedIn(sessionState)
    })
  }

  /** Finds the session sessionN. */
  session(id: number): IscsiSession | undefined {
    return this.index.sessionById.get(id)
  }

  /** The iSCSI session of a disk or partition. `undefined` if it is not reached by iSCSI. */
  sessionOf(device: BlockDevice): IscsiSession | undefined {
    return device.iscsi === null ? undefined : this.session(device.iscsi.sessionId)
  }

  /** The iSCSI sessions to a target ('basic'). */
  sessionsTo(targetName: string): readonly IscsiSession[] {
    return this.index.sessionsByTarget.get(targetName) ?? []
  }

  /** The disks of a LUN of an iSCSI target, usually one for each session ('basic'). */
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

  /** The devices that repeated steps from a device lead to, nearest first, without the device itself. */
  private reachable(from: BlockDevice, step: (device: BlockDevice) => readonly BlockDevice[]): readonly BlockDevice[] {
    // The iteration of a set also visits the elements that are added during the iteration.
    const reached = new Set<BlockDevice>([from])
    for (const device of reached) for (const next of step(device)) reached.add(next)
    reached.delete(from)
    return [...reached]
  }
}

const mapperDirectory = '/dev/mapper/'
