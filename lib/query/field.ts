import type { Comparand, Field, FieldTypes, ListDefinition, Reading } from './definition.js'
import type { PathReferences } from './row-types.js'

/** A field without further conditions. */
export class FieldDefinition<Value, Parameters, References> implements Field<Value, Parameters, References> {
  /** Exists in the type system only. */
  declare readonly types: FieldTypes<Value, Parameters, References>

  constructor(
    /** What the field reads. */
    readonly reading: Reading,
    /** Whether the row is dropped if the field has no value. */
    readonly isRequired: boolean = false,
    /** The value that the row must have. */
    readonly comparand: Comparand | undefined = undefined,
  ) {}
}

/** A field that can be required. */
export class RequirableField<Value, Parameters, References> extends FieldDefinition<Value, Parameters, References> {
  /**
   * Drops the row when this field has no value: when it cannot be read, when `exists` is false, when a list is empty.
   */
  required(): Field<NonNullable<Value>, Parameters, References> {
    return new FieldDefinition(this.reading, true)
  }
}

/** A field whose value can be compared. */
export class ComparableField<Value extends string | number, References> extends RequirableField<
  Value | null,
  unknown,
  References
> {
  /** Keeps only the rows with exactly this value. Other fields of a dropped row are not read. */
  equals<Name extends string>(expected: Parameter<Name>): Field<Value, { readonly [K in Name]: Value }, References>
  equals(expected: Value): Field<Value, unknown, References>
  equals(expected: Parameter<string> | Value): Field<Value, unknown, References> {
    const comparand: Comparand =
      expected instanceof Parameter ? { kind: 'parameter', name: expected.name } : { kind: 'constant', value: expected }
    return new FieldDefinition(this.reading, true, comparand)
  }
}

/** A field with rows of its own. */
export class ListField<Value extends readonly unknown[], Parameters, References> extends RequirableField<
  Value,
  Parameters,
  References
> {
  constructor(
    /** The directory, its entries and their fields. */
    readonly list: ListDefinition,
  ) {
    super({ kind: 'list', list })
  }

  /**
   * Names the entry that is usually the only one. It is read before the directory is listed. If its row is kept, that
   * row is the whole list and the directory is not listed. The list needs a required field, which tells whether the
   * entry exists.
   */
  probeFirst<Name extends string>(entry: Name): ListField<Value, Parameters, References & PathReferences<Name>> {
    return new ListField({ ...this.list, probeFirst: entry })
  }
}

/** A value given at every run. */
export class Parameter<Name extends string> {
  constructor(readonly name: Name) {}
}

/** A value given at every run: `text('targetname').equals(param('iqn'))` is run with `{ iqn }`. */
export function param<Name extends string>(name: Name): Parameter<Name> {
  return new Parameter(name)
}
