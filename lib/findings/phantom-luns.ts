import type { Snapshot } from '../snapshot/snapshot.js'
import type { Evidence, Finding } from './finding.js'
import { removedStates, scsiDisks, targetOf, type WholeScsiDisk } from './scsi-disks.js'

/** Disks whose target no longer has the LUN, with at most one piece of evidence of each kind. */
export function findPhantomLuns(snapshot: Snapshot): readonly Finding[] {
  const disks = scsiDisks(snapshot)
  const named = disks.filter((disk) => disk.scsi.wwid !== null)
  const comparisons: Comparisons = {
    wwidsByLun: new Contradictions(
      named,
      (disk) => `${disk.scsi.wwid} of ${targetOf(disk)}`,
      (disk) => disk.scsi.lun,
    ),
    sizes: new Contradictions(
      named.filter((disk) => disk.sizeBytes !== null),
      (disk) => disk.scsi.wwid,
      (disk) => disk.sizeBytes,
    ),
  }
  return disks.flatMap((disk): readonly Finding[] => {
    const evidence = evidenceAgainst(disk, comparisons, snapshot)
    return evidence.length === 0 ? [] : [{ kind: 'phantomLun', device: disk.name, hctl: disk.scsi.hctl, evidence }]
  })
}

interface Comparisons {
  readonly wwidsByLun: Contradictions<number>
  readonly sizes: Contradictions<number | null>
}

function evidenceAgainst(
  disk: WholeScsiDisk,
  { wwidsByLun, sizes }: Comparisons,
  snapshot: Snapshot,
): readonly Evidence[] {
  const { scsi, sizeBytes, removable } = disk
  const evidence: Evidence[] = []
  if (scsi.state !== null && removedStates.has(scsi.state)) evidence.push({ kind: 'state', state: scsi.state })
  if (sizeBytes === 0 && !removable) evidence.push({ kind: 'zeroSize' })
  if (scsi.wwid === null) return evidence
  const { wwid } = scsi
  const lun = wwidsByLun.find(disk)
  if (lun !== undefined) evidence.push({ kind: 'wwidOfAnotherLun', wwid, device: lun.name, lun: lun.scsi.lun })
  const size = sizeBytes === null ? undefined : sizes.find(disk)
  if (size?.sizeBytes != null) {
    evidence.push({ kind: 'sizeDiffers', wwid, device: size.name, sizeBytes: size.sizeBytes })
  }
  for (const map of snapshot.mapsOfPath(disk.name)) {
    if (isNaa(wwid) && isNaaOfMap(map.wwid) && map.wwid !== mapWwidOf(wwid)) {
      evidence.push({ kind: 'mapOfAnotherUnit', map: map.name, mapWwid: map.wwid, wwid })
    }
  }
  return evidence
}

/**
 * Finds a disk with another value, among disks that should have the same one. It keeps two different disks of each
 * group, so that hundreds of paths to one unit are not compared with each other.
 */
class Contradictions<Value> {
  private readonly pairs = new Map<string | null, { readonly first: WholeScsiDisk; different?: WholeScsiDisk }>()

  constructor(
    disks: readonly WholeScsiDisk[],
    private readonly groupWith: (disk: WholeScsiDisk) => string | null,
    private readonly valueIn: (disk: WholeScsiDisk) => Value,
  ) {
    for (const disk of disks) {
      const pair = this.pairs.get(groupWith(disk))
      if (pair === undefined) this.pairs.set(groupWith(disk), { first: disk })
      else if (valueIn(disk) !== valueIn(pair.first)) pair.different ??= disk
    }
  }

  /** A disk of the same group with another value. */
  find(disk: WholeScsiDisk): WholeScsiDisk | undefined {
    const pair = this.pairs.get(this.groupWith(disk))
    if (pair === undefined) return undefined
    return this.valueIn(pair.first) === this.valueIn(disk) ? pair.different : pair.first
  }
}

/** multipathd names a unit as scsi_id does: `3` and the NAA name, without `naa.`. */
function mapWwidOf(wwid: string): string {
  return `3${wwid.slice('naa.'.length)}`
}

function isNaa(wwid: string): boolean {
  return wwid.startsWith('naa.')
}

function isNaaOfMap(wwid: string): boolean {
  return /^3[0-9a-f]{16}([0-9a-f]{16})?$/.test(wwid)
}
