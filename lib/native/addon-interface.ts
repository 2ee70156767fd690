import { SysfsError } from '../errors.js'

/** The exports of the addon: native/addon.cc. */
export interface Addon {
  /** @param program from encodeProgram. The directories have no final slash. */
  readonly PreparedProgram: new (
    program: Uint8Array,
    sys: string,
    dev: string,
    root: string,
  ) => PreparedProgram
  /** Copies the cells of the last result, which did not fit, into a larger array. */
  copyResult(cells: Float64Array): void
  /** The system call and path of the last synchronous run that failed. */
  lastFailure(): AddonFailure

  /** Runs a program on Node's thread pool. */
  readonly AsyncRun: new (
    program: PreparedProgram,
    limit: number,
    onComplete: (...completion: AddonCompletion) => void,
    ...parameters: readonly string[]
  ) => AddonRun

  /** @param devices the names, with a NUL after each, as in `attributes` */
  readonly AttributeSampler: new (
    directory: string,
    devices: string,
    attributes: string,
    columns: Uint32Array,
    mostHeld: number,
  ) => AddonSampler
  /** @param devices the names, with a NUL after each */
  readonly DiskstatsSampler: new (
    directory: string,
    devices: string,
    file: string,
  ) => AddonSampler

  /** A netlink socket for the uevents of the kernel. */
  readonly UeventSocket: new () => AddonUeventSocket
  /** Whether uevents of block devices reach this process's network namespace. False if that cannot be determined. */
  receivesUevents(): boolean

  /** The names of the kinds in an encoded program. A kind is encoded as the index of its name. */
  readonly programKinds: ProgramKinds
}

/** The tables of the kinds in an encoded program. */
export interface ProgramKinds {
  readonly tokens: readonly string[]
  readonly readings: readonly string[]
  readonly conditions: readonly string[]
}

/** A text: a string if its bytes are ASCII, else the bytes. */
export type AddonText = string | Uint8Array
/** What a failed run was doing. */
export type AddonFailure = [syscall: string, path: AddonText]

/** A program that is ready to run. */
export interface PreparedProgram {
  /**
   * Runs the program.
   *
   * @param cells receives the numbers of the result: see Result in native/core/executor.h
   * @returns the text of the result, or a positive errno
   */
  run(cells: Float64Array, limit: number, ...parameters: readonly string[]): AddonText | number
}

/** An asynchronous run. */
export interface AddonRun {
  /** Prevents the start of a run that has not started. Any other run ends before its next system call. */
  cancel(): void
  /** The system call that the run is making, and how long it has lasted in milliseconds. */
  currentCall(): [syscall: string, path: AddonText, elapsedMs: number] | undefined
}

/**
 * The result of an asynchronous run: the text and the cells, or a positive errno and its failure. Empty for a cancelled
 * run.
 */
export type AddonCompletion =
  | [text: AddonText, cells: Float64Array]
  | [errno: number, failure: AddonFailure]
  | [undefined, undefined]

/** A sampler of attributes or of diskstats. */
export interface AddonSampler {
  /** Returns 0 or a positive errno. */
  open(): number
  /** Returns how many devices vanished, or a negative errno. */
  sample(cells: Float64Array): number
  /** How many descriptors are open. */
  held(): number
  /** The system call and path of the last call that failed. */
  lastFailure(): AddonFailure
  close(): void
}

/** A netlink socket for uevents. The errors are positive. */
export interface AddonUeventSocket {
  /** Returns 0 or an errno. */
  open(receiveBufferSize: number): number
  /** The messages that have arrived, each with two NULs at its end; or an errno. `undefined` if there are none. */
  drain(): AddonText | number | undefined
  /** How often messages were lost. */
  overflowCount(): number
  /** Calls back when a message has arrived, and then not until `drain` was called. Returns 0 or an errno. */
  listen(callback: () => void): number
  ref(): void
  unref(): void
  close(): void
}

/** Converts a text to a string. */
export function textOf(text: AddonText): string {
  return typeof text === 'string' ? text : Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('utf8')
}

/** The error for a failed run. The errno is negative, as in Node's errors. */
export function errorOf(errno: number, [syscall, path]: AddonFailure): SysfsError {
  return new SysfsError(errno, syscall, textOf(path))
}
