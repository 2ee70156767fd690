import type { Field, Fields, ListDefinition } from '../query/definition.js'
import { capture, hex, integer, link, list, name, text } from '../query/fields.js'
import { type Query, record } from '../query/query.js'
import type { Row } from '../query/row-types.js'
import { knownText } from '../storage/iscsi.js'

// The queries of a snapshot: one record for each detail, read in one call. join.ts joins the parts by their links
// (/sys/dev/block/8:0 -> ../../devices/platform/host2/session1/target2:0:0/2:0:0:1/block/sda). So no directory is
// listed twice. The fields are in the order of the reads (required fields first, lists last). So an executor need not
// reorder the keys of a row, which takes time.

const silent = new WeakSet<object>()

/** Marks a field that the kernel changes without a uevent. A monitor reads such fields again at its interval. */
function silently<F extends Field<unknown>>(field: F): F {
  silent.add(field)
  return field
}

/** Whether the kernel changes a field, or the list that a field reads, without a uevent. */
export function changesSilently(field: Field<unknown>): boolean {
  return silent.has(field)
}

/** An attribute that the kernel prints as 0 or 1. */
interface Flag extends Field<number | null> {
  readonly isFlag: true
}

function flag(path: string): Flag {
  return Object.assign(integer(path), { isFlag: true as const })
}

function isFlag(field: Field<unknown>): field is Flag {
  return Object.hasOwn(field, 'isFlag')
}

/** The values of fields in a snapshot: flags are booleans, and missing values are `null`. */
export type Values<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Flag ? boolean | null : Exclude<F[K]['types']['value'], undefined> | null
}

/**
 * Makes the function that copies the fields of a row into a snapshot. Texts without a value (see `knownText`) become
 * `null`. So do fields that the snapshot's detail does not read, and all fields of a missing row.
 */
export function copierOf<F extends Fields>(fields: F): (row: Partial<Row<F>> | undefined) => Values<F> {
  const keys = Object.keys(fields)
  const flags = keys.map((key) => isFlag(fields[key] as Field<unknown>))
  const nothing = Object.fromEntries(keys.map((key) => [key, null])) as Values<F>
  return (row) => {
    if (row === undefined) return nothing
    const values: Record<string, unknown> = { ...nothing }
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index] as string
      const value: unknown = row[key]
      if (value === undefined || value === null) continue
      if (typeof value === 'string') values[key] = knownText(value)
      else values[key] = flags[index] ? value !== 0 : value
    }
    return values as Values<F>
  }
}

const linked = { link: link().required() }
// These change without a uevent when a table of a map is loaded, before the table is in use, and when an MD array gains
// or loses a disk.
const slaves = list('slaves/*', { name: name() })

const blockDeviceLink = { ...linked, major: capture('major'), minor: capture('minor') }
// The kernel sends no uevent for a size that was 0 or becomes 0 (set_capacity_and_notify in block/genhd.c), nor for the
// ioctl BLKROSET.
const blockDeviceSize = { ...blockDeviceLink, sectors: silently(integer('size')), readOnly: silently(flag('ro')) }
const blockDeviceFields = {
  ...blockDeviceSize,
  diskSequence: integer('diskseq'),
  removable: flag('removable'),
  rotational: flag('queue/rotational'),
  logicalBlockSize: integer('queue/logical_block_size'),
  physicalBlockSize: integer('queue/physical_block_size'),
}

const mapIdentity = { name: text('dm/name'), uuid: text('dm/uuid') }
/** The fields of a map that a snapshot copies. */
export const mapValues = { ...mapIdentity, suspended: flag('dm/suspended') }

/**
 * The fields of a SCSI device that a snapshot copies. The kernel sends no uevent for the state (scsi_device_set_state
 * in drivers/scsi/scsi_lib.c).
 */
export const scsiDeviceValues = {
  vendor: text('device/vendor'),
  model: text('device/model'),
  revision: text('device/rev'),
  wwid: text('device/wwid'),
  state: silently(text('device/state')),
  queueDepth: silently(integer('device/queue_depth')),
  timeoutSeconds: silently(integer('device/timeout')),
  ioRequests: silently(integer('device/iorequest_cnt')),
  ioDone: silently(integer('device/iodone_cnt')),
  ioErrors: silently(integer('device/ioerr_cnt')),
  ioTimeouts: silently(integer('device/iotmo_cnt')),
  accessState: silently(text('device/access_state')),
}
const scsiDeviceFields = {
  ...linked,
  hctl: name(),
  lun: capture('lun'),
  type: integer('device/type'),
  ...scsiDeviceValues,
  unitSerialNumber: hex('device/vpd_pg80'),
  deviceIdentification: hex('device/vpd_pg83'),
}

