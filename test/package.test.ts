import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import {
  addonFile,
  type EndOfChild,
  endOf,
  howItEnded,
  libc,
  packageRoot,
  prebuildPath,
  temporaryPackageDirectory,
} from './support/child-process.js'
import { unpackRecording } from './support/recordings.js'

// The package is packed, installed into an empty project, imported and type-checked there.

const TARGET = 'iqn.2026-11.io.example:alpha'

interface Packed {
  readonly filename: string
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string; readonly mode: number }[]
}

interface Manifest {
  readonly version: string
  readonly main: string
  readonly types: string
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, unknown>>
  readonly scripts?: Readonly<Record<string, string>>
}

let packedFiles: readonly string[]
let unpackedSize: number
/** A project that has the package and nothing else. */
let project: string

/** The files of the repository that may be in the tarball, with the current addon as the prebuild. */
function copyRepository(directory: string): void {
  const left = ['.git', 'build', 'prebuilds'].map((name) => path.join(packageRoot, name))
  const isCopied = (file: string) => path.basename(file) !== 'node_modules' && !left.includes(file)
  cpSync(packageRoot, directory, { recursive: true, filter: isCopied })
  const addon = addonFile()
  if (addon === undefined) return
  const prebuild = path.join(directory, prebuildPath(libc))
  mkdirSync(path.dirname(prebuild), { recursive: true })
  cpSync(addon, prebuild)
  // prebuildify strips the addon, too. Without strip the addon was not built here.
  spawnSync('strip', [prebuild])
}

async function npm(cwd: string, ...args: string[]): Promise<EndOfChild> {
  const end = await endOf(['npm', ...args], '', { cwd })
  if (end.status !== 0) throw new Error(`npm ${args[0]}: ${howItEnded(end)}`)
  return end
}

test.before(async () => {
  const directory = temporaryPackageDirectory()
  copyRepository(directory)
  const { stdout } = await npm(directory, 'pack', '--ignore-scripts', '--json')
  const [packed] = JSON.parse(stdout) as [Packed]
  packedFiles = packed.files.map((file) => file.path)
  unpackedSize = packed.unpackedSize

  project = temporaryPackageDirectory()
  const tarball = path.join(directory, packed.filename)
  writeFileSync(path.join(project, 'package.json'), JSON.stringify({ name: 'project', version: '1.0.0' }))
  await npm(project, 'install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', tarball)
})

function manifest(directory: string): Manifest {
  return JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8')) as Manifest
}

/** Every file that `exports`, `main`, `types` or `bin` names, except patterns. */
function entryPoints({ main, types, bin, exports }: Manifest): readonly string[] {
  const leaves = (value: unknown): readonly string[] =>
    typeof value === 'string' ? [value] : Object.values(value as object).flatMap(leaves)
  return [main, types, ...Object.values(bin), ...leaves(exports)]
    .filter((file) => !file.includes('*'))
    .map((file) => path.posix.normalize(file))
}

test.serial('the tarball has the bundles, their types, prebuilds and nothing else', (t) => {
  const expected =
    /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/package\/(index\.js|index\.mjs|bundler\.mjs|cli\/main\.js|index\.d\.mts|types\/.+\.d\.ts)|prebuilds\/.+\.node)$/
  t.deepEqual(
    packedFiles.filter((file) => !expected.test(file)),
    [],
  )
  t.deepEqual(
    packedFiles.filter((file) => file.startsWith('prebuilds/')),
    addonFile() === undefined ? [] : [prebuildPath(libc)],
  )
})

test.serial('every file that package.json names is in the tarball', (t) => {
  const entries = entryPoints(manifest(packageRoot))
  t.true(entries.length >= 6)
  t.deepEqual(
    entries.filter((file) => !packedFiles.includes(file)),
    [],
  )
})

/** The size limit of the unpacked package in bytes, with one prebuild. */
const mostUnpacked = 700_000

test.serial('the unpacked package is small', (t) => {
  t.log(`${unpackedSize} bytes in ${packedFiles.length} files`)
  t.true(unpackedSize <= mostUnpacked, `${unpackedSize}`)
})

