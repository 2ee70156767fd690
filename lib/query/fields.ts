import type { Field, Fields } from './definition.js'
import { ComparableField, FieldDefinition, ListField, RequirableField } from './field.js'
import type { FreeReferences, ParametersOf, PathReferences, Row } from './row-types.js'

/** The entry's name in its directory. */
export function name(): Field<string> {
  return new FieldDefinition({ kind: 'name' })
}

/** The number that `{name}` of the list's pattern matched: `session{id}` and `capture('id')`. */
export function capture(name: string): Field<number> {
  return new FieldDefinition({ kind: 'capture', capture: name })
}

/**
 * An attribute as text, without ASCII white space at both ends. One read of at most 64 KiB. Bytes that are not UTF-8
 * become U+FFFD. `null` when the attribute is missing or cannot be read.
 */
export function text<Path extends string>(path: Path): ComparableField<string, PathReferences<Path>> {
  return new ComparableField({ kind: 'text', path })
}

/**
 * An attribute as an integer, decimal (`-12`) or hexadecimal (`0x1f`). `null` when it is missing, cannot be read, is
 * not an integer or is beyond `Number.MAX_SAFE_INTEGER` (read such an attribute as text).
 */
export function integer<Path extends string>(path: Path): ComparableField<number, PathReferences<Path>> {
  return new ComparableField({ kind: 'integer', path })
}

/**
 * The bytes of a binary attribute (`device/vpd_pg83`) in hexadecimal, two lower-case digits a byte:
 * `Buffer.from(value, 'hex')`. One read of at most 64 KiB. `null` when the attribute is missing or cannot be read.
 */
export function hex<Path extends string>(path: Path): RequirableField<string | null, unknown, PathReferences<Path>> {
  return new RequirableField({ kind: 'hex', path })
}

/** Whether the path exists. A link whose target is missing does not. */
export function exists<Path extends string>(path: Path): RequirableField<boolean, unknown, PathReferences<Path>> {
  return new RequirableField({ kind: 'exists', path })
}

/** The text of a symbolic link, by default of the entry itself. `null` when it is not a link. */
export function link(): ComparableField<string, unknown>
export function link<Path extends string>(path: Path): ComparableField<string, PathReferences<Path>>
export function link(path?: string): ComparableField<string, unknown> {
  return new ComparableField({ kind: 'link', path })
}

/**
 * A number in a link's text: `numberFromLink('host')` is 2 in `../../devices/platform/host2/session1`. If several path
 * components have the form prefix + number, the last one counts. Several fields on one link read it once.
 */
export function numberFromLink(prefix: string): ComparableField<number, unknown>
export function numberFromLink<Path extends string>(
  prefix: string,
  path: Path,
): ComparableField<number, PathReferences<Path>>
export function numberFromLink(prefix: string, path?: string): ComparableField<number, unknown> {
  return new ComparableField({ kind: 'numberFromLink', prefix, path })
}

/** The rows of a directory below the entry. The pattern has the form of `query`'s. */
export function list<Pattern extends string, F extends Fields>(
  pattern: Pattern,
  fields: F,
): ListField<readonly Row<F>[], ParametersOf<F>, FreeReferences<Pattern, F>> {
  return new ListField({ pattern, fields, probeFirst: undefined })
}
