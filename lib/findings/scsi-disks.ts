import type { BlockDevice, ScsiDisk } from '../snapshot/model.js'
import type { Snapshot } from '../snapshot/snapshot.js'

/** A SCSI disk that is not a partition. */
export type WholeScsiDisk = BlockDevice & { readonly scsi: ScsiDisk }

export function scsiDisks(snapshot: Snapshot): readonly WholeScsiDisk[] {
  return snapshot.blockDevices.filter(
    (device): device is WholeScsiDisk => device.scsi !== null && device.parent === null && device.type === 'disk',
  )
}

/** States of a SCSI device that the kernel has given up or is removing: drivers/scsi/scsi_sysfs.c. */
export const removedStates: ReadonlySet<string> = new Set(['offline', 'cancel', 'deleted'])
