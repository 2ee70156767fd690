const units = ['B', 'K', 'M', 'G', 'T', 'P', 'E']

/** Formats a size as lsblk does, in powers of 1024: '104M', '1.5G'. Empty if the size is unknown. */
export function formatSize(bytes: number | null): string {
  if (bytes === null) return ''
  let value = bytes
  let unit = 0
  // The rounded value decides, so that 1023.96M becomes 1G and not 1024M.
  while (roundToTenth(value) >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${roundToTenth(value)}${units[unit]}`
}

function roundToTenth(value: number): number {
  return Math.round(value * 10) / 10
}

/** Formats a number with a noun: '1 disk', '2 disks'. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
