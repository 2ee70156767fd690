// The data of a snapshot. All of it is readonly and can be converted to JSON and back.
//
// 'basic' or 'full' in a description is the least detail at which the field is read. With less detail the field is
// `null`, and a list is empty. A field without such a mark is read at every detail. A field is also `null` if the
// kernel does not have the file, cannot read it or has no value in it. The names of files are relative to the directory
// that the description of the interface names. That directory is relative to /sys.

/**
 * How much a snapshot reads. 'links' reads names and links. 'basic' also reads sizes, names of maps and targets,
 * portals and session states. 'full' reads everything.
 */
export type Detail = 'links' | 'basic' | 'full'

/** The data of a snapshot, without the methods of `Snapshot`. */
export interface SnapshotData {
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
}

/** A block device: a disk, a partition, a device-mapper map, a loop device. dev/block/MAJOR:MINOR. */
export interface BlockDevice {
  /** The kernel name: `sda`, `dm-3`, `cciss!c0d0`. */
  readonly name: string
  /** The path of the device node: `/dev/sda`, `/dev/dm-3`, `/dev/cciss/c0d0`. */
  readonly devicePath: string
  /** The major device number. */
  readonly major: number
  /** The minor device number. */
  readonly minor: number
  /**
   * The disk sequence number: diskseq ('full'; kernel 5.15 and later). The kernel gives a number to one disk only,
   * until the next boot. A partition has the number of its disk.
   */
  readonly diskSequence: number | null
  /**
   * The type, as in lsblk's TYPE column: `disk`, `part`, `rom`, `loop`, `mpath`, `lvm`, `crypt`, `raid1`. The type of a
   * map is read at 'basic', with less detail it is `dm`. The types of SCSI devices and MD arrays are read at 'full',
   * with less detail they are `disk` and `md`.
   */
  readonly type: string
  /** The size in bytes: size ('basic'). The file counts 512 bytes, whatever the size of the device's blocks. */
  readonly sizeBytes: number | null
  /** Whether the device is read-only: ro ('basic'). */
  readonly readOnly: boolean | null
  /** Whether the medium is removable: removable ('full'). A partition has the value of its disk. */
  readonly removable: boolean | null
  /** Whether the medium rotates: queue/rotational ('full'). A partition has the value of its disk. */
  readonly rotational: boolean | null
  /** The logical block size in bytes: queue/logical_block_size ('full'). A partition has the value of its disk. */
  readonly logicalBlockSize: number | null
  /** The physical block size in bytes: queue/physical_block_size ('full'). A partition has the value of its disk. */
  readonly physicalBlockSize: number | null
  /** The kernel name of a partition's disk. `null` for a device that is not a partition. */
  readonly parent: string | null
  /** The number of a partition: 3 for `sda3`. `null` for a device that is not a partition. */
  readonly partitionNumber: number | null
  /** The kernel names of the maps, and at 'full' the MD arrays, that have this device among their slaves. */
  readonly holders: readonly string[]
  /** The kernel names of the devices that a map, or at 'full' an MD array, consists of: slaves/. */
  readonly slaves: readonly string[]
  /** The SCSI device of a disk or of a partition's disk. `null` for a device that is not SCSI. */
  readonly scsi: ScsiDisk | null
  /** The device-mapper values of a map. `null` for a device that is not a map. */
  readonly dm: DeviceMapper | null
  /** The NVMe values of a namespace or of a partition's namespace. `null` for a device that is not NVMe. */
  readonly nvme: NvmeNamespace | null
  /** The iSCSI session of a disk or of a partition's disk. `null` for a device that is not reached by iSCSI. */
  readonly iscsi: IscsiDisk | null
}

