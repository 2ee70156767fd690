import { readFileSync } from 'node:fs'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { type Detail, findingsOf, Snapshot, Sysfs } from '../../lib/index.js'
import { type Backend, backends, onEveryBackend } from '../support/backends.js'
import { hasReference, recordingNames, reference, unpackRecording } from '../support/recordings.js'
import { longTest, testOnRecording } from '../support/run-length.js'
import {
  compareWithTools,
  contradictions,
  isDifferent,
  type ToolsSaid,
  toolsSaid,
} from '../support/snapshot-against-tools.js'

// Compares a snapshot of a recorded machine, value by value, with the output of the tools on that machine.

const taken = new Map<string, Snapshot>()

async function snapshotOf(recording: string, backend: Backend, detail: Detail = 'full'): Promise<Snapshot> {
  const key = `${recording} ${backend} ${detail}`
  const known = taken.get(key)
  if (known !== undefined) return known
  const snapshot = new Sysfs({ root: await unpackRecording(recording), backend }).snapshot({ detail })
  taken.set(key, snapshot)
  return snapshot
}

const said = new Map<string, ToolsSaid>()

function saidOf(recording: string): ToolsSaid {
  const known = said.get(recording)
  if (known !== undefined) return known
  const parsed = toolsSaid((file) => (hasReference(recording, file) ? reference(recording, file) : undefined))
  said.set(recording, parsed)
  return parsed
}

function sorted(texts: Iterable<string>): readonly string[] {
  return [...texts].sort()
}

for (const name of recordingNames) {
  const compareTools = async (t: ExecutionContext, backend: Backend) => {
    const compared = compareWithTools(await snapshotOf(name, backend), saidOf(name), await unpackRecording(name))
    const always = ['lsblk', 'lsscsi', 'iscsiadm', 'multipath', 'multipathd', 'dmsetup'] as const
    for (const tool of always) t.true(compared.has(tool), tool)
    t.is(compared.has('nvme'), name === 'S9c-nvme-dm')
    for (const [tool, comparisons] of compared) t.deepEqual(comparisons.filter(isDifferent), [], tool)
  }
  onEveryBackend(`${name}: every value agrees with the tools`, compareTools, testOnRecording(name))

  const compareDetails = async (t: ExecutionContext, backend: Backend) => {
    const full = await snapshotOf(name, backend, 'full')
    const basic = await snapshotOf(name, backend, 'basic')
    const links = await snapshotOf(name, backend, 'links')
    t.deepEqual(contradictions(basic, full), [])
    t.deepEqual(contradictions(links, basic), [])
    t.deepEqual(JSON.parse(JSON.stringify(full)), { ...full })
    t.is(links.multipathMaps.length, 0)
    t.is(basic.multipathMaps.length, full.multipathMaps.length)
    for (const device of links.blockDevices) {
      t.like(device, { sizeBytes: null, readOnly: null, diskSequence: null, rotational: null })
      t.is(device.scsi?.vendor ?? null, null)
      t.is(device.dm?.name ?? null, null)
    }
    for (const { targetName, state } of links.iscsiSessions) t.deepEqual([targetName, state], [null, null])
  }
  onEveryBackend(`${name}: less detail has the same values, and JSON keeps them`, compareDetails, testOnRecording(name))

  testOnRecording(name)(`${name}: the backends agree`, async (t) => {
    for (const detail of ['links', 'basic', 'full'] as const) {
      const [first, ...others] = await Promise.all(backends.map((backend) => snapshotOf(name, backend, detail)))
      t.not(first, undefined)
      for (const other of others) t.deepEqual({ ...other }, { ...first })
    }
  })
}

