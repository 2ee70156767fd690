/*
 * Measures the four questions, queries of one's own and the snapshot: the addon, the fallback, the way of 2018 on Node's
 * file system functions, and a bare loop of the addon's system calls in C. Beside them what is used today for the real
 * /sys, what it costs to make rows of a result, and what a snapshot of 4096 disks holds.
 *
 *     npm run bench -- [--short] [--json FILE]
 *
 * Machines of three sizes are written to memory (/dev/shm where there is room); then this machine's own /sys is asked,
 * as root with loop devices that are made for it. All contenders' answers are compared first. What stands beside a
 * ratio is the target; missing one does not make this fail, for machines differ.
 */
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { LoopDevices } from '../test/support/loop-devices.js'
import { removeMachine } from '../test/support/sysfs-tree.js'
import { hasRoom } from '../test/support/temporary.js'
import { BareLoop, compileBareLoop, compileUdevLoop, UdevLoop } from './bench/bare-loop.js'
import type { BareLoops, Question } from './bench/benchmark.js'
import { measureCrossing } from './bench/crossing.js'
import { measureToday } from './bench/forked-tools.js'
import { bytesPerDisk, questionsOfWrittenMachine, type SizeName, sizes } from './bench/generated-tree.js'
import { type Effort, Samples, warmUp } from './bench/measure.js'
import { measureMemory } from './bench/memory.js'
import { measureMonitor } from './bench/monitor.js'
import { questionsOfLiveMachine } from './bench/real-sysfs.js'
import { crossingLine, memoryTable, monitorTable, type Result, resultOf, table, todayTable } from './bench/report.js'
import { questionsOfSampler } from './bench/sampler.js'
import { details } from './bench/snapshot-benchmarks.js'

// Rounds: a multiple of the ten orders that five contenders take turns in.
const efforts: Readonly<Record<'short' | 'full', Effort & { readonly loopDevices: number }>> = {
  short: { rounds: 20, batchMilliseconds: 2, warmUpMilliseconds: 60, longestSeconds: 2, loopDevices: 32 },
  full: { rounds: 100, batchMilliseconds: 6, warmUpMilliseconds: 500, longestSeconds: 60, loopDevices: 1000 },
}

interface Place {
  readonly name: string
  /** Where the machine is written, of which the snapshot's memory and its crossing are measured. */
  readonly largeRoot?: string
  readonly questions: readonly Question[]
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { short: { type: 'boolean', default: false }, json: { type: 'string' } } })
  const effort = efforts[values.short ? 'short' : 'full']
  const temporary = temporaryDirectory(os.tmpdir())
  const compiled = compileBareLoop(temporary)
  let loops: BareLoops | undefined
  if ('missing' in compiled) {
    console.log(`Without the bare loop: ${compiled.missing}.\n`)
  } else {
    const { program } = compiled
    loops = { withThreads: new BareLoop(program, 'threads'), oneThread: new BareLoop(program, 'one-thread') }
  }
  const udev = startUdev(temporary)

  const loopDevices = await startLoopDevices()
  const made = (await loopDevices?.add(effort.loopDevices)) ?? []
  const device = made.at(-1) ?? blockDevices()[0]
  const live = livePlace(made, device, loops)
  const places: readonly Place[] = [...writtenPlaces(loops, values.short), live]
  const results = await measure(places, effort)
  const today = await measureToday(device, udev, effort, (leftOut) => console.log(`${leftOut}\n`))
  console.log(table(results))
  console.log(todayTable(live.name, today))
  const largeRoot = places.find((place) => place.largeRoot !== undefined)?.largeRoot
  const crossing = largeRoot === undefined ? undefined : await measureCrossing(largeRoot, effort)
  const memory = largeRoot === undefined ? [] : measureMemory(largeRoot)
  if (crossing !== undefined) console.log(crossingLine(crossing))
  console.log(memoryTable(memory))
  // Measuring the monitor makes devices of its own.
  await loopDevices?.close()
  const monitor = await measureMonitor(effort, values.short ? 'short' : 'full')
  console.log(typeof monitor === 'string' ? `Without the monitor: ${monitor}.\n` : monitorTable(monitor))
  if (values.json !== undefined) {
    const measured = { ...surroundings(), effort, sizes, results, today, crossing, memory, monitor }
    writeFileSync(values.json, `${JSON.stringify(measured, undefined, 2)}\n`)
  }

  await Promise.all([loops?.withThreads.close(), loops?.oneThread.close(), udev?.close()])
}

