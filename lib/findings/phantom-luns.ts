import type { IscsiDisk, ScsiDisk } from '../snapshot/model.js'
import type { Snapshot } from '../snapshot/snapshot.js'
import type { Evidence, Finding } from './finding.js'
import { removedStates, scsiDisks, type WholeScsiDisk } from './scsi-disks.js'

/** Disks whose target does not have them any more; of each kind of evidence the first piece that is found. */
export function findPhantomLuns(snapshot: Snapshot): readonly Finding[] {
  const disks = scsiDisks(snapshot)
  const named = disks.filter((disk) => disk.scsi.wwid !== null)
  const others: Others = {
    ofAnotherLun: new Unlike(named, ({ scsi, iscsi }) => `${scsi.wwid} of ${targetOf(scsi, iscsi)}`, lunOf),
    ofAnotherSize: new Unlike(
      named.filter((disk) => disk.sizeBytes !== null),
      (disk) => disk.scsi.wwid,
      (disk) => disk.sizeBytes,
    ),
  }
  return disks.flatMap((disk): readonly Finding[] => {
    const evidence = evidenceAgainst(disk, others, snapshot)
    return evidence.length === 0 ? [] : [{ kind: 'phantomLun', device: disk.name, hctl: disk.scsi.hctl, evidence }]
  })
}

interface Others {
  readonly ofAnotherLun: Unlike<number>
  readonly ofAnotherSize: Unlike<number | null>
}

function evidenceAgainst(disk: WholeScsiDisk, others: Others, snapshot: Snapshot): readonly Evidence[] {
  const { scsi, sizeBytes, removable } = disk
  const evidence: Evidence[] = []
  if (scsi.state !== null && removedStates.has(scsi.state)) evidence.push({ kind: 'state', state: scsi.state })
  if (sizeBytes === 0 && !removable) evidence.push({ kind: 'zeroSize' })
  if (scsi.wwid === null) return evidence
  const { wwid } = scsi
  const lun = others.ofAnotherLun.to(disk)
  if (lun !== undefined) evidence.push({ kind: 'wwidOfAnotherLun', wwid, device: lun.name, lun: lun.scsi.lun })
  const size = sizeBytes === null ? undefined : others.ofAnotherSize.to(disk)
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
 * Of disks that should have a value in common, finds one that has another. It remembers two unlike ones of each group,
 * so that hundreds of paths to one unit need not be compared with one another.
 */
class Unlike<Value> {
  private readonly pairs = new Map<string | null, { readonly one: WholeScsiDisk; unlike?: WholeScsiDisk }>()

  constructor(
    disks: readonly WholeScsiDisk[],
    private readonly groupWith: (disk: WholeScsiDisk) => string | null,
    private readonly valueIn: (disk: WholeScsiDisk) => Value,
  ) {
    for (const disk of disks) {
      const pair = this.pairs.get(groupWith(disk))
      if (pair === undefined) this.pairs.set(groupWith(disk), { one: disk })
      else if (valueIn(disk) !== valueIn(pair.one)) pair.unlike ??= disk
    }
  }

  to(disk: WholeScsiDisk): WholeScsiDisk | undefined {
    const pair = this.pairs.get(this.groupWith(disk))
    if (pair === undefined) return undefined
    return this.valueIn(pair.one) === this.valueIn(disk) ? pair.unlike : pair.one
  }
}

/** multipathd names a unit by scsi_id: 3 and the NAA name for `naa.6000...`. */
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

/** What two LUNs of one target have in common: its name, else its place on the host. */
function targetOf(scsi: ScsiDisk, iscsi: IscsiDisk | null): string {
  return iscsi?.targetName ?? `${scsi.host}:${scsi.channel}:${scsi.target}`
}
