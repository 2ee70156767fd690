import { compareBytes } from '../query/path.js'
import { devicePathOf } from '../storage/block-devices.js'
import { formatPortal, knownText } from '../storage/iscsi.js'
import { type DeviceLocation, locationOf, type ScsiAddress } from './device-location.js'
import { mapTypeOf, scsiTypeOf, typeOfName } from './device-type.js'
import { append, grouped } from './grouped.js'
import type {
  BlockDevice,
  Detail,
  FibreChannelHost,
  IscsiConnection,
  IscsiDisk,
  IscsiLun,
  IscsiSession,
  MultipathMap,
  MultipathPath,
  NvmeNamespace,
  NvmeSubsystem,
  NvmeSubsystemNamespace,
  ScsiDisk,
  ScsiHost,
  SnapshotData,
} from './model.js'
import {
  connectionValues,
  copierOf,
  type FullRows,
  fibreChannelHostValues,
  iscsiHostValues,
  mapValues,
  nvmeControllerValues,
  nvmeSubsystemValues,
  type Part,
  type Rows,
  remotePortValues,
  scsiDeviceValues,
  scsiHostValues,
  sessionValues,
} from './parts.js'
import { logicalUnitNameOf, unitSerialNumberOf } from './vital-product-data.js'

const copyMap = copierOf(mapValues)
const copyScsiDevice = copierOf(scsiDeviceValues)
const copySession = copierOf(sessionValues)
const copyIscsiHost = copierOf(iscsiHostValues)
const copyConnection = copierOf(connectionValues)
const copyScsiHost = copierOf(scsiHostValues)
const copyNvmeSubsystem = copierOf(nvmeSubsystemValues)
const copyNvmeController = copierOf(nvmeControllerValues)
const copyFibreChannelHost = copierOf(fibreChannelHostValues)
const copyRemotePort = copierOf(remotePortValues)

type RowOf<P extends Part> = Partial<FullRows[P][number]>

/** Makes the data of a snapshot from the rows of its parts. The rows are joined by number, name and address. */
export function joinRows(detail: Detail, rows: Rows): SnapshotData {
  return new Join(rows).snapshot(detail)
}

/** A row of dev/block and its parsed link. */
interface LocatedDevice {
  readonly row: RowOf<'blockDevices'>
  readonly location: DeviceLocation
}

/** The rows of one snapshot, indexed by what they are joined by. */
class Join {
  /** In byte order of the kernel names. So a disk comes before its partitions. */
  private readonly located: readonly LocatedDevice[]
  /** The devices that are already joined, by kernel name. */
  private readonly devices = new Map<string, BlockDevice>()
  /** By kernel name. */
  private readonly maps: ReadonlyMap<string, RowOf<'maps'>>
  /** By kernel name. */
  private readonly raids: ReadonlyMap<string, RowOf<'raids'>>
  /** By the kernel name of the slave. */
  private readonly holders = new Map<string, string[]>()
  /** By SCSI address. */
  private readonly scsiDevices: ReadonlyMap<string, RowOf<'scsiDevices'>>
  /** By id. */
  private readonly sessions: ReadonlyMap<number, RowOf<'sessions'>>
  /** By the id of the session. */
  private readonly connections = new Map<number, IscsiConnection[]>()
  private readonly scsiHosts: readonly ScsiHost[]
  /** By number. */
  private readonly hosts: ReadonlyMap<number, ScsiHost>
  /** By the name of the controller. */
  private readonly subsystemOfController: ReadonlyMap<string, string>

  constructor(private readonly rows: Rows) {
    this.located = (rows.blockDevices ?? [])
      .map((row) => ({ row, location: locationOf(row.link ?? '') }))
      .filter(({ location }) => location.name !== '' && location.name !== '.' && location.name !== '..')
      .sort((a, b) => compareBytes(a.location.name, b.location.name))
    this.maps = byName(rows.maps)
    this.raids = byName(rows.raids)
    for (const stacked of [...this.maps.values(), ...this.raids.values()]) {
      for (const slave of stacked.slaves ?? []) append(this.holders, slave.name, stacked.device ?? '')
    }
    this.scsiDevices = new Map((rows.scsiDevices ?? []).map((row) => [row.hctl ?? '', row]))
    this.sessions = new Map((rows.sessions ?? []).map((row) => [row.id ?? -1, row]))
    for (const row of rows.connections ?? [])
      append(this.connections, row.session ?? -1, { ...copyConnection(row), id: row.id ?? 0 })
    this.scsiHosts = this.readScsiHosts()
    this.hosts = new Map(this.scsiHosts.map((host) => [host.number, host]))
    this.subsystemOfController = new Map(
      (rows.nvmeSubsystems ?? []).flatMap(({ name = '', controllers = [] }) =>
        controllers.map((controller): [string, string] => [controller.name, name]),
      ),
    )
  }

