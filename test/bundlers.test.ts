import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { build } from 'esbuild'
import {
  copyPackage,
  endOf,
  howItEnded,
  libc,
  packageRoot,
  prebuildPath,
  requiredAddonFile,
  temporaryPackageDirectory,
} from './support/child-process.js'
import { unpackRecording } from './support/recordings.js'
import { testWithAddon } from './support/test-with.js'

// Programs that contain the package in their bundle run without node_modules. The other bundlers of docs/bundlers.md,
// webpack and Rollup, use the same module as esbuild.

const TARGET = 'iqn.2026-11.io.example:alpha'

/** Prints the backend and a result. */
const program = `
  const [root, target, addonPath] = process.argv.slice(2)
  const sysfs = new Sysfs({ root, ...(addonPath && { addonPath }) })
  console.log(JSON.stringify({
    backend: sysfs.backend,
    reason: sysfs.nativeLoadError?.message ?? null,
    disks: sysfs.findDevicesForIscsiLun(target, 2),
    isOneClass: sysfs.async.constructor === AsyncSysfs,
  }))`

const sources = {
  cjs: `const { AsyncSysfs, Sysfs } = require('fast-sysfs')${program}`,
  mjs: `import { AsyncSysfs, Sysfs } from 'fast-sysfs'${program}`,
} as const

interface Ran {
  readonly backend: string
  readonly reason: string | null
  readonly disks: readonly string[]
  readonly isOneClass: boolean
}

/** A project that has the package, without an addon, and a program of each kind. */
function projectWithPackage(): string {
  const project = temporaryPackageDirectory()
  cpSync(copyPackage(), path.join(project, 'node_modules/fast-sysfs'), { recursive: true })
  for (const [extension, source] of Object.entries(sources)) {
    writeFileSync(path.join(project, `program.${extension}`), source)
  }
  return project
}

/** Runs a bundle alone in a directory, with other files beside it. */
async function run(
  bundle: string,
  { beside = {}, env = {}, args = [] }: Place & { readonly args?: readonly string[] } = {},
): Promise<Ran> {
  const directory = temporaryPackageDirectory()
  const copy = path.join(directory, path.basename(bundle))
  cpSync(bundle, copy)
  for (const [file, original] of Object.entries(beside)) {
    mkdirSync(path.dirname(path.join(directory, file)), { recursive: true })
    cpSync(original, path.join(directory, file))
  }
  const command = [process.execPath, copy, await unpackRecording('S3'), TARGET, ...args]
  const end = await endOf(command, '', { cwd: directory, env: { ...process.env, ...env } })
  if (end.status !== 0) throw new Error(howItEnded(end))
  return JSON.parse(end.stdout) as Ran
}

interface Place {
  /** Files to put beside the bundle, by their names there. */
  readonly beside?: Readonly<Record<string, string>>
  readonly env?: NodeJS.ProcessEnv
}

/** Runs a bundle with and without an addon beside it. The bundle is made once. */
function testBundle(title: string, make: (t: ExecutionContext) => Promise<string>): void {
  let bundle: Promise<string> | undefined
  const bundleFor = (t: ExecutionContext) => {
    bundle ??= make(t)
    return bundle
  }

  test.serial(`${title} runs on the fallback without an addon`, async (t) => {
    const without = await run(await bundleFor(t))
    t.like(without, { backend: 'fallback', disks: ['sdd', 'sdc'], isOneClass: true })
    const reason =
      /^no native addon for \w+-\w+ beside the bundle, and neither addonPath nor FAST_SYSFS_ADDON names one$/
    t.regex(without.reason ?? '', reason)
  })

  testWithAddon.serial(`${title} loads the addon beside it, or the named one`, async (t) => {
    const bundle = await bundleFor(t)
    const addon = requiredAddonFile()
    const native = { backend: 'native', reason: null, disks: ['sdd', 'sdc'], isOneClass: true }
    t.deepEqual(await run(bundle, { beside: { 'fast_sysfs.node': addon } }), native)
    t.deepEqual(await run(bundle, { beside: { [`fast-sysfs.${libc}.node`]: addon } }), native)
    t.deepEqual(await run(bundle, { beside: { [prebuildPath(libc)]: addon } }), native)
    t.deepEqual(await run(bundle, { env: { FAST_SYSFS_ADDON: addon } }), native)
    t.deepEqual(await run(bundle, { args: [addon] }), native)

    const wrong = await run(bundle, { args: ['/nowhere/fast_sysfs.node'], beside: { 'fast_sysfs.node': addon } })
    t.is(wrong.backend, 'fallback')
    t.regex(wrong.reason ?? '', /^the native addon \/nowhere\/fast_sysfs\.node does not load: ENOENT/)
  })
}

for (const from of ['cjs', 'mjs'] as const) {
  for (const to of ['cjs', 'mjs'] as const) {
    testBundle(`esbuild: a .${from} program as a .${to} bundle`, async (t) => {
      const bundle = path.join(temporaryPackageDirectory(), `bundle.${to}`)
      const { metafile, warnings } = await build({
        absWorkingDir: projectWithPackage(),
        entryPoints: [`program.${from}`],
        bundle: true,
        platform: 'node',
        format: to === 'cjs' ? 'cjs' : 'esm',
        outfile: bundle,
        metafile: true,
        logLevel: 'silent',
      })
      t.deepEqual(warnings, [])
      // One copy: the module for bundlers.
      const taken = Object.keys(metafile.inputs).filter((input) => input.startsWith('node_modules/'))
      t.deepEqual(taken, ['node_modules/fast-sysfs/dist/package/bundler.mjs'])
      return bundle
    })
  }

  testBundle(`ncc: a .${from} program`, async (t) => {
    const output = temporaryPackageDirectory()
    const ncc = path.join(packageRoot, 'node_modules/@vercel/ncc/dist/ncc/cli.js')
    const project = projectWithPackage()
    const end = await endOf([process.execPath, ncc, 'build', `program.${from}`, '-o', output], '', { cwd: project })
    t.is(end.status, 0, howItEnded(end))
    return path.join(output, `index.${from}`)
  })
}
