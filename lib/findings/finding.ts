/** Something that an operator should look at, with the facts that show it. */
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
  /** The kind of the finding. */
  readonly kind: 'orphanPath'
  /** The kernel name of the disk. */
  readonly device: string
  /** What the paths have in common: the WWID, or the target and LUN. */
  readonly unit: string
  /** The kernel names of the other paths. */
  readonly otherPaths: readonly string[]
  /** The name of the map that has the other paths. */
  readonly map: string | null
}

/** A map with fewer live paths than sessions to its target. */
export interface DegradedMap {
  /** The kind of the finding. */
  readonly kind: 'degradedMap'
  /** The name of the map. */
  readonly map: string
  /** The kernel name of the map. */
  readonly device: string
  /** The number of live paths. */
  readonly livePaths: number
  /** The number of sessions to the target. */
  readonly sessions: number
  /** The sessions without a live path. */
  readonly without: readonly SessionWithoutPath[]
}

/** A session that no live path of a map uses. */
export interface SessionWithoutPath {
  /** N of sessionN. */
  readonly sessionId: number
  /** The state of the session. */
  readonly state: string | null
}

/** A disk whose target no longer has the LUN, as far as sysfs shows. */
export interface PhantomLun {
  /** The kind of the finding. */
  readonly kind: 'phantomLun'
  /** The kernel name of the disk. */
  readonly device: string
  /** Host, channel, target and LUN. */
  readonly hctl: string
  /** What shows that the LUN is gone. */
  readonly evidence: readonly Evidence[]
}

/** A session that is not logged in, or that has a connection that is not up. */
export interface SessionDown {
  /** The kind of the finding. */
  readonly kind: 'sessionDown'
  /** N of sessionN. */
  readonly sessionId: number
  /** The IQN of the target. */
  readonly targetName: string | null
  /** The state of the session. */
  readonly state: string | null
  /** The connections that are known not to be up ('full'). */
  readonly connections: readonly ConnectionDown[]
  /** The kernel names of the session's disks. */
  readonly disks: readonly string[]
}

/** A connection that is not up. */
export interface ConnectionDown {
  /** C of connectionS:C. */
  readonly id: number
  /** The state of the connection. */
  readonly state: string
}

/** A SCSI disk that waits or fails (`blocked`, `transport-offline`, `quiesce`) although its session is logged in. */
export interface DiskDown {
  /** The kind of the finding. */
  readonly kind: 'diskDown'
  /** The kernel name of the disk. */
  readonly device: string
  /** Host, channel, target and LUN. */
  readonly hctl: string
  /** The state of the SCSI device. */
  readonly state: string
}

/** A multipath map whose paths have grown or shrunk since it was loaded. Its I/O uses the old size. */
export interface MapSizeDiffers {
  /** The kind of the finding. */
  readonly kind: 'mapSizeDiffers'
  /** The name of the map. */
  readonly map: string
  /** The kernel name of the map. */
  readonly device: string
  /** The size of the map in bytes. */
  readonly sizeBytes: number
  /** The paths of another size. Paths of size 0 are phantom LUNs and not listed here. */
  readonly paths: readonly SizedPath[]
}

/** A path with its size. */
export interface SizedPath {
  /** The kernel name of the path. */
  readonly device: string
  /** The size of the path in bytes. */
  readonly sizeBytes: number
}

/** A device-mapper map of any kind whose I/O waits until it is resumed. */
export interface MapSuspended {
  /** The kind of the finding. */
  readonly kind: 'mapSuspended'
  /** The name of the map. */
  readonly map: string
  /** The kernel name of the map. */
  readonly device: string
}

/** An NVMe controller that is not `live`. */
export interface ControllerDown {
  /** The kind of the finding. */
  readonly kind: 'controllerDown'
  /** The kernel name of the controller. */
  readonly controller: string
  /** The kernel name of the subsystem. */
  readonly subsystem: string
  /** The address of the controller. */
  readonly address: string | null
  /** The state of the controller. */
  readonly state: string
}

/** A Fibre Channel port of a target that is not `Online`. */
export interface RemotePortDown {
  /** The kind of the finding. */
  readonly kind: 'remotePortDown'
  /** The kernel name of the remote port. */
  readonly port: string
  /** The number of the Fibre Channel host. */
  readonly hostNumber: number
  /** The name of the port. */
  readonly portName: string | null
  /** The state of the port. */
  readonly state: string
}

/** A fact that shows that a target no longer has a LUN. */
export type Evidence = RemovedState | ZeroSize | WwidOfAnotherLun | SizeDiffers | MapOfAnotherUnit

/** The kernel gave the device up. `transport-offline` is a state of the session and not evidence. */
export interface RemovedState {
  /** The kind of the evidence. */
  readonly kind: 'state'
  /** The state of the SCSI device. */
  readonly state: string
}

/** The disk has no size since the target was asked again. A removable disk without a medium is not evidence. */
export interface ZeroSize {
  /** The kind of the evidence. */
  readonly kind: 'zeroSize'
}

/** Another LUN of the target has the same WWID: the target answers for another unit. */
export interface WwidOfAnotherLun {
  /** The kind of the evidence. */
  readonly kind: 'wwidOfAnotherLun'
  /** The WWID of both disks. */
  readonly wwid: string
  /** The kernel name of the other disk. */
  readonly device: string
  /** The number of the other LUN. */
  readonly lun: number
}

/** A path to the same unit has another size. */
export interface SizeDiffers {
  /** The kind of the evidence. */
  readonly kind: 'sizeDiffers'
  /** The WWID of both paths. */
  readonly wwid: string
  /** The kernel name of the other path. */
  readonly device: string
  /** The size of the other path in bytes. */
  readonly sizeBytes: number
}

/** The map on the disk was made for another unit. */
export interface MapOfAnotherUnit {
  /** The kind of the evidence. */
  readonly kind: 'mapOfAnotherUnit'
  /** The name of the map. */
  readonly map: string
  /** The WWID of the map. */
  readonly mapWwid: string
  /** The WWID of the disk. */
  readonly wwid: string
}
