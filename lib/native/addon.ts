import { existsSync } from 'node:fs'
import path from 'node:path'
import type bindings from 'bindings'
import { fileOfThisCode, packageRootOf } from './code-location.js'
import { checkIsWhole } from './elf.js'
import { type Libc, libcOfThisProcess } from './libc.js'
import type { SamplerAddon } from './native-sampler.js'
import type { UeventAddon } from './uevent-socket.js'

/** What native/addon.cc exports. */
export interface Addon extends SamplerAddon, UeventAddon {
  /** Runs a program on Node's thread pool. */
  readonly Flight: new (
    program: PreparedProgram,
    limit: number,
    landed: (...outcome: AddonOutcome) => void,
    ...parameters: readonly string[]
  ) => AddonFlight
  readonly PreparedProgram: new (program: Uint8Array, sys: string, dev: string, root: string) => PreparedProgram
  /** Puts the last result's cells, which did not fit, into a larger array. */
  deliver(cells: Float64Array): void
  failure(): [syscall: string, path: string | Uint8Array]
}

export interface PreparedProgram {
  /**
   * The result's text (as bytes where it is not ASCII), or an errno. `cells` gets the result's numbers: see Result in
   * native/core/executor.h.
   */
  run(cells: Float64Array, limit: number, ...parameters: readonly string[]): string | Uint8Array | number
}

export interface AddonFlight {
  /** Does not begin, where it has not; else ends before the next system call. */
  stop(): void
  /** The system call that it is in, and for how many milliseconds. */
  call(): [syscall: string, path: string | Uint8Array, lastedMs: number] | undefined
}

/** The end of a flight: text and cells as of `run`, or an errno and what `failure` says of it. Nothing: it was stopped. */
export type AddonOutcome =
  | [text: string | Uint8Array, cells: Float64Array]
  | [errno: number, failure: [syscall: string, path: string | Uint8Array]]
  | [undefined, undefined]

export type LoadedAddon = { readonly addon: Addon } | { readonly error: Error }

/** What was loaded in this thread: the addon that is looked up under `undefined`, the others under their files. */
const loaded = new Map<string | undefined, LoadedAddon>()

/**
 * Loads the addon. Each file is tried once in a thread: what loads serves everyone who names it, and an error is kept,
 * not thrown. Different files are different addons that know nothing of each other.
 *
 * @param file an absolute path. Without one the addon is looked up: in this package the one built here, else the
 * prebuild for this system; where this code was bundled, what is beside the bundle
 */
export function loadAddon(file: string | undefined): LoadedAddon {
  const known = loaded.get(file)
  if (known !== undefined) return known
  const now = file === undefined ? lookUp() : load(file, dlopen)
  loaded.set(file, now)
  return now
}

function lookUp(): LoadedAddon {
  const codeFile = fileOfThisCode()
  if (codeFile === undefined) return { error: new Error(`${noAddon}: this code runs from no file`) }
  const packageRoot = packageRootOf(codeFile)
  if (packageRoot === undefined) return lookUpBeside(codeFile)
  const built = path.join(packageRoot, 'build/Release/fast_sysfs.node')
  const file = existsSync(built) ? built : prebuildIn(path.join(packageRoot, prebuilds))
  if (file === undefined) return missing('in this package: not built here, and no prebuild fits', packageRoot)
  return load(file, (file) => loadWithBindings(packageRoot, file))
}

/** For a bundle. The names are those that the files have in this package, so that they only need to be copied. */
function lookUpBeside(bundle: string): LoadedAddon {
  const directory = path.dirname(bundle)
  const built = path.join(directory, 'fast_sysfs.node')
  const file = existsSync(built) ? built : (prebuildIn(directory) ?? prebuildIn(path.join(directory, prebuilds)))
  if (file !== undefined) return load(file, dlopen)
  return missing('beside the bundle, and neither addonPath nor FAST_SYSFS_ADDON names one', bundle)
}

const noAddon = `no native addon for ${process.platform}-${process.arch}`
const prebuilds = `prebuilds/${process.platform}-${process.arch}`

function missing(where: string, place: string): LoadedAddon {
  return { error: new Error(`${noAddon} ${where}`, { cause: new Error(`looked for it from ${place}`) }) }
}

/** The C library is asked for only where there is a prebuild to choose. */
function prebuildIn(directory: string): string | undefined {
  const fileFor = (libc: Libc): string => path.join(directory, `fast-sysfs.${libc}.node`)
  if (!existsSync(fileFor('glibc')) && !existsSync(fileFor('musl'))) return undefined
  const libc = libcOfThisProcess()
  return libc !== undefined && existsSync(fileFor(libc)) ? fileFor(libc) : undefined
}

function load(file: string, open: (file: string) => unknown): LoadedAddon {
  try {
    checkIsWhole(file)
    const addon = open(file) as Partial<Addon>
    if (addon.PreparedProgram === undefined) throw new Error('it is an addon of another package')
    return { addon: addon as Addon }
  } catch (error) {
    const cause = error instanceof Error ? error : new Error(String(error))
    return { error: new Error(`the native addon ${file} does not load: ${cause.message}`, { cause }) }
  }
}

/**
 * `bindings` is required where it is needed, and in such a way that no bundler sees it: it uses `require` and
 * `__filename`, which an ES module does not have, and a bundle does without it.
 */
function loadWithBindings(packageRoot: string, file: string): unknown {
  const { createRequire } = process.getBuiltinModule('node:module')
  const load = createRequire(path.join(packageRoot, 'package.json'))('bindings') as typeof bindings
  return load({ bindings: path.basename(file), module_root: packageRoot, try: [[file]] })
}

/** As `require` does it for `.node` files, which bundlers would take for something to be bundled. */
function dlopen(file: string): unknown {
  const module = { exports: {} }
  process.dlopen(module, file)
  return module.exports
}
