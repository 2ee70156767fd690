import type { BlockDevice, ScsiDisk } from '../snapshot/model.js'
import type { Snapshot } from '../snapshot/snapshot.js'

/** A SCSI disk, not one of its partitions. */
export type WholeScsiDisk = BlockDevice & { readonly scsi: ScsiDisk }

/** The SCSI disks of a snapshot, without partitions and without SCSI devices of other types. */
export function scsiDisks(snapshot: Snapshot): readonly WholeScsiDisk[] {
  return snapshot.blockDevices.filter(
    (device): device is WholeScsiDisk => device.scsi !== null && device.parent === null && device.type === 'disk',
  )
}

/** The states of a SCSI device that the kernel no longer uses or is removing (drivers/scsi/scsi_sysfs.c). */
export const removedStates: ReadonlySet<string> = new Set(['offline', 'cancel', 'deleted'])

/** Identifies the unit of a disk by its WWID, else by the target name and LUN. `null` if neither is known. */
export function unitOf({ scsi, iscsi }: WholeScsiDisk): string | null {
  if (scsi.wwid !== null) return scsi.wwid
  return iscsi?.targetName == null ? null : `${iscsi.targetName} LUN ${scsi.lun}`
}

/** Identifies the target of a disk by its name (iSCSI), else by its SCSI address without the LUN. */
export function targetOf({ scsi, iscsi }: WholeScsiDisk): string {
  return iscsi?.targetName ?? `${scsi.host}:${scsi.channel}:${scsi.target}`
}
