import type { Comparand, Reading } from './query.js'

/**
 * One field of a row: what to read. `Parameters` are those it compares with; `References` are the `$name`s of its
 * paths, which a row around it may turn out to bind.
 */
export interface Field<Value, Parameters = unknown, References = unknown> {
  readonly types: { value: Value; parameters: Parameters; references: References }
  readonly reading: Reading
  readonly isRequired: boolean
  readonly comparand: Comparand | undefined
}

export type Fields = Readonly<Record<string, Field<unknown>>>

export type Row<F extends Fields> = { readonly [K in keyof F]: F[K]['types']['value'] }

export type Simplify<T> = { [K in keyof T]: T[K] } & {}

/** The members of `T` whose names are not bound further in: `$id` of an inner path may mean the row's own `id`. */
export type Without<T, Bound> = { [K in keyof T as K extends Bound ? never : K]: T[K] }

/** What all fields ask for together: the intersection, taken in the place of a function's argument. */
type Together<F extends Fields, What extends 'parameters' | 'references'> = {
  [K in keyof F]: (asked: F[K]['types'][What]) => void
}[keyof F] extends (asked: infer All) => void
  ? All
  : never

export type ParametersOf<F extends Fields> = Together<F, 'parameters'>
export type ReferencesOf<F extends Fields> = Together<F, 'references'>

// biome-ignore format: an alphabet reads best as one
type Letter =
  | 'a' | 'b' | 'c' | 'd' | 'e' | 'f' | 'g' | 'h' | 'i' | 'j' | 'k' | 'l' | 'm'
  | 'n' | 'o' | 'p' | 'q' | 'r' | 's' | 't' | 'u' | 'v' | 'w' | 'x' | 'y' | 'z'
type Digit = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9'
type IdentifierCharacter = Letter | Uppercase<Letter> | Digit

/** The identifier at the start of a text. */
type Identifier<Text extends string, Taken extends string = ''> = Text extends `${infer First}${infer Rest}`
  ? First extends IdentifierCharacter
    ? Identifier<Rest, `${Taken}${First}`>
    : Taken
  : Taken

type ReferenceNames<Path extends string> = Path extends `${string}$${infer Rest}`
  ? Identifier<Rest> | ReferenceNames<Rest>
  : never

/** The names in braces: `connection{session}:{cid}` -> `'session' | 'cid'`. */
export type CapturesOf<Pattern extends string> = Pattern extends `${string}{${infer Capture}}${infer Rest}`
  ? Capture | CapturesOf<Rest>
  : never

/** One member for each `$name` of a path. */
export type PathReferences<Path extends string> = { readonly [K in ReferenceNames<Path>]: string | number }