/** The SCSI device of a disk: class/scsi_device/H:C:T:L/device. */
export interface ScsiDisk {
  /** The SCSI address, host:channel:target:LUN: `2:0:0:1`. */
  readonly hctl: string
  /** The host number of the SCSI address. */
  readonly host: number
  /** The channel number of the SCSI address. */
  readonly channel: number
  /** The target number of the SCSI address. */
  readonly target: number
  /** The LUN of the SCSI address. */
  readonly lun: number
  /** The vendor: vendor ('full'). */
  readonly vendor: string | null
  /** The model: model ('full'). */
  readonly model: string | null
  /** The firmware revision: rev ('full'). */
  readonly revision: string | null
  /**
   * The name of the logical unit, `naa.6000...`, `eui...`, `t10...`: wwid, else the best designator of vpd_pg83
   * ('full').
   */
  readonly wwid: string | null
  /** The serial number of the logical unit: vpd_pg80 ('full'). */
  readonly serial: string | null
  /** The state, `running`, `blocked`, `offline`, `transport-offline`: state ('full'). */
  readonly state: string | null
  /** How many commands the device may process at once: queue_depth ('full'). */
  readonly queueDepth: number | null
  /** The time limit of a command in seconds: timeout ('full'). */
  readonly timeoutSeconds: number | null
  /**
   * The transport, as in lsblk's TRAN column: `iscsi`, `fc`, `sas`, `sata`, `ata`, `usb` ('full'). `null` for any
   * other. It follows from the kind of the host, else from the name of the host's driver.
   */
  readonly transport: string | null
  /** The number of commands sent since the device appeared: iorequest_cnt ('full'). */
  readonly ioRequests: number | null
  /** The number of commands completed since the device appeared: iodone_cnt ('full'). */
  readonly ioDone: number | null
  /** The number of commands that ended with an error since the device appeared: ioerr_cnt ('full'). */
  readonly ioErrors: number | null
  /** The number of commands that timed out since the device appeared: iotmo_cnt ('full'; kernel 6.1 and later). */
  readonly ioTimeouts: number | null
  /** The ALUA access state, `active/optimized`, `standby`: access_state ('full'). */
  readonly accessState: string | null
}

/** A device-mapper map: class/block/dm-N/dm. */
export interface DeviceMapper {
  /** The name, as in /dev/mapper, with the escape sequences of dmsetup: name ('basic'). */
  readonly name: string | null
  /** The uuid, `mpath-3600...`, `LVM-...`: uuid ('basic'). `null` also for a map that was created without a uuid. */
  readonly uuid: string | null
  /** Whether the map is suspended: suspended ('full'). */
  readonly suspended: boolean | null
}

/** The subsystem and controller of an NVMe namespace. */
export interface NvmeNamespace {
  /** The name of the subsystem: `nvme-subsys0`. For a namespace of a single controller it is read at 'full'. */
  readonly subsystem: string | null
  /** The name of the controller, `nvme0`, of a namespace of a single controller. `null` for a shared namespace. */
  readonly controller: string | null
}

/** The iSCSI session of a disk. */
export interface IscsiDisk {
  /** N of sessionN. */
  readonly sessionId: number
  /** The number of the session's SCSI host. */
  readonly hostNumber: number
  /** The name of the target: targetname in class/iscsi_session/sessionN ('basic'). */
  readonly targetName: string | null
}

/** A map of multipathd: a device-mapper map whose uuid begins with `mpath-` ('basic'). */
export interface MultipathMap {
  /** The kernel name: `dm-3`. */
  readonly device: string
  /** The name, `mpatha`: class/block/dm-N/dm/name. The kernel name if that cannot be read. */
  readonly name: string
  /** The WWID, as multipath prints it: class/block/dm-N/dm/uuid without `mpath-`. */
  readonly wwid: string
  /** The size in bytes: class/block/dm-N/size. */
  readonly sizeBytes: number | null
  /** Whether the map is suspended: class/block/dm-N/dm/suspended ('full'). */
  readonly suspended: boolean | null
  /** The paths, in byte order of their kernel names: class/block/dm-N/slaves. */
  readonly paths: readonly MultipathPath[]
  /**
   * The number of paths whose SCSI device is `running` ('full'). The kernel does not show in sysfs which paths
   * multipathd considers failed.
   */
  readonly pathsActive: number | null
  /**
   * The number of paths whose SCSI device is in any other state ('full'). Paths of unknown state are in neither number.
   */
  readonly pathsFailed: number | null
}

/** A path of a multipath map. */
export interface MultipathPath {
  /** The kernel name of the path's device: `sda`. */
  readonly device: string
  /** The SCSI address of the device. `null` if it is not a SCSI device. */
  readonly hctl: string | null
  /** The state of the SCSI device ('full'). */
  readonly state: string | null
  /** The id of the iSCSI session. `null` if the path does not use iSCSI. */
  readonly sessionId: number | null
  /** The persistent portal of the session's first connection: `192.168.30.7:3260`, `[::1]:3260` ('basic'). */
  readonly portal: string | null
}

