/** A condition that an operator should look at, with the values that show it. */
export type Finding =
  /** A disk has other paths to the same logical unit, but no multipath map has the disk among its paths. */
  | {
      /** The kind of finding. */
      readonly kind: 'orphanPath'
      /** The kernel name of the disk. */
      readonly device: string
      /** What the paths have in common: the WWID, else the target name and LUN (`iqn... LUN 1`). */
      readonly unit: string
      /** The kernel names of the other paths. */
      readonly otherPaths: readonly string[]
      /** The name of the multipath map that has other paths. `null` if there is none. */
      readonly map: string | null
    }
  /** A multipath map has paths that are down, or has no working path through a session to its target. */
  | {
      /** The kind of finding. */
      readonly kind: 'degradedMap'
      /** The name of the map: `mpatha`. */
      readonly map: string
      /** The kernel name of the map: `dm-3`. */
      readonly device: string
      /** The number of working paths. A path of unknown state counts as working. */
      readonly livePaths: number
      /** The number of sessions to the targets of the map. */
      readonly sessions: number
      /** The sessions without a working path. */
      readonly without: readonly {
        /** N of sessionN. */
        readonly sessionId: number
        /** The state of the session. `null` if it is unknown. */
        readonly state: string | null
      }[]
    }
  /** A disk exists, but the values in sysfs show that its target does not have the LUN any more. */
  | {
      /** The kind of finding. */
      readonly kind: 'phantomLun'
      /** The kernel name of the disk. */
      readonly device: string
      /** The SCSI address of the disk. */
      readonly hctl: string
      /** The values that show it. There is at least one. */
      readonly evidence: readonly Evidence[]
    }
  /** An iSCSI session is not logged in, or one of its connections is not up. */
  | {
      /** The kind of finding. */
      readonly kind: 'sessionDown'
      /** N of sessionN. */
      readonly sessionId: number
      /** The name of the target. `null` if it is unknown. */
      readonly targetName: string | null
      /** The state of the session. `null` if it is unknown. */
      readonly state: string | null
      /** The connections that are not up ('full'). A connection of unknown state is not among them. */
      readonly connections: readonly {
        /** C of connectionS:C. */
        readonly id: number
        /** The state of the connection: `failed`, `down`. */
        readonly state: string
      }[]
      /** The kernel names of the session's disks. */
      readonly disks: readonly string[]
    }
  /** A SCSI disk is blocked or fails its commands, and no iSCSI session that is down explains it. */
  | {
      /** The kind of finding. */
      readonly kind: 'diskDown'
      /** The kernel name of the disk. */
      readonly device: string
      /** The SCSI address of the disk. */
      readonly hctl: string
      /** The state of the SCSI device: `blocked`, `transport-offline`, `quiesce`. */
      readonly state: string
    }
  /** Paths of a multipath map have another size than the map. The map keeps its size until it is reloaded. */
  | {
      /** The kind of finding. */
      readonly kind: 'mapSizeDiffers'
      /** The name of the map: `mpatha`. */
      readonly map: string
      /** The kernel name of the map: `dm-3`. */
      readonly device: string
      /** The size of the map in bytes. */
      readonly sizeBytes: number
      /** The paths of another size. A path of size 0 is not among them: see the kind 'phantomLun'. */
      readonly paths: readonly {
        /** The kernel name of the path. */
        readonly device: string
        /** The size of the path in bytes. */
        readonly sizeBytes: number
      }[]
    }
  /** A device-mapper map is suspended. I/O to it waits until it is resumed. */
  | {
      /** The kind of finding. */
      readonly kind: 'mapSuspended'
      /** The name of the map. The kernel name if that is unknown. */
      readonly map: string
      /** The kernel name of the map: `dm-3`. */
      readonly device: string
    }
  /** An NVMe controller is not `live`. */
  | {
      /** The kind of finding. */
      readonly kind: 'controllerDown'
      /** The name of the controller: `nvme0`. */
      readonly controller: string
      /** The name of the subsystem: `nvme-subsys0`. */
      readonly subsystem: string
      /** The address of the controller. `null` if it is unknown. */
      readonly address: string | null
      /** The state of the controller: `connecting`, `resetting`, `deleting`, `dead`. */
      readonly state: string
    }
  /** The remote port of a Fibre Channel target is not `Online`. */
  | {
      /** The kind of finding. */
      readonly kind: 'remotePortDown'
      /** The name of the port: `rport-2:0-1`. */
      readonly port: string
      /** The number of the SCSI host. */
      readonly hostNumber: number
      /** The World Wide Port Name of the port. `null` if it is unknown. */
      readonly portName: string | null
      /** The state of the port: `Blocked`, `Not Present`. */
      readonly state: string
    }

/** A value that shows that a disk is a phantom LUN. */
export type Evidence =
  /**
   * The kernel has stopped using the device, or is removing it. The state `transport-offline` is not evidence, because it
   * is a fault of the session.
   */
  | {
      /** The kind of evidence. */
      readonly kind: 'state'
      /** The state of the SCSI device: `offline`, `cancel`, `deleted`. */
      readonly state: string
    }
  /**
   * The disk has size 0. The kernel sets this size when it rescans a disk that its target no longer has. A device with a
   * removable medium is not evidence.
   */
  | {
      /** The kind of evidence. */
      readonly kind: 'zeroSize'
    }
  /** Another LUN of the same target has the same WWID. So the target answers for this LUN with another logical unit. */
  | {
      /** The kind of evidence. */
      readonly kind: 'wwidOfAnotherLun'
      /** The common WWID. */
      readonly wwid: string
      /** The kernel name of the other LUN's disk. */
      readonly device: string
      /** The other LUN. */
      readonly lun: number
    }
  /** Another disk with the same WWID has another size. */
  | {
      /** The kind of evidence. */
      readonly kind: 'sizeDiffers'
      /** The common WWID. */
      readonly wwid: string
      /** The kernel name of the other disk. */
      readonly device: string
      /** The size of the other disk in bytes. */
      readonly sizeBytes: number
    }
  /** The multipath map that has the disk among its paths was created for another logical unit. */
  | {
      /** The kind of evidence. */
      readonly kind: 'mapOfAnotherUnit'
      /** The name of the map. */
      readonly map: string
      /** The WWID of the map, as multipath prints it. */
      readonly mapWwid: string
      /** The WWID of the disk. */
      readonly wwid: string
    }
