let isDeepStrictEqual: typeof import('node:util').isDeepStrictEqual | undefined

/** `isDeepStrictEqual` of node:util, which is loaded for the first comparison: that takes Node two milliseconds. */
export function isEqual(a: unknown, b: unknown): boolean {
  isDeepStrictEqual ??= process.getBuiltinModule('node:util').isDeepStrictEqual
  return isDeepStrictEqual(a, b)
}
