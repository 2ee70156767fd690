import { captured, hex, integer, link, list, name, type Query, record, text } from '../query/query.js'
import type { Row } from '../query/row-types.js'

// One record a detail: each reads all it needs of the machine in one call. The parts are joined in join.ts by what
// their links say (/sys/dev/block/8:0 -> ../../devices/platform/host2/session1/target2:0:0/2:0:0:1/block/sda), so that
// nothing is listed twice and nothing is looked for where it cannot be. Fields stand in the order in which they are read
// (what is required first, lists last), which makes the rows for less.

const placed = { link: link().required() }
const slaves = list('slaves/*', { name: name() })

const blockDeviceLink = { ...placed, major: captured('major'), minor: captured('minor') }
const blockDeviceSize = { ...blockDeviceLink, sectors: integer('size'), readOnly: integer('ro') }
export const blockDeviceFields = {
  ...blockDeviceSize,
  diskSequence: integer('diskseq'),
  removable: integer('removable'),
  rotational: integer('queue/rotational'),
  logicalBlockSize: integer('queue/logical_block_size'),
  physicalBlockSize: integer('queue/physical_block_size'),
}

const mapName = { device: name() }
const mapIdentity = { ...mapName, name: text('dm/name'), uuid: text('dm/uuid') }
export const mapFields = { ...mapIdentity, suspended: integer('dm/suspended'), slaves }

export const raidFields = { device: name(), level: text('md/level'), slaves }

export const scsiDeviceFields = {
  ...placed,
  hctl: name(),
  lun: captured('lun'),
  type: integer('device/type'),
  vendor: text('device/vendor'),
  model: text('device/model'),
  revision: text('device/rev'),
  wwid: text('device/wwid'),
  unitSerialNumber: hex('device/vpd_pg80'),
  deviceIdentification: hex('device/vpd_pg83'),
  state: text('device/state'),
  queueDepth: integer('device/queue_depth'),
  timeoutSeconds: integer('device/timeout'),
  ioRequests: integer('device/iorequest_cnt'),
  ioDone: integer('device/iodone_cnt'),
  ioErrors: integer('device/ioerr_cnt'),
  ioTimeouts: integer('device/iotmo_cnt'),
  accessState: text('device/access_state'),
}

const sessionLink = { ...placed, id: captured('id') }
const sessionIdentity = { ...sessionLink, targetName: text('targetname'), state: text('state') }
export const sessionFields = {
  ...sessionIdentity,
  targetAlias: text('targetalias'),
  initiatorName: text('initiatorname'),
  interfaceName: text('ifacename'),
  targetPortalGroup: integer('tpgt'),
  recoveryTimeout: text('recovery_tmo'),
  abortTimeoutSeconds: integer('abort_tmo'),
  logicalUnitResetTimeoutSeconds: integer('lu_reset_tmo'),
  targetResetTimeoutSeconds: integer('tgt_reset_tmo'),
  fastAbort: integer('fast_abort'),
  firstBurstLength: integer('first_burst_len'),
  maxBurstLength: integer('max_burst_len'),
  immediateData: integer('immediate_data'),
  initialR2T: integer('initial_r2t'),
  maxOutstandingR2T: integer('max_outstanding_r2t'),
  errorRecoveryLevel: integer('erl'),
}

export const iscsiHostFields = {
  number: captured('number'),
  interfaceAddress: text('ipaddress'),
  interfaceHardwareAddress: text('hwaddress'),
  interfaceDevice: text('netdev'),
}

const connectionName = { session: captured('session'), id: captured('id') }
const connectionPortals = {
  ...connectionName,
  address: text('address'),
  port: integer('port'),
  persistentAddress: text('persistent_address'),
  persistentPort: integer('persistent_port'),
}
export const connectionFields = {
  ...connectionPortals,
  state: text('state'),
  headerDigest: integer('header_digest'),
  dataDigest: integer('data_digest'),
  maxReceiveDataSegmentLength: integer('max_recv_dlength'),
  maxTransmitDataSegmentLength: integer('max_xmit_dlength'),
  pingTimeoutSeconds: integer('ping_tmo'),
  receiveTimeoutSeconds: integer('recv_tmo'),
}

