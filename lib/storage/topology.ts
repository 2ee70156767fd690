import { captured, integer, link, linkNumber, list, name, query, text } from '../query/query.js'
import type { Sysfs } from '../sysfs.js'
import { portalKeys } from './iscsi.js'

/** A machine's block storage at one moment. Plain data: what refers to something else does so by its name or number. */
export interface Topology {
  /** In byte order of 'sessionN'; empty where there is no iSCSI. */
  readonly sessions: readonly IscsiSession[]
  /** In byte order of their kernel names. Without the hidden paths of NVMe multipath. */
  readonly devices: readonly BlockDevice[]
}

/** /sys/class/iscsi_session/sessionN */
export interface IscsiSession {
  /** N, which the tools call SID. It is never used again. */
  readonly id: number
  /** The target's IQN: `targetname`. `null` where the session was never given one, or it cannot be read. */
  readonly target: string | null
  /** `state`: 'LOGGED_IN', 'FAILED' (lost, within the recovery time-out) or 'FREE' (not in yet, or out for good). */
  readonly state: string | null
  /** The SCSI host's number. Numbers of hosts that are gone are used again. */
  readonly host: number | null
  readonly connections: readonly IscsiConnection[]
  /** The block devices behind the session, by LUN. What is no disk, a controller say, is not among them. */
  readonly luns: readonly LunDisk[]
}

/** /sys/class/iscsi_connection/connectionSESSION:CID */
export interface IscsiConnection {
  readonly cid: number
  /** `state`: 'up', 'bound', 'down' or 'failed'. */
  readonly state: string | null
  /**
   * `address` and `port`, where the connection is now: '192.168.30.7:3260', '[::1]:3260'. `null` while it is down, for
   * the kernel then has no address to tell.
   */
  readonly portal: string | null
  /** `persistent_address` and `persistent_port`, where it was asked to go; another one after a redirection. */
  readonly persistentPortal: string | null
}

export interface LunDisk {
  readonly lun: number
  /** Kernel name: 'sda'. */
  readonly disk: string
}

export type BlockDevice = Disk | Partition | DeviceMap

/** /sys/class/block/NAME */
interface Device {
  /** Kernel name: 'sda', 'dm-3', 'cciss!c0d0'. */
  readonly name: string
  /** In bytes: `size`, which counts 512-byte sectors whatever the device's own are. */
  readonly size: number | null
  /** `ro` */
  readonly readOnly: boolean | null
  /** What this is made of, by kernel name: `slaves`. */
  readonly slaves: readonly string[]
  /** What is made of this, by kernel name: the `slaves` of others. Partitions are not among them. */
  readonly holders: readonly string[]
}

/** A device that is neither a partition nor of the device mapper; also a software RAID or a loop device. */
export interface Disk extends Device {
  readonly kind: 'disk'
  /** `null` where the disk is not SCSI. */
  readonly scsi: ScsiAddress | null
  /** `device/state`: 'running', 'blocked', 'transport-offline', 'offline' of SCSI, 'live' of NVMe. */
  readonly state: string | null
  /** `device/vendor`, as the disk itself says */
  readonly vendor: string | null
  /** `device/model` */
  readonly model: string | null
}

/** Where a SCSI disk hangs, as the link /sys/class/block/NAME says. */
export interface ScsiAddress {
  /** HOST:CHANNEL:TARGET:LUN */
  readonly hctl: string
  readonly host: number
  readonly lun: number
  /** The id of the iSCSI session it is behind. */
  readonly session: number | null
}

export interface Partition extends Device {
  readonly kind: 'partition'
  /** Kernel name of the device it is a part of: 'sda'. */
  readonly disk: string
}

/** A device of the device mapper: dm-N. */
export interface DeviceMap extends Device {
  readonly kind: 'map'
  readonly type: MapType
  /** `dm/name`, which is its name in /dev/mapper too: 'mpatha' */
  readonly mapName: string | null
  /** `dm/uuid`: 'mpath-' and the WWID, 'LVM-' and the two ids... `null` where it was made without. */
  readonly uuid: string | null
  /** `dm/suspended`: input and output wait. */
  readonly suspended: boolean | null
}

/** What made a map, after its uuid: multipath, LVM, dm-crypt, kpartx ('part', a partition of a map); 'dm' for others. */
export type MapType = 'mpath' | 'lvm' | 'crypt' | 'part' | 'dm'

const sessions = query('class/iscsi_session/session{id}', {
  id: captured('id'),
  host: linkNumber('host'),
  target: text('targetname'),
  state: text('state'),
  connections: list('device/connection$id:{cid}', {
    cid: captured('cid'),
    state: text('iscsi_connection/connection$id:$cid/state'),
    address: text('iscsi_connection/connection$id:$cid/address'),
    port: text('iscsi_connection/connection$id:$cid/port'),
    persistentAddress: text('iscsi_connection/connection$id:$cid/persistent_address'),
    persistentPort: text('iscsi_connection/connection$id:$cid/persistent_port'),
  }),
})

/** Enough to tell which LUN of which session a device is. */
const places = query('class/block/*', { name: name(), link: link(), session: linkNumber('session') })

const blockDevices = query('class/block/*', {
  name: name(),
  link: link(),
  session: linkNumber('session'),
  sectors: integer('size'),
  readOnly: integer('ro'),
  device: list('device', { state: text('state'), vendor: text('vendor'), model: text('model') }),
})

/** Everything that is made of other devices is virtual, so the `slaves` of others, all empty, need not be listed. */
const stackedDevices = query('devices/virtual/block/*', {
  name: name(),
  dm: list('dm', { name: text('name'), uuid: text('uuid'), suspended: integer('suspended') }),
  slaves: list('slaves/*', { name: name() }),
})

