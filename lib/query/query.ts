import type {
  CapturesOf,
  Field,
  Fields,
  ParametersOf,
  PathReferences,
  ReferencesOf,
  Row,
  Simplify,
  Without,
} from './row-types.js'

/** The value a row must have: a constant, or a parameter given at every run. */
export type Comparand = { readonly constant: string | number } | { readonly parameter: string }

/** What a field reads. `path` is relative to the entry that the row is about. */
export type Reading =
  | { readonly kind: 'name' }
  | { readonly kind: 'captured'; readonly capture: string }
  | { readonly kind: 'text'; readonly path: string }
  | { readonly kind: 'integer'; readonly path: string }
  | { readonly kind: 'hex'; readonly path: string }
  | { readonly kind: 'exists'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string | undefined }
  | { readonly kind: 'linkNumber'; readonly prefix: string; readonly path: string | undefined }
  | { readonly kind: 'list'; readonly list: ListDefinition }

export interface ListDefinition {
  readonly pattern: string
  readonly fields: Fields
  readonly tryFirst: string | undefined
}

/** A reading with the condition it puts on its row. Made by the functions below, never by hand. */
export class FieldDefinition<Value, Parameters, References> implements Field<Value, Parameters, References> {
  declare readonly types: { value: Value; parameters: Parameters; references: References }

  constructor(
    readonly reading: Reading,
    readonly isRequired: boolean = false,
    readonly comparand: Comparand | undefined = undefined,
  ) {}
}

export class RequirableField<Value, Parameters, References> extends FieldDefinition<Value, Parameters, References> {
  /** Drops the row where this cannot be read (for `exists`: where it is not there; for a list: where it is empty). */
  required(): Field<NonNullable<Value>, Parameters, References> {
    return new FieldDefinition(this.reading, true)
  }
}

export class ComparableField<Value extends string | number, References> extends RequirableField<
  Value | null,
  unknown,
  References
> {
  /** Keeps only the rows where the value is exactly this. What else the row reads is not read for the others. */
  equals<Name extends string>(expected: Parameter<Name>): Field<Value, { readonly [K in Name]: Value }, References>
  equals(expected: Value): Field<Value, unknown, References>
  equals(expected: Parameter<string> | Value): Field<Value, unknown, References> {
    const comparand = expected instanceof Parameter ? { parameter: expected.name } : { constant: expected }
    return new FieldDefinition(this.reading, true, comparand)
  }
}

export class ListField<Value extends readonly unknown[], Parameters, References> extends RequirableField<
  Value,
  Parameters,
  References
> {
  constructor(readonly list: ListDefinition) {
    super({ kind: 'list', list })
  }

  /**
   * Names the entry that is nearly always the one. It is tried before the directory is listed; where its row is kept
   * it is the only row. Needs a required field inside, for that is how the list knows that the entry is there.
   */
  tryFirst<Name extends string>(entry: Name): ListField<Value, Parameters, References & PathReferences<Name>> {
    return new ListField({ ...this.list, tryFirst: entry })
  }
}

export class Parameter<Name extends string> {
  constructor(readonly name: Name) {}
}

/** A value that is given at every run: `text('targetname').equals(param('iqn'))` makes `run({ iqn })`. */
export function param<Name extends string>(name: Name): Parameter<Name> {
  return new Parameter(name)
}

/** The entry's name in its directory. */
export function name(): Field<string> {
  return new FieldDefinition({ kind: 'name' })
}

/** The number that `{capture}` of the list's pattern stands for: `session{id}` -> `captured('id')`. */
export function captured(capture: string): Field<number> {
  return new FieldDefinition({ kind: 'captured', capture })
}

/**
 * An attribute as text, ASCII white space trimmed at both ends. One read of at most 64 KiB; bytes that are not UTF-8
 * become U+FFFD. `null` where it is missing or cannot be read.
 */
export function text<Path extends string>(path: Path): ComparableField<string, PathReferences<Path>> {
  return new ComparableField({ kind: 'text', path })
}

/**
 * An attribute as an integer, decimal (`-12`) or hexadecimal (`0x1f`). `null` where it is missing, cannot be read, is
 * no integer or is beyond `Number.MAX_SAFE_INTEGER` (read such a one as text).
 */
export function integer<Path extends string>(path: Path): ComparableField<number, PathReferences<Path>> {
  return new ComparableField({ kind: 'integer', path })
}

