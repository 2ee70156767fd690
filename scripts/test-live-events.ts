// Watches the machine this runs on while it is changed: sessions logged out and in, a path failing and coming back, a
// disk taken away and scanned again, maps suspended, reloaded and made anew. After each the kept snapshot must be what a
// new one is, and what was told as changes, one after the other, must lead from the one to the other.
//
//     npm run test:live:events -- --change-this-machine
//
// As root, on a machine with two iSCSI sessions to a target and multipathd, and nothing on its disks that is needed: I/O
// to them fails for some seconds. Exit codes: 0 all is right, 1 something is not, 2 it could not be tried.

import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs, promisify } from 'node:util'
import {
  type Change,
  diff,
  type IscsiSession,
  type Monitor,
  type MultipathMap,
  type Snapshot,
  Sysfs,
} from '../lib/index.js'
import { ReplayedChanges } from '../test/support/replayed-changes.js'

const run = promisify(execFile)

/** What there must be to change. */
interface Subjects {
  readonly session: IscsiSession
  readonly portal: string
  readonly disk: string
  readonly map: MultipathMap
}

interface Step {
  readonly title: string
  readonly act: (machine: Snapshot) => Promise<void>
  /** What is wrong with the changes, and with what the machine became. */
  readonly expect: (lines: readonly string[], machine: Snapshot) => readonly string[]
}

/** Fields that change without an event: the kept snapshot may be behind in these until it is refreshed. */
const unannounced =
  /^(recoveryTimeoutSeconds|sizeBytes|readOnly|scsi\.(state|queueDepth|timeoutSeconds|ioErrors|ioTimeouts|accessState)|dm\.suspended|suspended|state|paths|pathsActive|pathsFailed|connections|luns|slaves|holders)$/

const longestWait = 60_000
const quietTime = 4000

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { 'change-this-machine': { type: 'boolean', default: false } } })
  if (!values['change-this-machine']) return cannot('it changes the machine: say --change-this-machine')
  if (process.getuid?.() !== 0) return cannot('it takes root')
  const sysfs = new Sysfs()
  const monitor = sysfs.monitor({ detail: 'full', intervalMs: 500 })
  console.log(`source: ${monitor.source}${monitor.pollingReason === undefined ? '' : `, ${monitor.pollingReason}`}`)
  const subjects = subjectsOf(monitor.snapshot())
  if (subjects === undefined) return cannot('there are no two sessions to a target with a map over them')
  console.log(`session${subjects.session.id}, ${subjects.disk}, ${subjects.map.name} (${subjects.map.device})\n`)

  const told: string[] = []
  const wrong: string[] = []
  const listener = (change: Change) => {
    told.push(lineOf(change))
    const misfit = replayed.apply(change)
    if (misfit !== undefined) wrong.push(misfit)
  }
  const { replayed } = ReplayedChanges.from(
    monitor,
    () => monitor.on('change', listener),
    () => monitor.off('change', listener),
  )
  monitor.on('error', (error) => wrong.push(String(error)))

  let failures = 0
  for (const { title, act, expect } of stepsWith(subjects)) {
    told.length = 0
    wrong.length = 0
    await act(monitor.snapshot())
    await quiet(monitor, told)
    wrong.push(...behind(monitor, sysfs))
    const fresh = sysfs.snapshot({ detail: 'full' })
    for (const change of diff(monitor.refresh(), fresh)) wrong.push(`after a refresh: ${lineOf(change)}`)
    await quiet(monitor, told)
    for (const name of replayed.differencesTo(sysfs.snapshot({ detail: 'full' }))) wrong.push(`not as told: ${name}`)
    wrong.push(...expect(told, monitor.snapshot()))
    console.log(`${wrong.length === 0 ? 'ok  ' : 'FAIL'} ${title}: ${told.length} changes`)
    for (const line of told) console.log(`       ${line}`)
    for (const line of wrong) console.log(`     ! ${line}`)
    if (wrong.length > 0) failures++
  }
  monitor.close()
  return failures === 0 ? 0 : 1
}