/** An iSCSI session: class/iscsi_session/sessionN. User names and passwords are never read. */
export interface IscsiSession {
  /** N of sessionN. */
  readonly id: number
  /** The number of the session's SCSI host. -1 if the session's link does not name a host. */
  readonly hostNumber: number
  /** The name of the target: targetname ('basic'). */
  readonly targetName: string | null
  /** The alias of the target: targetalias ('full'). */
  readonly targetAlias: string | null
  /** The state, `LOGGED_IN`, `FAILED`, `FREE`: state ('basic'). */
  readonly state: string | null
  /** The name of the initiator: initiatorname ('full'). */
  readonly initiatorName: string | null
  /** The name of open-iscsi's interface record: ifacename ('full'). */
  readonly interfaceName: string | null
  /** The initiator's IP address: ipaddress in class/iscsi_host/hostN ('full'). `null` while the connection is lost. */
  readonly interfaceAddress: string | null
  /** The initiator's hardware address: hwaddress in class/iscsi_host/hostN ('full'). Software iSCSI does not set it. */
  readonly interfaceHardwareAddress: string | null
  /** The network interface that the session is bound to: netdev in class/iscsi_host/hostN ('full'). */
  readonly interfaceDevice: string | null
  /** The target portal group tag: tpgt ('full'). */
  readonly targetPortalGroup: number | null
  /**
   * How long commands wait for a lost session before they fail, in seconds: recovery_tmo ('full'). -1 if they wait
   * without limit, which the kernel prints as `off`.
   */
  readonly recoveryTimeoutSeconds: number | null
  /** The time limit of aborting a command, in seconds: abort_tmo ('full'). */
  readonly abortTimeoutSeconds: number | null
  /** The time limit of resetting a logical unit, in seconds: lu_reset_tmo ('full'). */
  readonly logicalUnitResetTimeoutSeconds: number | null
  /** The time limit of resetting the target, in seconds: tgt_reset_tmo ('full'). */
  readonly targetResetTimeoutSeconds: number | null
  /** Whether the initiator stops answering R2Ts of a task that it aborts: fast_abort ('full'). */
  readonly fastAbort: boolean | null
  /** FirstBurstLength (RFC 7143) in bytes: first_burst_len ('full'). */
  readonly firstBurstLength: number | null
  /** MaxBurstLength (RFC 7143) in bytes: max_burst_len ('full'). */
  readonly maxBurstLength: number | null
  /** ImmediateData (RFC 7143): immediate_data ('full'). */
  readonly immediateData: boolean | null
  /** InitialR2T (RFC 7143): initial_r2t ('full'). */
  readonly initialR2T: boolean | null
  /** MaxOutstandingR2T (RFC 7143): max_outstanding_r2t ('full'). */
  readonly maxOutstandingR2T: number | null
  /** ErrorRecoveryLevel (RFC 7143): erl ('full'). */
  readonly errorRecoveryLevel: number | null
  /** The connections, in byte order of their names. */
  readonly connections: readonly IscsiConnection[]
  /** The SCSI devices, by LUN. */
  readonly luns: readonly IscsiLun[]
}

/** A connection of an iSCSI session: class/iscsi_connection/connectionS:C. */
export interface IscsiConnection {
  /** C of connectionS:C. */
  readonly id: number
  /** The address of the current portal: address ('basic'). `null` while the connection is lost. */
  readonly address: string | null
  /** The port of the current portal: port ('basic'). `null` while the connection is lost. */
  readonly port: number | null
  /** The address that the initiator was given, before any redirection: persistent_address ('basic'). */
  readonly persistentAddress: string | null
  /** The port that the initiator was given, before any redirection: persistent_port ('basic'). */
  readonly persistentPort: number | null
  /** The state, `up`, `failed`, `down`: state ('full'; kernel 5.7 and later). */
  readonly state: string | null
  /** Whether headers carry a CRC32C: header_digest ('full'). */
  readonly headerDigest: boolean | null
  /** Whether data carries a CRC32C: data_digest ('full'). */
  readonly dataDigest: boolean | null
  /** MaxRecvDataSegmentLength of the initiator (RFC 7143) in bytes: max_recv_dlength ('full'). */
  readonly maxReceiveDataSegmentLength: number | null
  /** MaxRecvDataSegmentLength of the target (RFC 7143) in bytes: max_xmit_dlength ('full'). */
  readonly maxTransmitDataSegmentLength: number | null
  /** How long the initiator waits for the answer to a ping, in seconds: ping_tmo ('full'). */
  readonly pingTimeoutSeconds: number | null
  /** How long a connection may be idle before the initiator sends a ping, in seconds: recv_tmo ('full'). */
  readonly receiveTimeoutSeconds: number | null
}

