import type { Fields } from './definition.js'

/** A row of these fields: the keys of the fields, each with the field's value. */
export type Row<F extends Fields> = { readonly [K in keyof F]: F[K]['types']['value'] }

/** The same type, shown as one object. */
export type Simplify<T> = { [K in keyof T]: T[K] } & {}

/** The members of `T` that `Bound` does not bind: `$id` of an inner path may mean the row's own `id`. */
export type Without<T, Bound> = { [K in keyof T as K extends Bound ? never : K]: T[K] }

/** The intersection of what all fields need. Inference in the position of a function's argument makes it. */
type Together<F extends Fields, What extends 'parameters' | 'references'> = {
  [K in keyof F]: (needed: F[K]['types'][What]) => void
}[keyof F] extends (needed: infer All) => void
  ? All
  : never

/** The parameters that the fields compare with. */
export type ParametersOf<F extends Fields> = Together<F, 'parameters'>
/** The names that the paths of the fields refer to. */
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

/** The names in a list's paths that neither its pattern nor its fields bind. */
export type FreeReferences<Pattern extends string, F extends Fields> = PathReferences<Pattern> &
  Without<ReferencesOf<F>, keyof F | CapturesOf<Pattern>>
