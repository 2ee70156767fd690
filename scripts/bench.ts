/*
 * Measures the library on generated trees of three sizes and on this machine's real sysfs: the addon, the fallback, a
 * reference implementation on node:fs, and a bare loop of the addon's system calls in C. It also measures forked tools,
 * whole processes, the conversion of results, memory, the monitor and the number of system calls.
 *
 *     npm run bench -- [--short] [--json FILE] [--markdown FILE]
 *
 * --json writes the figures, --markdown a document with the method and the tables. As root, loop devices are added to
 * the real sysfs and removed at the end. The results of all implementations are compared before they are measured. A
 * missed target does not fail the benchmark, because machines differ.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { LoopDevices } from '../test/support/loop-devices.js'
import type { BareLoops } from './bench/benchmark.js'
import { type BenchmarkTree, measureTrees } from './bench/benchmark-tree.js'
import { BareLoop, compileBareLoop, compileUdevLoop, UdevLoop } from './bench/c-programs.js'
import { documentText } from './bench/document.js'
import { environment, environmentText } from './bench/environment.js'
import { measureForkedTools } from './bench/forked-tools.js'
import { bytesOf, generatedTreeBenchmarks, type SizeName, sizes, writeGeneratedTree } from './bench/generated-tree.js'
import { measureMemory, memoryTable } from './bench/memory.js'
import { type DeviceCounts, measureMonitor } from './bench/monitor.js'
import { measureProcesses } from './bench/processes.js'
import { realSysfsBenchmarks } from './bench/real-sysfs.js'
import { measureResultConversion } from './bench/result-conversion.js'
import type { ResultTable } from './bench/results.js'
import { samplerBenchmarks } from './bench/sampler.js'
import type { MeasurementOptions } from './bench/samples.js'
import { details } from './bench/snapshot-benchmarks.js'
import { countSystemCalls, systemCallTable } from './bench/system-calls.js'
import { plainText, type Table, tableOf, targetsTable } from './bench/table.js'
import { temporaryDirectory, treePlace } from './bench/temporary-directory.js'

interface Form extends MeasurementOptions {
  /** The number of loop devices that are added for the queries and the sampler. */
  readonly loopDevices: number
  readonly monitoredDevices: DeviceCounts
}

// The rounds are a multiple of the ten orders of five implementations.
const forms: Readonly<Record<'short' | 'full', Form>> = {
  short: {
    ...{ rounds: 20, batchMilliseconds: 2, warmUpMilliseconds: 60, maximumSeconds: 2 },
    ...{ loopDevices: 32, monitoredDevices: [10, 100] },
  },
  full: {
    ...{ rounds: 100, batchMilliseconds: 6, warmUpMilliseconds: 500, maximumSeconds: 60 },
    ...{ loopDevices: 1000, monitoredDevices: [10, 100, 1000] },
  },
}

interface GeneratedTree extends BenchmarkTree {
  readonly size: SizeName
  readonly root: string
}

const skipped: string[] = []

function skip(reason: string): void {
  skipped.push(reason)
  console.log(`Not measured: ${reason}.`)
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      short: { type: 'boolean', default: false },
      json: { type: 'string' },
      markdown: { type: 'string' },
    },
  })
  const form = forms[values.short ? 'short' : 'full']
  const temporary = temporaryDirectory(os.tmpdir())
  const program = compiledBareLoop(temporary)
  const loops = program === undefined ? undefined : startBareLoops(program)
  const udev = startUdev(temporary)
  const loopDevices = await startLoopDevices()
  const added = (await loopDevices?.add(form.loopDevices)) ?? []
  const device = added.at(-1) ?? blockDevices()[0]

  const generated = [...generatedTrees(loops, values.short)]
  const results: ResultTable[] = [...(await measureTrees([...generated, realSysfs(added, device, loops)], form))]
  results.push(await measureForkedTools(device, udev, form, skip))
  results.push(await measureProcesses(form))
  const largest = generated.at(-1)
  if (largest !== undefined) results.push(await measureResultConversion(largest.root, form))
  // The monitor's benchmark adds loop devices of its own.
  await loopDevices?.close()
  const monitor = await measureMonitor(form, form.monitoredDevices)
  if (typeof monitor === 'string') skip(`the monitor: ${monitor}`)
  else results.push(monitor)
  await Promise.all([loops?.withThreads.close(), loops?.oneThread.close(), udev?.close()])

  const memory = largest === undefined ? [] : measureMemory(largest.root)
  const counted = generated.find(({ size }) => size === 'medium')
  const systemCalls = counted && (await countSystemCalls(counted.root, counted.size, temporary, program))
  if (typeof systemCalls === 'string') skip(`system calls: ${systemCalls}`)

  const tables: Table[] = [targetsTable(results), ...results.map(tableOf)]
  if (memory.length > 0) tables.push(memoryTable(memory))
  if (counted !== undefined && Array.isArray(systemCalls)) tables.push(systemCallTable(counted.title, systemCalls))
  console.log(`\n${environmentText(environment)}\n`)
  console.log([...tables.slice(1), ...tables.slice(0, 1)].map(plainText).join('\n'))
  if (values.json !== undefined) {
    const figures = { environment, form, sizes, skipped, results, memory, systemCalls }
    write(values.json, `${JSON.stringify(figures, undefined, 2)}\n`)
  }
  if (values.markdown !== undefined) {
    const command = `npm run bench -- ${values.short ? '--short ' : ''}--markdown ${values.markdown}`
    write(values.markdown, documentText(command, environment, form, skipped, tables))
  }
}

