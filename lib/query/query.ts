import type { Fields, ListDefinition } from './definition.js'
import type { FreeReferences, ParametersOf, Row, Simplify } from './row-types.js'

/**
 * A parameter that names a device. A `device` is a kernel name or a path, which is resolved to a kernel name. A `map`
 * is a device of the device mapper; any other device is not found.
 */
export type ParameterKind = 'device' | 'map'

/** The pattern of the single entry that is sysfs itself. No other pattern is empty. */
export const wholeSysfs = ''

/** A declared query. `Sysfs.prepare` makes it runnable. The type parameters are those of its rows and parameters. */
export class Query<QueryRow, Parameters> {
  /** Exists in the type system only. */
  declare readonly types: {
    /** The type of a row. */
    row: QueryRow
    /** The type of the parameters. */
    parameters: Parameters
  }

  /** Use `query` or `record`. */
  constructor(
    /** The list that the rows come from. */
    readonly list: ListDefinition,
    /** The parameters that are devices. */
    readonly kinds: Readonly<Record<string, ParameterKind>>,
  ) {}
}

/**
 * Declares a query. Its rows are the entries of a directory, each with the fields read for it.
 *
 * The last component of the pattern selects the entries. `*` matches any bytes. `{id}` matches a decimal number, which
 * `capture('id')` puts into the row. Without either, the pattern is the name of one entry. In every path, `$id` stands
 * for the captured number or the field (a `name`, `capture`, `integer` or `numberFromLink`) of that name in this row or
 * in a row around it, else for the parameter of that name.
 *
 * @param pattern relative to /sys: `class/net/*`
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
  return new Query({ pattern, fields, probeFirst: undefined }, kinds ?? {})
}

/**
 * Declares a query with one row about sysfs itself. Paths are relative to /sys. The lists of the row read several parts
 * of sysfs in one call.
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
  return new Query({ pattern: wholeSysfs, fields, probeFirst: undefined }, kinds ?? {})
}
