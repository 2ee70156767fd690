/** A part of a path: literal bytes, or something that is known only at run time. */
export type PathToken =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'parameter'; readonly parameter: number }
  /** The number in a slot: a captured number, or an integer that was read. */
  | { readonly kind: 'slot'; readonly slot: number }
  /** The name of the current entry of the list at this level. */
  | { readonly kind: 'entry'; readonly level: number }

/** A part of a pattern: a part of a path, `*`, or a number that goes into a slot. */
export type PatternToken = PathToken | { readonly kind: 'star' } | { readonly kind: 'capture'; readonly slot: number }

/** Gives what a `$name` stands for. */
export type Resolve = (name: string) => PathToken

/** A list's pattern in tokens. */
export interface ParsedPattern {
  readonly directory: readonly PathToken[]
  readonly pattern: readonly PatternToken[]
}

const special = /\$([A-Za-z][A-Za-z0-9]*)|\{([A-Za-z][A-Za-z0-9]*)\}|\*|[${}]/g

/** Splits a list's pattern into its directory and the pattern of the entries. */
export function parsePattern(text: string, resolve: Resolve, capture: (name: string) => number): ParsedPattern {
  const components = componentsOf(text)
  const last = components.pop() as string
  return {
    directory: joinComponents(components, text, resolve),
    pattern: parseComponent(last, text, resolve, capture),
  }
}

/** Parses a path without `*` or `{}`. */
export function parsePath(text: string, resolve: Resolve): readonly PathToken[] {
  return joinComponents(componentsOf(text), text, resolve)
}

/** The names in braces, in the order of the pattern. */
export function capturesIn(pattern: string): readonly string[] {
  return Array.from(pattern.matchAll(special), (match) => match[2]).filter((name) => name !== undefined)
}

/** The names after a `$`. */
export function referencesIn(path: string): readonly string[] {
  return Array.from(path.matchAll(special), (match) => match[1]).filter((name) => name !== undefined)
}

/**
 * The components of a relative path.
 *
 * @throws {TypeError} for an absolute path, an empty component, `.`, `..` or a NUL
 */
export function componentsOf(path: string): string[] {
  if (typeof path !== 'string') throw new TypeError(`a path must be a string, not ${typeof path}`)
  if (path.includes('\0')) throw new TypeError(`a path must not contain a NUL: ${JSON.stringify(path)}`)
  const components = path.split('/')
  for (const component of components) {
    if (component === '') throw new TypeError(`a path must be relative, without empty components: '${path}'`)
    if (component === '.' || component === '..')
      throw new TypeError(`a path must not contain '${component}': '${path}'`)
  }
  return components
}

function joinComponents(components: readonly string[], path: string, resolve: Resolve): PathToken[] {
  const refuse = (): never => {
    throw new TypeError(`only the last component of a list's pattern may contain * or {}: '${path}'`)
  }
  const tokens: PathToken[] = []
  for (const component of components) {
    if (tokens.length > 0) append(tokens, { kind: 'literal', text: '/' })
    for (const token of parseComponent(component, path, resolve, refuse)) {
      append(tokens, token.kind === 'star' || token.kind === 'capture' ? refuse() : token)
    }
  }
  return tokens
}

function parseComponent(
  component: string,
  path: string,
  resolve: Resolve,
  capture: (name: string) => number,
): PatternToken[] {
  const tokens: PatternToken[] = []
  let end = 0
  for (const match of component.matchAll(special)) {
    if (match.index > end) tokens.push({ kind: 'literal', text: component.slice(end, match.index) })
    end = match.index + match[0].length
    if (match[1] !== undefined) tokens.push(resolve(match[1]))
    else if (match[2] !== undefined) tokens.push({ kind: 'capture', slot: capture(match[2]) })
    else if (match[0] === '*') tokens.push({ kind: 'star' })
    else throw new TypeError(`'${match[0]}' needs a name (\`$name\`, \`{name}\`): '${path}'`)
  }
  if (end < component.length) tokens.push({ kind: 'literal', text: component.slice(end) })
  return tokens
}

/** Adds a token. Adjacent literals become one. */
function append(tokens: PathToken[], token: PathToken): void {
  const last = tokens.at(-1)
  if (last?.kind === 'literal' && token.kind === 'literal') {
    tokens[tokens.length - 1] = { kind: 'literal', text: last.text + token.text }
  } else {
    tokens.push(token)
  }
}

/** Compares names as bytes, the order of every list. Both are ASCII or hold one byte a character. */
export function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
