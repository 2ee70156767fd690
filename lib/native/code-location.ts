import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

/**
 * The file that this code runs from: a file of this package, or a bundle that contains it. Only a stack trace gives it
 * in both kinds of module and after every bundler. An ES module has no `__dirname`. In a CommonJS bundle `import.meta`
 * is empty (esbuild), and webpack replaces it by the path of the source.
 */
export function fileOfThisCode(): string | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error
  let callSites: readonly NodeJS.CallSite[] = []
  try {
    Error.stackTraceLimit = Number.POSITIVE_INFINITY
    Error.prepareStackTrace = (_error, sites) => {
      callSites = sites
    }
    // Reading the property makes the stack.
    void new Error().stack
  } finally {
    Error.prepareStackTrace = prepareStackTrace
    Error.stackTraceLimit = stackTraceLimit
  }
  for (const site of callSites) {
    const file = fileOf(site)
    // Code without a file was evaluated, for example by a bundler in development mode. Its caller may be in a file.
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
 * The root of this package, if the file belongs to it. `undefined` for a file of another package, such as a bundle. The
 * nearest package.json decides, as for Node.
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
    // The file of another package. It is not ours to report.
    return undefined
  }
}