// The kernel sends no uevent when the state of a session or connection changes (drivers/scsi/scsi_transport_iscsi.c).
const sessionLink = { ...linked, id: capture('id') }
const sessionIdentity = { targetName: text('targetname'), state: silently(text('state')) }
/** The fields of a session that a snapshot copies. */
export const sessionValues = {
  ...sessionIdentity,
  targetAlias: text('targetalias'),
  initiatorName: text('initiatorname'),
  interfaceName: text('ifacename'),
  targetPortalGroup: integer('tpgt'),
  abortTimeoutSeconds: integer('abort_tmo'),
  logicalUnitResetTimeoutSeconds: integer('lu_reset_tmo'),
  targetResetTimeoutSeconds: integer('tgt_reset_tmo'),
  fastAbort: flag('fast_abort'),
  firstBurstLength: integer('first_burst_len'),
  maxBurstLength: integer('max_burst_len'),
  immediateData: flag('immediate_data'),
  initialR2T: flag('initial_r2t'),
  maxOutstandingR2T: integer('max_outstanding_r2t'),
  errorRecoveryLevel: integer('erl'),
}
// multipathd writes recovery_tmo some time after it has found a path.
const sessionFields = { ...sessionLink, ...sessionValues, recoveryTimeout: silently(text('recovery_tmo')) }

/** The fields of a session's host that a snapshot copies. */
export const iscsiHostValues = {
  interfaceAddress: silently(text('ipaddress')),
  interfaceHardwareAddress: silently(text('hwaddress')),
  interfaceDevice: silently(text('netdev')),
}

const connectionName = { session: capture('session') }
// address and port can be read only while the connection has a socket.
const connectionPortals = {
  id: capture('id'),
  address: silently(text('address')),
  port: silently(integer('port')),
  persistentAddress: text('persistent_address'),
  persistentPort: integer('persistent_port'),
}
/** The fields of a connection that a snapshot copies. */
export const connectionValues = {
  ...connectionPortals,
  state: silently(text('state')),
  headerDigest: flag('header_digest'),
  dataDigest: flag('data_digest'),
  maxReceiveDataSegmentLength: integer('max_recv_dlength'),
  maxTransmitDataSegmentLength: integer('max_xmit_dlength'),
  pingTimeoutSeconds: integer('ping_tmo'),
  receiveTimeoutSeconds: integer('recv_tmo'),
}

const scsiHostLink = { ...linked, number: capture('number') }
/** The fields of a SCSI host that a snapshot copies. */
export const scsiHostValues = { driver: text('proc_name'), state: silently(text('state')) }

/** The fields of an NVMe subsystem that a snapshot copies. */
export const nvmeSubsystemValues = {
  name: name(),
  nqn: text('subsysnqn'),
  model: text('model'),
  serial: text('serial'),
  firmwareRevision: text('firmware_rev'),
  iopolicy: text('iopolicy'),
}
/** The fields of an NVMe controller that a snapshot copies. */
export const nvmeControllerValues = {
  name: name(),
  transport: text('transport'),
  address: text('address'),
  state: text('state'),
}
const nvmeSubsystemFields = {
  ...nvmeSubsystemValues,
  controllers: list('nvme{controller}', {
    ...nvmeControllerValues,
    paths: list('nvme{subsystem}c{path}n{namespace}', {
      name: name(),
      subsystem: capture('subsystem'),
      namespace: capture('namespace'),
      anaState: text('ana_state'),
    }),
    namespaces: list('nvme{instance}n{namespace}', { device: name(), anaState: text('ana_state') }),
  }),
  namespaces: list('nvme{subsystem}n{namespace}', { device: name() }),
}

/** The fields of a Fibre Channel host that a snapshot copies. */
export const fibreChannelHostValues = {
  hostNumber: capture('number'),
  portName: text('port_name'),
  state: silently(text('port_state')),
  speed: silently(text('speed')),
}

/** The fields of a Fibre Channel remote port that a snapshot copies. */
export const remotePortValues = {
  name: name(),
  portName: text('port_name'),
  state: silently(text('port_state')),
  roles: silently(text('roles')),
}

