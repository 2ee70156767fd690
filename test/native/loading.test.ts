import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { Sysfs } from '../../lib/index.js'
import { libcOfThisProcess } from '../../lib/native/libc.js'
import {
  addonFile,
  answerOfChild,
  type ChildOptions,
  copyPackage,
  endOf,
  libc,
  otherLibc,
  packageRoot,
  prebuildPath,
  requiredAddonFile,
  temporaryPackageDirectory,
} from '../support/child-process.js'
import { unpackRecording } from '../support/recordings.js'
import { missingProgram } from '../support/requirements.js'
import { testWith, testWithAddon } from '../support/test-with.js'

// Which addon is loaded, and what happens without one, in copies of the package with the files of each case.

const BUILD = 'build/Release/fast_sysfs.node'

const ALPHA = 'iqn.2026-11.io.example:alpha'

interface Loaded {
  readonly backend: string
  readonly message: string | null
  readonly hasCause: boolean
  /** What `backend: 'native'` throws. */
  readonly thrown: string | null
  readonly fallback: string
  /** The files loaded by the dynamic loader that are an addon of this package. */
  readonly files: readonly string[]
  readonly devices: readonly string[]
}

/** Loads a copy of the package in a process of its own and asks it something about a recorded machine. */
async function load(copy: string, options?: ChildOptions): Promise<Loaded> {
  return answerOfChild(
    ({ Sysfs }, { root, copy, target }) => {
      const { readFileSync } = process.getBuiltinModule('node:fs')
      const sysfs = new Sysfs({ root })
      let thrown: string | null = null
      try {
        new Sysfs({ root, backend: 'native' })
      } catch (error) {
        thrown = error instanceof Error ? error.message : 'something that is no Error'
      }
      const mapped = readFileSync('/proc/self/maps', 'utf8').match(/\/.*\.node$/gm) ?? []
      const here = mapped.filter((file) => file.startsWith(copy)).map((file) => file.slice(copy.length + 1))
      return {
        backend: sysfs.backend,
        message: sysfs.nativeLoadError?.message ?? null,
        hasCause: sysfs.nativeLoadError?.cause instanceof Error,
        thrown,
        fallback: new Sysfs({ root, backend: 'fallback' }).backend,
        files: [...new Set(here)],
        devices: sysfs.findDevicesForIscsiLun(target, 2),
      }
    },
    { root: await unpackRecording('S3'), copy, target: ALPHA },
    { ...options, packageRoot: copy },
  )
}

function usesAddon(t: ExecutionContext, loaded: Loaded, file: string): void {
  t.deepEqual(loaded, {
    backend: 'native',
    message: null,
    hasCause: false,
    thrown: null,
    fallback: 'fallback',
    files: [file],
    devices: ['sdd', 'sdc'],
  })
}

function fallsBack(t: ExecutionContext, loaded: Loaded, reason: RegExp): void {
  t.like(loaded, { backend: 'fallback', fallback: 'fallback', hasCause: true, files: [], devices: ['sdd', 'sdc'] })
  t.regex(loaded.message ?? '', reason)
  t.is(loaded.thrown, loaded.message)
}

const missing = /^no native addon for \w+-\w+ in this package: not built here, and no prebuild fits$/
const broken = /^the native addon \/.+\.node does not load: /

test.serial('without an addon the package uses the fallback and says why', async (t) => {
  fallsBack(t, await load(copyPackage()), missing)
})

testWithAddon.serial('the addon built here is used', async (t) => {
  usesAddon(t, await load(copyPackage({ [BUILD]: readFileSync(requiredAddonFile()) })), BUILD)
})

testWithAddon.serial('the prebuild for this platform and C library is used', async (t) => {
  const addon = requiredAddonFile()
  const copy = copyPackage({
    [prebuildPath(otherLibc)]: Buffer.from('for another C library'),
    [prebuildPath(libc, 'mips')]: Buffer.from('for another processor'),
    [prebuildPath(libc)]: readFileSync(addon),
  })
  usesAddon(t, await load(copy), prebuildPath(libc))
})