/** A SCSI device of an iSCSI session. A device without a block device, such as a controller, is read at 'full'. */
export interface IscsiLun {
  /** The LUN of the SCSI address. */
  readonly lun: number
  /** The SCSI address, host:channel:target:LUN: `2:0:0:1`. */
  readonly hctl: string
  /** The kernel name of the block device: `sda`. `null` if the SCSI device has no block device. */
  readonly device: string | null
  /** The state of the SCSI device: state in class/scsi_device/H:C:T:L/device ('full'). */
  readonly state: string | null
}

/** A SCSI host: class/scsi_host/hostN. */
export interface ScsiHost {
  /** N of hostN. */
  readonly number: number
  /** The name of the driver, `iscsi_tcp`, `ahci`: proc_name ('full'). */
  readonly driver: string | null
  /** The state, `running`: state ('full'). */
  readonly state: string | null
  /**
   * The bus or driver that the host belongs to. It follows from the device paths of the host, its sessions and its
   * disks, and from class/fc_host ('full'). 'other' if none of these names one.
   */
  readonly kind: 'iscsi' | 'fc' | 'sas' | 'ata' | 'usb' | 'virtio' | 'pseudo' | 'other'
}

/** An NVMe subsystem: class/nvme-subsystem/nvme-subsysN. */
export interface NvmeSubsystem {
  /** The name: `nvme-subsys0`. */
  readonly name: string
  /** The NVMe Qualified Name: subsysnqn. */
  readonly nqn: string | null
  /** The model: model. */
  readonly model: string | null
  /** The serial number: serial. */
  readonly serial: string | null
  /** The firmware revision: firmware_rev. */
  readonly firmwareRevision: string | null
  /** How the kernel chooses a path, `numa`, `round-robin`, `queue-depth`: iopolicy. */
  readonly iopolicy: string | null
  /** The controllers, in byte order of their names. */
  readonly controllers: readonly NvmeController[]
  /** The namespaces, in byte order of their kernel names. */
  readonly namespaces: readonly NvmeSubsystemNamespace[]
}

/** An NVMe controller: class/nvme/nvmeN. */
export interface NvmeController {
  /** The name: `nvme0`. */
  readonly name: string
  /** The transport, `pcie`, `tcp`, `rdma`, `fc`, `loop`: transport. */
  readonly transport: string | null
  /** The address, `traddr=192.168.30.7,trsvcid=4420` or a PCI address: address. */
  readonly address: string | null
  /** The state, `live`, `connecting`: state. */
  readonly state: string | null
}

/** A namespace of an NVMe subsystem. */
export interface NvmeSubsystemNamespace {
  /** The kernel name: `nvme0n1`. */
  readonly device: string
  /** The paths, one for each controller that has the namespace. */
  readonly paths: readonly NvmePath[]
}

/** A path of an NVMe namespace: class/nvme/nvmeN/nvmeScCnM. */
export interface NvmePath {
  /**
   * The name of the hidden block device of a shared namespace on one controller: `nvme0c1n1`. For a namespace of a
   * single controller, the kernel name of the namespace.
   */
  readonly name: string
  /** The name of the controller: `nvme1`. */
  readonly controller: string
  /** The Asymmetric Namespace Access state, `optimized`, `non-optimized`, `inaccessible`: ana_state. */
  readonly anaState: string | null
}

/** A Fibre Channel host: class/fc_host/hostN. */
export interface FibreChannelHost {
  /** N of hostN, the number of the SCSI host. */
  readonly hostNumber: number
  /** The World Wide Port Name, `0x5001438033d84a2c`: port_name. */
  readonly portName: string | null
  /** The state of the port, `Online`, `Linkdown`: port_state. */
  readonly state: string | null
  /** The speed, `16 Gbit`: speed. */
  readonly speed: string | null
  /** The remote ports that this host sees, in byte order of their names. */
  readonly remotePorts: readonly FibreChannelRemotePort[]
}

/** A remote port of a Fibre Channel host: class/fc_remote_ports/rport-H:B-N. */
export interface FibreChannelRemotePort {
  /** The name: `rport-2:0-1`. */
  readonly name: string
  /** The World Wide Port Name: port_name. */
  readonly portName: string | null
  /** The state of the port, `Online`, `Blocked`, `Not Present`: port_state. */
  readonly state: string | null
  /** The roles, `FCP Target`: roles. */
  readonly roles: string | null
}
