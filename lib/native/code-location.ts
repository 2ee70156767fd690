import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

/**
 * The file this code runs from: one of this package, or a bundle that has it in it. A stack trace is the one place that
 * says so in both kinds of module and after every bundler. An ES module has no `__dirname`; in a bundle of the other kind
 * `import.meta` is empty (esbuild), and webpack replaces it by where the source was when it was bundled.
 */
export function fileOfThisCode(): string | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error
  let callSites: readonly NodeJS.CallSite[] = []
  try {
    Error.stackTraceLimit = Number.POSITIVE_INFINITY
    Error.prepareStackTrace = (_error, sites) => {
      callSites = sites
    }
    // Reading the stack is what makes it.
    void new Error().stack
  } finally {
    Error.prepareStackTrace = prepareStackTrace
    Error.stackTraceLimit = stackTraceLimit
  }
  for (const site of callSites) {
    const file = fileOf(site)
    // What is no file was evaluated, by a bundler for development for example; its caller may be in a file.
    if (file !== undefined) return file
  }
  return undefined
}

function fileOf(site: NodeJS.CallSite): string | undefined {
  const name = site.getFileName() ?? ''
  if (name.startsWith('file:')) return process.getBuiltinModule('node:url').fileURLToPath(name)
  return path.isAbsolute(name) ? name : undefined
}

/**
 * The root of this package, where a file is in it; `undefined` for a file of another package, such as a bundle. The
 * nearest package.json decides, as it does for Node.
 */
export function packageRootOf(file: string): string | undefined {
  for (let directory = path.dirname(file); ; directory = path.dirname(directory)) {
    const manifest = path.join(directory, 'package.json')
    if (existsSync(manifest)) return nameIn(manifest) === 'fast-sysfs' ? directory : undefined
    if (directory === path.dirname(directory)) return undefined
  }
}

function nameIn(manifest: string): unknown {
  try {
    return (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly name?: unknown } | null)?.name
  } catch {
    // Another package's, which Node would complain of where it matters.
    return undefined
  }
}
