import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** A 64-bit little-endian ELF file. All addons and all Linux builds of Node are, except 32-bit ARM. */
interface Elf {
  readonly size: number
  readonly header: Buffer
  /** At most `length` bytes from `offset` on. */
  read(offset: number, length: number): Buffer
}

// Offsets in the header: see elf(5).
const headerSize = 64
const programHeaderOffset = 0x20
const sectionHeaderOffset = 0x28
const programHeaderEntrySize = 0x36
const programHeaderCount = 0x38
const sectionHeaderEntrySize = 0x3a
const sectionHeaderCount = 0x3c

/** The type of the program header of the interpreter, and the fields with its segment's offset and size. */
const interpreterType = 3
const segmentOffset = 8
const segmentSize = 0x20

/**
 * Throws for an ELF file whose end is missing, for example after an installation ran out of disk space. The loader
 * would map the missing part, and the first access to it would end the process.
 */
export function checkIsWhole(file: string): void {
  const end = ofElf(file, ({ header, size }) => {
    // The table of sections is the last part of the file.
    const sections = header.readUInt16LE(sectionHeaderEntrySize) * header.readUInt16LE(sectionHeaderCount)
    return { size, expected: Number(header.readBigUInt64LE(sectionHeaderOffset)) + sections }
  })
  if (end !== undefined && end.size < end.expected) {
    throw new Error(`${file} ends after ${end.size} of ${end.expected} bytes`)
  }
}

/** The dynamic loader of a program: `/lib64/ld-linux-x86-64.so.2`. `undefined` for a statically linked program. */
export function interpreterOf(file: string): string | undefined {
  return ofElf(file, ({ header, read }) => {
    const entrySize = header.readUInt16LE(programHeaderEntrySize)
    const count = header.readUInt16LE(programHeaderCount)
    const table = read(Number(header.readBigUInt64LE(programHeaderOffset)), entrySize * count)
    for (let entry = 0; entry + segmentSize + 8 <= table.length; entry += entrySize) {
      if (table.readUInt32LE(entry) !== interpreterType) continue
      const offset = Number(table.readBigUInt64LE(entry + segmentOffset))
      const size = Number(table.readBigUInt64LE(entry + segmentSize))
      // A path that ends in a NUL.
      return read(offset, Math.min(size, 4096)).toString('latin1').replace(/\0.*/s, '')
    }
    return undefined
  })
}

/** Calls `use` for an ELF file. Returns `undefined` for any other file. */
function ofElf<Result>(file: string, use: (elf: Elf) => Result): Result | undefined {
  const descriptor = openSync(file, 'r')
  try {
    const read = (offset: number, length: number): Buffer => {
      const buffer = Buffer.alloc(length)
      return buffer.subarray(0, readSync(descriptor, buffer, 0, length, offset))
    }
    const header = read(0, headerSize)
    const isElf64 = header.length === headerSize && header.readUInt32BE(0) === 0x7f454c46 && header[4] === 2
    if (!isElf64 || header[5] !== 1) return undefined
    return use({ size: fstatSync(descriptor).size, header, read })
  } finally {
    closeSync(descriptor)
  }
}
