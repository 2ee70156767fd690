// The data of a snapshot. Everything is plain: readonly, JSON-safe, and `null` if the kernel does not know a value or
// if the snapshot's detail does not read it. 'basic' or 'full' in a docstring is the least detail that has the field;
// other fields exist at every detail. Paths of files are relative to /sys, or to the directory that the interface
// names.

/**
 * How much a snapshot reads. 'links': names and links. 'basic': also sizes, identity and addresses. 'full': everything.
 */
export type Detail = 'links' | 'basic' | 'full'

/** The data of a snapshot. */
export interface SnapshotData {
  /** How much was read. */
  readonly detail: Detail
  /** The entries of dev/block, in byte order of their kernel names. */
  readonly blockDevices: readonly BlockDevice[]
  /** The multipath maps among the block devices ('basic'). */
  readonly multipathMaps: readonly MultipathMap[]
  /** The entries of class/iscsi_session. */
  readonly iscsiSessions: readonly IscsiSession[]
  /** The entries of class/scsi_host. */
  readonly scsiHosts: readonly ScsiHost[]
  /** The entries of class/nvme-subsystem ('full'). */
  readonly nvmeSubsystems: readonly NvmeSubsystem[]
  /** The entries of class/fc_host ('full'). */
  readonly fibreChannelHosts: readonly FibreChannelHost[]
}

/** An entry of dev/block: a disk, a partition, a device-mapper map... */
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
   * A number that the kernel gives to no other disk until it boots again: diskseq ('full'; kernel 5.15 and later). A
   * partition has the number of its disk.
   */
  readonly diskSequence: number | null
  /**
   * As lsblk's TYPE: `disk`, `part`, `rom`, `loop`, `mpath`, `lvm`, `crypt`, `raid1`... The type of a map is known at
   * 'basic', that of a SCSI device and of an MD array at 'full'. With less detail they are `dm`, `disk` and `md`.
   */
  readonly type: string
  /** The size in bytes: 512 times size, whatever the block size ('basic'). */
  readonly sizeBytes: number | null
  /** ro ('basic') */
  readonly readOnly: boolean | null
  /** removable ('full') */
  readonly removable: boolean | null
  /** queue/rotational ('full'). A partition has the value of its disk. */
  readonly rotational: boolean | null
  /** In bytes: queue/logical_block_size ('full'). A partition has the value of its disk. */
  readonly logicalBlockSize: number | null
  /** In bytes: queue/physical_block_size ('full'). A partition has the value of its disk. */
  readonly physicalBlockSize: number | null
  /** The name of a partition's disk. */
  readonly parent: string | null
  /** The number of a partition: 3 for `sda3`. */
  readonly partitionNumber: number | null
  /** The names of the devices that have this one among their slaves (MD arrays: 'full'). */
  readonly holders: readonly string[]
  /** The names of the devices that a map, or an MD array ('full'), is made of: slaves. */
  readonly slaves: readonly string[]
  /** The SCSI device of the disk, also for a partition of it. */
  readonly scsi: ScsiDisk | null
  /** The device-mapper map. */
  readonly dm: DeviceMapper | null
  /** The NVMe namespace, also for a partition of it. */
  readonly nvme: NvmeNamespace | null
  /** The iSCSI session of the disk, also for a partition of it. */
  readonly iscsi: IscsiDisk | null
}

/** The SCSI device of a disk: class/scsi_device/H:C:T:L/device. */
export interface ScsiDisk {
  /** Host, channel, target and LUN: `2:0:0:1`. */
  readonly hctl: string
  /** The number of the SCSI host. */
  readonly host: number
  /** The channel on the host. */
  readonly channel: number
  /** The number of the target on the channel. */
  readonly target: number
  /** The number of the logical unit. */
  readonly lun: number
  /** vendor ('full') */
  readonly vendor: string | null
  /** model ('full') */
  readonly model: string | null
  /** rev ('full') */
  readonly revision: string | null
  /** `naa.6000...`, `eui.`, `t10.`: wwid, else the best designator of vpd_pg83 ('full'). */
  readonly wwid: string | null
  /** The serial number of the unit: vpd_pg80 ('full'). */
  readonly serial: string | null
  /** `running`, `blocked`, `offline`, `transport-offline`...: state ('full'). */
  readonly state: string | null
  /** The number of commands that the device accepts at a time: queue_depth ('full'). */
  readonly queueDepth: number | null
  /** The time limit of a command, in seconds: timeout ('full'). */
  readonly timeoutSeconds: number | null
  /** As lsblk's TRAN: `iscsi`, `fc`, `sas`, `sata`, `ata`, `usb`; `null` for any other ('full'). */
  readonly transport: string | null
  /** The number of commands since the device appeared: iorequest_cnt ('full'). */
  readonly ioRequests: number | null
  /** The number of completed commands: iodone_cnt ('full'). */
  readonly ioDone: number | null
  /** The number of commands that ended in an error: ioerr_cnt ('full'). */
  readonly ioErrors: number | null
  /** The number of commands that timed out: iotmo_cnt ('full'; kernel 6.1 and later). */
  readonly ioTimeouts: number | null
  /** The ALUA state, `active/optimized`, `standby`...: access_state ('full'). */
  readonly accessState: string | null
}

