import type { PathToken, PatternToken } from './path.js'
import type { ParameterKind } from './query.js'

/** A parameter of a program. How it is used tells which values it may have. */
export interface ProgramParameter {
  readonly name: string
  /** Used in a path, as a component or a part of one. */
  isComponent: boolean
  /** Used as the start of an attribute's name, which must not be that of a credential. */
  isAttribute: boolean
  /** Set for a device. Its path is resolved to a kernel name before anything is read. */
  readonly deviceKind: ParameterKind | undefined
  /** Compared with an attribute's text. */
  isText: boolean
  /** Compared with a number. */
  isInteger: boolean
}

/** One read of a row. The steps are in the order of the reads. */
export interface Step {
  readonly key: string
  readonly reading: StepReading
  /** The slot that keeps the value, a number, for paths that follow; -1 if no path uses it. */
  readonly slot: number
  readonly condition: Condition
}

/** What a step reads, with paths as tokens. */
export type StepReading =
  | { readonly kind: 'name' }
  | { readonly kind: 'capture'; readonly from: number }
  | { readonly kind: 'text' | 'integer' | 'hex' | 'exists'; readonly path: readonly PathToken[] }
  /** `reuse`: the previous step read the same link. Without a path, the link is the entry itself. */
  | { readonly kind: 'link'; readonly path: readonly PathToken[] | undefined; readonly reuse: boolean }
  | {
      readonly kind: 'numberFromLink'
      readonly path: readonly PathToken[] | undefined
      readonly reuse: boolean
      readonly prefix: string
    }
  | { readonly kind: 'list'; readonly list: ListProgram }

/** The condition that a step puts on its row. */
export type Condition =
  | { readonly kind: 'none' | 'required' }
  | { readonly kind: 'equalsConstant'; readonly constant: string }
  | { readonly kind: 'equalsParameter'; readonly parameter: number }

/** A compiled list. */
export interface ListProgram {
  readonly directory: readonly PathToken[]
  readonly pattern: readonly PatternToken[]
  /** Whether the pattern is one name, so that nothing is listed. An empty pattern is the directory itself. */
  readonly isOneEntry: boolean
  readonly probeFirst: readonly PathToken[] | undefined
  readonly steps: readonly Step[]
  /** The row's keys in the order of the declaration. */
  readonly keys: readonly string[]
  /** Whether a step can drop the row. If so, that step also drops a missing entry. */
  readonly hasCondition: boolean
}

/** A compiled query: names are resolved to indexes, and the reads are in order. */
export interface Program {
  readonly parameters: readonly ProgramParameter[]
  readonly slotCount: number
  readonly root: ListProgram
}

/** How the kernel names of each kind of device begin. */
export const namePrefixes: Readonly<Record<ParameterKind, string>> = { device: '', map: 'dm-' }

/** The parameter that is a device, and how its kernel name must begin. */
export function deviceParameterOf(
  program: Program,
): { readonly index: number; readonly namePrefix: string } | undefined {
  const index = program.parameters.findIndex((parameter) => parameter.deviceKind !== undefined)
  const kind = program.parameters[index]?.deviceKind
  return kind === undefined ? undefined : { index, namePrefix: namePrefixes[kind] }
}

/**
 * Whether an attribute holds a user name or password of an iSCSI session (drivers/scsi/scsi_transport_iscsi.c). Root
 * can read them at mode 0444. No query reads them.
 */
export function isCredential(attribute: string): boolean {
  return attribute.startsWith('username') || attribute.startsWith('password')
}
