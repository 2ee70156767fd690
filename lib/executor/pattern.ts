import type { PathToken, PatternToken } from '../query/path.js'
import type { Bytes } from './bytes.js'

/**
 * Whether an entry's name matches a pattern; if so the captured numbers are in their slots. `*` takes as little as it
 * can, a number all the digits there are.
 */
export function matchPattern(
  pattern: readonly PatternToken[],
  name: Bytes,
  slots: number[],
  part: (token: PathToken) => Bytes | undefined,
  token = 0,
  at = 0,
): boolean {
  for (let index = token; index < pattern.length; index++) {
    const current = pattern[index] as PatternToken
    if (current === 'star') {
      if (index === pattern.length - 1) return true
      for (let end = at; end <= name.length; end++) {
        if (matchPattern(pattern, name, slots, part, index + 1, end)) return true
      }
      return false
    }
    if ('capture' in current) {
      const end = endOfDigits(name, at)
      const number = canonicalNumber(name.slice(at, end))
      if (number === null) return false
      slots[current.capture] = number
      at = end
    } else {
      const expected = part(current)
      if (expected === undefined || !name.startsWith(expected, at)) return false
      at += expected.length
    }
  }
  return at === name.length
}

/** The number of the last path component of the form prefix + number: ('host', '../host2/session1') -> 2. */
export function numberAfter(prefix: string, path: Bytes): number | null {
  for (const component of path.split('/').reverse()) {
    if (!component.startsWith(prefix)) continue
    const number = canonicalNumber(component.slice(prefix.length))
    if (number !== null) return number
  }
  return null
}

/** A number as the kernel prints it: `007` would not lead back to its name. */
function canonicalNumber(digits: Bytes): number | null {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(digits)) return null
  const number = Number(digits)
  return Number.isSafeInteger(number) ? number : null
}

function endOfDigits(name: Bytes, start: number): number {
  let end = start
  while (end < name.length && name.charCodeAt(end) >= 0x30 && name.charCodeAt(end) <= 0x39) end++
  return end
}
