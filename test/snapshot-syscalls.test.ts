import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { type Detail, Sysfs } from '../lib/index.js'
import {
  type Machine,
  type MachineSize,
  machineOfSize,
  removeMachine,
  temporaryDirectory,
  writeMachine,
} from './sysfs-tree.js'

// What a snapshot costs, counted by strace: so many system calls for each thing that is on the machine, and a few for
// the listings. A lookup that crept in would show as a factor.

const execute = promisify(execFile)
const library = path.join(__dirname, '../lib/index.js')

/** How many of each system call. */
type Counts = Readonly<Record<string, number>>

const attribute: Counts = { openat: 1, read: 1, close: 1 }
const link: Counts = { readlinkat: 1 }
/** open, the entries, the end of the entries, close */
const listing: Counts = { openat: 1, getdents64: 2, close: 1 }

interface Cost {
  readonly device: Counts
  /** What a map costs beside what it does as a device. */
  readonly map: Counts
  readonly session: Counts
  readonly connection: Counts
  readonly host: Counts
}

const costs: Readonly<Record<'links' | 'basic', Cost>> = {
  links: { device: link, map: listing, session: link, connection: {}, host: link },
  basic: {
    // size, ro
    device: sum(link, times(2, attribute)),
    // name, uuid
    map: sum(listing, times(2, attribute)),
    // targetname, state
    session: sum(link, times(2, attribute)),
    // address, port, persistent_address, persistent_port
    connection: times(4, attribute),
    host: link,
  },
}

/** dev/block, devices/virtual/block, class/iscsi_session, class/iscsi_connection, class/scsi_host */
const listings = times(5, listing)

/**
 * How many snapshots are taken. The one with the fewest calls counts: now and then Node reads a file of /proc or of a
 * control group on its own account in between.
 */
const tries = 5

/** Looks for a path that is nowhere, before and after the snapshot: that shows in the trace where it begins and ends. */
const program = `
  const { existsSync } = require('node:fs')
  const [library, root, detail] = process.argv.slice(1)
  const sysfs = new (require(library).Sysfs)({ root, backend: 'native' })
  // the first time prepares the query
  sysfs.snapshot({ detail })
  let snapshot
  for (let count = 0; count < ${tries}; count++) {
    existsSync('/mark-of-a-test/begin')
    snapshot = sysfs.snapshot({ detail })
    existsSync('/mark-of-a-test/end')
  }
  const { blockDevices, multipathMaps, iscsiSessions, scsiHosts } = snapshot
  const sizes = [blockDevices, multipathMaps, iscsiSessions, scsiHosts].map((things) => things.length)
  process.stdout.write(JSON.stringify(sizes))
`

interface Traced {
  readonly counts: Counts
  readonly blockDevices: number
  readonly multipathMaps: number
  readonly sessions: number
  readonly hosts: number
}

async function trace(root: string, detail: Detail): Promise<Traced> {
  const traces = mkdtempSync(path.join(tmpdir(), 'fast-sysfs-traces-'))
  try {
    const { stdout } = await execute('strace', [
      ...['-ff', '-qq', '-e', 'trace=%file,%desc', '-o', path.join(traces, 'thread'), '--'],
      ...[process.execPath, '-e', program, '--', library, root, detail],
    ])
    // a file for each thread; one of them takes the snapshot
    const threads = readdirSync(traces).map((file) => readFileSync(path.join(traces, file), 'utf8'))
    const regions = threads.join('\n').matchAll(/"\/mark-of-a-test\/begin".*\n([\s\S]*?).*"\/mark-of-a-test\/end"/g)
    const [calls = []] = Array.from(regions, ([, region = '']) =>
      region.split('\n').filter((line) => line !== '' && !isAllocation(line)),
    ).sort((a, b) => a.length - b.length)
    const [blockDevices = 0, multipathMaps = 0, sessions = 0, hosts = 0] = JSON.parse(stdout) as number[]
    const counts = sum(...calls.map((line) => ({ [line.slice(0, line.indexOf('('))]: 1 })))
    return { counts, blockDevices, multipathMaps, sessions, hosts }
  } finally {
    rmSync(traces, { recursive: true })
  }
}

/** strace counts mmap among the calls that take a descriptor; without one it is only the heap that grows. */
function isAllocation(line: string): boolean {
  return /^mmap\(.*, -1, 0\)/.test(line)
}

function times(factor: number, counts: Counts): Counts {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count * factor]))
}

function sum(...parts: readonly Counts[]): Counts {
  const total: Record<string, number> = {}
  for (const part of parts) {
    for (const [name, count] of Object.entries(part)) total[name] = (total[name] ?? 0) + count
  }
  return total
}

function totalOf(counts: Counts): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}

function whyNot(): string | undefined {
  try {
    new Sysfs({ backend: 'native' })
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  const trial = spawnSync('strace', ['-qq', '-e', 'trace=none', '--', 'true'], { encoding: 'utf8' })
  if (trial.error !== undefined) return 'strace is not installed'
  return trial.status === 0 ? undefined : `strace may not trace: ${trial.stderr.trim()}`
}

const reason = whyNot()

/** Counts where that is possible; else the test says why it is not. */
function counting(title: string, machine: Machine, run: (t: ExecutionContext, root: string) => Promise<void>): void {
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

const sizes: Readonly<Record<string, MachineSize>> = {
  small: { sessions: 2, luns: 2, maps: 1 },
  medium: { sessions: 8, luns: 16, maps: 32 },
  large: { sessions: 40, luns: 20, maps: 100 },
}

for (const [name, size] of Object.entries(sizes)) {
  const machine = machineOfSize(size)
  counting(`the system calls of a snapshot, ${name} machine`, machine, async (t, root) => {
    const { sessions, maps } = size
    // vda and its partition are there too.
    const disks = sessions * size.luns + 2
    const totals = []
    for (const detail of ['links', 'basic'] as const) {
      const cost = costs[detail]
      const traced = await trace(root, detail)
      t.is(traced.blockDevices, disks + maps)
      t.is(traced.multipathMaps, detail === 'basic' ? maps : 0)
      t.is(traced.sessions, sessions)
      t.is(traced.hosts, sessions)
      t.deepEqual(
        traced.counts,
        sum(
          listings,
          times(disks + maps, cost.device),
          times(maps, cost.map),
          times(sessions, cost.session),
          // machineOfSize gives every session one connection
          times(sessions, cost.connection),
          times(sessions, cost.host),
        ),
      )
      totals.push(totalOf(traced.counts))
    }
    // The same in numbers.
    t.deepEqual(totals, [
      disks + (1 + 3 + 1) * maps + (1 + 0 + 1) * sessions + 5 * (3 + 1),
      7 * disks + (16 + 1) * maps + (7 + 12 + 1) * sessions + 5 * (3 + 1),
    ])
  })
}

const empty: Machine = { iscsi: false, hosts: [], disks: [], maps: [], raids: [], links: [] }

counting('the system calls of a snapshot where there is nothing', empty, async (t, root) => {
  // dev/block is there, with `.` and `..`; of the others no directory is.
  for (const detail of ['links', 'basic'] as const) {
    const { counts } = await trace(root, detail)
    t.deepEqual(counts, sum(listing, { openat: 4 }))
  }
})
