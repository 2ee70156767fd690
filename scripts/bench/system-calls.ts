import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { addon, type Benchmark, bareC, fallback, reference } from './benchmark.js'
import { BareLoop } from './c-programs.js'
import { generatedTreeBenchmarks, type SizeName } from './generated-tree.js'
import { details } from './snapshot-benchmarks.js'
import type { Table } from './table.js'

/** The system calls of one run, by implementation. */
export interface SystemCallRow {
  readonly benchmark: string
  readonly counts: Readonly<Record<string, number>>
}

const implementations = [addon, bareC, fallback, reference]
const tracedCalls = ['-e', 'trace=%file,%desc']

/** Each run is traced this often. The smallest count is used, because Node reads files of its own now and then. */
const tries = 3

const begin = '/fast-sysfs-benchmark/begin'
const end = '/fast-sysfs-benchmark/end'

/**
 * Counts the system calls of the benchmarks on a generated tree with strace. Returns the reason if strace cannot trace.
 *
 * @param directory receives the traces
 * @param program bare-loop.c, compiled
 */
export async function countSystemCalls(
  root: string,
  size: SizeName,
  directory: string,
  program: string | undefined,
): Promise<readonly SystemCallRow[] | string> {
  const trial = spawnSync('strace', ['-qq', '-e', 'trace=none', '--', 'true'], { encoding: 'utf8' })
  if (trial.error !== undefined) return 'strace is not installed'
  if (trial.status !== 0) return `strace cannot trace: ${trial.stderr.trim()}`

  const benchmarks = generatedTreeBenchmarks(root, size, details, undefined)
  const inNode = countInNode(root, size, directory)
  const inC =
    program === undefined ? undefined : await countInC(benchmarks, path.join(directory, 'bare-loop.trace'), program)
  let next = 0
  return benchmarks.map((benchmark, index) => {
    const counts: Record<string, number> = {}
    for (const { name } of benchmark.implementations) counts[name] = inNode[next++] as number
    if (inC !== undefined) counts[bareC] = inC[index] as number
    return { benchmark: benchmark.title, counts }
  })
}

export function systemCallTable(tree: string, rows: readonly SystemCallRow[]): Table {
  const present = implementations.filter((name) => rows.some(({ counts }) => name in counts))
  return {
    title: 'System calls',
    note: `The system calls of one run on files and descriptors, counted by strace. ${tree}.`,
    columns: ['measured', ...present],
    textColumns: 1,
    rows: rows.map(({ benchmark, counts }) => [benchmark, ...present.map((name) => String(counts[name]))]),
  }
}

/** The counts of all implementations in this module's own process, in order. */
function countInNode(root: string, size: SizeName, directory: string): readonly number[] {
  const traces = path.join(directory, 'node-traces')
  mkdirSync(traces)
  const { status, stderr } = spawnSync(
    'strace',
    [
      ...['-ff', '-qq', ...tracedCalls, '-o', path.join(traces, 'thread'), '--'],
      ...[process.execPath, __filename, root, size],
    ],
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`strace ended with exit code ${status}: ${stderr}`)
  // strace writes a file for each thread. The benchmarks run on the main thread.
  const threads = readdirSync(traces).map((file) => readFileSync(path.join(traces, file), 'utf8'))
  const mainThread = threads.find((trace) => trace.includes(begin)) ?? ''
  const counts: number[] = []
  let count = 0
  for (const line of mainThread.split('\n')) {
    if (line.includes(begin)) count = 0
    else if (line.includes(end)) counts.push(count)
    // strace includes mmap. Without a descriptor it only extends the heap.
    else if (!/^mmap\(.*, -1, 0\)/.test(line)) count++
  }
  return Array.from({ length: counts.length / tries }, (_, index) =>
    Math.min(...counts.slice(index * tries, (index + 1) * tries)),
  )
}

/** The counts of bare-loop.c. It reads each command by one `read` of descriptor 0 and replies by one `write` to 1. */
async function countInC(benchmarks: readonly Benchmark[], trace: string, program: string): Promise<readonly number[]> {
  const loop = new BareLoop(program, 'one-thread', ['strace', '-qq', ...tracedCalls, '-o', trace, '--'])
  // With its first reply, the C library looks at the standard output.
  await loop.run(['list', '/'], 0, 1)
  for (const { bareQuery } of benchmarks) await loop.run(bareQuery, 0, 1)
  await loop.close()
  const counts: number[] = []
  let count = 0
  for (const line of readFileSync(trace, 'utf8').split('\n')) {
    if (line.startsWith('read(0,')) count = 0
    else if (line.startsWith('write(1,')) counts.push(count)
    else count++
  }
  return counts.slice(1)
}

/** Marks each run in the trace by the lookup of a missing path before and after it. */
async function runMarked(root: string, size: SizeName): Promise<void> {
  for (const { implementations } of generatedTreeBenchmarks(root, size, details, undefined)) {
    for (const implementation of implementations) {
      // The first run prepares the query.
      await implementation.measure(0, 1)
      for (let count = 0; count < tries; count++) {
        existsSync(begin)
        await implementation.measure(0, 1)
        existsSync(end)
      }
    }
  }
}

if (require.main === module) {
  const [root, size] = process.argv.slice(2)
  runMarked(root as string, size as SizeName)
}