function* generatedTrees(loops: BareLoops | undefined, isShort: boolean): Generator<GeneratedTree> {
  for (const size of Object.keys(sizes) as SizeName[]) {
    const { sessions, luns, maps } = sizes[size]
    const place = treePlace(bytesOf(sizes[size]))
    if (place === undefined) {
      skip(`the ${size} generated tree: neither memory nor disk has room for it`)
      continue
    }
    const root = temporaryDirectory(place.directory)
    writeGeneratedTree(root, size)
    // One run of the reference implementation takes seconds there.
    const withoutFull = isShort && size === 'large'
    if (withoutFull) skip('the full snapshot of the large generated tree: the short form leaves it out')
    const title = `Generated tree, ${size}: ${sessions} sessions × ${luns} LUNs, ${maps} maps (${place.fileSystem})`
    const snapshotDetails = withoutFull ? (['links', 'basic'] as const) : details
    yield { title, size, root, benchmarks: generatedTreeBenchmarks(root, size, snapshotDetails, loops) }
  }
}

function realSysfs(
  loopDevices: readonly string[],
  device: string | undefined,
  loops: BareLoops | undefined,
): BenchmarkTree {
  const hasLoopDevices = loopDevices.length > 0
  const sampled = hasLoopDevices ? loopDevices : blockDevices()
  if (sampled.length === 0) skip('the sampler: the machine has no block devices')
  return {
    title: `Real sysfs${hasLoopDevices ? ` with ${loopDevices.length} loop devices` : ''}`,
    benchmarks: [
      ...realSysfsBenchmarks(device, loops),
      ...(sampled.length === 0 ? [] : samplerBenchmarks(sampled, loops)),
    ],
  }
}

/** This machine's block devices without loop devices, which other programs may remove during the measurement. */
function blockDevices(): readonly string[] {
  try {
    return readdirSync('/sys/class/block')
      .filter((name) => !name.startsWith('loop'))
      .sort()
  } catch {
    return []
  }
}

function compiledBareLoop(directory: string): string | undefined {
  const compiled = compileBareLoop(directory)
  if ('program' in compiled) return compiled.program
  skip(`bare C: ${compiled.missing}`)
  return undefined
}

function startBareLoops(program: string): BareLoops {
  return { withThreads: new BareLoop(program, 'threads'), oneThread: new BareLoop(program, 'one-thread') }
}

function startUdev(directory: string): UdevLoop | undefined {
  const compiled = compileUdevLoop(directory)
  if ('program' in compiled) return new UdevLoop(compiled.program)
  skip(`libudev: ${compiled.missing}`)
  return undefined
}

async function startLoopDevices(): Promise<LoopDevices | undefined> {
  const started = await LoopDevices.start()
  if ('devices' in started) return started.devices
  skip(`loop devices: ${started.missing}`)
  return undefined
}

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true })
  writeFileSync(file, text)
}

// On `exit` the standard input of the child processes is closed. The one that added loop devices then removes them.
process.on('SIGINT', () => process.exit(128 + os.constants.signals.SIGINT))
process.on('SIGTERM', () => process.exit(128 + os.constants.signals.SIGTERM))

main()
