// The interface of the addon: what native/addon.cc exports. A text is a string where its bytes are ASCII, else bytes.

export interface Addon {
  /** Compiled by encodeProgram. The directories have no final slash. */
  readonly PreparedProgram: new (
    program: Uint8Array,
    sys: string,
    dev: string,
    root: string,
  ) => PreparedProgram
  /** Copies the cells of the last result, which did not fit, into a larger array. */
  copyResult(cells: Float64Array): void
  /** The system call and path of the last failure of a synchronous run. */
  lastFailure(): AddonFailure

  /** Runs a program on Node's thread pool. */
  readonly AsyncRun: new (
    program: PreparedProgram,
    limit: number,
    onComplete: (...completion: AddonCompletion) => void,
    ...parameters: readonly string[]
  ) => AddonRun

  /** In `devices` and `attributes` every name is followed by a NUL. */
  readonly AttributeSampler: new (
    directory: string,
    devices: string,
    attributes: string,
    columns: Uint32Array,
    mostHeld: number,
  ) => AddonSampler
  readonly DiskstatsSampler: new (directory: string, devices: string, file: string) => AddonSampler

  readonly UeventSocket: new () => AddonUeventSocket
  /** Whether uevents of block devices reach this process's network namespace. False if that cannot be determined. */
  receivesUevents(): boolean

  /** The names of the kinds in an encoded program. A kind is encoded as the index of its name. */
  readonly programKinds: ProgramKinds
}

export interface ProgramKinds {
  readonly tokens: readonly string[]
  readonly readings: readonly string[]
  readonly conditions: readonly string[]
}

export type AddonText = string | Uint8Array
export type AddonFailure = [syscall: string, path: AddonText]

export interface PreparedProgram {
  /**
   * Runs the program.
   *
   * @param cells receives the numbers of the result: see Result in native/core/executor.h
   * @returns the text of the result, or an errno
   */
  run(cells: Float64Array, limit: number, ...parameters: readonly string[]): AddonText | number
}

export interface AddonRun {
  /** Prevents the start of a run that has not started, else ends it before its next system call. */
  cancel(): void
  /** The system call that the run is making, and how long it has lasted in milliseconds. */
  currentCall(): [syscall: string, path: AddonText, elapsedMs: number] | undefined
}

/** The end of a run: its text and cells, or an errno and its failure, or nothing for a cancelled run. */
export type AddonCompletion =
  | [text: AddonText, cells: Float64Array]
  | [errno: number, failure: AddonFailure]
  | [undefined, undefined]

export interface AddonSampler {
  /** Returns 0 or an errno. */
  open(): number
  /** Returns how many devices vanished, or a negative errno. */
  sample(cells: Float64Array): number
  /** How many descriptors are open. */
  held(): number
  lastFailure(): AddonFailure
  close(): void
}

export interface AddonUeventSocket {
  /** Returns 0 or an errno. */
  open(receiveBufferSize: number): number
  /** The messages that have arrived, each with two NULs at its end; or an errno. `undefined` if there are none. */
  drain(): AddonText | number | undefined
  /** How often messages were lost. */
  overflowCount(): number
  /** Calls back when a message has arrived, once until the next `drain`. Returns 0 or an errno. */
  listen(callback: () => void): number
  ref(): void
  unref(): void
  close(): void
}

/** The text as a string. */
export function textOf(text: AddonText): string {
  return typeof text === 'string' ? text : Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('utf8')
}