function stepsWith({ session, portal, disk, map }: Subjects): readonly Step[] {
  const { id, targetName, hostNumber } = session
  const disks = session.luns.flatMap((lun) => (lun.device === null ? [] : [lun.device]))
  const once = (lines: readonly string[], line: string): readonly string[] => {
    const count = lines.filter((told) => told === line || told.startsWith(`${line}: `)).length
    return count === 1 ? [] : [`'${line}' was told ${count} times`]
  }
  const changedField = (lines: readonly string[], line: string, field: string, times: number): readonly string[] => {
    const count = lines.filter((told) => told.startsWith(`${line}: `) && told.split(/[ :]+/).includes(field)).length
    return count === times ? [] : [`${field} of '${line}' was told ${count} times, not ${times}`]
  }
  return [
    {
      title: 'a session is logged out',
      act: () => call('iscsiadm', '-m', 'session', '-r', String(id), '-u'),
      expect: (lines, machine) => [
        ...once(lines, `removed iscsiSession session${id}`),
        ...disks.flatMap((name) => once(lines, `removed blockDevice ${name}`)),
        ...(machine.session(id) === undefined ? [] : ['it is still there']),
      ],
    },
    {
      title: 'and logged in again',
      act: () => call('iscsiadm', '-m', 'node', '-T', targetName ?? '', '-p', portal, '-l'),
      expect: (lines, machine) => {
        const newest = Math.max(...machine.iscsiSessions.map((one) => one.id))
        const found = machine.session(newest)
        return [
          ...once(lines, `added iscsiSession session${newest}`),
          ...(newest > id ? [] : ['there is no new session']),
          ...(found?.targetName === targetName && found?.state === 'LOGGED_IN' ? [] : ['it is not logged in']),
          ...(found?.luns.length === session.luns.length ? [] : [`it has ${found?.luns.length} LUNs`]),
          ...(found?.luns ?? []).flatMap(({ device }) =>
            device === null ? [] : once(lines, `added blockDevice ${device}`),
          ),
        ]
      },
    },
    {
      title: 'a path fails',
      act: async () => writeFileSync(`/sys/block/${disk}/device/state`, 'offline\n'),
      expect: (lines, machine) => [
        ...changedField(lines, `changed blockDevice ${disk}`, 'scsi.state', 1),
        ...(machine.device(disk)?.scsi?.state === 'offline' ? [] : [`${disk} is not offline`]),
      ],
    },
    {
      title: 'and comes back',
      act: async () => writeFileSync(`/sys/block/${disk}/device/state`, 'running\n'),
      expect: (lines, machine) => [
        ...changedField(lines, `changed blockDevice ${disk}`, 'scsi.state', 1),
        ...(machine.device(disk)?.scsi?.state === 'running' ? [] : [`${disk} is not running`]),
      ],
    },
    {
      title: 'a map is suspended',
      act: () => call('dmsetup', 'suspend', map.name),
      expect: (lines, machine) => [
        ...changedField(lines, `changed multipathMap ${map.name}`, 'suspended', 1),
        ...(machine.device(map.device)?.dm?.suspended ? [] : ['it is not suspended']),
      ],
    },
    {
      title: 'and resumed',
      act: () => call('dmsetup', 'resume', map.name),
      expect: (lines, machine) => [
        ...changedField(lines, `changed multipathMap ${map.name}`, 'suspended', 1),
        ...(machine.device(map.device)?.dm?.suspended === false ? [] : ['it is suspended']),
      ],
    },
    {
      title: 'the maps are reloaded',
      act: () => call('multipath', '-r'),
      expect: (lines) => lines.filter((line) => !line.startsWith('changed')).map((line) => `unexpected: ${line}`),
    },
    {
      title: 'a disk is taken away',
      act: async () => writeFileSync(`/sys/block/${disk}/device/delete`, '1'),
      expect: (lines, machine) => [
        // The map's paths change with the disk, and when multipathd has made its table without it.
        ...once(lines, `removed blockDevice ${disk}`),
        ...(machine.multipathMaps.some((one) => one.paths.some((path) => path.device === disk))
          ? ['a map has it still']
          : []),
      ],
    },
    {
      title: 'and found by a scan',
      act: async (machine) => {
        const host = machine.iscsiSessions.find((one) => one.luns.length < session.luns.length)?.hostNumber
        writeFileSync(`/sys/class/scsi_host/host${host ?? hostNumber}/scan`, '- - -')
      },
      expect: (lines, machine) => [
        // Its partitions come, too, and go again when multipathd takes it over.
        ...(lines.filter((line) => /^added blockDevice sd[a-z]+$/.test(line)).length === 1
          ? []
          : ['not one disk came']),
        ...(machine.multipathMaps.find((one) => one.wwid === map.wwid)?.paths.length === map.paths.length
          ? []
          : ['the map does not have its path']),
      ],
    },
  ]
}

function subjectsOf(machine: Snapshot): Subjects | undefined {
  // A map that nothing is made on is the one to choose, if there is one.
  const free = (map: MultipathMap) => machine.device(map.device)?.holders.length === 0
  const maps = [...machine.multipathMaps].sort((a, b) => Number(free(b)) - Number(free(a)))
  for (const map of maps) {
    const [first, second] = map.paths
    if (first === undefined || second === undefined || first.sessionId === second.sessionId) continue
    const session = machine.session(first.sessionId ?? -1)
    if (session?.targetName == null || first.portal === null) continue
    return { session, portal: first.portal, disk: second.device, map }
  }
  return undefined
}

/** Until nothing was told for a while, nor is to be told. */
async function quiet(monitor: Monitor, told: readonly string[]): Promise<void> {
  await run('udevadm', ['settle', '--timeout=30']).catch(() => {})
  const start = Date.now()
  for (let count = -1; count !== told.length && Date.now() - start < longestWait; ) {
    count = told.length
    await pause(quietTime)
  }
  monitor.snapshot()
}

/** Where the kept snapshot is not as the machine, though events were to tell. */
function behind(monitor: Monitor, sysfs: Sysfs): readonly string[] {
  return diff(monitor.snapshot(), sysfs.snapshot({ detail: 'full' })).flatMap((change) => {
    if (change.kind === 'changed' && change.fields.every((field) => unannounced.test(field))) return []
    return [`without a refresh: ${lineOf(change)}`]
  })
}

async function call(program: string, ...args: readonly string[]): Promise<void> {
  await run(program, [...args])
}

function lineOf(change: Change): string {
  const { kind, what, name } = change
  return `${kind} ${what} ${name}${change.kind === 'changed' ? `: ${change.fields.join(' ')}` : ''}`
}

function cannot(reason: string): number {
  console.error(`cannot be tried: ${reason}`)
  return 2
}

main().then((code) => {
  process.exitCode = code
})
