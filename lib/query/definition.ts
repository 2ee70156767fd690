/** The value that a row must have: a constant, or a parameter of the run. */
export type Comparand =
  | { readonly kind: 'constant'; readonly value: string | number }
  | { readonly kind: 'parameter'; readonly name: string }

/** What a field reads. `path` is relative to the entry that the row describes. */
export type Reading =
  | { readonly kind: 'name' }
  | { readonly kind: 'capture'; readonly capture: string }
  | { readonly kind: 'text'; readonly path: string }
  | { readonly kind: 'integer'; readonly path: string }
  | { readonly kind: 'hex'; readonly path: string }
  | { readonly kind: 'exists'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string | undefined }
  | { readonly kind: 'numberFromLink'; readonly prefix: string; readonly path: string | undefined }
  | { readonly kind: 'list'; readonly list: ListDefinition }

/** A directory, the entries of it to read, and what to read of each. */
export interface ListDefinition {
  /** The pattern of the entries, relative to the entry of the row. */
  readonly pattern: string
  /** What to read of each entry. */
  readonly fields: Fields
  /** The entry to read before the directory is listed. */
  readonly probeFirst: string | undefined
}

/** The types of a field. They exist in the type system only. */
export interface FieldTypes<Value, Parameters, References> {
  /** The type of the value in a row. */
  readonly value: Value
  /** The parameters that the field compares with. */
  readonly parameters: Parameters
  /** The names that the paths of the field refer to. */
  readonly references: References
}

/**
 * One field of a row: what it reads, and the condition it puts on the row. `Parameters` are the parameters that the
 * field compares with. `References` are the `$name`s of its paths; a row around it may bind them.
 */
export interface Field<Value, Parameters = unknown, References = unknown> {
  /** Exists in the type system only. */
  readonly types: FieldTypes<Value, Parameters, References>
  /** What the field reads. */
  readonly reading: Reading
  /** Whether the row is dropped if the field has no value. */
  readonly isRequired: boolean
  /** The value that the row must have. */
  readonly comparand: Comparand | undefined
}

/** The fields of a row by their keys. */
export type Fields = Readonly<Record<string, Field<unknown>>>