  snapshot(detail: Detail): SnapshotData {
    const blockDevices = this.located.map((device) => this.blockDevice(device))
    return {
      detail,
      blockDevices,
      multipathMaps: blockDevices.filter(isMultipath).map((device) => this.multipathMap(device, detail)),
      iscsiSessions: this.iscsiSessions(blockDevices),
      scsiHosts: this.scsiHosts,
      nvmeSubsystems: (this.rows.nvmeSubsystems ?? []).map(nvmeSubsystemOf),
      fibreChannelHosts: this.fibreChannelHosts(),
    }
  }

  private blockDevice({ row, location }: LocatedDevice): BlockDevice {
    const { name } = location
    const partitionNumber = partitionNumberOf(location)
    const disk = partitionNumber === null ? undefined : this.devices.get(location.parent)
    const queue = disk ?? row
    const map = this.maps.get(name)
    const raid = this.raids.get(name)
    const stacked = map ?? raid
    const device: BlockDevice = {
      name,
      devicePath: devicePathOf(name),
      major: row.major ?? 0,
      minor: row.minor ?? 0,
      diskSequence: queue.diskSequence ?? null,
      type: disk === undefined ? this.typeOf(location, map, raid) : 'part',
      sizeBytes: typeof row.sectors === 'number' ? row.sectors * 512 : null,
      readOnly: booleanOf(row.readOnly),
      removable: disk === undefined ? booleanOf(row.removable) : disk.removable,
      rotational: disk === undefined ? booleanOf(row.rotational) : disk.rotational,
      logicalBlockSize: queue.logicalBlockSize ?? null,
      physicalBlockSize: queue.physicalBlockSize ?? null,
      parent: disk === undefined ? null : disk.name,
      partitionNumber: disk === undefined ? null : partitionNumber,
      holders: this.holders.get(name) ?? [],
      slaves: stacked?.slaves?.map((slave) => slave.name) ?? [],
      scsi: location.scsi === null ? null : this.scsiDisk(location.scsi),
      dm: map === undefined ? null : copyMap(map),
      nvme: this.nvmeNamespace(location),
      iscsi: this.iscsiDisk(location),
    }
    this.devices.set(name, device)
    return device
  }

  private typeOf(
    { name, scsi }: DeviceLocation,
    map: RowOf<'maps'> | undefined,
    raid: RowOf<'raids'> | undefined,
  ): string {
    if (map !== undefined) return mapTypeOf(map.uuid ?? null)
    if (scsi !== null) return scsiTypeOf(this.scsiDevices.get(scsi.hctl)?.type ?? null)
    return knownText(raid?.level) ?? typeOfName(name)
  }

  private scsiDisk({ hctl, host, channel, target, lun }: ScsiAddress): ScsiDisk {
    const row = this.scsiDevices.get(hctl)
    const values = copyScsiDevice(row)
    return {
      hctl,
      host,
      channel,
      target,
      lun,
      ...values,
      wwid: values.wwid ?? logicalUnitNameOf(row?.deviceIdentification ?? null),
      serial: unitSerialNumberOf(row?.unitSerialNumber ?? null),
      transport: this.rows.scsiDevices === undefined ? null : this.transportOf(host),
    }
  }

  /** The transport follows from the kind of the host, else from the name of its driver. lsblk uses the same rules. */
  private transportOf(hostNumber: number): string | null {
    const host = this.hosts.get(hostNumber)
    if (host === undefined) return null
    if (host.kind === 'iscsi' || host.kind === 'fc' || host.kind === 'sas' || host.kind === 'usb') return host.kind
    const driver = host.driver ?? ''
    if (driver === 'ahci' || driver === 'sata') return 'sata'
    return driver.includes('ata') ? 'ata' : null
  }

