// Compares the four queries and snapshots with what the storage tools say of the machine this runs on, on both backends:
// as root, where there is something to say.
//
//     npm run test:live                 on this machine
//     npm run test:live -- sudo         through a command, which is given the command line to run
//
// Nothing is changed on the machine. Exit codes: 0 all agree, 1 something does not, 2 it could not be tried.

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { inspect, isDeepStrictEqual } from 'node:util'
import { type BlockDevice, type Snapshot, Sysfs } from '../lib/index.js'
import { questionsFor } from '../test/support/queries-against-tools.js'
import type { LsblkDevice } from '../test/support/recorded-tools.js'
import {
  type Comparison,
  compareWithTools,
  contradictions,
  isDifferent,
  type ToolOutput,
  type ToolsSaid,
  toolsSaid,
} from '../test/support/snapshot-against-tools.js'

/** Not all of them: how full the file systems are, say, is never twice the same. */
const lsblkColumns: readonly (keyof LsblkDevice)[] = [
  'name',
  'kname',
  'path',
  'maj:min',
  'pkname',
  'type',
  'tran',
  'hctl',
  'state',
  'size',
  'ro',
  'rm',
  'rota',
  'vendor',
  'model',
  'rev',
  'serial',
  'wwn',
  'phy-sec',
  'log-sec',
]

const commands: Readonly<Record<ToolOutput, readonly [string, ...string[]]>> = {
  'lsblk.json': ['lsblk', '--all', '--bytes', '--json', '--output', lsblkColumns.join()],
  'lsscsi-g.txt': ['lsscsi', '-g'],
  'lsscsi-tv.txt': ['lsscsi', '-tv'],
  'iscsiadm-session.txt': ['iscsiadm', '-m', 'session', '-P', '3'],
  'multipath-ll.txt': ['multipath', '-ll'],
  'multipathd-maps.json': ['multipathd', 'show', 'maps', 'json'],
  'dmsetup-info.txt': ['dmsetup', 'info', '-c'],
  'dmsetup-table.txt': ['dmsetup', 'table'],
  'dmsetup-tree.txt': ['dmsetup', 'ls', '--tree'],
  'nvme-list.json': ['nvme', 'list', '-v', '-o', 'json'],
  'nvme-list-subsys.json': ['nvme', 'list-subsys', '-o', 'json'],
}

const tools = [...new Set(Object.values(commands).map(([tool]) => tool))]

/** What was compared with one tool, or among snapshots. */
interface Outcome {
  readonly subject: string
  readonly comparisons: readonly Comparison[]
}

