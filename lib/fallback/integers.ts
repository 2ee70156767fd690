import { isSpace, parseInteger } from '../files/attribute.js'

/** A decimal number with this many digits is a safe integer. */
const alwaysSafeDigits = 15

/**
 * Parses integers separated by white space, decimal or 0x, into `numbers`. Missing integers become NaN. Small decimal
 * numbers are parsed without an allocation.
 *
 * @param end the end of the text in the buffer
 * @param to the index of the first number in `numbers`
 */
export function parseIntegers(
  buffer: Buffer,
  start: number,
  end: number,
  numbers: Float64Array,
  to: number,
  count: number,
): void {
  let at = start
  for (let index = to; index < to + count; index++) {
    while (at < end && isSpace(buffer[at] as number)) at++
    const first = at
    let value = 0
    for (; at < end; at++) {
      const digit = (buffer[at] as number) - 0x30
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    if (at > first && at - first <= alwaysSafeDigits && (at === end || isSpace(buffer[at] as number))) {
      numbers[index] = value
      continue
    }
    while (at < end && !isSpace(buffer[at] as number)) at++
    numbers[index] = first === at ? Number.NaN : (parseInteger(buffer.toString('latin1', first, at)) ?? Number.NaN)
  }
}

/** Parses a text that consists of one integer and white space around it. Any other text becomes NaN. */
export function parseWhole(buffer: Buffer, end: number, numbers: Float64Array, to: number): void {
  let last = end
  while (last > 0 && isSpace(buffer[last - 1] as number)) last--
  let first = 0
  while (first < last && isSpace(buffer[first] as number)) first++
  let space = first
  while (space < last && !isSpace(buffer[space] as number)) space++
  if (space === last) parseIntegers(buffer, first, last, numbers, to, 1)
  else numbers[to] = Number.NaN
}