async function measure(places: readonly Place[], effort: Effort): Promise<readonly Result[]> {
  for (const { questions } of places) for (const question of questions) await question.check()
  // Everything is warmed up before anything is measured: what code is compiled to depends on all that it has met.
  const warm = []
  for (const { name, questions } of places) {
    for (const question of questions) {
      const paced = []
      for (const contender of question.contenders) paced.push(await warmUp(contender, effort))
      warm.push({ name, question, paced })
    }
  }
  const results: Result[] = []
  for (const { name, question, paced } of warm) {
    results.push(resultOf(name, question.title, question.targets, await Samples.take(paced, effort)))
  }
  return results
}

function* writtenPlaces(loops: BareLoops | undefined, isShort: boolean): Generator<Place> {
  for (const size of Object.keys(sizes) as SizeName[]) {
    const { sessions, luns } = sizes[size]
    const room = placeWithRoom(sessions * luns * bytesPerDisk)
    if (room === undefined) {
      console.log(`Without the ${size} machine: there is no room for it.\n`)
      continue
    }
    const root = temporaryDirectory(room.directory)
    // The naive way takes seconds for each answer there.
    const leavesOutFull = isShort && size === 'large'
    if (leavesOutFull)
      console.log("Without the large machine's full snapshot, which takes long: that is for the long form.\n")
    yield {
      name: `${room.fileSystem}, ${size}: ${sessions} sessions x ${luns} LUNs`,
      questions: questionsOfWrittenMachine(root, size, loops, leavesOutFull ? ['links', 'basic'] : details),
      ...(size === 'large' && { largeRoot: root }),
    }
  }
}

function livePlace(loopDevices: readonly string[], device: string | undefined, loops: BareLoops | undefined): Place {
  const made = loopDevices.length > 0 ? `, ${loopDevices.length} loop devices made` : ''
  const sampled = loopDevices.length > 0 ? loopDevices : blockDevices()
  return {
    name: `real sysfs${made}`,
    questions: [...questionsOfLiveMachine(device, loops), ...questionsOfSampler(sampled, loops)],
  }
}

function blockDevices(): readonly string[] {
  try {
    return readdirSync('/sys/class/block').sort()
  } catch {
    return []
  }
}

function startUdev(directory: string): UdevLoop | undefined {
  const compiled = compileUdevLoop(directory)
  if ('program' in compiled) return new UdevLoop(compiled.program)
  console.log(`Without libudev: ${compiled.missing}.\n`)
  return undefined
}

async function startLoopDevices(): Promise<LoopDevices | undefined> {
  const started = await LoopDevices.start()
  if ('devices' in started) return started.devices
  console.log(`Without loop devices: ${started.missing}.\n`)
  return undefined
}

/** Memory if it has room, else the disk. */
function placeWithRoom(bytes: number): { readonly directory: string; readonly fileSystem: string } | undefined {
  const places = [
    { directory: '/dev/shm', fileSystem: 'tmpfs' },
    { directory: os.tmpdir(), fileSystem: os.tmpdir() },
  ]
  return places.find(({ directory }) => hasRoom(directory, bytes))
}

const temporaryDirectories: string[] = []

/** A new directory that is removed, with what it has then, when this process ends. */
function temporaryDirectory(parent: string): string {
  const directory = mkdtempSync(path.join(parent, 'fast-sysfs-bench-'))
  temporaryDirectories.push(directory)
  return directory
}

function removeTemporaryDirectories(): void {
  for (const directory of temporaryDirectories) removeMachine(directory)
}

/** What a result cannot be compared without. */
function surroundings() {
  const cpus = os.cpus()
  return {
    machine: { processor: cpus[0]?.model ?? 'unknown', cores: cpus.length, memoryBytes: os.totalmem() },
    kernel: os.release(),
    node: process.version,
  }
}

process.on('exit', removeTemporaryDirectories)
// Ending by `exit` also closes the input of the children, which then remove the loop devices they made.
process.on('SIGINT', () => process.exit(128 + os.constants.signals.SIGINT))
process.on('SIGTERM', () => process.exit(128 + os.constants.signals.SIGTERM))

main()