/** The rows of the full query. */
export interface FullRows {
  readonly blockDevices: readonly Row<typeof blockDeviceFields>[]
  readonly maps: readonly (Row<typeof mapValues> & DeviceWithSlaves)[]
  readonly raids: readonly ({ readonly level: string | null } & DeviceWithSlaves)[]
  readonly scsiDevices: readonly Row<typeof scsiDeviceFields>[]
  readonly sessions: readonly Row<typeof sessionFields>[]
  readonly iscsiHosts: readonly ({ readonly number: number } & Row<typeof iscsiHostValues>)[]
  readonly connections: readonly (Row<typeof connectionName> & Row<typeof connectionValues>)[]
  readonly scsiHosts: readonly (Row<typeof scsiHostLink> & Row<typeof scsiHostValues>)[]
  readonly nvmeSubsystems: readonly Row<typeof nvmeSubsystemFields>[]
  readonly fibreChannelHosts: readonly Row<typeof fibreChannelHostValues>[]
  readonly remotePorts: readonly ({ readonly hostNumber: number } & Row<typeof remotePortValues>)[]
}

/** A map or an MD array. */
interface DeviceWithSlaves {
  readonly device: string
  readonly slaves: readonly { readonly name: string }[]
}

/** A part of a snapshot: a list of its query. */
export type Part = keyof FullRows

/** The rows of the query of any detail. They are those of the full query, without some parts and fields. */
export type Rows = { readonly [P in Part]?: readonly Partial<FullRows[P][number]>[] }

const blockDevices = 'dev/block/{major}:{minor}'
const maps = 'devices/virtual/block/dm-*'
const sessions = 'class/iscsi_session/session{id}'
const connections = 'class/iscsi_connection/connection{session}:{id}'
const scsiHosts = 'class/scsi_host/host{number}'

/** The query of a snapshot with detail 'links'. */
export const linksQuery: Query<Rows, unknown> = record({
  blockDevices: list(blockDevices, blockDeviceLink),
  maps: silently(list(maps, { device: name(), slaves })),
  sessions: list(sessions, sessionLink),
  connections: list(connections, { ...connectionName, id: capture('id') }),
  scsiHosts: list(scsiHosts, scsiHostLink),
})

/** The query of a snapshot with detail 'basic'. */
export const basicQuery: Query<Rows, unknown> = record({
  blockDevices: list(blockDevices, blockDeviceSize),
  maps: silently(list(maps, { device: name(), ...mapIdentity, slaves })),
  sessions: list(sessions, { ...sessionLink, ...sessionIdentity }),
  connections: list(connections, { ...connectionName, ...connectionPortals }),
  scsiHosts: list(scsiHosts, scsiHostLink),
})

/** The query of a snapshot with detail 'full'. */
export const fullQuery: Query<FullRows, unknown> = record({
  blockDevices: list(blockDevices, blockDeviceFields),
  maps: silently(list(maps, { device: name(), ...mapValues, slaves })),
  raids: silently(list('devices/virtual/block/md*', { device: name(), level: text('md/level'), slaves })),
  scsiDevices: list('class/scsi_device/{host}:{channel}:{target}:{lun}', scsiDeviceFields),
  sessions: list(sessions, sessionFields),
  iscsiHosts: list('class/iscsi_host/host{number}', { number: capture('number'), ...iscsiHostValues }),
  connections: list(connections, { ...connectionName, ...connectionValues }),
  scsiHosts: list(scsiHosts, { ...scsiHostLink, ...scsiHostValues }),
  nvmeSubsystems: silently(list('class/nvme-subsystem/nvme-subsys{number}', nvmeSubsystemFields)),
  fibreChannelHosts: list('class/fc_host/host{number}', fibreChannelHostValues),
  remotePorts: list('class/fc_remote_ports/rport-{host}:{bus}-{number}', {
    hostNumber: capture('host'),
    ...remotePortValues,
  }),
})

/** The lists of a snapshot's query by part, and whether the kernel changes each list without a uevent. */
export function partsOf(query: Query<Rows, unknown>): ReadonlyMap<Part, { list: ListDefinition; isSilent: boolean }> {
  const parts = new Map<Part, { list: ListDefinition; isSilent: boolean }>()
  for (const [part, field] of Object.entries(query.list.fields)) {
    const { reading } = field
    if (reading.kind === 'list') parts.set(part as Part, { list: reading.list, isSilent: changesSilently(field) })
  }
  return parts
}
