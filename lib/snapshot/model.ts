// What a snapshot is made of. Everything is plain data: readonly, JSON-safe, `null` where the kernel does not say or
// where the snapshot's detail does not read it. 'basic' and 'full' name the least detail that has a field; fields
// without a word are there at every detail. Files are relative to /sys.

/** How much a snapshot reads: names and links; sizes, identity and addresses too; or all there is. */
export type Detail = 'links' | 'basic' | 'full'

export interface SnapshotData {
  readonly detail: Detail
  readonly blockDevices: readonly BlockDevice[]
  readonly multipathMaps: readonly MultipathMap[]
  readonly iscsiSessions: readonly IscsiSession[]
  readonly scsiHosts: readonly ScsiHost[]
  /** 'full' */
  readonly nvmeSubsystems: readonly NvmeSubsystem[]
  /** 'full' */
  readonly fibreChannelHosts: readonly FibreChannelHost[]
}

/** An entry of dev/block: a disk, a partition, a device-mapper map... */
export interface BlockDevice {
  /** The kernel's: `sda`, `dm-3`, `cciss!c0d0`. */
  readonly name: string
  /** `/dev/sda`, `/dev/dm-3`, `/dev/cciss/c0d0`. */
  readonly devicePath: string
  readonly major: number
  readonly minor: number
  /** A number the kernel gives to no other disk until it boots again: diskseq ('full'; kernel 5.15 and later; a partition's is its disk's). */
  readonly diskSequence: number | null
  /**
   * As lsblk's TYPE: `disk`, `part`, `rom`, `loop`, `mpath`, `lvm`, `crypt`, `raid1`... A map's is known at 'basic', a
   * SCSI device's and an MD array's at 'full'; before that they are `dm`, `disk` and `md`.
   */
  readonly type: string
  /** In bytes: 512 times size, whatever the blocks ('basic'). */
  readonly sizeBytes: number | null
  /** ro ('basic') */
  readonly readOnly: boolean | null
  /** removable ('full') */
  readonly removable: boolean | null
  /** queue/rotational ('full'; a partition's is its disk's) */
  readonly rotational: boolean | null
  /** In bytes: queue/logical_block_size ('full'; a partition's is its disk's). */
  readonly logicalBlockSize: number | null
  /** In bytes: queue/physical_block_size ('full'; a partition's is its disk's). */
  readonly physicalBlockSize: number | null
  /** The name of a partition's disk. */
  readonly parent: string | null
  readonly partitionNumber: number | null
  /** The names of the devices made on this one: those that have it among their slaves (MD arrays: 'full'). */
  readonly holders: readonly string[]
  /** The names of the devices under a map, or under an MD array ('full'): slaves. */
  readonly slaves: readonly string[]
  readonly scsi: ScsiDisk | null
  readonly dm: DeviceMapper | null
  readonly nvme: NvmeNamespace | null
  readonly iscsi: IscsiDisk | null
}

/** The SCSI device of a disk; its files are in class/scsi_device/H:C:T:L/device. */
export interface ScsiDisk {
  /** `2:0:0:1`: host, channel, target, LUN. */
  readonly hctl: string
  readonly host: number
  readonly channel: number
  readonly target: number
  readonly lun: number
  /** vendor ('full') */
  readonly vendor: string | null
  /** model ('full') */
  readonly model: string | null
  /** rev ('full') */
  readonly revision: string | null
  /** `naa.6000...`, `eui.`, `t10.`: wwid, else the best designator of vpd_pg83 ('full'). */
  readonly wwid: string | null
  /** The unit's serial number: vpd_pg80 ('full'). */
  readonly serial: string | null
  /** `running`, `blocked`, `offline`, `transport-offline`...: state ('full'). */
  readonly state: string | null
  /** Commands at once: queue_depth ('full'). */
  readonly queueDepth: number | null
  /** Of a command: timeout ('full'). */
  readonly timeoutSeconds: number | null
  /** As lsblk's TRAN: `iscsi`, `fc`, `sas`, `sata`, `ata`, `usb`; `null` for any other ('full'). */
  readonly transport: string | null
  /** Commands since the device appeared: iorequest_cnt ('full'). */
  readonly ioRequests: number | null
  /** iodone_cnt ('full') */
  readonly ioDone: number | null
  /** ioerr_cnt: commands that ended in an error ('full') */
  readonly ioErrors: number | null
  /** Commands that timed out: iotmo_cnt ('full'; kernel 6.1 and later). */
  readonly ioTimeouts: number | null
  /** ALUA: `active/optimized`, `standby`...: access_state ('full'). */
  readonly accessState: string | null
}

/** class/block/dm-N/dm */
export interface DeviceMapper {
  /** As in /dev/mapper, with dmsetup's escapes: name ('basic'). */
  readonly name: string | null
  /** `mpath-3600...`, `LVM-...`: uuid ('basic'); `null` for a map made without one. */
  readonly uuid: string | null
  /** suspended ('full') */
  readonly suspended: boolean | null
}

export interface NvmeNamespace {
  /** `nvme-subsys0`. Of a namespace that hangs on one controller it is known at 'full'. */
  readonly subsystem: string | null
  /** `nvme0`, where the namespace hangs on one controller; `null` for one that several lead to. */
  readonly controller: string | null
}

export interface IscsiDisk {
  readonly sessionId: number
  readonly hostNumber: number
  /** 'basic' */
  readonly targetName: string | null
}