  private iscsiDisk({ sessionId, hostNumber }: DeviceLocation): IscsiDisk | null {
    if (sessionId === null || hostNumber === null) return null
    return { sessionId, hostNumber, targetName: knownText(this.sessions.get(sessionId)?.targetName) }
  }

  private nvmeNamespace({ name, nvmeSubsystem, nvmeController }: DeviceLocation): NvmeNamespace | null {
    if (!name.startsWith('nvme')) return null
    const subsystem = nvmeSubsystem ?? this.subsystemOfController.get(nvmeController ?? '') ?? null
    return { subsystem, controller: nvmeController }
  }

  private multipathMap(device: BlockDevice, detail: Detail): MultipathMap {
    const paths = device.slaves.map((slave) => this.multipathPath(slave, this.devices.get(slave)))
    const known = paths.filter((path) => path.state !== null)
    const active = known.filter((path) => path.state === 'running')
    return {
      device: device.name,
      name: device.dm?.name ?? device.name,
      wwid: device.dm?.uuid?.slice(multipathPrefix.length) ?? '',
      sizeBytes: device.sizeBytes,
      suspended: device.dm?.suspended ?? null,
      paths,
      pathsActive: detail === 'full' ? active.length : null,
      pathsFailed: detail === 'full' ? known.length - active.length : null,
    }
  }

  private multipathPath(name: string, device: BlockDevice | undefined): MultipathPath {
    const sessionId = device?.iscsi?.sessionId ?? null
    const connection = sessionId === null ? undefined : this.connections.get(sessionId)?.[0]
    return {
      device: name,
      hctl: device?.scsi?.hctl ?? null,
      state: device?.scsi?.state ?? null,
      sessionId,
      portal: connection ? formatPortal(connection.persistentAddress, connection.persistentPort) : null,
    }
  }

  private iscsiSessions(blockDevices: readonly BlockDevice[]): readonly IscsiSession[] {
    const luns = this.lunsBySession(blockDevices)
    const hosts = new Map((this.rows.iscsiHosts ?? []).map((host) => [host.number, host]))
    return [...this.sessions.values()].map((row) => {
      const id = row.id ?? -1
      const hostNumber = locationOf(row.link ?? '').hostNumber ?? -1
      return {
        id,
        hostNumber,
        ...copySession(row),
        recoveryTimeoutSeconds: recoverySecondsOf(row.recoveryTimeout),
        ...copyIscsiHost(hosts.get(hostNumber)),
        connections: this.connections.get(id) ?? [],
        luns: luns.get(id) ?? [],
      }
    })
  }

  /**
   * The LUNs of each session, sorted by number. With detail 'full' SCSI devices without a block device are included.
   */
  private lunsBySession(blockDevices: readonly BlockDevice[]): ReadonlyMap<number, readonly IscsiLun[]> {
    const luns = new Map<number, IscsiLun[]>()
    const withDevice = new Set<string>()
    for (const { name, scsi, iscsi, parent } of blockDevices) {
      if (scsi === null || iscsi === null || parent !== null) continue
      withDevice.add(scsi.hctl)
      append(luns, iscsi.sessionId, { lun: scsi.lun, hctl: scsi.hctl, device: name, state: scsi.state })
    }
    for (const [hctl, row] of this.scsiDevices) {
      if (withDevice.has(hctl)) continue
      const { sessionId } = locationOf(row.link ?? '')
      if (sessionId === null) continue
      append(luns, sessionId, { lun: row.lun ?? 0, hctl, device: null, state: knownText(row.state) })
    }
    for (const ofSession of luns.values()) ofSession.sort((a, b) => a.lun - b.lun || compareBytes(a.hctl, b.hctl))
    return luns
  }

