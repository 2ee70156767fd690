/** A condition that an operator should look at, with the values that show it. */
export type Finding =
  | OrphanPath
  | DegradedMap
  | PhantomLun
  | SessionDown
  | DiskDown
  | MapSizeDiffers
  | MapSuspended
  | ControllerDown
  | RemotePortDown

/** A disk that is in no multipath map, although other disks are paths to the same unit. Its I/O has one path. */
export interface OrphanPath {
  /** The kind of finding. */
  readonly kind: 'orphanPath'
  /** The kernel name of the disk. */
  readonly device: string
  /** What the paths have in common: the WWID, else the target name and LUN (`iqn... LUN 1`). */
  readonly unit: string
  /** The kernel names of the other paths. */
  readonly otherPaths: readonly string[]
  /** The name of the map that has other paths. `null` if there is none. */
  readonly map: string | null
}

/**
 * A multipath map that has a path that is not live, or that has no live path through a session to its target. A path of
 * unknown state counts as live.
 */
export interface DegradedMap {
  /** The kind of finding. */
  readonly kind: 'degradedMap'
  /** The name of the map. */
  readonly map: string
  /** The kernel name of the map. */
  readonly device: string
  /** The number of live paths. */
  readonly livePaths: number
  /** The number of sessions to the targets of the map. */
  readonly sessions: number
  /** The sessions without a live path. */
  readonly without: readonly SessionWithoutPath[]
}

/** A session that no live path of a map uses. */
export interface SessionWithoutPath {
  /** N of sessionN. */
  readonly sessionId: number
  /** The state of the session. `null` if it is unknown. */
  readonly state: string | null
}

/** A disk that exists although values in sysfs show that its target no longer has the LUN. */
export interface PhantomLun {
  /** The kind of finding. */
  readonly kind: 'phantomLun'
  /** The kernel name of the disk. */
  readonly device: string
  /** Host, channel, target and LUN. */
  readonly hctl: string
  /** The values that show it. There is at least one. */
  readonly evidence: readonly Evidence[]
}

/** A session that is not logged in, or that has a connection that is not up. */
export interface SessionDown {
  /** The kind of finding. */
  readonly kind: 'sessionDown'
  /** N of sessionN. */
  readonly sessionId: number
  /** The name of the target. `null` if it is unknown. */
  readonly targetName: string | null
  /** The state of the session. `null` if it is unknown. */
  readonly state: string | null
  /** The connections that are not up ('full'). A connection of unknown state is not among them. */
  readonly connections: readonly ConnectionDown[]
  /** The kernel names of the session's disks. */
  readonly disks: readonly string[]
}

/** A connection that is not up. */
export interface ConnectionDown {
  /** C of connectionS:C. */
  readonly id: number
  /** The state of the connection: `failed`, `down`. */
  readonly state: string
}

/** A SCSI disk that is blocked or fails its commands, although its session, if it has one, is logged in. */
export interface DiskDown {
  /** The kind of finding. */
  readonly kind: 'diskDown'
  /** The kernel name of the disk. */
  readonly device: string
  /** Host, channel, target and LUN. */
  readonly hctl: string
  /** The state of the SCSI device: `blocked`, `transport-offline`, `quiesce`. */
  readonly state: string
}

/** A multipath map that has paths of another size. A map keeps its size until its table is loaded again. */
export interface MapSizeDiffers {
  /** The kind of finding. */
  readonly kind: 'mapSizeDiffers'
  /** The name of the map. */
  readonly map: string
  /** The kernel name of the map. */
  readonly device: string
  /** The size of the map in bytes. */
  readonly sizeBytes: number
  /** The paths of another size. Paths of size 0 are not among them. They are phantom LUNs. */
  readonly paths: readonly SizedPath[]
}

/** A path with its size. */
export interface SizedPath {
  /** The kernel name of the path. */
  readonly device: string
  /** The size of the path in bytes. */
  readonly sizeBytes: number
}

/** A device-mapper map of any kind that is suspended. I/O to it waits until it is resumed. */
export interface MapSuspended {
  /** The kind of finding. */
  readonly kind: 'mapSuspended'
  /** The name of the map. */
  readonly map: string
  /** The kernel name of the map. */
  readonly device: string
}

/** An NVMe controller that is not `live`. */
export interface ControllerDown {
  /** The kind of finding. */
  readonly kind: 'controllerDown'
  /** The kernel name of the controller: `nvme0`. */
  readonly controller: string
  /** The kernel name of the subsystem: `nvme-subsys0`. */
  readonly subsystem: string
  /** The address of the controller. `null` if it is unknown. */
  readonly address: string | null
  /** The state of the controller: `connecting`, `resetting`, `deleting`, `dead`. */
  readonly state: string
}

/** A remote port of a Fibre Channel target that is not `Online`. */
export interface RemotePortDown {
  /** The kind of finding. */
  readonly kind: 'remotePortDown'
  /** The kernel name of the remote port: `rport-2:0-1`. */
  readonly port: string
  /** The number of the Fibre Channel host. */
  readonly hostNumber: number
  /** The World Wide Port Name. `null` if it is unknown. */
  readonly portName: string | null
  /** The state of the port: `Blocked`, `Not Present`. */
  readonly state: string
}

/** A value that shows that a target no longer has a LUN. */
export type Evidence = RemovedState | ZeroSize | WwidOfAnotherLun | SizeDiffers | MapOfAnotherUnit

/**
 * The kernel no longer uses the device, or removes it. The state `transport-offline` is a fault of the session, not
 * evidence.
 */
export interface RemovedState {
  /** The kind of evidence. */
  readonly kind: 'state'
  /** The state of the SCSI device: `offline`, `cancel`, `deleted`. */
  readonly state: string
}

/**
 * The disk has size 0, which the kernel sets when it asks the target again. A device with a removable medium is not
 * evidence.
 */
export interface ZeroSize {
  /** The kind of evidence. */
  readonly kind: 'zeroSize'
}

/** Another LUN of the target has the same WWID. So the target answers for this LUN with another unit. */
export interface WwidOfAnotherLun {
  /** The kind of evidence. */
  readonly kind: 'wwidOfAnotherLun'
  /** The WWID of both disks. */
  readonly wwid: string
  /** The kernel name of the other disk. */
  readonly device: string
  /** The number of the other LUN. */
  readonly lun: number
}

/** Another disk with the same WWID has another size. */
export interface SizeDiffers {
  /** The kind of evidence. */
  readonly kind: 'sizeDiffers'
  /** The WWID of both disks. */
  readonly wwid: string
  /** The kernel name of the other disk. */
  readonly device: string
  /** The size of the other disk in bytes. */
  readonly sizeBytes: number
}

/** The multipath map that has the disk as a path was created for another unit. */
export interface MapOfAnotherUnit {
  /** The kind of evidence. */
  readonly kind: 'mapOfAnotherUnit'
  /** The name of the map. */
  readonly map: string
  /** The WWID of the map, as multipath prints it. */
  readonly mapWwid: string
  /** The WWID of the disk. */
  readonly wwid: string
}
