/*
 * Node processes of their own, for what a test must survive (a crash of the addon, process.exit) or must have for
 * itself (descriptors, memory, another state of the package).
 */
import { type SpawnOptions, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

export type Library = typeof import('../../lib/index.js')

export const packageRoot = path.resolve(__dirname, '../../..')

export interface ChildOptions {
  /** The copy of the package whose library the child loads. By default the compiled library of this clone. */
  readonly packageRoot?: string
  readonly nodeArguments?: readonly string[]
  /** The value of `process.platform` when the library is loaded. */
  readonly platform?: NodeJS.Platform
  /** How many descriptors the child may have open. */
  readonly mostDescriptors?: number
}

export interface EndOfChild {
  readonly status: number | null
  /** `SIGABRT`, `SIGSEGV`...; `SIGKILL` where it ran for too long. */
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Source text for a child that must not be root. It follows the loading of code, which only root may be able to read.
 */
export const giveUpRoot =
  'if (process.getuid() === 0) { process.setgroups([]); process.setgid(65534); process.setuid(65534) }'

/** Longer than any child needs. A child that hangs must not outlive the test. */
const longestRun = 100_000

/**
 * For a child whose memory is measured: new objects get little room, so that what it has of memory is soon what it
 * needs, on every version of Node.
 */
export const steadyMemory = ['--expose-gc', '--max-semi-space-size=1']

/**
 * Runs a function in a process of its own until that ends. The function goes there as its source text, so it may use
 * nothing but its arguments and what is global; other modules by `process.getBuiltinModule`.
 */
export function runInChild<Argument>(
  body: (library: Library, argument: Argument) => unknown,
  argument: Argument,
  options: ChildOptions = {},
): Promise<EndOfChild> {
  const library = options.packageRoot ?? path.join(packageRoot, 'dist/lib/index.js')
  const script = [
    options.platform && `Object.defineProperty(process, 'platform', { value: ${JSON.stringify(options.platform)} })`,
    `const argument = JSON.parse(require('node:fs').readFileSync(0, 'utf8'))`,
    `const library = require(${JSON.stringify(library)})`,
    `Promise.resolve((${body})(library, argument)).then((result) => {`,
    `  process.stdout.write('\\n' + JSON.stringify(result ?? null))`,
    `})`,
  ]
  const node = [process.execPath, ...(options.nodeArguments ?? []), '-e', script.filter(Boolean).join('\n')]
  const command =
    options.mostDescriptors === undefined
      ? node
      : ['/bin/sh', '-c', `ulimit -n ${options.mostDescriptors} && exec "$0" "$@"`, ...node]
  return endOf(command, JSON.stringify(argument ?? null))
}

/** The result of a function in a process of its own, through JSON. Throws if the process fails. */
export async function answerOfChild<Argument, Answer>(
  body: (library: Library, argument: Argument) => Answer | Promise<Answer>,
  argument: Argument,
  options?: ChildOptions,
): Promise<Answer> {
  const end = await runInChild(body, argument, options)
  if (end.status !== 0) throw new Error(howItEnded(end))
  return JSON.parse(end.stdout.slice(end.stdout.lastIndexOf('\n') + 1)) as Answer
}

/** For a failed test's message. */
export function howItEnded({ status, signal, stdout, stderr }: EndOfChild): string {
  return `the process ended with ${signal ?? `exit code ${status}`}\n${stdout.slice(-2000)}\n${stderr.slice(-4000)}`
}

/** Runs a program until it ends. */
export function endOf(
  [program = '', ...args]: readonly string[],
  input = '',
  { cwd = packageRoot, env = process.env }: Pick<SpawnOptions, 'cwd' | 'env'> = {},
): Promise<EndOfChild> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, timeout: longestRun, killSignal: 'SIGKILL' })
    const output = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (chunk: string) => {
        output[stream] += chunk
      })
    }
    child.on('error', reject)
    child.on('close', (status, signal) => resolve({ status, signal, ...output }))
    // A child may end before it has read everything.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

/** The addon as it was built here, or prebuilt, for this system; `undefined` where there is none. */
export function addonFile(): string | undefined {
  const built = path.join(packageRoot, 'build/Release/fast_sysfs.node')
  const prebuilt = path.join(packageRoot, prebuildPath(libc))
  return [built, prebuilt].find((file) => existsSync(file))
}

/** The addon, for a test that is registered with `testWithAddon`. */
export function requiredAddonFile(): string {
  const file = addonFile()
  if (file === undefined) throw new Error('there is no native addon')
  return file
}

// The library finds this out in another way. Without its part on the network a report takes a millisecond only.
Object.assign(process.report, { excludeNetwork: true })
const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }

/** As prebuildify calls the C library that this Node runs on, and the other one. */
export const libc = header.glibcVersionRuntime === undefined ? 'musl' : 'glibc'
export const otherLibc = libc === 'glibc' ? 'musl' : 'glibc'

/** Where a package has the prebuilt addon for a system. */
export function prebuildPath(tag: string, architecture: string = process.arch): string {
  return `prebuilds/${process.platform}-${architecture}/fast-sysfs.${tag}.node`
}

const copies: string[] = []

process.on('exit', () => {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true })
})

/**
 * The package as it is installed, in a temporary directory of this process, without an addon but for the given files:
 * `{ 'build/Release/fast_sysfs.node': content }`.
 */
export function copyPackage(addons: Readonly<Record<string, Uint8Array>> = {}): string {
  const copy = temporaryPackageDirectory()
  for (const part of ['package.json', 'dist/package', 'node_modules/bindings', 'node_modules/file-uri-to-path']) {
    cpSync(path.join(packageRoot, part), path.join(copy, part), { recursive: true })
  }
  for (const [file, content] of Object.entries(addons)) {
    mkdirSync(path.join(copy, path.dirname(file)), { recursive: true })
    writeFileSync(path.join(copy, file), content, { mode: 0o755 })
  }
  return copy
}

/** A new directory that goes away with this process. */
export function temporaryPackageDirectory(): string {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'fast-sysfs-package-'))
  copies.push(directory)
  return directory
}
