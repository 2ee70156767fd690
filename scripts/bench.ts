/*
 * Measures the four questions and queries of one's own: the addon, the fallback, the way of 2018 on Node's file system
 * functions, and a bare loop of the addon's system calls in C.
 *
 *     npm run bench -- [--short] [--json FILE]
 *
 * Machines of three sizes are written to memory (/dev/shm where there is room); then this machine's own /sys is asked,
 * as root with loop devices that are made for it. All contenders' answers are compared first. What stands beside a
 * ratio is the target; missing one does not make this fail, for machines differ.
 */
import { accessSync, constants, mkdtempSync, readdirSync, statfsSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { removeMachine } from '../test/sysfs-tree.js'
import { BareLoop, compileBareLoop, LoopDevices } from './bench/bare-loop.js'
import { questionsOfLiveMachine } from './bench/live-machine.js'
import { type Effort, Samples, warmUp } from './bench/measure.js'
import type { BareLoops, Question } from './bench/question.js'
import { type Result, resultOf, table } from './bench/report.js'
import { questionsOfSampler } from './bench/sampler.js'
import { bytesPerDisk, questionsOfWrittenMachine, type SizeName, sizes } from './bench/written-machine.js'

// Rounds: a multiple of the ten orders that five contenders take turns in.
const efforts: Readonly<Record<'short' | 'full', Effort & { readonly loopDevices: number }>> = {
  short: { rounds: 20, batchMilliseconds: 2, warmUpMilliseconds: 60, loopDevices: 32 },
  full: { rounds: 100, batchMilliseconds: 6, warmUpMilliseconds: 500, loopDevices: 1000 },
}

interface Place {
  readonly name: string
  readonly questions: readonly Question[]
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { short: { type: 'boolean', default: false }, json: { type: 'string' } } })
  const effort = efforts[values.short ? 'short' : 'full']
  const temporary = temporaryDirectory(os.tmpdir())
  const compiled = compileBareLoop(temporary)
  let loops: (BareLoops & { readonly program: string }) | undefined
  if ('missing' in compiled) {
    console.log(`Without the bare loop and without loop devices: ${compiled.missing}.\n`)
  } else {
    const { program } = compiled
    loops = { program, withThreads: new BareLoop(program, 'threads'), oneThread: new BareLoop(program, 'one-thread') }
  }
  const loopDevices = loops === undefined ? undefined : await makeLoopDevices(loops.program, effort.loopDevices)

  const places = [...writtenPlaces(loops), livePlace(loopDevices?.names ?? [], loops)]
  const results = await measure(places, effort)
  console.log(table(results))
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify({ ...surroundings(), effort, sizes, results }, undefined, 2)}\n`)
  }

  await Promise.all([loops?.withThreads.close(), loops?.oneThread.close(), loopDevices?.remove()])
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

function* writtenPlaces(loops: BareLoops | undefined): Generator<Place> {
  for (const size of Object.keys(sizes) as SizeName[]) {
    const { sessions, luns } = sizes[size]
    const room = placeWithRoom(sessions * luns * bytesPerDisk)
    if (room === undefined) {
      console.log(`Without the ${size} machine: there is no room for it.\n`)
      continue
    }
    const root = temporaryDirectory(room.directory)
    yield {
      name: `${room.fileSystem}, ${size}: ${sessions} sessions x ${luns} LUNs`,
      questions: questionsOfWrittenMachine(root, size, loops),
    }
  }
}

function livePlace(loopDevices: readonly string[], loops: BareLoops | undefined): Place {
  const device = loopDevices.at(-1) ?? blockDevices()[0]
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

async function makeLoopDevices(program: string, count: number): Promise<LoopDevices | undefined> {
  try {
    accessSync('/dev/loop-control', constants.R_OK | constants.W_OK)
  } catch {
    console.log('Without loop devices: that takes root and /dev/loop-control.\n')
    return undefined
  }
  return LoopDevices.make(program, count)
}

/** Memory if it has room, else the disk. */
function placeWithRoom(bytes: number): { readonly directory: string; readonly fileSystem: string } | undefined {
  const places = [
    { directory: '/dev/shm', fileSystem: 'tmpfs' },
    { directory: os.tmpdir(), fileSystem: os.tmpdir() },
  ]
  return places.find(({ directory }) => {
    try {
      accessSync(directory, constants.W_OK)
      const { bavail, bsize } = statfsSync(directory)
      return bavail * bsize > bytes
    } catch {
      return false
    }
  })
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
