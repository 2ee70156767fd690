// The types of block devices, as in lsblk's TYPE column.

/** The type of a map is the prefix of its uuid: `mpath-3600...`, `LVM-...`, `CRYPT-LUKS2-...`, `part1-mpath-...`. */
export function mapTypeOf(uuid: string | null): string {
  const prefix = uuid?.split('-', 1)[0]?.toLowerCase()
  if (!prefix) return 'dm'
  return prefix.startsWith('part') ? 'part' : prefix
}

/** The names of the peripheral device types of SCSI Primary Commands. lsblk shows any other type as a disk. */
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

/** The type of a SCSI device. */
export function scsiTypeOf(type: number | null): string {
  return (type === null ? undefined : scsiTypes[type]) ?? 'disk'
}

/**
 * The type of a device by its kernel name. It is used for other devices, and for a map that was removed during the run.
 */
export function typeOfName(name: string): string {
  if (/^loop\d+$/.test(name)) return 'loop'
  if (/^dm-\d+$/.test(name)) return 'dm'
  return /^md/.test(name) ? 'md' : 'disk'
}