/** A map of multipathd's: a device-mapper map whose uuid begins with `mpath-` ('basic'). */
export interface MultipathMap {
  /** `dm-3` */
  readonly device: string
  /** `mpatha`: dm/name */
  readonly name: string
  /** As multipath prints it: dm/uuid without `mpath-`. */
  readonly wwid: string
  readonly sizeBytes: number | null
  /** 'full' */
  readonly suspended: boolean | null
  readonly paths: readonly MultipathPath[]
  /** Paths whose SCSI device is `running` ('full'). The kernel does not show what multipathd found a path to be. */
  readonly pathsActive: number | null
  /** Paths whose SCSI device is in any other state. */
  readonly pathsFailed: number | null
}

export interface MultipathPath {
  /** `sda` */
  readonly device: string
  readonly hctl: string | null
  /** That of the SCSI device ('full'). */
  readonly state: string | null
  /** The iSCSI session it goes through. */
  readonly sessionId: number | null
  /** The persistent portal of the session's first connection, `192.168.30.7:3260`, `[::1]:3260` ('basic'). */
  readonly portal: string | null
}

/** class/iscsi_session/sessionN. User names and passwords are never read. */
export interface IscsiSession {
  readonly id: number
  readonly hostNumber: number
  /** targetname ('basic') */
  readonly targetName: string | null
  /** targetalias ('full') */
  readonly targetAlias: string | null
  /** `LOGGED_IN`, `FAILED`, `FREE`: state ('basic') */
  readonly state: string | null
  /** initiatorname ('full') */
  readonly initiatorName: string | null
  /** ifacename ('full') */
  readonly interfaceName: string | null
  /** tpgt ('full') */
  readonly targetPortalGroup: number | null
  /** How long commands wait for a lost session before they fail: recovery_tmo ('full'); -1: for ever (`off`). */
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
  readonly connections: readonly IscsiConnection[]
  readonly luns: readonly IscsiLun[]
}

/** class/iscsi_connection/connectionS:C */
export interface IscsiConnection {
  /** C of connectionS:C */
  readonly id: number
  /** Where it is now; `null` while it is lost: address ('basic'). */
  readonly address: string | null
  /** port ('basic') */
  readonly port: number | null
  /** Where it was asked to go, before any redirection: persistent_address ('basic'). */
  readonly persistentAddress: string | null
  /** persistent_port ('basic') */
  readonly persistentPort: number | null
  /** `up`, `failed`, `down`...: state ('full'; kernel 5.7 and later) */
  readonly state: string | null
  /** header_digest: whether headers carry a CRC32C ('full') */
  readonly headerDigest: boolean | null
  /** data_digest ('full') */
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

/** A SCSI device of a session. Those without a block device (a controller) are known at 'full'. */
export interface IscsiLun {
  readonly lun: number
  readonly hctl: string
  /** The block device, `sda`; `null` where it is none. */
  readonly device: string | null
  /** state of the SCSI device ('full') */
  readonly state: string | null
}

/** class/scsi_host/hostN */
export interface ScsiHost {
  readonly number: number
  /** `iscsi_tcp`, `ahci`: proc_name ('full') */
  readonly driver: string | null
  /** `running`: state ('full') */
  readonly state: string | null
  /** What the host is a part of, as its place in the device tree and that of its disks show; also class/fc_host ('full'). */
  readonly kind: 'iscsi' | 'fc' | 'sas' | 'ata' | 'usb' | 'virtio' | 'pseudo' | 'other'
}

/** class/nvme-subsystem/nvme-subsysN */
export interface NvmeSubsystem {
  readonly name: string
  /** subsysnqn */
  readonly nqn: string | null
  /** model */
  readonly model: string | null
  /** serial */
  readonly serial: string | null
  /** firmware_rev */
  readonly firmwareRevision: string | null
  /** `numa`, `round-robin`, `queue-depth`: iopolicy */
  readonly iopolicy: string | null
  readonly controllers: readonly NvmeController[]
  readonly namespaces: readonly NvmeSubsystemNamespace[]
}

export interface NvmeController {
  readonly name: string
  /** `pcie`, `tcp`, `rdma`, `fc`, `loop`: transport */
  readonly transport: string | null
  /** `traddr=192.168.30.7,trsvcid=4420` or a PCI address: address */
  readonly address: string | null
  /** `live`, `connecting`...: state */
  readonly state: string | null
}

export interface NvmeSubsystemNamespace {
  /** `nvme0n1` */
  readonly device: string
  readonly paths: readonly NvmePath[]
}

/** The hidden device of a namespace on one controller, `nvme0c1n1`; the namespace's own where it hangs on one controller. */
export interface NvmePath {
  readonly name: string
  readonly controller: string
  /** `optimized`, `non-optimized`, `inaccessible`...: ana_state */
  readonly anaState: string | null
}

/** class/fc_host/hostN */
export interface FibreChannelHost {
  readonly hostNumber: number
  /** `0x5001438033d84a2c`: port_name */
  readonly portName: string | null
  /** `Online`, `Linkdown`...: port_state */
  readonly state: string | null
  /** `16 Gbit`: speed */
  readonly speed: string | null
  /** class/fc_remote_ports/rport-H:B-N of this host */
  readonly remotePorts: readonly FibreChannelRemotePort[]
}

export interface FibreChannelRemotePort {
  /** `rport-2:0-1` */
  readonly name: string
  /** port_name */
  readonly portName: string | null
  /** `Online`, `Blocked`, `Not Present`...: port_state */
  readonly state: string | null
  /** `FCP Target`: roles */
  readonly roles: string | null
}