function main(command: readonly string[]): number {
  const [program, ...args] = command
  if (program !== undefined) {
    const { status, error } = spawnSync(program, [...args, process.execPath, __filename], { stdio: 'inherit' })
    if (error !== undefined) console.error(`${program}: ${error.message}`)
    return status ?? 2
  }
  const obstacle = whyNot()
  if (obstacle !== undefined) {
    console.error(`not tested: ${obstacle}`)
    return 2
  }
  const missing = tools.filter(isMissing)
  for (const tool of missing) console.log(`skip  ${tool}: not found`)
  const outcomes = missing.length < tools.length ? compare(missing) : undefined
  if (outcomes === undefined) {
    console.error('not tested: there are no tools, or the machine does not stay the same while it is asked')
    return 2
  }
  let [passed, failed] = [0, 0]
  for (const { subject, comparisons } of outcomes) {
    const differing = comparisons.filter(isDifferent)
    passed += comparisons.length - differing.length
    failed += differing.length
    if (differing.length === 0) console.log(`ok    ${subject}: ${comparisons.length} values`)
    for (const { what, snapshot, tool } of differing) {
      console.log(`FAIL  ${subject}: ${what} is ${inspect(snapshot)}, not ${inspect(tool)}`)
    }
  }
  console.log(`${passed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

function whyNot(): string | undefined {
  if (process.platform !== 'linux') return `this is no Linux but ${process.platform}`
  if (process.getuid?.() !== 0) return 'iscsiadm, multipath and dmsetup answer root only (npm run test:live -- sudo)'
  return new Sysfs().nativeLoadError?.message
}

function isMissing(tool: string): boolean {
  const { error } = spawnSync(tool, ['--version'], { stdio: 'ignore' })
  return error !== undefined && 'code' in error && error.code === 'ENOENT'
}

function askTools(missing: readonly string[]): ToolsSaid {
  return toolsSaid((file) => {
    const [tool, ...args] = commands[file]
    if (missing.includes(tool)) return undefined
    const { stdout, stderr } = spawnSync(tool, args, { encoding: 'utf8', timeout: 60_000, maxBuffer: 64 << 20 })
    // iscsiadm says on standard error that there are no sessions.
    return stdout.trim() === '' && file === 'iscsiadm-session.txt' ? stderr : stdout
  })
}

/** Asks between two rounds of the tools that say the same; `undefined` where there are no such two. */
function compare(missing: readonly string[]): readonly Outcome[] | undefined {
  let before = askTools(missing)
  for (let attempt = 0; attempt < 10; attempt++) {
    const outcomes = outcomesOf(before)
    const after = askTools(missing)
    if (isDeepStrictEqual(before, after)) return outcomes
    before = after
  }
  return undefined
}

function outcomesOf(said: ToolsSaid): readonly Outcome[] {
  const questions = questionsFor(said)
  const backends = (['native', 'fallback'] as const).map((backend) => {
    const sysfs = new Sysfs({ backend })
    const queries: Outcome = {
      subject: `${backend} queries`,
      comparisons: questions.map(({ question, expected, ask }) => ({
        what: question,
        snapshot: answerOf(() => ask(sysfs)),
        tool: expected,
      })),
    }
    const full = sysfs.snapshot({ detail: 'full' })
    const [basic, links] = [sysfs.snapshot({ detail: 'basic' }), sysfs.snapshot({ detail: 'links' })]
    const withTools = [...compareWithTools(full, said, '/')].map(([tool, comparisons]) => ({
      subject: `${backend} snapshot, ${tool}`,
      comparisons,
    }))
    const details: Outcome = {
      subject: `${backend} snapshots of less detail`,
      comparisons: [
        { what: "where 'basic' contradicts 'full'", snapshot: contradictions(basic, full), tool: [] },
        { what: "where 'links' contradicts 'basic'", snapshot: contradictions(links, basic), tool: [] },
      ],
    }
    const json = JSON.stringify([full, basic, links])
    const leaked = credentials().filter((secret) => json.includes(secret))
    const secrets: Outcome = {
      subject: `${backend} snapshots`,
      // Not the credentials themselves: this is printed.
      comparisons: [{ what: 'the number of credentials in them', snapshot: leaked.length, tool: 0 }],
    }
    return { full, outcomes: [queries, ...withTools, details, secrets] }
  })
  const [native, fallback] = backends.map(({ full }) => withoutCounters(full))
  const both: Outcome = {
    subject: 'native and fallback',
    comparisons: [{ what: 'the snapshot', snapshot: native, tool: fallback }],
  }
  return [...backends.flatMap(({ outcomes }) => outcomes), both]
}

/** The user names and passwords of all sessions; a user name that is the initiator's own name is no secret. */
function credentials(): readonly string[] {
  const directory = '/sys/class/iscsi_session'
  const attributes = ['username', 'password', 'username_in', 'password_in']
  try {
    return readdirSync(directory)
      .flatMap((session) => attributes.map((name) => readFileSync(`${directory}/${session}/${name}`, 'utf8').trim()))
      .filter((secret) => secret !== '' && secret !== '(null)' && !secret.startsWith('iqn.'))
  } catch {
    // There is no session, or one has just gone.
    return []
  }
}

/** Without what counts commands, which never rests. */
function withoutCounters(snapshot: Snapshot): unknown {
  const blockDevices = snapshot.blockDevices.map((device): BlockDevice => {
    const { scsi } = device
    return scsi === null
      ? device
      : { ...device, scsi: { ...scsi, ioRequests: null, ioDone: null, ioErrors: null, ioTimeouts: null } }
  })
  return { ...snapshot, blockDevices }
}

function answerOf(ask: () => unknown): unknown {
  try {
    return ask()
  } catch (error) {
    return error
  }
}

process.exitCode = main(process.argv.slice(2))