type SessionRow = (typeof sessions)['types']['row']
type ConnectionRow = SessionRow['connections'][number]
type PlaceRow = (typeof places)['types']['row']
type DeviceRow = (typeof blockDevices)['types']['row']
type StackedRow = (typeof stackedDevices)['types']['row']

/**
 * Reads the block storage of a machine. What it does not have (iSCSI, the device mapper) is not in the answer.
 *
 * @throws {SysfsError} see SysfsError
 */
export function readTopology(sysfs: Sysfs): Topology {
  const devices = sysfs.prepare(blockDevices).all().filter(isDevice)
  return {
    sessions: connectDisks(sysfs.prepare(sessions).all(), devices),
    devices: stackDevices(devices, sysfs.prepare(stackedDevices).all()),
  }
}

/** The sessions alone, for less than the whole costs. Throws as readTopology does. */
export function readSessions(sysfs: Sysfs): readonly IscsiSession[] {
  return connectDisks(sysfs.prepare(sessions).all(), sysfs.prepare(places).all())
}

function connectDisks(rows: readonly SessionRow[], devices: readonly PlaceRow[]): readonly IscsiSession[] {
  const luns = new Map<number, LunDisk[]>()
  for (const device of devices) {
    const address = scsiAddress(device)
    if (address === null || address.session === null || parentDirectory(device) !== 'block') continue
    addTo(luns, address.session, { lun: address.lun, disk: device.name })
  }
  return rows.filter(isSession).map(({ id, host, target, state, connections }) => ({
    id,
    target: orNull(target),
    state: orNull(state),
    host,
    connections: connections.filter(isConnection).map((connection) => ({
      cid: connection.cid,
      state: orNull(connection.state),
      portal: portalKeys(connection.address, connection.port).at(-1) ?? null,
      persistentPortal: portalKeys(connection.persistentAddress, connection.persistentPort).at(-1) ?? null,
    })),
    luns: (luns.get(id) ?? []).toSorted((a, b) => a.lun - b.lun),
  }))
}

/** Nothing can be read of a session that goes away between listing and reading. */
function isSession({ target, state, connections }: SessionRow): boolean {
  return target !== null || state !== null || connections.some(isConnection)
}

function isConnection({ state, persistentAddress }: ConnectionRow): boolean {
  return state !== null || persistentAddress !== null
}

function stackDevices(rows: readonly DeviceRow[], stackedRows: readonly StackedRow[]): readonly BlockDevice[] {
  const names = new Set(rows.map((row) => row.name))
  const stacked = new Map(stackedRows.map((row) => [row.name, row]))
  const holders = new Map<string, string[]>()
  for (const { name, slaves } of stackedRows) {
    for (const slave of slaves) addTo(holders, slave.name, name)
  }
  return rows.map((row): BlockDevice => {
    const { dm, slaves } = stacked.get(row.name) ?? { dm: [], slaves: [] }
    const device: Device = {
      name: row.name,
      size: row.sectors === null ? null : row.sectors * 512,
      readOnly: toBoolean(row.readOnly),
      slaves: slaves.map((slave) => slave.name),
      holders: holders.get(row.name) ?? [],
    }
    const [map] = dm
    if (map !== undefined) {
      const uuid = orNull(map.uuid)
      const suspended = toBoolean(map.suspended)
      return { kind: 'map', ...device, type: mapType(uuid), mapName: orNull(map.name), uuid, suspended }
    }
    const directory = parentDirectory(row)
    if (directory !== undefined && names.has(directory)) return { kind: 'partition', ...device, disk: directory }

    const [{ state, vendor, model } = { state: null, vendor: null, model: null }] = row.device
    // Without a model the number of a virtio or PCI vendor would stand here, 0x1af4.
    return { kind: 'disk', ...device, scsi: scsiAddress(row), state, vendor: model === null ? null : vendor, model }
  })
}

/**
 * Whether a device is there to be used: nothing can be read of one that goes away between listing and reading, and the
 * paths of NVMe multipath (nvme0c1n1, below nvme0n1) are hidden from users (drivers/nvme/host/multipath.c).
 */
function isDevice({ name, sectors, readOnly }: DeviceRow): boolean {
  return (sectors !== null || readOnly !== null) && !/^nvme\d+c\d+n\d+$/.test(name)
}

function scsiAddress({ link, session }: PlaceRow): ScsiAddress | null {
  const match = /\/((\d+):\d+:\d+:(\d+))\//.exec(link ?? '')
  if (match === null) return null
  const [, hctl = '', host, lun] = match
  return { hctl, host: Number(host), lun: Number(lun), session }
}

/** A partition's directory is in its disk's, a SCSI disk's in one named 'block'. */
function parentDirectory({ link }: PlaceRow): string | undefined {
  return link?.split('/').at(-2)
}

function mapType(uuid: string | null): MapType {
  const [, prefix] = /^(mpath|LVM|CRYPT|part)\d*-/.exec(uuid ?? '') ?? []
  switch (prefix) {
    case 'mpath':
    case 'part':
      return prefix
    case 'LVM':
      return 'lvm'
    case 'CRYPT':
      return 'crypt'
    default:
      return 'dm'
  }
}

function addTo<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const values = lists.get(key)
  if (values === undefined) lists.set(key, [value])
  else values.push(value)
}

/** What was never set reads as the text `(null)`. */
function orNull(value: string | null): string | null {
  return value === '' || value === '(null)' ? null : value
}

function toBoolean(flag: number | null): boolean | null {
  return flag === null ? null : flag !== 0
}
