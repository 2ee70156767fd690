/*
 * Compares the four functions and the snapshots of both backends with the output of the storage tools on this machine.
 * The tools require root.
 *
 *     npm run test:live                 on this machine
 *     npm run test:live -- sudo         with a command in front of the command line
 *
 * It does not change the machine. Exit codes: 0 all values agree, 1 some values differ, 2 the test cannot run.
 */

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

/** Without the columns that change all the time, such as the use of the file systems. */
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

/** The comparisons with one tool, or of snapshots with each other. */
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
  const reason = whyNot()
  if (reason !== undefined) {
    console.error(`not tested: ${reason}`)
    return 2
  }
  const missing = tools.filter(isMissing)
  for (const tool of missing) console.log(`skip  ${tool}: not found`)
  const outcomes = missing.length < tools.length ? compare(missing) : undefined
  if (outcomes === undefined) {
    console.error('not tested: no tool is installed, or the machine changes during the test')
    return 2
  }
  let [passed, failed] = [0, 0]
  for (const { subject, comparisons } of outcomes) {
    const differing = comparisons.filter(isDifferent)
    passed += comparisons.length - differing.length
    failed += differing.length
    if (differing.length === 0) console.log(`ok    ${subject}: ${comparisons.length} values`)
    for (const { what, snapshot, tool } of differing) {
      console.log(`FAIL  ${subject}: ${what} is ${inspect(snapshot)}, expected ${inspect(tool)}`)
    }
  }
  console.log(`${passed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

function whyNot(): string | undefined {
  if (process.platform !== 'linux') return `the platform is ${process.platform}, not Linux`
  if (process.getuid?.() !== 0) return 'iscsiadm, multipath and dmsetup require root (npm run test:live -- sudo)'
  return new Sysfs().nativeLoadError?.message
}

function isMissing(tool: string): boolean {
  const { error } = spawnSync(tool, ['--version'], { stdio: 'ignore' })
  return error !== undefined && 'code' in error && error.code === 'ENOENT'
}

function runTools(missing: readonly string[]): ToolsSaid {
  return toolsSaid((file) => {
    const [tool, ...args] = commands[file]
    if (missing.includes(tool)) return undefined
    const { stdout, stderr } = spawnSync(tool, args, { encoding: 'utf8', timeout: 60_000, maxBuffer: 64 << 20 })
    // If there are no sessions, iscsiadm prints that to standard error.
    return stdout.trim() === '' && file === 'iscsiadm-session.txt' ? stderr : stdout
  })
}

/**
 * Runs the library between two runs of the tools. Returns `undefined` if the output of the two runs always differs.
 */
function compare(missing: readonly string[]): readonly Outcome[] | undefined {
  let before = runTools(missing)
  for (let attempt = 0; attempt < 10; attempt++) {
    const outcomes = outcomesOf(before)
    const after = runTools(missing)
    if (isDeepStrictEqual(before, after)) return outcomes
    before = after
  }
  return undefined
}

function outcomesOf(output: ToolsSaid): readonly Outcome[] {
  const calls = questionsFor(output)
  const backends = (['native', 'fallback'] as const).map((backend) => {
    const sysfs = new Sysfs({ backend })
    const queries: Outcome = {
      subject: `${backend} queries`,
      comparisons: calls.map(({ question, expected, ask }) => ({
        what: question,
        snapshot: resultOf(() => ask(sysfs)),
        tool: expected,
      })),
    }
    const full = sysfs.snapshot({ detail: 'full' })
    const [basic, links] = [sysfs.snapshot({ detail: 'basic' }), sysfs.snapshot({ detail: 'links' })]
    const withTools = [...compareWithTools(full, output, '/')].map(([tool, comparisons]) => ({
      subject: `${backend} snapshot, ${tool}`,
      comparisons,
    }))
    const details: Outcome = {
      subject: `${backend} snapshots of less detail`,
      comparisons: [
        { what: "the contradictions of 'basic' and 'full'", snapshot: contradictions(basic, full), tool: [] },
        { what: "the contradictions of 'links' and 'basic'", snapshot: contradictions(links, basic), tool: [] },
      ],
    }
    const json = JSON.stringify([full, basic, links])
    const leaked = credentials().filter((secret) => json.includes(secret))
    const secrets: Outcome = {
      subject: `${backend} snapshots`,
      // The comparison is printed, so it has no credentials.
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

/** The user names and passwords of all sessions. A user name that is the initiator's IQN is not secret. */
function credentials(): readonly string[] {
  const directory = '/sys/class/iscsi_session'
  const attributes = ['username', 'password', 'username_in', 'password_in']
  try {
    return readdirSync(directory)
      .flatMap((session) => attributes.map((name) => readFileSync(`${directory}/${session}/${name}`, 'utf8').trim()))
      .filter((secret) => secret !== '' && secret !== '(null)' && !secret.startsWith('iqn.'))
  } catch {
    // The machine has no session, or a session has just disappeared.
    return []
  }
}

/** Without the counters of SCSI commands, which change all the time. */
function withoutCounters(snapshot: Snapshot): unknown {
  const blockDevices = snapshot.blockDevices.map((device): BlockDevice => {
    const { scsi } = device
    return scsi === null
      ? device
      : { ...device, scsi: { ...scsi, ioRequests: null, ioDone: null, ioErrors: null, ioTimeouts: null } }
  })
  return { ...snapshot, blockDevices }
}

function resultOf(call: () => unknown): unknown {
  try {
    return call()
  } catch (error) {
    return error
  }
}

process.exitCode = main(process.argv.slice(2))
