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

/** What two paths to one unit have in common: its WWID, else the target's name and the LUN. */
export function unitOf({ scsi, iscsi }: WholeScsiDisk): string | null {
  if (scsi.wwid !== null) return scsi.wwid
  return iscsi?.targetName == null ? null : `${iscsi.targetName} LUN ${scsi.lun}`
}

/** What two LUNs of one target have in common: the target's name, else its address on the host. */
export function targetOf({ scsi, iscsi }: WholeScsiDisk): string {
  return iscsi?.targetName ?? `${scsi.host}:${scsi.channel}:${scsi.target}`
}
