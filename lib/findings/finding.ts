/** Something on the machine that an operator should look at, with what shows it. */
export type Finding =
  /** A disk with other paths to the same unit, which no multipath map has among its paths: I/O to it has one path. */
  | {
      readonly kind: 'orphanPath'
      readonly device: string
      /** The WWID, or the target and LUN, that the paths have in common. */
      readonly unit: string
      readonly otherPaths: readonly string[]
      /** The map that has the others. */
      readonly map: string | null
    }
  /** A map with fewer paths that work than there are sessions to its target. */
  | {
      readonly kind: 'degradedMap'
      readonly map: string
      readonly device: string
      readonly livePaths: number
      readonly sessions: number
      /** Sessions that no working path goes through. */
      readonly without: readonly { readonly sessionId: number; readonly state: string | null }[]
    }
  /** A disk whose target does not have it any more, as far as sysfs shows. */
  | {
      readonly kind: 'phantomLun'
      readonly device: string
      readonly hctl: string
      readonly evidence: readonly Evidence[]
    }
  /** A session that is not logged in, or a connection of which is not up. */
  | {
      readonly kind: 'sessionDown'
      readonly sessionId: number
      readonly targetName: string | null
      readonly state: string | null
      /** The connections that are known not to be up ('full'). */
      readonly connections: readonly { readonly id: number; readonly state: string }[]
      readonly disks: readonly string[]
    }
  /** A SCSI disk that waits or fails (`blocked`, `transport-offline`, `quiesce`) with no lost session to explain it. */
  | { readonly kind: 'diskDown'; readonly device: string; readonly hctl: string; readonly state: string }
  /** A multipath map whose paths have grown or shrunk since it was loaded: I/O goes by the old size. */
  | {
      readonly kind: 'mapSizeDiffers'
      readonly map: string
      readonly device: string
      readonly sizeBytes: number
      /** The paths of another size; those of none are phantom LUNs. */
      readonly paths: readonly { readonly device: string; readonly sizeBytes: number }[]
    }
  /** A device-mapper map whose I/O waits until it is resumed. */
  | { readonly kind: 'mapSuspended'; readonly map: string; readonly device: string }
  /** An NVMe controller that is not `live`. */
  | {
      readonly kind: 'controllerDown'
      readonly controller: string
      readonly subsystem: string
      readonly address: string | null
      readonly state: string
    }
  /** A Fibre Channel target's port that is not `Online`. */
  | {
      readonly kind: 'remotePortDown'
      readonly port: string
      readonly hostNumber: number
      readonly portName: string | null
      readonly state: string
    }

export type Evidence =
  /** The kernel gave the device up; `transport-offline` is the session's trouble and not in here. */
  | { readonly kind: 'state'; readonly state: string }
  /** A disk of no size, after the target was asked again; a card reader without a card is none. */
  | { readonly kind: 'zeroSize' }
  /** Another LUN of the same target has the same WWID: the target answers with a unit that is not this one. */
  | { readonly kind: 'wwidOfAnotherLun'; readonly wwid: string; readonly device: string; readonly lun: number }
  /** A path to what should be the same unit has another size. */
  | { readonly kind: 'sizeDiffers'; readonly wwid: string; readonly device: string; readonly sizeBytes: number }
  /** The map over it was made for another unit. */
  | { readonly kind: 'mapOfAnotherUnit'; readonly map: string; readonly mapWwid: string; readonly wwid: string }
