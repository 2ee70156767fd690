import { constants } from 'node:fs'
import type { Bytes } from './bytes.js'

/** A FIFO in a strange tree must not block the process; on sysfs the last two mean nothing. */
export const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)

/** Trims ASCII white space only: String.trim would also take bytes that are part of a UTF-8 character. */
export function trim(bytes: Bytes): Bytes {
  let start = 0
  let end = bytes.length
  while (start < end && isSpace(bytes.charCodeAt(start))) start++
  while (end > start && isSpace(bytes.charCodeAt(end - 1))) end--
  return bytes.slice(start, end)
}

export function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)
}

export function parseInteger(text: Bytes): number | null {
  const match = /^(-?)(0[xX][0-9a-fA-F]+|[0-9]+)$/.exec(text)
  if (match === null) return null
  const magnitude = Number(match[2])
  if (!Number.isSafeInteger(magnitude)) return null
  return match[1] === '-' && magnitude !== 0 ? -magnitude : magnitude
}
