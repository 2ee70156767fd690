// The words of lsblk's TYPE column.

/** A map's type is what its uuid begins with: `mpath-3600...`, `LVM-...`, `CRYPT-LUKS2-...`, `part1-mpath-...`. */
export function mapTypeOf(uuid: string | null): string {
  const prefix = uuid?.split('-', 1)[0]?.toLowerCase()
  if (!prefix) return 'dm'
  return prefix.startsWith('part') ? 'part' : prefix
}

/** Peripheral device types of SCSI Primary Commands; what is not named here is a disk to lsblk. */
const scsiTypes: Readonly<Record<number, string>> = {
  0: 'disk',
  1: 'tape',
  2: 'printer',
  3: 'processor',
  4: 'worm',
  5: 'rom',
  6: 'scanner',
  7: 'mo-disk',
  8: 'changer',
  9: 'comm',
  12: 'raid',
  13: 'enclosure',
  14: 'rbc',
  17: 'osd',
}

export function scsiTypeOf(type: number | null): string {
  return (type === null ? undefined : scsiTypes[type]) ?? 'disk'
}

/** The type that a kernel name tells, for what is neither a partition nor a SCSI device, and a map that has just gone. */
export function typeOfName(name: string): string {
  if (/^loop\d+$/.test(name)) return 'loop'
  if (/^dm-\d+$/.test(name)) return 'dm'
  return /^md/.test(name) ? 'md' : 'disk'
}