testWithAddon.serial('a prebuild for another C library is not loaded', async (t) => {
  const addon = requiredAddonFile()
  fallsBack(t, await load(copyPackage({ [prebuildPath(otherLibc)]: readFileSync(addon) })), missing)
})

testWithAddon.serial('a prebuild for another processor is not loaded', async (t) => {
  const addon = requiredAddonFile()
  fallsBack(t, await load(copyPackage({ [prebuildPath(libc, 'mips')]: readFileSync(addon) })), missing)
})

testWithAddon.serial('an addon that was built here is preferred to a prebuild', async (t) => {
  const addon = requiredAddonFile()
  const copy = copyPackage({ [BUILD]: readFileSync(addon), [prebuildPath(libc)]: readFileSync(addon) })
  usesAddon(t, await load(copy), BUILD)
})

testWithAddon.serial(
  'an addon built here that does not load is reported, not passed over for a prebuild',
  async (t) => {
    const addon = requiredAddonFile()
    const copy = copyPackage({ [BUILD]: Buffer.from('interrupted'), [prebuildPath(libc)]: readFileSync(addon) })
    fallsBack(t, await load(copy), broken)
  },
)

/** Files that may be in the place of the addon. */
const unloadable: Readonly<Record<string, (addon: Buffer) => Buffer>> = {
  'an empty file': () => Buffer.alloc(0),
  'a text': () => Buffer.from('<html>404 Not Found</html>\n'.repeat(100)),
  'the first bytes of an addon': (addon) => addon.subarray(0, 40),
  // An installation that ran out of disk space leaves this. The loader maps the missing part and accesses it.
  'the first page of an addon': (addon) => addon.subarray(0, 4096),
  'half an addon': (addon) => addon.subarray(0, addon.length / 2),
  'all but the last byte of an addon': (addon) => addon.subarray(0, -1),
  'an addon for another processor': (addon) => {
    const other = Buffer.from(addon)
    // e_machine of the ELF header: 8 is MIPS.
    other.writeUInt16LE(8, 18)
    return other
  },
}

for (const [what, content] of Object.entries(unloadable)) {
  for (const place of [BUILD, prebuildPath(libc)]) {
    testWithAddon.serial(`${what} at ${path.dirname(place)} is reported and not fatal`, async (t) => {
      const addon = requiredAddonFile()
      fallsBack(t, await load(copyPackage({ [place]: content(readFileSync(addon)) })), broken)
    })
  }
}

testWithAddon.serial('with --no-addons the package uses the fallback', async (t) => {
  const addon = requiredAddonFile()
  const copy = copyPackage({ [BUILD]: readFileSync(addon) })
  fallsBack(t, await load(copy, { nodeArguments: ['--no-addons'] }), broken)
})

for (const platform of ['darwin', 'win32'] as const) {
  test.serial(`on ${platform} the fallback reads a recorded tree`, async (t) => {
    const addon = addonFile()
    const prebuilds = addon === undefined ? {} : { [prebuildPath(libc)]: readFileSync(addon) }
    const loaded = await load(copyPackage(prebuilds), { platform })
    fallsBack(t, loaded, missing)
    t.true(loaded.message?.includes(` ${platform}-`))
  })
}

// ---- The C library

/** An ELF file of 64 bits with the given loader, or without one. */
function elfWithLoader(loader: string | undefined): Buffer {
  const file = Buffer.alloc(256)
  file.write('\x7fELF\x02\x01\x01', 'latin1')
  // e_phoff, e_phentsize and e_phnum: two program headers after the header.
  file.writeBigUInt64LE(64n, 0x20)
  file.writeUInt16LE(56, 0x36)
  file.writeUInt16LE(2, 0x38)
  file.writeUInt32LE(1, 64)
  if (loader === undefined) return file
  // p_type PT_INTERP, p_offset and p_filesz.
  file.writeUInt32LE(3, 120)
  file.writeBigUInt64LE(176n, 120 + 0x08)
  file.writeBigUInt64LE(BigInt(loader.length + 1), 120 + 0x20)
  file.write(`${loader}\0`, 176, 'latin1')
  return file
}

