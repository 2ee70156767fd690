const units = ['B', 'K', 'M', 'G', 'T', 'P', 'E']

/** A size as lsblk writes it, in powers of 1024: '104M', '1.5G'. Empty where it is not known. */
export function formatSize(bytes: number | null): string {
  if (bytes === null) return ''
  let value = bytes
  let unit = 0
  // 1023.96M would be written 1024M.
  while (roundToTenth(value) >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${roundToTenth(value)}${units[unit]}`
}

function roundToTenth(value: number): number {
  return Math.round(value * 10) / 10
}

/** '1 disk', '2 disks'. */
export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}
