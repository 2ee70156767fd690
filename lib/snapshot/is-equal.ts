let isDeepStrictEqual: typeof import('node:util').isDeepStrictEqual | undefined

/** `isDeepStrictEqual` of node:util. It is loaded at the first comparison, which takes Node two milliseconds. */
export function isEqual(a: unknown, b: unknown): boolean {
  isDeepStrictEqual ??= process.getBuiltinModule('node:util').isDeepStrictEqual
  return isDeepStrictEqual(a, b)
}
