/*
 * Changes this machine and tests the monitor: it logs a session out and in, fails and restores a path, deletes a disk
 * and scans for it, suspends, resumes and reloads maps. After each step the monitor's snapshot must equal a new
 * snapshot. The change events, applied in order, must lead from the previous snapshot to it.
 *
 *     npm run test:live:events -- --change-this-machine
 *
 * It requires root, two iSCSI sessions to one target, and multipathd. I/O to the disks fails for some seconds, so the
 * disks must not be in use. Exit codes: 0 all steps pass, 1 a step fails, 2 the test cannot run.
 */

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

/** The objects that the steps change. */
interface Subjects {
  readonly session: IscsiSession
  readonly portal: string
  readonly disk: string
  readonly map: MultipathMap
}

interface Step {
  readonly title: string
  readonly act: (machine: Snapshot) => Promise<void>
  /** Returns the errors in the change events, as lines, and in the monitor's snapshot. */
  readonly expect: (lines: readonly string[], machine: Snapshot) => readonly string[]
}

/** Fields that change without a uevent. In the monitor's snapshot they can be out of date until `refresh`. */
const withoutUevent =
  /^(recoveryTimeoutSeconds|sizeBytes|readOnly|scsi\.(state|queueDepth|timeoutSeconds|ioErrors|ioTimeouts|accessState)|dm\.suspended|suspended|state|paths|pathsActive|pathsFailed|connections|luns|slaves|holders)$/

const longestWaitMs = 60_000
const quietMs = 4000

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { 'change-this-machine': { type: 'boolean', default: false } } })
  if (!values['change-this-machine']) return cannot('it changes the machine, which requires --change-this-machine')
  if (process.getuid?.() !== 0) return cannot('it requires root')
  const sysfs = new Sysfs()
  const monitor = sysfs.monitor({ detail: 'full', intervalMs: 500 })
  console.log(`source: ${monitor.source}${monitor.pollingReason === undefined ? '' : `, ${monitor.pollingReason}`}`)
  const subjects = subjectsOf(monitor.snapshot())
  if (subjects === undefined) return cannot('it requires two sessions to one target and a map on their disks')
  console.log(`session${subjects.session.id}, ${subjects.disk}, ${subjects.map.name} (${subjects.map.device})\n`)

  const lines: string[] = []
  const errors: string[] = []
  const listener = (change: Change) => {
    lines.push(lineOf(change))
    const conflict = replayed.apply(change)
    if (conflict !== undefined) errors.push(conflict)
  }
  const { replayed } = ReplayedChanges.from(
    monitor,
    () => monitor.on('change', listener),
    () => monitor.off('change', listener),
  )
  monitor.on('error', (error) => errors.push(String(error)))

  let failures = 0
  for (const { title, act, expect } of stepsWith(subjects)) {
    lines.length = 0
    errors.length = 0
    await act(monitor.snapshot())
    await untilQuiet(monitor, lines)
    errors.push(...outdatedChanges(monitor, sysfs))
    const fresh = sysfs.snapshot({ detail: 'full' })
    for (const change of diff(monitor.refresh(), fresh)) errors.push(`after refresh(): ${lineOf(change)}`)
    await untilQuiet(monitor, lines)
    for (const name of replayed.differencesTo(sysfs.snapshot({ detail: 'full' })))
      errors.push(`differs from the replayed changes: ${name}`)
    errors.push(...expect(lines, monitor.snapshot()))
    console.log(`${errors.length === 0 ? 'ok  ' : 'FAIL'} ${title}: ${lines.length} changes`)
    for (const line of lines) console.log(`       ${line}`)
    for (const line of errors) console.log(`     ! ${line}`)
    if (errors.length > 0) failures++
  }
  monitor.close()
  return failures === 0 ? 0 : 1
}

