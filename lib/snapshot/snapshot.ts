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

/**
 * A machine's block storage at one moment, with finders. The data are readonly and JSON-safe; a snapshot that went
 * through JSON gets its finders back with `new Snapshot(JSON.parse(text))`. Nothing here reads the machine again.
 */
export class Snapshot implements SnapshotData {
  readonly detail: Detail
  readonly blockDevices: readonly BlockDevice[]
  readonly multipathMaps: readonly MultipathMap[]
  readonly iscsiSessions: readonly IscsiSession[]
  readonly scsiHosts: readonly ScsiHost[]
  readonly nvmeSubsystems: readonly NvmeSubsystem[]
  readonly fibreChannelHosts: readonly FibreChannelHost[]

  /** Made when something is first asked for. */
  #index: SnapshotIndex | undefined

  constructor(data: SnapshotData) {
    this.detail = data.detail
    this.blockDevices = data.blockDevices
    this.multipathMaps = data.multipathMaps
    this.iscsiSessions = data.iscsiSessions
    this.scsiHosts = data.scsiHosts
    this.nvmeSubsystems = data.nvmeSubsystems
    this.fibreChannelHosts = data.fibreChannelHosts
  }

  /** By the kernel's name, `sda`, or a map's, `mpatha` ('basic'). */
  device(name: string): BlockDevice | undefined {
    return this.index.deviceByName.get(name) ?? this.index.deviceByMapName.get(name)
  }

  /** By device number. */
  deviceByNumber(major: number, minor: number): BlockDevice | undefined {
    return this.index.deviceByNumber.get(`${major}:${minor}`)
  }

  /**
   * By `/dev/sda`, `/dev/cciss/c0d0` or `/dev/mapper/mpatha` ('basic'). Links elsewhere are not followed: nothing is
   * read.
   */
  deviceByPath(path: string): BlockDevice | undefined {
    return path.startsWith(mapperDirectory)
      ? this.index.deviceByMapName.get(path.slice(mapperDirectory.length))
      : this.index.deviceByPath.get(path)
  }

  /** The disks a device comes down to, through any depth of maps, arrays and partitions; of a disk itself none. */
  disksUnder(device: BlockDevice): readonly BlockDevice[] {
    return this.reach(device, (one) => this.directlyUnder(one)).filter(
      (one) => one.slaves.length === 0 && one.parent === null && one.dm === null,
    )
  }

  /** The multipath maps over a device, through any depth, in the order of `multipathMaps`. */
  mapsOver(device: BlockDevice): readonly MultipathMap[] {
    return this.devicesOver(device)
      .map((one) => this.index.mapByDevice.get(one.name))
      .filter((map) => map !== undefined)
      .sort((a, b) => (a.device < b.device ? -1 : 1))
  }

  /** All that is made on a device or its partitions, through any depth. */
  devicesOver(device: BlockDevice): readonly BlockDevice[] {
    return this.reach(device, (one) => this.directlyOver(one))
  }

  /** The multipath maps that have a disk among their paths: one, as multipathd makes them. */
  mapsOfPath(name: string): readonly MultipathMap[] {
    return this.index.mapsOfPath.get(name) ?? []
  }

  /** The map that has exactly these paths, in whatever order. */
  mapOfPaths(names: readonly string[]): MultipathMap | undefined {
    const wanted = new Set(names)
    return this.mapsOfPath(names[0] ?? '').find(
      (map) => map.paths.length === wanted.size && map.paths.every((path) => wanted.has(path.device)),
    )
  }

  /** The paths of a map whose disk is running and whose session is logged in. A path of unknown state counts as live. */
  livePaths(map: MultipathMap): readonly MultipathPath[] {
    return map.paths.filter(({ state, sessionId }) => {
      const sessionState = sessionId === null ? null : (this.session(sessionId)?.state ?? null)
      return (state === null || state === 'running') && isLoggedIn(sessionState)
    })
  }

  /** By N of sessionN. */
  session(id: number): IscsiSession | undefined {
    return this.index.sessionById.get(id)
  }

  /** The iSCSI session that a disk (or a disk's partition) is reached through. */
  sessionOf(device: BlockDevice): IscsiSession | undefined {
    return device.iscsi === null ? undefined : this.session(device.iscsi.sessionId)
  }

  /** The sessions to a target ('basic'). */
  sessionsTo(targetName: string): readonly IscsiSession[] {
    return this.index.sessionsByTarget.get(targetName) ?? []
  }

  /** The disks of a target's LUN, one a session ('basic'). */
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

  /** All devices that a step leads to, again and again, in the order they are met; without the first. */
  private reach(from: BlockDevice, step: (device: BlockDevice) => readonly BlockDevice[]): readonly BlockDevice[] {
    const met = new Set<BlockDevice>([from])
    for (const device of met) for (const next of step(device)) met.add(next)
    met.delete(from)
    return [...met]
  }
}

const mapperDirectory = '/dev/mapper/'
