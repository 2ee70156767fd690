import { spawnSync } from 'node:child_process'
import { commandLineTool, packageRoot } from '../package-paths.js'
import { byWallClock, type Implementation } from './implementation.js'
import { type ResultRow, type ResultTable, ratio, type Target } from './results.js'
import { type MeasurementOptions, measure } from './samples.js'

const minimumRounds = 20

const emptyProgram = 'node -e 0'

interface ProcessBenchmark {
  readonly title: string
  readonly name: string
  /** The arguments of node. */
  readonly args: readonly string[]
  readonly target?: Target
}

/** Measures whole processes, from fork to exit: the start of Node alone, the library, and the command-line tool. */
export async function measureProcesses(options: MeasurementOptions): Promise<ResultTable> {
  const findNothing = "require('fast-sysfs').findDevicesForIscsiLun('iqn.1900-01.invalid:none', 1)"
  const benchmarks: readonly ProcessBenchmark[] = [
    { title: 'an empty program', name: emptyProgram, args: ['-e', '0'] },
    // In the package's own directory, its name resolves by the `exports` of package.json.
    {
      title: 'loading the library',
      name: "node -e require('fast-sysfs')",
      args: ['-e', "require('fast-sysfs')"],
    },
    {
      title: 'loading the library, and the first query',
      name: 'node -e findDevicesForIscsiLun',
      args: ['-e', findNothing],
    },
    {
      title: 'the command-line tool',
      name: 'fast-sysfs --version',
      args: [commandLineTool, '--version'],
      target: { atMost: 1.3 },
    },
  ]
  const samples = await measure(
    benchmarks.map(({ name, args }) => nodeProcess(name, args)),
    { ...options, rounds: Math.max(minimumRounds, options.rounds), maximumSeconds: Number.POSITIVE_INFINITY },
  )
  return {
    title: 'Whole processes',
    note: 'From the fork to the exit of a process. Wall-clock time, one process in each round.',
    rows: benchmarks.map(
      ({ title, name, target }): ResultRow => ({
        benchmark: title,
        implementation: name,
        timing: samples.timing(name),
        ...(name !== emptyProgram && {
          comparison: { ...ratio(samples, name, emptyProgram, target), name: `process / ${emptyProgram}` },
        }),
      }),
    ),
  }
}

function nodeProcess(name: string, args: readonly string[]): Implementation {
  return byWallClock(name, () => {
    const { error, status, stderr } = spawnSync(process.execPath, args, { cwd: packageRoot, encoding: 'utf8' })
    if (error !== undefined) throw error
    if (status !== 0) throw new Error(`${name} ended with exit code ${status}: ${stderr}`)
  })
}
