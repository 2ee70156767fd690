import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import bindings from 'bindings'
import type { Addon } from './addon-interface.js'
import { checkIsWhole } from './elf.js'

export type LoadedAddon = { readonly addon: Addon } | { readonly error: Error }

const packageRoot = path.resolve(__dirname, '../../..')
const builtHere = path.join(packageRoot, 'build/Release/fast_sysfs.node')

let loaded: LoadedAddon | undefined

/** Loads the addon: the one built here, else the prebuild for this platform. An error is kept, not thrown. */
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