const scsiHostLink = { ...placed, number: captured('number') }
export const scsiHostFields = { ...scsiHostLink, driver: text('proc_name'), state: text('state') }

export const nvmeSubsystemFields = {
  name: name(),
  nqn: text('subsysnqn'),
  model: text('model'),
  serial: text('serial'),
  firmwareRevision: text('firmware_rev'),
  iopolicy: text('iopolicy'),
  controllers: list('nvme{controller}', {
    name: name(),
    transport: text('transport'),
    address: text('address'),
    state: text('state'),
    paths: list('nvme{subsystem}c{path}n{namespace}', {
      name: name(),
      subsystem: captured('subsystem'),
      namespace: captured('namespace'),
      anaState: text('ana_state'),
    }),
    namespaces: list('nvme{instance}n{namespace}', { device: name(), anaState: text('ana_state') }),
  }),
  namespaces: list('nvme{subsystem}n{namespace}', { device: name() }),
}

export const fibreChannelHostFields = {
  hostNumber: captured('number'),
  portName: text('port_name'),
  state: text('port_state'),
  speed: text('speed'),
}

export const remotePortFields = {
  name: name(),
  hostNumber: captured('host'),
  portName: text('port_name'),
  state: text('port_state'),
  roles: text('roles'),
}

/** What the full query reads. */
export interface FullRows {
  readonly blockDevices: readonly Row<typeof blockDeviceFields>[]
  readonly maps: readonly Row<typeof mapFields>[]
  readonly raids: readonly Row<typeof raidFields>[]
  readonly scsiDevices: readonly Row<typeof scsiDeviceFields>[]
  readonly sessions: readonly Row<typeof sessionFields>[]
  readonly iscsiHosts: readonly Row<typeof iscsiHostFields>[]
  readonly connections: readonly Row<typeof connectionFields>[]
  readonly scsiHosts: readonly Row<typeof scsiHostFields>[]
  readonly nvmeSubsystems: readonly Row<typeof nvmeSubsystemFields>[]
  readonly fibreChannelHosts: readonly Row<typeof fibreChannelHostFields>[]
  readonly remotePorts: readonly Row<typeof remotePortFields>[]
}

/** What a query of any detail reads: of the full one's rows, some are not there, or some of their fields. */
export type Rows = { readonly [Part in keyof FullRows]?: readonly Partial<FullRows[Part][number]>[] }

const blockDevices = 'dev/block/{major}:{minor}'
const maps = 'devices/virtual/block/dm-*'
const sessions = 'class/iscsi_session/session{id}'
const connections = 'class/iscsi_connection/connection{session}:{id}'
const scsiHosts = 'class/scsi_host/host{number}'

export const linksQuery: Query<Rows, unknown> = record({
  blockDevices: list(blockDevices, blockDeviceLink),
  maps: list(maps, { ...mapName, slaves }),
  sessions: list(sessions, sessionLink),
  connections: list(connections, connectionName),
  scsiHosts: list(scsiHosts, scsiHostLink),
})

export const basicQuery: Query<Rows, unknown> = record({
  blockDevices: list(blockDevices, blockDeviceSize),
  maps: list(maps, { ...mapIdentity, slaves }),
  sessions: list(sessions, sessionIdentity),
  connections: list(connections, connectionPortals),
  scsiHosts: list(scsiHosts, scsiHostLink),
})

export const fullQuery: Query<FullRows, unknown> = record({
  blockDevices: list(blockDevices, blockDeviceFields),
  maps: list(maps, mapFields),
  raids: list('devices/virtual/block/md*', raidFields),
  scsiDevices: list('class/scsi_device/{host}:{channel}:{target}:{lun}', scsiDeviceFields),
  sessions: list(sessions, sessionFields),
  iscsiHosts: list('class/iscsi_host/host{number}', iscsiHostFields),
  connections: list(connections, connectionFields),
  scsiHosts: list(scsiHosts, scsiHostFields),
  nvmeSubsystems: list('class/nvme-subsystem/nvme-subsys{number}', nvmeSubsystemFields),
  fibreChannelHosts: list('class/fc_host/host{number}', fibreChannelHostFields),
  remotePorts: list('class/fc_remote_ports/rport-{host}:{bus}-{number}', remotePortFields),
})