const loaders = {
  '/lib64/ld-linux-x86-64.so.2': 'glibc',
  '/nix/store/abc-glibc-2.40/lib/ld-linux-aarch64.so.1': 'glibc',
  '/lib64/ld64.so.2': 'glibc',
  '/lib/ld-musl-x86_64.so.1': 'musl',
} as const

for (const [loader, expected] of Object.entries(loaders)) {
  test.serial(`an executable with the loader ${loader} runs on ${expected}`, (t) => {
    t.is(libcWithExecutable(t, elfWithLoader(loader)), expected)
  })
}

test.serial('the mapped loader tells the C library if the executable does not', (t) => {
  t.is(libcWithExecutable(t, elfWithLoader(undefined)), libc)
  t.is(libcWithExecutable(t, Buffer.from('#!/bin/sh\n')), libc)
  t.is(libcWithExecutable(t, undefined), libc)
})

/** The C library that the library finds for another executable. */
function libcWithExecutable(t: ExecutionContext, content: Buffer | undefined): string | undefined {
  const file = path.join(temporaryPackageDirectory(), 'node')
  if (content !== undefined) writeFileSync(file, content)
  const { execPath } = process
  t.teardown(() => {
    process.execPath = execPath
  })
  process.execPath = file
  return libcOfThisProcess()
}

// ---- A named addon

/** A copy of the package without an addon, and an addon somewhere else. */
function packageAndAddon(addon: string): { readonly copy: string; readonly elsewhere: string } {
  const elsewhere = path.join(temporaryPackageDirectory(), 'other.node')
  cpSync(addon, elsewhere)
  return { copy: copyPackage(), elsewhere }
}

interface Named {
  readonly backends: readonly string[]
  readonly messages: readonly (string | null)[]
  readonly paths: readonly (string | null)[]
  readonly thrown: string | null
}

/** One Sysfs for each path, the same ones twice; `undefined` names none. */
async function loadNamed(copy: string, addonPaths: readonly (string | null)[], env: NodeJS.ProcessEnv = {}) {
  return answerOfChild(
    ({ Sysfs }, { addonPaths, env }): Named => {
      Object.assign(process.env, env)
      const optionsOf = (addonPath: string | null) => (addonPath === null ? {} : { addonPath })
      const machines = [...addonPaths, ...addonPaths].map((addonPath) => new Sysfs(optionsOf(addonPath)))
      let thrown: string | null = null
      try {
        for (const addonPath of addonPaths) new Sysfs({ ...optionsOf(addonPath), backend: 'native' })
      } catch (error) {
        thrown = error instanceof Error ? error.message : 'something that is no Error'
      }
      // A sampler is of the same addon; without it this throws.
      for (const sysfs of machines) if (sysfs.backend === 'native') sysfs.sampler().close()
      return {
        backends: machines.map(({ backend }) => backend),
        messages: machines.map(({ nativeLoadError }) => nativeLoadError?.message ?? null),
        paths: machines.map(({ addonPath }) => addonPath ?? null),
        thrown,
      }
    },
    { addonPaths, env },
    { packageRoot: copy },
  )
}

testWithAddon.serial('addonPath names the addon of an instance', async (t) => {
  const addon = requiredAddonFile()
  const { copy, elsewhere } = packageAndAddon(addon)
  const wrong = path.join(path.dirname(elsewhere), 'wrong.node')
  const loaded = await loadNamed(copy, [null, elsewhere, wrong])
  t.deepEqual(loaded.backends, ['fallback', 'native', 'fallback', 'fallback', 'native', 'fallback'])
  t.deepEqual(loaded.paths.slice(0, 3), [null, elsewhere, wrong])
  t.regex(loaded.messages[0] ?? '', missing)
  t.is(loaded.messages[1], null)
  t.regex(loaded.messages[2] ?? '', new RegExp(`^the native addon ${wrong} does not load: ENOENT`))
  t.is(loaded.messages[5], loaded.messages[2])
})

