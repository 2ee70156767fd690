/** The value that a row must have: a constant, or a parameter of the run. */
export type Comparand = { readonly constant: string | number } | { readonly parameter: string }

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
  readonly pattern: string
  readonly fields: Fields
  readonly probeFirst: string | undefined
}

/**
 * One field of a row: what it reads, and the condition it puts on the row. `Parameters` are the parameters that the
 * field compares with. `References` are the `$name`s of its paths; a row around it may bind them.
 */
export interface Field<Value, Parameters = unknown, References = unknown> {
  /** Exists in the type system only. */
  readonly types: { value: Value; parameters: Parameters; references: References }
  readonly reading: Reading
  readonly isRequired: boolean
  readonly comparand: Comparand | undefined
}

/** The fields of a row by their keys. */
export type Fields = Readonly<Record<string, Field<unknown>>>
