import type { Snapshot } from '../snapshot/snapshot.js'
import type { Evidence, Finding } from './finding.js'
import { removedStates, scsiDisks, targetOf, type WholeScsiDisk } from './scsi-disks.js'

/**
 * Finds disks whose target no longer has the LUN. If several disks are evidence of one kind, the first is reported.
 * Each map of another unit is reported.
 */
export function findPhantomLuns(snapshot: Snapshot): readonly Finding[] {
  const disks = scsiDisks(snapshot)
  const withWwid = disks.filter((disk) => disk.scsi.wwid !== null)
  const comparisons: Comparisons = {
    luns: new MismatchIndex(
      withWwid,
      (disk) => `${disk.scsi.wwid} of ${targetOf(disk)}`,
      (disk) => disk.scsi.lun,
    ),
    sizes: new MismatchIndex(
      withWwid.filter((disk) => disk.sizeBytes !== null),
      (disk) => disk.scsi.wwid,
      (disk) => disk.sizeBytes,
    ),
  }
  return disks.flatMap((disk): readonly Finding[] => {
    const evidence = evidenceFor(disk, comparisons, snapshot)
    return evidence.length === 0 ? [] : [{ kind: 'phantomLun', device: disk.name, hctl: disk.scsi.hctl, evidence }]
  })
}

/** The disks with a WWID, grouped by what they must agree on. */
interface Comparisons {
  /** Disks with one WWID on one target must have one LUN. */
  readonly luns: MismatchIndex<number>
  /** Disks with one WWID must have one size. */
  readonly sizes: MismatchIndex<number | null>
}

function evidenceFor(disk: WholeScsiDisk, { luns, sizes }: Comparisons, snapshot: Snapshot): readonly Evidence[] {
  const { scsi, sizeBytes, removable } = disk
  const evidence: Evidence[] = []
  if (scsi.state !== null && removedStates.has(scsi.state)) evidence.push({ kind: 'state', state: scsi.state })
  if (sizeBytes === 0 && !removable) evidence.push({ kind: 'zeroSize' })
  if (scsi.wwid === null) return evidence
  const { wwid } = scsi
  const ofAnotherLun = luns.find(disk)
  if (ofAnotherLun !== undefined) {
    evidence.push({ kind: 'wwidOfAnotherLun', wwid, device: ofAnotherLun.name, lun: ofAnotherLun.scsi.lun })
  }
  const ofAnotherSize = sizeBytes === null ? undefined : sizes.find(disk)
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
 * Groups disks that must have a value in common, and finds for a disk another one of its group with a different value.
 * It keeps two disks with different values for each group. So the hundreds of paths to one unit are not compared with
 * each other.
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

/** The WWID that multipathd gives a map. It is the output of scsi_id, which is `36000...` for `naa.6000...`. */
function mapWwidOf(wwid: string): string {
  return `3${wwid.slice('naa.'.length)}`
}

function isNaa(wwid: string): boolean {
  return wwid.startsWith('naa.')
}

function isNaaOfMap(wwid: string): boolean {
  return /^3[0-9a-f]{16}([0-9a-f]{16})?$/.test(wwid)
}
