import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/**
 * Throws for an ELF file whose end is missing, as an installation leaves that ran out of disk space. The loader would
 * map what is not there, and the first touch of it would end the process.
 */
export function checkIsWhole(file: string): void {
  const header = Buffer.alloc(64)
  const descriptor = openSync(file, 'r')
  try {
    const isElf64 =
      readSync(descriptor, header) === header.length && header.readUInt32BE(0) === 0x7f454c46 && header[4] === 2
    if (!isElf64 || header[5] !== 1) return
    // The table of sections, which stands last: where it is, the size of an entry, their number.
    const end = Number(header.readBigUInt64LE(0x28)) + header.readUInt16LE(0x3a) * header.readUInt16LE(0x3c)
    const { size } = fstatSync(descriptor)
    if (size < end) throw new Error(`${file} ends after ${size} of ${end} bytes`)
  } finally {
    closeSync(descriptor)
  }
}