function stepsWith({ session, portal, disk, map }: Subjects): readonly Step[] {
  const { id, targetName, hostNumber } = session
  const disks = session.luns.flatMap((lun) => (lun.device === null ? [] : [lun.device]))
  const once = (lines: readonly string[], line: string): readonly string[] => {
    const count = lines.filter((other) => other === line || other.startsWith(`${line}: `)).length
    return count === 1 ? [] : [`${count} events '${line}', expected 1`]
  }
  const changedField = (lines: readonly string[], line: string, field: string, times: number): readonly string[] => {
    const count = lines.filter((other) => other.startsWith(`${line}: `) && other.split(/[ :]+/).includes(field)).length
    return count === times ? [] : [`${count} events '${line}' with ${field}, expected ${times}`]
  }
  return [
    {
      title: 'a session is logged out',
      act: () => call('iscsiadm', '-m', 'session', '-r', String(id), '-u'),
      expect: (lines, machine) => [
        ...once(lines, `removed iscsiSession session${id}`),
        ...disks.flatMap((name) => once(lines, `removed blockDevice ${name}`)),
        ...(machine.session(id) === undefined ? [] : ['the session still exists']),
      ],
    },
    {
      title: 'the session is logged in again',
      act: () => call('iscsiadm', '-m', 'node', '-T', targetName ?? '', '-p', portal, '-l'),
      expect: (lines, machine) => {
        const newest = Math.max(...machine.iscsiSessions.map((one) => one.id))
        const found = machine.session(newest)
        return [
          ...once(lines, `added iscsiSession session${newest}`),
          ...(newest > id ? [] : ['there is no new session']),
          ...(found?.targetName === targetName && found?.state === 'LOGGED_IN' ? [] : ['the session is not logged in']),
          ...(found?.luns.length === session.luns.length ? [] : [`the session has ${found?.luns.length} LUNs`]),
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
      title: 'the path is restored',
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
        ...(machine.device(map.device)?.dm?.suspended ? [] : ['the map is not suspended']),
      ],
    },
    {
      title: 'the map is resumed',
      act: () => call('dmsetup', 'resume', map.name),
      expect: (lines, machine) => [
        ...changedField(lines, `changed multipathMap ${map.name}`, 'suspended', 1),
        ...(machine.device(map.device)?.dm?.suspended === false ? [] : ['the map is suspended']),
      ],
    },
    {
      title: 'the maps are reloaded',
      act: () => call('multipath', '-r'),
      expect: (lines) => lines.filter((line) => !line.startsWith('changed')).map((line) => `unexpected: ${line}`),
    },
    {
      title: 'a disk is deleted',
      act: async () => writeFileSync(`/sys/block/${disk}/device/delete`, '1'),
      expect: (lines, machine) => [
        // The map's paths change with the disk, and again when multipathd reloads the table without it.
        ...once(lines, `removed blockDevice ${disk}`),
        ...(machine.multipathMaps.some((one) => one.paths.some((path) => path.device === disk))
          ? ['a map still has the disk']
          : []),
      ],
    },
    {
      title: 'a scan finds the disk',
      act: async (machine) => {
        const host = machine.iscsiSessions.find((one) => one.luns.length < session.luns.length)?.hostNumber
        writeFileSync(`/sys/class/scsi_host/host${host ?? hostNumber}/scan`, '- - -')
      },
      expect: (lines, machine) => [
        // Its partitions also appear. They disappear when multipathd adds the disk to the map.
        ...(lines.filter((line) => /^added blockDevice sd[a-z]+$/.test(line)).length === 1
          ? []
          : ['not exactly one disk was added']),
        ...(machine.multipathMaps.find((one) => one.wwid === map.wwid)?.paths.length === map.paths.length
          ? []
          : ['the map does not have all its paths']),
      ],
    },
  ]
}

function subjectsOf(machine: Snapshot): Subjects | undefined {
  // Prefers a map that no other device uses.
  const isFree = (map: MultipathMap) => machine.device(map.device)?.holders.length === 0
  const maps = [...machine.multipathMaps].sort((a, b) => Number(isFree(b)) - Number(isFree(a)))
  for (const map of maps) {
    const [first, second] = map.paths
    if (first === undefined || second === undefined || first.sessionId === second.sessionId) continue
    const session = machine.session(first.sessionId ?? -1)
    if (session?.targetName == null || first.portal === null) continue
    return { session, portal: first.portal, disk: second.device, map }
  }
  return undefined
}

/** Waits until there is no change for some time. */
async function untilQuiet(monitor: Monitor, lines: readonly string[]): Promise<void> {
  await run('udevadm', ['settle', '--timeout=30']).catch(() => {})
  const start = Date.now()
  for (let count = -1; count !== lines.length && Date.now() - start < longestWaitMs; ) {
    count = lines.length
    await pause(quietMs)
  }
  monitor.snapshot()
}

/** The changes with a uevent that the monitor's snapshot does not have. */
function outdatedChanges(monitor: Monitor, sysfs: Sysfs): readonly string[] {
  return diff(monitor.snapshot(), sysfs.snapshot({ detail: 'full' })).flatMap((change) => {
    if (change.kind === 'changed' && change.fields.every((field) => withoutUevent.test(field))) return []
    return [`without refresh(): ${lineOf(change)}`]
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
  console.error(`The test cannot run: ${reason}`)
  return 2
}

main().then((code) => {
  process.exitCode = code
})