/** A device-mapper map: class/block/dm-N/dm. */
export interface DeviceMapper {
  /** The name in /dev/mapper, with dmsetup's escapes: name ('basic'). */
  readonly name: string | null
  /** `mpath-3600...`, `LVM-...`: uuid ('basic'). `null` for a map without a uuid. */
  readonly uuid: string | null
  /** suspended ('full') */
  readonly suspended: boolean | null
}

/** An NVMe namespace. */
export interface NvmeNamespace {
  /** `nvme-subsys0`. For a namespace of one controller it is known at 'full'. */
  readonly subsystem: string | null
  /** `nvme0`, for a namespace of one controller. `null` for a namespace with several controllers. */
  readonly controller: string | null
}

/** The iSCSI session of a disk. */
export interface IscsiDisk {
  /** N of sessionN. */
  readonly sessionId: number
  /** The number of the session's SCSI host. */
  readonly hostNumber: number
  /** The IQN of the target ('basic'). */
  readonly targetName: string | null
}

/** A map of multipathd: a device-mapper map whose uuid begins with `mpath-` ('basic'). */
export interface MultipathMap {
  /** The kernel name: `dm-3`. */
  readonly device: string
  /** The name of the map, `mpatha`: dm/name. */
  readonly name: string
  /** The WWID as multipath prints it: dm/uuid without `mpath-`. */
  readonly wwid: string
  /** The size in bytes. */
  readonly sizeBytes: number | null
  /** Whether I/O to the map waits until it is resumed: dm/suspended ('full'). */
  readonly suspended: boolean | null
  /** The paths of the map, in byte order of their kernel names. */
  readonly paths: readonly MultipathPath[]
  /** The number of paths whose SCSI device is `running` ('full'). sysfs does not show what multipathd found. */
  readonly pathsActive: number | null
  /** The number of paths whose SCSI device is in any other known state ('full'). */
  readonly pathsFailed: number | null
}

/** A path of a multipath map. */
export interface MultipathPath {
  /** The kernel name: `sda`. */
  readonly device: string
  /** Host, channel, target and LUN of the SCSI device. */
  readonly hctl: string | null
  /** The state of the SCSI device ('full'). */
  readonly state: string | null
  /** The iSCSI session of the path. */
  readonly sessionId: number | null
  /** The persistent portal of the session's first connection: `192.168.30.7:3260`, `[::1]:3260` ('basic'). */
  readonly portal: string | null
}

/** An iSCSI session: class/iscsi_session/sessionN. User names and passwords are never read. */
export interface IscsiSession {
  /** N of sessionN. */
  readonly id: number
  /** The number of the session's SCSI host. -1 if the session was removed while it was read. */
  readonly hostNumber: number
  /** The IQN of the target: targetname ('basic'). */
  readonly targetName: string | null
  /** targetalias ('full') */
  readonly targetAlias: string | null
  /** `LOGGED_IN`, `FAILED`, `FREE`: state ('basic'). */
  readonly state: string | null
  /** initiatorname ('full') */
  readonly initiatorName: string | null
  /** ifacename ('full') */
  readonly interfaceName: string | null
  /**
   * The address of the initiator: ipaddress in class/iscsi_host/hostN ('full'). `null` while the connection is lost.
   */
  readonly interfaceAddress: string | null
  /** hwaddress in class/iscsi_host/hostN ('full'). Software iSCSI sets none. */
  readonly interfaceHardwareAddress: string | null
  /** The network interface that the session is bound to: netdev in class/iscsi_host/hostN ('full'). */
  readonly interfaceDevice: string | null
  /** tpgt ('full') */
  readonly targetPortalGroup: number | null
  /** How long commands wait for a lost session, in seconds: recovery_tmo ('full'). -1 (`off`): for ever. */
  readonly recoveryTimeoutSeconds: number | null
  /** abort_tmo ('full') */
  readonly abortTimeoutSeconds: number | null
  /** lu_reset_tmo ('full') */
  readonly logicalUnitResetTimeoutSeconds: number | null
  /** tgt_reset_tmo ('full') */
  readonly targetResetTimeoutSeconds: number | null
  /** fast_abort ('full') */
  readonly fastAbort: boolean | null
  /** In bytes: first_burst_len ('full'). */
  readonly firstBurstLength: number | null
  /** In bytes: max_burst_len ('full'). */
  readonly maxBurstLength: number | null
  /** immediate_data ('full') */
  readonly immediateData: boolean | null
  /** initial_r2t ('full') */
  readonly initialR2T: boolean | null
  /** max_outstanding_r2t ('full') */
  readonly maxOutstandingR2T: number | null
  /** erl ('full') */
  readonly errorRecoveryLevel: number | null
  /** The connections of the session. */
  readonly connections: readonly IscsiConnection[]
  /** The SCSI devices of the session, by LUN. */
  readonly luns: readonly IscsiLun[]
}

