import type { Bytes } from '../files/bytes.js'
import type { PathToken, PatternToken } from '../query/path.js'

/**
 * Whether a name matches a pattern. If it does, the slots have the captured numbers. `*` matches as few bytes as
 * possible. A number matches all digits that follow.
 *
 * After a mismatch, only the last `*` is extended. The tokens between two stars need not be matched again: no other
 * match of them ends earlier than the first one, and the second star matches the bytes that follow.
 */
export function matchPattern(
  pattern: readonly PatternToken[],
  name: Bytes,
  slots: number[],
  part: (token: PathToken) => Bytes | undefined,
): boolean {
  let index = 0
  let at = 0
  /** The index of the token after the last star. */
  let afterStar: number | undefined
  /** The index in the name at which the tokens after the last star are tried. */
  let fromStar = 0
  while (true) {
    const token = pattern[index]
    if (token?.kind === 'star') {
      afterStar = ++index
      if (afterStar === pattern.length) return true
      fromStar = at
      continue
    }
    const end = token === undefined ? undefined : endOf(token, name, at, slots, part)
    if (end !== undefined) {
      index++
      at = end
    } else if (token === undefined && at === name.length) {
      return true
    } else {
      if (afterStar === undefined || fromStar === name.length) return false
      at = ++fromStar
      index = afterStar
    }
  }
}

/** Matches a token with the name from `at` on. Returns the end of the match, or `undefined` if there is no match. */
function endOf(
  token: Exclude<PatternToken, { kind: 'star' }>,
  name: Bytes,
  at: number,
  slots: number[],
  part: (token: PathToken) => Bytes | undefined,
): number | undefined {
  if (token.kind === 'capture') {
    const end = endOfDigits(name, at)
    const number = canonicalNumber(name.slice(at, end))
    if (number === null) return undefined
    slots[token.slot] = number
    return end
  }
  const expected = part(token)
  return expected !== undefined && name.startsWith(expected, at) ? at + expected.length : undefined
}

/** The number in the last path component of the form prefix + number: ('host', '../host2/session1') gives 2. */
export function numberAfter(prefix: string, path: Bytes): number | null {
  for (const component of path.split('/').reverse()) {
    if (!component.startsWith(prefix)) continue
    const number = canonicalNumber(component.slice(prefix.length))
    if (number !== null) return number
  }
  return null
}

/** Parses a number as the kernel prints it. `null` for `007`, because the name cannot be restored from the number 7. */
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