test.serial('declarations import existing files only', (t) => {
  const types = packedFiles.filter((file) => /\.d\.m?ts$/.test(file))
  t.true(types.length >= 2)
  for (const file of types) {
    const text = readFileSync(path.join(project, 'node_modules/fast-sysfs', file), 'utf8')
    for (const [, imported = ''] of text.matchAll(/(?:from |import\()['"](\.[^'"]+)\.js['"]/g)) {
      const declared = path.posix.join(path.posix.dirname(file), `${imported}.d.ts`)
      t.true(packedFiles.includes(declared), `${declared} of ${file}`)
    }
  }
})

test.serial('the module for bundlers is a pure ES module', (t) => {
  const text = readFileSync(path.join(project, 'node_modules/fast-sysfs/dist/package/bundler.mjs'), 'utf8')
  t.is(text.match(/\brequire\(|__dirname|__filename|import\.meta/), null)
  t.true(/\bimport\b[^;]+\bfrom\s*"node:fs"/.test(text))
})

test.serial('the tool contains no copy of the library', (t) => {
  const text = readFileSync(path.join(project, 'node_modules/fast-sysfs/dist/package/cli/main.js'), 'utf8')
  t.true(text.includes('require("../index.js")'))
  for (const name of ['SysfsError', 'PreparedQuery', 'Monitor', 'Sampler']) {
    t.notRegex(text, new RegExp(`class ${name}\\b|\\b${name}=class`), name)
  }
})

test.serial('an installation runs no script', (t) => {
  const { scripts = {} } = manifest(path.join(project, 'node_modules/fast-sysfs'))
  t.deepEqual(
    ['preinstall', 'install', 'postinstall'].filter((name) => name in scripts),
    [],
  )
  // npm builds a package that has a binding.gyp.
  t.false(packedFiles.includes('binding.gyp'))
})

test.serial('an installation is small', (t) => {
  const lock = JSON.parse(readFileSync(path.join(project, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, unknown>>
  }
  t.deepEqual(
    Object.keys(lock.packages).filter((name) => name !== ''),
    ['bindings', 'fast-sysfs', 'file-uri-to-path'].map((name) => `node_modules/${name}`),
  )
})

test.serial('the tool is installed and runs', async (t) => {
  const command = path.join(project, 'node_modules/.bin/fast-sysfs')
  t.true(existsSync(command))
  t.true(readFileSync(command, 'utf8').startsWith('#!/usr/bin/env node\n'))
  t.true(realpathSync(command).startsWith(realpathSync(project)))
  const { version } = manifest(packageRoot)
  const options = ['--root', await unpackRecording('S3')]
  t.is((await endOf([command, '--version'])).stdout, `${version}\n`)
  t.regex((await endOf([command, '--help'])).stdout, /^Usage: fast-sysfs /)
  t.is((await endOf([command, 'lun', TARGET, '2', ...options])).stdout, 'sdd\nsdc\n')
  t.true(JSON.parse((await endOf([command, 'list', '--json', ...options])).stdout).blockdevices.length > 0)
})

/** Runs a module in a directory. It prints JSON. */
async function printedBy(directory: string, source: string, type: 'commonjs' | 'module'): Promise<unknown> {
  const root = await unpackRecording('S3')
  const end = await endOf([process.execPath, `--input-type=${type}`, '-e', source, root, TARGET], '', {
    cwd: directory,
  })
  if (end.status !== 0) throw new Error(howItEnded(end))
  return JSON.parse(end.stdout)
}

const ask = `
  const [root, target] = process.argv.slice(1)
  process.env.HOST_SYS = root + '/sys'
  process.env.HOST_DEV = root + '/dev'
  console.log(JSON.stringify([
    new Sysfs({ root }).findDevicesForIscsiLun(target, 2),
    findDevicesForIscsiLun(target, 2),
    findMultipathDeviceForDevice('/dev/sdd'),
  ]))`
const answer = [['sdd', 'sdc'], ['sdd', 'sdc'], '/dev/dm-4']

const imported = `{ Sysfs, findDevicesForIscsiLun, findMultipathDeviceForDevice }`

test.serial('the package can be required', async (t) => {
  t.deepEqual(await printedBy(project, `const ${imported} = require('fast-sysfs')${ask}`, 'commonjs'), answer)
})

test.serial('the package can be imported', async (t) => {
  t.deepEqual(await printedBy(project, `import ${imported} from 'fast-sysfs'${ask}`, 'module'), answer)
})

test.serial('import and require give the same classes and functions', async (t) => {
  const source = `
    import { createRequire } from 'node:module'
    import * as imported from 'fast-sysfs'
    const required = createRequire(process.cwd() + '/x.js')('fast-sysfs')
    const names = [...new Set([...Object.keys(imported), ...Object.keys(required)])]
    const isOwn = (name) => !['default', 'module.exports', '__esModule'].includes(name)
    console.log(JSON.stringify({
      names: names.filter(isOwn).sort(),
      different: names.filter((name) => isOwn(name) && imported[name] !== required[name]),
    }))`
  const { names, different } = (await printedBy(project, source, 'module')) as {
    readonly names: readonly string[]
    readonly different: readonly string[]
  }
  t.deepEqual(different, [])
  for (const name of ['Sysfs', 'SysfsError', 'query', 'field', 'getIscsiPortalHostMapForTarget']) {
    t.true(names.includes(name), name)
  }
})

test.serial('require loads one file and no slow module of Node', async (t) => {
  const source = `
    const before = new Set(process.moduleLoadList)
    const { Sysfs } = require('fast-sysfs')
    console.log(JSON.stringify({
      files: Object.keys(require.cache).map((file) => file.split('/fast-sysfs/')[1]),
      loaded: process.moduleLoadList.filter((name) => !before.has(name)),
    }))`
  const { files, loaded } = (await printedBy(project, source, 'commonjs')) as {
    readonly files: readonly string[]
    readonly loaded: readonly string[]
  }
  t.deepEqual(files, ['dist/package/index.js'])
  const slow = /^NativeModule (net|perf_hooks|os|util|stream|worker_threads|child_process)$/
  t.deepEqual(
    loaded.filter((name) => slow.test(name)),
    [],
  )
})

test.serial('--version and --help do not load the library', async (t) => {
  const command = path.join(project, 'node_modules/fast-sysfs/dist/package/cli/main.js')
  const preload = path.join(temporaryPackageDirectory(), 'preload.cjs')
  const printLoaded = `process.on('exit', () => process.stderr.write(Object.keys(require.cache).join('\\n')))`
  writeFileSync(preload, printLoaded)
  const filesOf = async (...args: string[]): Promise<readonly string[]> => {
    const { stderr } = await endOf([process.execPath, '--require', preload, command, ...args])
    return stderr.split('\n').map((file) => path.basename(file))
  }
  t.deepEqual(await filesOf('--version'), ['preload.cjs', 'main.js'])
  t.deepEqual(await filesOf('--help'), ['preload.cjs', 'main.js'])
  t.deepEqual(await filesOf('sessions', '--help'), ['preload.cjs', 'main.js'])
  t.deepEqual((await filesOf('snapshot', '--root', await unpackRecording('S3'))).slice(0, 3), [
    'preload.cjs',
    'main.js',
    'index.js',
  ])
})

test.serial('only the package, its binaries and its package.json can be imported', async (t) => {
  const source = `
    const codes = [
      'fast-sysfs/package.json', 'fast-sysfs/dist/package/index.js', 'fast-sysfs/dist/package/bundler.mjs',
    ].map((name) => {
      try { return typeof require(name) } catch (error) { return error.code }
    })
    console.log(JSON.stringify(codes))`
  t.deepEqual(await printedBy(project, source, 'commonjs'), [
    'object',
    'ERR_PACKAGE_PATH_NOT_EXPORTED',
    'ERR_PACKAGE_PATH_NOT_EXPORTED',
  ])
})

test.serial('a binary can be resolved by its name in the package', async (t) => {
  const name = `fast-sysfs/${prebuildPath(libc)}`
  const source = `console.log(JSON.stringify(require.resolve(${JSON.stringify(name)})))`
  t.true(((await printedBy(project, source, 'commonjs')) as string).endsWith(prebuildPath(libc)))
})

test.serial('a clone can be required by its path and by its own name', async (t) => {
  const byPath = `const ${imported} = require(${JSON.stringify(packageRoot)})${ask}`
  t.deepEqual(await printedBy(project, byPath, 'commonjs'), answer)
  t.deepEqual(await printedBy(packageRoot, `const ${imported} = require('fast-sysfs')${ask}`, 'commonjs'), answer)
  t.deepEqual(await printedBy(packageRoot, `import ${imported} from 'fast-sysfs'${ask}`, 'module'), answer)
})

// ---- Types

/** The code of a user. The marked lines are wrong, and would be accepted if a type were `any`. */
const consumer = `
import { field, findDevicesForIscsiLun, param, query, Sysfs, SysfsError } from 'fast-sysfs'
import type { PreparedQuery, ReadOptions, SysfsOptions, Unreadable } from 'fast-sysfs'

const options: SysfsOptions = { root: '/host', backend: 'auto' }
const sysfs = new Sysfs(options)
const unreadable: Unreadable[] = []
const runOptions: ReadOptions = { onUnreadable: (item) => unreadable.push(item) }

const names: readonly string[] = findDevicesForIscsiLun('iqn', 1, runOptions)
const map: string | undefined = sysfs.findMultipathDeviceForDevice('sda')
const hosts: ReadonlyMap<string, number> = sysfs.getIscsiPortalHostMapForTarget('iqn')

const sessions = query('class/iscsi_session/session{id}', {
  id: field.capture('id'),
  target: field.text('targetname').equals(param('iqn')),
  connections: field.list('device/connection*', { name: field.name(), cid: field.integer('cid') }),
})
const prepared = sysfs.prepare(sessions)
const kept: PreparedQuery<{ readonly size: number | null }, unknown> | undefined = undefined
for (const session of prepared.all({ iqn: 'iqn' })) {
  const id: number = session.id
  const target: string = session.target
  const cid: number | null | undefined = session.connections[0]?.cid
  // @ts-expect-error
  const wrong: boolean = session.target
  // @ts-expect-error
  session.nothing
  console.log(id, target, cid, wrong)
}
// @ts-expect-error
prepared.all()
// @ts-expect-error
sysfs.findDevicesForIscsiLun('iqn', '1')
// @ts-expect-error
new Sysfs({ backend: 'fast' })
// @ts-expect-error
const notArray: number = sysfs.findSlaveDevicesOnMultipath('dm-0')
// @ts-expect-error
sysfs.backend = 'native'

const error: unknown = undefined
if (error instanceof SysfsError) {
  const code: string = error.code
  // @ts-expect-error
  const errno: string = error.errno
  console.log(code, errno)
}
console.log(names, map, hosts, kept, notArray)
`

/** Type-checks a file of the project with the strictest options. */
async function typeCheck(type: 'commonjs' | 'module', source: string): Promise<EndOfChild> {
  const directory = path.join(project, type)
  mkdirSync(directory, { recursive: true })
  writeFileSync(path.join(directory, 'package.json'), JSON.stringify({ type }))
  writeFileSync(path.join(directory, 'consumer.ts'), source)
  const compilerOptions = {
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: type === 'module',
    skipLibCheck: false,
    noEmit: true,
    // The library's types need Node's, for a monitor is an EventEmitter, and no others.
    types: ['node'],
    typeRoots: [path.join(packageRoot, 'node_modules/@types')],
    lib: ['es2022'],
  }
  writeFileSync(path.join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }))
  return endOf([process.execPath, path.join(packageRoot, 'node_modules/typescript/bin/tsc'), '-p', directory], '', {
    cwd: project,
  })
}

for (const type of ['commonjs', 'module'] as const) {
  test.serial(`a strict TypeScript project of type ${type} gets types without any`, async (t) => {
    const end = await typeCheck(type, consumer)
    t.is(end.stdout, '')
    t.is(end.status, 0, howItEnded(end))

    // The check notices an error.
    const wrong = await typeCheck(type, `${consumer}\nconst wrong: number = names\n`)
    t.not(wrong.status, 0)
    t.regex(wrong.stdout, /consumer\.ts\(\d+,\d+\): error TS2322: Type 'readonly string\[\]' is not assignable/)
  })
}