/**
 * The bytes of a binary attribute (`device/vpd_pg83`) in hexadecimal, two lower-case digits a byte, untrimmed:
 * `Buffer.from(value, 'hex')`. One read of at most 64 KiB. `null` where it is missing or cannot be read.
 */
export function hex<Path extends string>(path: Path): RequirableField<string | null, unknown, PathReferences<Path>> {
  return new RequirableField({ kind: 'hex', path })
}

/** Whether the path is there (a dangling link is not). */
export function exists<Path extends string>(path: Path): RequirableField<boolean, unknown, PathReferences<Path>> {
  return new RequirableField({ kind: 'exists', path })
}

/** The text of a symbolic link, by default the entry itself; `null` where it is not a link. */
export function link(): ComparableField<string, unknown>
export function link<Path extends string>(path: Path): ComparableField<string, PathReferences<Path>>
export function link(path?: string): ComparableField<string, unknown> {
  return new ComparableField({ kind: 'link', path })
}

/**
 * The number in a link's text: `linkNumber('host')` is 2 in `../../devices/platform/host2/session1`. The last path
 * component of the form prefix + number counts, which is the nearest to the device. Several fields on one link read it once.
 */
export function linkNumber(prefix: string): ComparableField<number, unknown>
export function linkNumber<Path extends string>(
  prefix: string,
  path: Path,
): ComparableField<number, PathReferences<Path>>
export function linkNumber(prefix: string, path?: string): ComparableField<number, unknown> {
  return new ComparableField({ kind: 'linkNumber', prefix, path })
}

/** Rows of a directory below the entry. The pattern's form is that of `query`. */
export function list<Pattern extends string, F extends Fields>(
  pattern: Pattern,
  fields: F,
): ListField<readonly Row<F>[], ParametersOf<F>, FreeReferences<Pattern, F>> {
  return new ListField({ pattern, fields, tryFirst: undefined })
}

type FreeReferences<Pattern extends string, F extends Fields> = PathReferences<Pattern> &
  Without<ReferencesOf<F>, keyof F | CapturesOf<Pattern>>

/**
 * A parameter that is more than text. A `device` is given by its kernel name or a path, which is resolved to a kernel
 * name; a `map` is such a device of the device mapper (others are not found).
 */
export type ParameterKind = 'device' | 'map'

/** The pattern of the one entry that is sysfs itself. No other pattern is empty. */
export const wholeSysfs = ''

/** A query as declared. `Sysfs.prepare` makes it runnable; the type parameters are those of its rows and parameters. */
export class Query<QueryRow, Parameters> {
  declare readonly types: { row: QueryRow; parameters: Parameters }

  constructor(
    readonly list: ListDefinition,
    readonly kinds: Readonly<Record<string, ParameterKind>>,
  ) {}
}

/**
 * Declares a query: the rows are the entries of a directory, each with the fields read for it.
 *
 * The last component of the pattern selects the entries: `*` stands for any bytes, `{id}` for a decimal number, which
 * `captured('id')` puts into the row. Without either, it is the one entry of that name. In every path, `$id` stands for
 * the captured number or the field (a `name`, `captured`, `integer` or `linkNumber`) of that name in this row or one
 * around it, else for the parameter of that name.
 *
 * @param pattern relative to /sys, `class/net/*` for example
 * @param fields what to read for every entry, by the row's keys
 * @param kinds `{ disk: 'device' }`: the parameter `disk` is a device, given by kernel name or path
 */
export function query<
  const Pattern extends string,
  F extends Fields,
  const Kinds extends Readonly<Record<string, ParameterKind>> = Record<never, never>,
>(
  pattern: Pattern,
  fields: F,
  kinds?: Kinds,
): Query<Row<F>, Simplify<ParametersOf<F> & FreeReferences<Pattern, F> & { readonly [K in keyof Kinds]: string }>> {
  return new Query({ pattern, fields, tryFirst: undefined }, kinds ?? {})
}

/**
 * Declares a query of one row about sysfs itself: paths are relative to /sys. Its lists read several parts of sysfs in
 * one call.
 *
 * @param fields what to read, by the row's keys
 * @param kinds as for `query`
 */
export function record<
  F extends Fields,
  const Kinds extends Readonly<Record<string, ParameterKind>> = Record<never, never>,
>(
  fields: F,
  kinds?: Kinds,
): Query<Row<F>, Simplify<ParametersOf<F> & FreeReferences<'', F> & { readonly [K in keyof Kinds]: string }>> {
  return new Query({ pattern: wholeSysfs, fields, tryFirst: undefined }, kinds ?? {})
}