  /**
   * The kind of a host follows from its sessions and from class/fc_host. If it has neither, the kind follows from its
   * own device path (ata1/host1), else from the device paths of its disks (host0/port-0:0/end_device-0:0,
   * host2/rport-2:0-1).
   */
  private readScsiHosts(): readonly ScsiHost[] {
    const iscsi = new Set([...this.sessions.values()].map((row) => locationOf(row.link ?? '').hostNumber))
    const fibreChannel = new Set((this.rows.fibreChannelHosts ?? []).map((row) => row.hostNumber))
    const busOfDevices = new Map<number, DeviceLocation['bus']>()
    for (const { location } of this.located) {
      if (location.hostNumber !== null && location.bus !== null) busOfDevices.set(location.hostNumber, location.bus)
    }
    return (this.rows.scsiHosts ?? []).map((row) => {
      const number = row.number ?? -1
      const bus = locationOf(row.link ?? '').bus ?? busOfDevices.get(number) ?? 'other'
      const kind = iscsi.has(number) ? 'iscsi' : fibreChannel.has(number) ? 'fc' : bus
      return { number, ...copyScsiHost(row), kind }
    })
  }

  private fibreChannelHosts(): readonly FibreChannelHost[] {
    const remotePorts = grouped(this.rows.remotePorts ?? [], (port) => port.hostNumber ?? null)
    return (this.rows.fibreChannelHosts ?? []).map((row) => ({
      ...copyFibreChannelHost(row),
      hostNumber: row.hostNumber ?? -1,
      remotePorts: (remotePorts.get(row.hostNumber ?? -1) ?? []).map((port) => ({
        ...copyRemotePort(port),
        name: port.name ?? '',
      })),
    }))
  }
}

const multipathPrefix = 'mpath-'

function isMultipath(device: BlockDevice): boolean {
  return device.dm?.uuid?.startsWith(multipathPrefix) ?? false
}

function nvmeSubsystemOf(row: RowOf<'nvmeSubsystems'>): NvmeSubsystem {
  const controllers = row.controllers ?? []
  return {
    ...copyNvmeSubsystem(row),
    name: row.name ?? '',
    controllers: controllers.map((controller) => ({ ...copyNvmeController(controller), name: controller.name })),
    namespaces: [...sharedNamespaces(row), ...privateNamespaces(row)].sort((a, b) => compareBytes(a.device, b.device)),
  }
}

/** The namespaces that have a block device of the subsystem and a hidden block device for each controller. */
function sharedNamespaces({ controllers = [], namespaces = [] }: RowOf<'nvmeSubsystems'>): NvmeSubsystemNamespace[] {
  const hidden = controllers.flatMap((controller) => controller.paths.map((path) => ({ controller, path })))
  const byDevice = grouped(hidden, ({ path }) => `nvme${path.subsystem}n${path.namespace}`)
  return namespaces.map(({ device }) => ({
    device,
    paths: (byDevice.get(device) ?? []).map(({ controller, path }) => ({
      name: path.name,
      controller: controller.name,
      anaState: knownText(path.anaState),
    })),
  }))
}

/** The namespaces of a single controller. They are not shared, or native multipath is disabled in the kernel. */
function privateNamespaces({ controllers = [] }: RowOf<'nvmeSubsystems'>): NvmeSubsystemNamespace[] {
  return controllers.flatMap((controller) =>
    controller.namespaces.map(({ device, anaState }) => ({
      device,
      paths: [{ name: device, controller: controller.name, anaState: knownText(anaState) }],
    })),
  )
}

/**
 * The number of a partition: 3 for `sda3` in `sda` and for `nvme0n1p3` in `nvme0n1`. The kernel puts a `p` after the
 * name of a disk that ends with a digit (block/partitions/core.c). `null` for a device that is not a partition, such as
 * `mmcblk0boot0` in `mmcblk0`.
 */
function partitionNumberOf({ name, parent }: DeviceLocation): number | null {
  if (parent === '' || !name.startsWith(parent)) return null
  const number = /^p?(\d+)$/.exec(name.slice(parent.length))?.[1]
  return number === undefined ? null : Number(number)
}

/** Parses recovery_tmo. The kernel prints `off` for -1, which lets commands wait without limit. */
function recoverySecondsOf(text: string | null | undefined): number | null {
  if (text === 'off') return -1
  return text && /^-?\d+$/.test(text) ? Number(text) : null
}

function booleanOf(value: number | null | undefined): boolean | null {
  return value === null || value === undefined ? null : value !== 0
}

function byName<R extends { readonly device?: string }>(rows: readonly R[] | undefined): ReadonlyMap<string, R> {
  return new Map((rows ?? []).map((row) => [row.device ?? '', row]))
}
