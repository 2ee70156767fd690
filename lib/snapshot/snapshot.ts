import { devicePathOf } from '../storage/device-name.js'
import type {
  BlockDevice,
  Detail,
  FibreChannelHost,
  IscsiSession,
  MultipathMap,
  NvmeSubsystem,
  ScsiHost,
  SnapshotData,
} from './model.js'

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

  #byName: ReadonlyMap<string, BlockDevice> | undefined

  constructor(data: SnapshotData) {
    this.detail = data.detail
    this.blockDevices = data.blockDevices
    this.multipathMaps = data.multipathMaps
    this.iscsiSessions = data.iscsiSessions
    this.scsiHosts = data.scsiHosts
    this.nvmeSubsystems = data.nvmeSubsystems
    this.fibreChannelHosts = data.fibreChannelHosts
  }

  /** By the kernel's name, `sda`, or a map's, `mpatha`. */
  device(name: string): BlockDevice | undefined {
    this.#byName ??= new Map([
      ...this.blockDevices.flatMap((device): [string, BlockDevice][] =>
        device.dm?.name ? [[device.dm.name, device]] : [],
      ),
      ...this.blockDevices.map((device): [string, BlockDevice] => [device.name, device]),
    ])
    return this.#byName.get(name)
  }

  /** By device number. */
  deviceByNumber(major: number, minor: number): BlockDevice | undefined {
    return this.blockDevices.find((device) => device.major === major && device.minor === minor)
  }

  /** By `/dev/sda`, `/dev/cciss/c0d0` or `/dev/mapper/mpatha`. Links elsewhere are not followed: nothing is read. */
  deviceByPath(path: string): BlockDevice | undefined {
    const map = /^\/dev\/mapper\/(.+)$/.exec(path)?.[1]
    if (map !== undefined) return this.blockDevices.find((device) => device.dm?.name === map)
    return this.blockDevices.find((device) => devicePathOf(device.name) === path)
  }

  /** The disks a device comes down to, through any depth of maps, arrays and partitions; of a disk itself none. */
  disksUnder(device: BlockDevice): readonly BlockDevice[] {
    return this.reach(device, (one) => (one.parent === null ? one.slaves : [one.parent])).filter(
      (one) => one.slaves.length === 0 && one.parent === null,
    )
  }

  /** The multipath maps over a device, through any depth. */
  mapsOver(device: BlockDevice): readonly MultipathMap[] {
    const over = new Set(this.reach(device, (one) => this.directlyOver(one)).map((one) => one.name))
    return this.multipathMaps.filter((map) => over.has(map.device))
  }

  /** All that is made on a device or its partitions, through any depth. */
  devicesOver(device: BlockDevice): readonly BlockDevice[] {
    return this.reach(device, (one) => this.directlyOver(one))
  }

  /** The map that has exactly these paths, in whatever order. */
  mapOfPaths(names: readonly string[]): MultipathMap | undefined {
    const wanted = new Set(names)
    return this.multipathMaps.find(
      (map) => map.paths.length === wanted.size && map.paths.every((path) => wanted.has(path.device)),
    )
  }

  /** The iSCSI session that a disk (or a disk's partition) is reached through. */
  sessionOf(device: BlockDevice): IscsiSession | undefined {
    return this.iscsiSessions.find((session) => session.id === device.iscsi?.sessionId)
  }

  /** The sessions to a target ('basic'). */
  sessionsTo(targetName: string): readonly IscsiSession[] {
    return this.iscsiSessions.filter((session) => session.targetName === targetName)
  }

  /** The disks of a target's LUN, one a session ('basic'). */
  disksOfLun(targetName: string, lun: number): readonly BlockDevice[] {
    return this.blockDevices.filter(
      (device) => device.parent === null && device.iscsi?.targetName === targetName && device.scsi?.lun === lun,
    )
  }

  private directlyOver(device: BlockDevice): readonly string[] {
    const partitions = this.blockDevices.filter((other) => other.parent === device.name)
    return [...device.holders, ...partitions.map((partition) => partition.name)]
  }

  /** All devices that a step leads to, again and again, in the order they are met; without the first. */
  private reach(from: BlockDevice, step: (device: BlockDevice) => readonly string[]): readonly BlockDevice[] {
    const met = new Set<BlockDevice>([from])
    for (const device of met) {
      for (const name of step(device)) {
        const next = this.device(name)
        if (next !== undefined) met.add(next)
      }
    }
    met.delete(from)
    return [...met]
  }
}
