import type { IscsiDisk, ScsiDisk } from '../snapshot/model.js'
import type { Snapshot } from '../snapshot/snapshot.js'
import type { Evidence, Finding } from './finding.js'
import { removedStates, scsiDisks, type WholeScsiDisk } from './scsi-disks.js'

/**
 * Finds disks whose target no longer has their LUN. Of several disks or maps that give the same kind of evidence, except
 * for 'mapOfAnotherUnit', only the first is reported.
 */
export function findPhantomLuns(snapshot: Snapshot): readonly Finding[] {
  const disks = scsiDisks(snapshot)
  const withWwid = disks.filter((disk) => disk.scsi.wwid !== null)
  const mismatches: Mismatches = {
    lun: new MismatchIndex(withWwid, ({ scsi, iscsi }) => `${scsi.wwid} of ${targetOf(scsi, iscsi)}`, lunOf),
    size: new MismatchIndex(
      withWwid.filter((disk) => disk.sizeBytes !== null),
      (disk) => disk.scsi.wwid,
      (disk) => disk.sizeBytes,
    ),
  }
  return disks.flatMap((disk): readonly Finding[] => {
    const evidence = evidenceFor(disk, mismatches, snapshot)
    return evidence.length === 0 ? [] : [{ kind: 'phantomLun', device: disk.name, hctl: disk.scsi.hctl, evidence }]
  })
}

/** The disks with a WWID, by what disks of one WWID must agree on. */
interface Mismatches {
  /** The LUN on one target. */
  readonly lun: MismatchIndex<number>
  readonly size: MismatchIndex<number | null>
}

function evidenceFor(disk: WholeScsiDisk, mismatches: Mismatches, snapshot: Snapshot): readonly Evidence[] {
  const { scsi, sizeBytes, removable } = disk
  const evidence: Evidence[] = []
  if (scsi.state !== null && removedStates.has(scsi.state)) evidence.push({ kind: 'state', state: scsi.state })
  if (sizeBytes === 0 && !removable) evidence.push({ kind: 'zeroSize' })
  if (scsi.wwid === null) return evidence
  const { wwid } = scsi
  const ofAnotherLun = mismatches.lun.find(disk)
  if (ofAnotherLun !== undefined) {
    evidence.push({ kind: 'wwidOfAnotherLun', wwid, device: ofAnotherLun.name, lun: ofAnotherLun.scsi.lun })
  }
  const ofAnotherSize = sizeBytes === null ? undefined : mismatches.size.find(disk)
  if (ofAnotherSize?.sizeBytes != null) {
    evidence.push({ kind: 'sizeDiffers', wwid, device: ofAnotherSize.name, sizeBytes: ofAnotherSize.sizeBytes })
  }
  for (const map of snapshot.mapsOfPath(disk.name)) {
    if (isNaa(wwid) && isNaaOfMap(map.wwid) && map.wwid !== mapWwidOf(wwid)) {
      evidence.push({ kind: 'mapOfAnotherUnit', map: map.name, mapWwid: map.wwid, wwid })
    }
  }
  return evidence
}

/**
 * Groups disks that must have a value in common, and finds for a disk another one of its group with a different value. It
 * stores two disks with different values for each group. So the hundreds of paths to one logical unit are not compared
 * with one another.
 */
class MismatchIndex<Value> {
  private readonly groups = new Map<string | null, { readonly first: WholeScsiDisk; different?: WholeScsiDisk }>()

  constructor(
    disks: readonly WholeScsiDisk[],
    private readonly groupOf: (disk: WholeScsiDisk) => string | null,
    private readonly valueIn: (disk: WholeScsiDisk) => Value,
  ) {
    for (const disk of disks) {
      const group = this.groups.get(groupOf(disk))
      if (group === undefined) this.groups.set(groupOf(disk), { first: disk })
      else if (valueIn(disk) !== valueIn(group.first)) group.different ??= disk
    }
  }

  /** A disk of the same group with a different value. `undefined` if there is none. */
  find(disk: WholeScsiDisk): WholeScsiDisk | undefined {
    const group = this.groups.get(this.groupOf(disk))
    if (group === undefined) return undefined
    return this.valueIn(group.first) === this.valueIn(disk) ? group.different : group.first
  }
}

/** The WWID that multipathd gives a map: the output of scsi_id, which is `36000...` for `naa.6000...`. */
function mapWwidOf(wwid: string): string {
  return `3${wwid.slice('naa.'.length)}`
}

function isNaa(wwid: string): boolean {
  return wwid.startsWith('naa.')
}

function isNaaOfMap(wwid: string): boolean {
  return /^3[0-9a-f]{16}([0-9a-f]{16})?$/.test(wwid)
}

function lunOf({ scsi }: WholeScsiDisk): number {
  return scsi.lun
}

/** Identifies the target of a disk: by its name for iSCSI, else by its SCSI address without the LUN. */
function targetOf(scsi: ScsiDisk, iscsi: IscsiDisk | null): string {
  return iscsi?.targetName ?? `${scsi.host}:${scsi.channel}:${scsi.target}`
}
