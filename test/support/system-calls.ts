import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { backends } from './backends.js'
import { type Machine, removeMachine, writeMachine } from './sysfs-tree.js'
import { temporaryDirectory } from './temporary.js'

// Counts system calls with strace, exactly, for nearly all of a question's time goes into them.

const execute = promisify(execFile)
const library = path.join(__dirname, '../../lib/index.js')

/** How many of each system call. */
export type Counts = Readonly<Record<string, number>>

/** open, the entries, the end of the entries, close */
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
 * How often everything is asked. The time with the fewest calls counts: now and then Node reads a file of /proc or of a
 * control group on its own account in between.
 */
const tries = 5

/** Looks for a path that is nowhere before and after every answer, which marks it in the trace. */
const program = `
  const { existsSync } = require('node:fs')
  const [library, root, questions] = process.argv.slice(1)
  const sysfs = new (require(library).Sysfs)({ root, backend: 'native' })
  const answers = JSON.parse(questions).map(([method, ...given]) => {
    // the first time prepares the query
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
export type Question = readonly [method: string, ...given: readonly unknown[]]

/** Asks the addon about the machine in `root` in a process of its own: the answers and the calls that each took. */
export async function traceQuestions(
  root: string,
  questions: readonly Question[],
): Promise<readonly { readonly answer: unknown; readonly trace: Trace }[]> {
  const traces = mkdtempSync(path.join(tmpdir(), 'fast-sysfs-traces-'))
  try {
    const { stdout } = await execute('strace', [
      ...['-ff', '-qq', '-e', 'trace=%file,%desc', '-o', path.join(traces, 'thread'), '--'],
      ...[process.execPath, '-e', program, '--', library, root, JSON.stringify(questions)],
    ])
    const answers: readonly unknown[] = JSON.parse(stdout)
    // a file for each thread; the questions are asked in one of them
    const threads = readdirSync(traces).map((file) => readFileSync(path.join(traces, file), 'utf8'))
    const asking = threads.find((trace) => trace.includes('/mark-of-a-test/')) ?? ''
    const regions = [...asking.matchAll(/"\/mark-of-a-test\/begin"[^\n]*\n(.*?)[^\n]*"\/mark-of-a-test\/end"/gs)]
    return answers.map((answer, index) => {
      const tried = regions.slice(index * tries, (index + 1) * tries).map(([, region = '']) => linesOf(region))
      if (tried.length < tries) throw new Error('a question is missing in the trace')
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

function whyNot(): string | undefined {
  if (!backends.includes('native')) return 'there is no native addon'
  const trial = spawnSync('strace', ['-qq', '-e', 'trace=none', '--', 'true'], { encoding: 'utf8' })
  if (trial.error !== undefined) return 'strace is not installed'
  return trial.status === 0 ? undefined : `strace may not trace: ${trial.stderr.trim()}`
}

const reason = whyNot()

/** Registers a test that counts, where that is possible; else it says why it is not. */
export function counting(title: string, machine: Machine, run: (t: ExecutionContext, root: string) => Promise<void>) {
  test(title, async (t) => {
    if (reason !== undefined) {
      t.log(`skipped: ${reason}`)
      t.pass()
      return
    }
    const root = temporaryDirectory()
    t.teardown(() => removeMachine(root))
    writeMachine(root, machine)
    await run(t, root)
  })
}
