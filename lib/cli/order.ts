/** Names in the order in which they were given out: sdb before sdaa, dm-2 before dm-10. */
export function inNamingOrder(a: string, b: string): number {
  const keyA = sortKey(a)
  const keyB = sortKey(b)
  return keyA < keyB ? -1 : keyA > keyB ? 1 : 0
}

/** Where names count on by letters, fewer letters come first; digits are a number wherever they stand. */
function sortKey(name: string): string {
  return name
    .replace(/^(sd|vd|xvd|mpath)([a-z]+)/, (_, prefix: string, letters: string) => prefix + letters.padStart(8))
    .replace(/\d+/g, (digits) => digits.padStart(16, '0'))
}
