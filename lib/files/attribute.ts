import { constants } from 'node:fs'
import type { Bytes } from './bytes.js'

/** O_NONBLOCK: opening a FIFO in a foreign tree must not block the process. On sysfs the last two have no effect. */
export const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)

/** The size of one read. The kernel returns at most one page for an attribute. */
export const attributeSize = 65536

/** Trims ASCII white space only. String.trim would also remove bytes that belong to a UTF-8 character. */
export function trim(bytes: Bytes): Bytes {
  let start = 0
  let end = bytes.length
  while (start < end && isSpace(bytes.charCodeAt(start))) start++
  while (end > start && isSpace(bytes.charCodeAt(end - 1))) end--
  return bytes.slice(start, end)
}

/** Whether a byte is ASCII white space. */
export function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)
}

/** A decimal or hexadecimal integer. `null` for any other text and for an integer that is not safe. */
export function parseInteger(text: Bytes): number | null {
  const match = /^(-?)(0[xX][0-9a-fA-F]+|[0-9]+)$/.exec(text)
  if (match === null) return null
  const magnitude = Number(match[2])
  if (!Number.isSafeInteger(magnitude)) return null
  return match[1] === '-' && magnitude !== 0 ? -magnitude : magnitude
}
