import { existsSync } from 'node:fs'
import path from 'node:path'
import type bindings from 'bindings'
import type { Addon } from './addon-interface.js'
import { fileOfThisCode, packageRootOf } from './code-location.js'
import { checkIsWhole } from './elf.js'
import { type Libc, libcOfThisProcess } from './libc.js'

/** The addon, or why it does not load. */
export type LoadedAddon = Addon | Error

/** The addons of this thread by file. The addon that is looked up has the key `undefined`. */
const loaded = new Map<string | undefined, LoadedAddon>()

/**
 * Loads the addon. A thread tries each file once, and keeps an error instead of throwing it. Different files are
 * different addons without common state.
 *
 * @param file an absolute path. Without one, the addon is looked up: in this package the one built here, else the
 * prebuild for this system. A bundle looks beside its own file.
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
  if (codeFile === undefined) return new Error(`${noAddon}: this code does not run from a file`)
  const packageRoot = packageRootOf(codeFile)
  if (packageRoot === undefined) return lookUpBeside(codeFile)
  const built = path.join(packageRoot, 'build/Release/fast_sysfs.node')
  const file = existsSync(built) ? built : prebuildIn(path.join(packageRoot, prebuilds))
  if (file === undefined) return missing('in this package: not built here, and no prebuild fits', packageRoot)
  return load(file, (file) => loadWithBindings(packageRoot, file))
}

/** Looks beside a bundle. The files have the same names as in this package, so that copying them is enough. */
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
  return new Error(`${noAddon} ${where}`, { cause: new Error(`looked for it from ${place}`) })
}

/** Determines the C library only if there is a prebuild to choose. */
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
    return addon as Addon
  } catch (error) {
    const cause = error instanceof Error ? error : new Error(String(error))
    return new Error(`the native addon ${file} does not load: ${cause.message}`, { cause })
  }
}

/**
 * Requires `bindings` in a way that no bundler sees. It uses `require` and `__filename`, which an ES module does not
 * have, and a bundle does not need it.
 */
function loadWithBindings(packageRoot: string, file: string): unknown {
  const { createRequire } = process.getBuiltinModule('node:module')
  const load = createRequire(path.join(packageRoot, 'package.json'))('bindings') as typeof bindings
  return load({ bindings: path.basename(file), module_root: packageRoot, try: [[file]] })
}

/** Does what `require` does for a `.node` file. Bundlers would try to bundle the file of a `require`. */
function dlopen(file: string): unknown {
  const module = { exports: {} }
  process.dlopen(module, file)
  return module.exports
}
