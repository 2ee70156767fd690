import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import bindings from 'bindings'
import type { UeventAddon } from '../monitor/uevent-source.js'
import type { SamplerAddon } from '../sampler/native.js'
import { checkIsWhole } from './elf.js'

/** What native/addon.cc exports. */
export interface Addon extends SamplerAddon, UeventAddon {
  /** The kinds in an encoded program. The index of a name is the number that encodes the kind. */
  readonly programKinds: ProgramKinds
  /** Runs a program on Node's thread pool. */
  readonly AsyncRun: new (
    program: PreparedProgram,
    limit: number,
    onComplete: (...outcome: AddonOutcome) => void,
    ...parameters: readonly string[]
  ) => AsyncRun
  readonly PreparedProgram: new (program: Uint8Array, sys: string, dev: string, root: string) => PreparedProgram
  /** Copies the cells of the last result, which did not fit, into a larger array. */
  copyResult(cells: Float64Array): void
  /** The last failure of a synchronous run. */
  lastFailure(): [syscall: string, path: string | Uint8Array]
}

export interface ProgramKinds {
  readonly tokens: readonly string[]
  readonly readings: readonly string[]
  readonly conditions: readonly string[]
}

export interface PreparedProgram {
  /**
   * The result's text (as bytes where it is not ASCII), or an errno. `cells` gets the result's numbers: see Result in
   * native/core/executor.h.
   */
  run(cells: Float64Array, limit: number, ...parameters: readonly string[]): string | Uint8Array | number
}

export interface AsyncRun {
  /** Prevents the run from starting, or ends it before its next system call. */
  cancel(): void
  /** The system call that the run is in, and its duration in milliseconds. */
  currentCall(): [syscall: string, path: string | Uint8Array, durationMs: number] | undefined
}

/** The text and cells of a result, or the errno and details of a failure; nothing if the run was cancelled. */
export type AddonOutcome =
  | [text: string | Uint8Array, cells: Float64Array]
  | [errno: number, failure: [syscall: string, path: string | Uint8Array]]
  | [undefined, undefined]

export type LoadedAddon = { readonly addon: Addon } | { readonly error: Error }

const packageRoot = path.resolve(__dirname, '../../..')
const builtHere = path.join(packageRoot, 'build/Release/fast_sysfs.node')

let loaded: LoadedAddon | undefined

/** The addon: the one built here, else the prebuild for this platform. Tried once; an error is kept, not thrown. */
export function loadAddon(): LoadedAddon {
  loaded ??= load()
  return loaded
}

function load(): LoadedAddon {
  try {
    const files = existsSync(builtHere) ? [builtHere] : prebuilds()
    for (const file of files) checkIsWhole(file)
    const tries = files.map((file) => [file])
    return { addon: bindings({ bindings: 'fast_sysfs.node', module_root: packageRoot, try: tries }) as Addon }
  } catch (error) {
    return { error: explain(error) }
  }
}

/** prebuildify names a binary after the libc it needs: `prebuilds/linux-x64/fast-sysfs.glibc.node`. */
function prebuilds(): readonly string[] {
  const directory = path.join(packageRoot, 'prebuilds', `${process.platform}-${process.arch}`)
  const names = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith('.node')) : []
  if (names.length === 0) return []
  const libc = isGlibc() ? 'glibc' : 'musl'
  return names.filter((name) => name.split('.').includes(libc)).map((name) => path.join(directory, name))
}

/** Asked only where there is a prebuild to choose, for a report takes a millisecond (and more with the network's part). */
function isGlibc(): boolean {
  const reporter = process.report as typeof process.report & { excludeNetwork?: boolean }
  const { excludeNetwork } = reporter
  reporter.excludeNetwork = true
  const report = reporter.getReport() as { header?: { glibcVersionRuntime?: string } }
  if (excludeNetwork !== undefined) reporter.excludeNetwork = excludeNetwork
  return report.header?.glibcVersionRuntime !== undefined
}

function explain(error: unknown): Error {
  const cause = error instanceof Error ? error : new Error(String(error))
  const isMissing = 'tries' in cause
  const message = isMissing
    ? `no native addon for ${process.platform}-${process.arch} in this package: not built here, and no prebuild fits`
    : `the native addon is there but does not load: ${cause.message}`
  return new Error(message, { cause })
}
