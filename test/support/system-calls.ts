import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { ExecutionContext } from 'ava'
import { missingAddon, missingStrace } from './requirements.js'
import { type Machine, removeMachine, writeMachine } from './sysfs-tree.js'
import { temporaryDirectory } from './temporary.js'
import { testWith } from './test-with.js'

// Counts the system calls of an operation with strace. They take most of its time.

const execute = promisify(execFile)
const library = path.join(__dirname, '../../lib/index.js')

/** The number of each system call. */
export type Counts = Readonly<Record<string, number>>

/** open, getdents64, getdents64 at the end, close */
export const listing: Counts = { openat: 1, getdents64: 2, close: 1 }
export const attribute: Counts = { openat: 1, read: 1, close: 1 }
export const link: Counts = { readlinkat: 1 }

export function times(factor: number, counts: Counts): Counts {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count * factor]))
}

export function sum(...parts: readonly Counts[]): Counts {
  const total: Record<string, number> = {}
  for (const part of parts) {
    for (const [name, count] of Object.entries(part)) total[name] = (total[name] ?? 0) + count
  }
  return total
}

/** Lines of strace, one a call. */
export type Trace = readonly string[]

export function countsOf(trace: Trace): Counts {
  return sum(...trace.map((line) => ({ [line.slice(0, line.indexOf('('))]: 1 })))
}

/**
 * How often each operation is run. The run with the fewest calls counts: Node itself sometimes reads a file of /proc or
 * of a control group in between.
 */
const tries = 5

/** Looks up a path that does not exist before and after each run, which marks the run in the trace. */
const program = `
  const { existsSync } = require('node:fs')
  const [library, root, operations] = process.argv.slice(1)
  const sysfs = new (require(library).Sysfs)({ root, backend: 'native' })
  const answers = JSON.parse(operations).map(([method, ...given]) => {
    // The first run prepares the query.
    let answer = sysfs[method](...given)
    for (let count = 0; count < ${tries}; count++) {
      existsSync('/mark-of-a-test/begin')
      answer = sysfs[method](...given)
      existsSync('/mark-of-a-test/end')
    }
    return answer instanceof Map ? Object.fromEntries(answer) : (answer ?? null)
  })
  process.stdout.write(JSON.stringify(answers))
`

/** A method of Sysfs and its arguments. */
export type Operation = readonly [method: string, ...given: readonly unknown[]]

/** Runs operations with the addon on the machine in `root`, in a process of its own: their results and system calls. */
export async function traceOperations(
  root: string,
  operations: readonly Operation[],
): Promise<readonly { readonly answer: unknown; readonly trace: Trace }[]> {
  const traces = mkdtempSync(path.join(tmpdir(), 'fast-sysfs-traces-'))
  try {
    const { stdout } = await execute('strace', [
      ...['-ff', '-qq', '-e', 'trace=%file,%desc', '-o', path.join(traces, 'thread'), '--'],
      ...[process.execPath, '-e', program, '--', library, root, JSON.stringify(operations)],
    ])
    const answers: readonly unknown[] = JSON.parse(stdout)
    // There is a file for each thread; one thread runs the operations.
    const threads = readdirSync(traces).map((file) => readFileSync(path.join(traces, file), 'utf8'))
    const running = threads.find((trace) => trace.includes('/mark-of-a-test/')) ?? ''
    const regions = [...running.matchAll(/"\/mark-of-a-test\/begin"[^\n]*\n(.*?)[^\n]*"\/mark-of-a-test\/end"/gs)]
    return answers.map((answer, index) => {
      const tried = regions.slice(index * tries, (index + 1) * tries).map(([, region = '']) => linesOf(region))
      if (tried.length < tries) throw new Error('an operation is missing in the trace')
      return { answer, trace: tried.reduce((fewest, trace) => (trace.length < fewest.length ? trace : fewest)) }
    })
  } finally {
    rmSync(traces, { recursive: true })
  }
}

/** strace counts mmap among the calls that take a descriptor; without one it is only the heap that grows. */
function linesOf(region: string): Trace {
  return region.split('\n').filter((line) => line !== '' && !/^mmap\(.*, -1, 0\)/.test(line))
}

const testWithStrace = testWith(missingAddon, missingStrace())

/** Registers a test that counts the system calls of operations on a machine. */
export function counting(title: string, machine: Machine, run: (t: ExecutionContext, root: string) => Promise<void>) {
  testWithStrace(title, async (t) => {
    const root = temporaryDirectory()
    t.teardown(() => removeMachine(root))
    writeMachine(root, machine)
    await run(t, root)
  })
}