/** A connection of an iSCSI session: class/iscsi_connection/connectionS:C. */
export interface IscsiConnection {
  /** C of connectionS:C. */
  readonly id: number
  /** The current address of the target: address ('basic'). `null` while the connection is lost. */
  readonly address: string | null
  /** The current port of the target: port ('basic'). `null` while the connection is lost. */
  readonly port: number | null
  /** The address that was asked for, before any redirection: persistent_address ('basic'). */
  readonly persistentAddress: string | null
  /** The port that was asked for: persistent_port ('basic'). */
  readonly persistentPort: number | null
  /** `up`, `failed`, `down`...: state ('full'; kernel 5.7 and later). */
  readonly state: string | null
  /** Whether headers have a CRC32C: header_digest ('full'). */
  readonly headerDigest: boolean | null
  /** Whether data have a CRC32C: data_digest ('full'). */
  readonly dataDigest: boolean | null
  /** In bytes: max_recv_dlength ('full'). */
  readonly maxReceiveDataSegmentLength: number | null
  /** In bytes: max_xmit_dlength ('full'). */
  readonly maxTransmitDataSegmentLength: number | null
  /** ping_tmo ('full') */
  readonly pingTimeoutSeconds: number | null
  /** recv_tmo ('full') */
  readonly receiveTimeoutSeconds: number | null
}

/** A SCSI device of an iSCSI session. A device without a block device, such as a controller, is known at 'full'. */
export interface IscsiLun {
  /** The number of the logical unit. */
  readonly lun: number
  /** Host, channel, target and LUN. */
  readonly hctl: string
  /** The kernel name of the block device: `sda`. `null` if there is none. */
  readonly device: string | null
  /** The state of the SCSI device ('full'). */
  readonly state: string | null
}

/** A SCSI host: class/scsi_host/hostN. */
export interface ScsiHost {
  /** N of hostN. */
  readonly number: number
  /** `iscsi_tcp`, `ahci`: proc_name ('full'). */
  readonly driver: string | null
  /** `running`: state ('full'). */
  readonly state: string | null
  /**
   * The kind of the host. It follows from the device paths of the host and its disks, and from class/fc_host ('full').
   */
  readonly kind: 'iscsi' | 'fc' | 'sas' | 'ata' | 'usb' | 'virtio' | 'pseudo' | 'other'
}

/** An NVMe subsystem: class/nvme-subsystem/nvme-subsysN. */
export interface NvmeSubsystem {
  /** The kernel name: `nvme-subsys0`. */
  readonly name: string
  /** subsysnqn */
  readonly nqn: string | null
  /** model */
  readonly model: string | null
  /** serial */
  readonly serial: string | null
  /** firmware_rev */
  readonly firmwareRevision: string | null
  /** `numa`, `round-robin`, `queue-depth`: iopolicy. */
  readonly iopolicy: string | null
  /** The controllers of the subsystem. */
  readonly controllers: readonly NvmeController[]
  /** The namespaces of the subsystem, in byte order of their kernel names. */
  readonly namespaces: readonly NvmeSubsystemNamespace[]
}

/** A controller of an NVMe subsystem. */
export interface NvmeController {
  /** The kernel name: `nvme0`. */
  readonly name: string
  /** `pcie`, `tcp`, `rdma`, `fc`, `loop`: transport. */
  readonly transport: string | null
  /** `traddr=192.168.30.7,trsvcid=4420` or a PCI address: address. */
  readonly address: string | null
  /** `live`, `connecting`...: state. */
  readonly state: string | null
}

/** A namespace of an NVMe subsystem. */
export interface NvmeSubsystemNamespace {
  /** The kernel name of the block device: `nvme0n1`. */
  readonly device: string
  /** The paths to the namespace, one a controller. */
  readonly paths: readonly NvmePath[]
}

/** The hidden block device of a namespace on one controller. For a namespace of one controller, its block device. */
export interface NvmePath {
  /** The kernel name: `nvme0c1n1`. */
  readonly name: string
  /** The kernel name of the controller. */
  readonly controller: string
  /** `optimized`, `non-optimized`, `inaccessible`...: ana_state. */
  readonly anaState: string | null
}

/** A Fibre Channel host: class/fc_host/hostN. */
export interface FibreChannelHost {
  /** N of hostN. */
  readonly hostNumber: number
  /** `0x5001438033d84a2c`: port_name. */
  readonly portName: string | null
  /** `Online`, `Linkdown`...: port_state. */
  readonly state: string | null
  /** `16 Gbit`: speed. */
  readonly speed: string | null
  /** The remote ports of the host: class/fc_remote_ports/rport-H:B-N. */
  readonly remotePorts: readonly FibreChannelRemotePort[]
}

/** A remote port of a Fibre Channel host. */
export interface FibreChannelRemotePort {
  /** The kernel name: `rport-2:0-1`. */
  readonly name: string
  /** port_name */
  readonly portName: string | null
  /** `Online`, `Blocked`, `Not Present`...: port_state. */
  readonly state: string | null
  /** `FCP Target`: roles. */
  readonly roles: string | null
}