testWithAddon.serial('FAST_SYSFS_ADDON names the addon if addonPath does not', async (t) => {
  const addon = requiredAddonFile()
  const { copy, elsewhere } = packageAndAddon(addon)
  const wrong = path.join(path.dirname(elsewhere), 'wrong.node')
  t.deepEqual((await loadNamed(copy, [null], { FAST_SYSFS_ADDON: elsewhere })).backends, ['native', 'native'])
  t.deepEqual((await loadNamed(copy, [null], { FAST_SYSFS_ADDON: '' })).paths, [null, null])
  const { backends, thrown } = await loadNamed(copy, [elsewhere, null], { FAST_SYSFS_ADDON: wrong })
  t.deepEqual(backends, ['native', 'fallback', 'native', 'fallback'])
  t.regex(thrown ?? '', new RegExp(`^the native addon ${wrong} does not load: ENOENT`))
})

test.serial('a named file that is not an addon of this package is reported', async (t) => {
  const text = path.join(temporaryPackageDirectory(), 'text.node')
  writeFileSync(text, 'text')
  const { messages, thrown } = await loadNamed(copyPackage(), [text])
  t.regex(messages[0] ?? '', new RegExp(`^the native addon ${text} does not load: `))
  t.is(thrown, messages[0] ?? null)
})

for (const addonPath of ['', 'a\0b', 7, null]) {
  test.serial(`addonPath ${JSON.stringify(addonPath)} is a TypeError`, (t) => {
    const options = { addonPath } as unknown as { readonly addonPath: string }
    t.throws(() => new Sysfs(options), { instanceOf: TypeError, message: /^addonPath must / })
  })
}

// ---- What the published binary needs of its system

const binaries = [BUILD, prebuildPath('glibc'), prebuildPath('musl')].filter((file) =>
  existsSync(path.join(packageRoot, file)),
)

const testWithReadelf = testWith(missingProgram('readelf', ['--version']))

/** What readelf prints about a binary. */
async function readelf(option: string, file: string): Promise<string> {
  return (await endOf(['readelf', '--wide', option, path.join(packageRoot, file)])).stdout
}

testWithAddon.serial('the addon can be inspected', (t) => {
  t.not(binaries.length, 0)
})

for (const file of binaries) {
  testWithReadelf.serial(`${file} needs no C++ library`, async (t) => {
    const dynamic = await readelf('--dynamic', file)
    const needed = [...dynamic.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, library]) => library ?? '')
    const system =
      /^(libc\.so\.6|libc\.musl-\w+\.so\.1|libm\.so\.6|libgcc_s\.so\.1|libpthread\.so\.0|ld-linux.*\.so\.\d)$/
    t.deepEqual(
      needed.filter((library) => !system.test(library)),
      [],
    )
  })

  testWithReadelf.serial(`${file} loads on glibc 2.28`, async (t) => {
    const versions = await readelf('--version-info', file)
    const minors = [...versions.matchAll(/\bGLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor))
    t.true(Math.max(0, ...minors) <= 28, `GLIBC_2.${Math.max(...minors)}`)
    // Node 20 itself brings no newer one if it was built for such an old system.
    const gccMinors = [...versions.matchAll(/\bGCC_(\d+)\.\d/g)].map(([, major]) => Number(major))
    t.true(Math.max(0, ...gccMinors) <= 8, `GCC_${Math.max(...gccMinors)}`)
  })

  testWithReadelf.serial(`${file} exports only what Node looks for`, async (t) => {
    const symbols = await readelf('--dyn-syms', file)
    // Value, size, FUNC or OBJECT, GLOBAL or WEAK, DEFAULT, section: whatever is not UND is defined here.
    const defined = [...symbols.matchAll(/ (?:GLOBAL|WEAK|UNIQUE) +\w+ +\d+ (\S+)$/gm)].map(([, name]) => name ?? '')
    t.deepEqual(defined.toSorted(), ['napi_register_module_v1', 'node_api_module_get_api_version_v1'])
  })
}