test('a wrong value is found if a tool prints it', async (t) => {
  const unnoticed = new Set<string>()
  const noticed = new Set<string>()
  for (const name of ['S3', 'S7a-blocked', 'S9c-nvme-dm']) {
    const [root, snapshot] = [await unpackRecording(name), await snapshotOf(name, 'fallback')]
    const isNoticed = (wrong: Snapshot) =>
      [...compareWithTools(wrong, saidOf(name), root).values()].some((comparisons) => comparisons.some(isDifferent))
    t.false(isNoticed(snapshot))
    for (const place of placesOf({ ...snapshot })) {
      const field = fieldOf(place)
      // One comparison is enough.
      if (noticed.has(field)) continue
      const data = structuredClone({ ...snapshot })
      corrupt(data, place)
      if (isNoticed(new Snapshot(data))) noticed.add(field)
      else unnoticed.add(field)
    }
  }
  t.deepEqual(sorted([...unnoticed].filter((field) => !noticed.has(field))), sorted(printedByNoTool))
})

/** No tool prints these for the recordings. Newer versions of lsblk and nvme-cli print some. */
const printedByNoTool: readonly string[] = [
  'blockDevices.diskSequence',
  'blockDevices.nvme.controller',
  'blockDevices.partitionNumber',
  'blockDevices.scsi.accessState',
  'blockDevices.scsi.ioDone',
  'blockDevices.scsi.ioErrors',
  'blockDevices.scsi.ioRequests',
  'blockDevices.scsi.ioTimeouts',
  'blockDevices.scsi.queueDepth',
  'blockDevices.scsi.timeoutSeconds',
  'detail',
  'iscsiSessions.connections.id',
  'iscsiSessions.connections.pingTimeoutSeconds',
  'iscsiSessions.connections.receiveTimeoutSeconds',
  'iscsiSessions.errorRecoveryLevel',
  'iscsiSessions.fastAbort',
  'iscsiSessions.targetAlias',
  'nvmeSubsystems.firmwareRevision',
  'nvmeSubsystems.iopolicy',
  'nvmeSubsystems.model',
  'nvmeSubsystems.serial',
]

/** The paths of all values, `blockDevices.3.scsi.state`, and of all lists that are not empty. */
function* placesOf(value: unknown, at: readonly string[] = []): Generator<readonly string[]> {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : []
  if (Array.isArray(value) ? value.length > 0 : entries.length === 0) yield at
  for (const [key, member] of entries) yield* placesOf(member, [...at, key])
}

function fieldOf(place: readonly string[]): string {
  return place.filter((key) => !/^\d+$/.test(key)).join('.')
}

/** Changes the value at a path to another value of its type. A list loses an item. */
function corrupt(data: unknown, place: readonly string[]): void {
  const [key = '', ...rest] = place
  const object = data as Record<string, unknown>
  if (rest.length > 0) corrupt(object[key], rest)
  else object[key] = another(object[key])
}

function another(value: unknown): unknown {
  // Large enough to survive the rounding of a tool.
  if (typeof value === 'number') return 2 * value + 2048
  if (typeof value === 'boolean') return !value
  return Array.isArray(value) ? value.slice(1) : `${value}x`
}

longTest('S8b-1024disks: all disks are orphan paths, except the two of each of the sixteen maps', async (t) => {
  const findings = findingsOf(await snapshotOf('S8b-1024disks', backends[0] ?? 'fallback'))
  t.deepEqual(sorted(new Set(findings.map((finding) => finding.kind))), ['orphanPath'])
  t.is(findings.length, 1024 - 2 * 16)
})

test('credentials are in no snapshot', async (t) => {
  const root = await unpackRecording('S2L-lio-chap')
  const session = path.join(root, 'sys/class/iscsi_session/session1')
  const secrets = ['username', 'password', 'username_in', 'password_in'].map((attribute) =>
    readFileSync(path.join(session, attribute), 'utf8').trim(),
  )
  t.deepEqual(sorted(secrets), ['in_secret_12345', 'in_user', 'out_secret_1234', 'out_user'])
  for (const backend of backends) {
    for (const detail of ['links', 'basic', 'full'] as const) {
      const json = JSON.stringify(await snapshotOf('S2L-lio-chap', backend, detail))
      for (const secret of secrets) t.false(json.includes(secret), secret)
    }
  }
})
