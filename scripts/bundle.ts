/*
 * Makes what the package is published with, in dist/package:
 *
 *     index.js      the library, CommonJS: what Node loads, by `require` and, through index.mjs, by `import`
 *     index.mjs     the same classes and functions for `import`, so that both ways have one state
 *     bundler.mjs   the library as an ES module, for bundlers (the condition `module`), which neither read CommonJS as
 *                   well nor may leave a `require` in an ES module
 *     cli/main.js   the command; it requires ../index.js
 *     types/        the declarations that the public API leads to; index.d.mts are those for `import`
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { minify } from 'terser'

const packageRoot = path.resolve(__dirname, '../..')
const compiled = path.join(packageRoot, 'dist/lib')
const published = path.join(packageRoot, 'dist/package')

const options: BuildOptions = {
  absWorkingDir: packageRoot,
  bundle: true,
  platform: 'node',
  // As `engines` in package.json.
  target: 'node20.17',
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
}

/** Returns the names of what the library exports. */
async function bundleLibrary(): Promise<readonly string[]> {
  const { metafile } = await build({
    ...options,
    entryPoints: ['lib/index.ts'],
    format: 'esm',
    outfile: path.join(published, 'bundler.mjs'),
    metafile: true,
  })
  const names = Object.values(metafile.outputs).flatMap((output) => output.exports)
  const list = `{ ${names.join(', ')} }`
  writeFileSync(path.join(published, 'index.mjs'), `import library from './index.js'\nexport const ${list} = library\n`)
  await build({
    ...options,
    // Of an ES module esbuild would make getters, twice over, which takes a part of a millisecond to load.
    stdin: {
      contents: `import ${list} from './lib/index.js'\nmodule.exports = ${list}`,
      loader: 'ts',
      resolveDir: packageRoot,
    },
    format: 'cjs',
    outfile: path.join(published, 'index.js'),
  })
  await Promise.all(['bundler.mjs', 'index.js'].map(shortenLocalNames))
  return names
}

/**
 * A fifth of the bytes, which all count when Node loads the file. Unlike esbuild, terser can leave the names of
 * functions and classes, so that stack traces and printed objects can still be read.
 */
async function shortenLocalNames(name: string): Promise<void> {
  const file = path.join(published, name)
  const { code = '' } = await minify(readFileSync(file, 'utf8'), { compress: false, mangle: true, ecma: 2020 })
  writeFileSync(file, code)
}

/**
 * For the command the library is the published file, not a second copy. It is loaded for the first use of what it
 * exports: the help does without it.
 */
function publishedLibrary(names: readonly string[]): Plugin {
  const getters = names.map((name) => `get ${name}() { return require('../index.js').${name} }`)
  return {
    name: 'published-library',
    setup(build) {
      build.onResolve({ filter: /^\.\.\/(\.\.\/)*index\.js$/ }, ({ kind }) =>
        kind === 'require-call' ? { path: '../index.js', external: true } : { path: 'library', namespace: 'published' },
      )
      build.onLoad({ filter: /^library$/, namespace: 'published' }, () => ({
        contents: `module.exports = { ${getters.join(', ')} }`,
      }))
    },
  }
}

/** Commands are imported dynamically: in one file such a module is evaluated when it is asked for. */
async function bundleCommand(names: readonly string[]): Promise<void> {
  const outfile = path.join(published, 'cli/main.js')
  const plugins = [publishedLibrary(names)]
  await build({ ...options, entryPoints: ['lib/cli/main.ts'], format: 'cjs', outfile, plugins })
  await shortenLocalNames('cli/main.js')
}

/** Copies the declarations that one leads to. */
function copyDeclarations(file: string, copied: Set<string>): void {
  if (copied.has(file)) return
  copied.add(file)
  const copy = path.join(published, 'types', path.relative(compiled, file))
  mkdirSync(path.dirname(copy), { recursive: true })
  copyFileSync(file, copy)
  for (const [, imported = ''] of readFileSync(file, 'utf8').matchAll(/(?:from |import\()['"](\.[^'"]+)\.js['"]/g)) {
    copyDeclarations(path.resolve(path.dirname(file), `${imported}.d.ts`), copied)
  }
}

async function main(): Promise<void> {
  rmSync(published, { recursive: true, force: true })
  const names = await bundleLibrary()
  await bundleCommand(names)
  copyDeclarations(path.join(compiled, 'index.d.ts'), new Set())
  writeFileSync(path.join(published, 'index.d.mts'), `export * from './types/index.js'\n`)
}

main()
