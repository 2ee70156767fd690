import { mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import { parseUevents } from '../../lib/executor/uevent.js'
import { type Detail, diff, Snapshot, Sysfs } from '../../lib/index.js'
import { RowCache, settlingTime } from '../../lib/monitor/row-cache.js'
import { joinRows } from '../../lib/snapshot/join.js'
import { type Backend, onEveryBackend } from '../support/backends.js'
import { machineOf } from '../support/library-internals.js'
import { unpackRecording } from '../support/recordings.js'
import { type Machine, machineOfSize, removeMachine, writeMachine } from '../support/sysfs-tree.js'
import { temporaryDirectory } from '../support/temporary.js'

// What the events of a change bring up to date, and what they do not: on trees that are changed as a machine is, with
// the messages that the kernel sends then.

/** A sysfs that can be switched from one tree to another, with a row cache of it. */
class ChangingMachine {
  readonly sysfs: Sysfs
  readonly rows: RowCache
  time = 0
  readonly #root: string

  constructor(
    t: ExecutionContext,
    backend: Backend,
    readonly detail: Detail,
    tree: string,
  ) {
    const directory = mkdtempSync(path.join(tmpdir(), 'fast-sysfs-changing-'))
    t.teardown(() => rmSync(directory, { recursive: true }))
    this.#root = path.join(directory, 'machine')
    symlinkSync(tree, this.#root)
    this.sysfs = new Sysfs({ root: this.#root, backend })
    this.rows = new RowCache(machineOf({ root: this.#root, backend }), detail, () => this.time)
    this.rows.readAll()
  }

  become(tree: string): void {
    unlinkSync(this.#root)
    symlinkSync(tree, this.#root)
  }

  hear(...messages: readonly string[]): boolean {
    return this.rows.readAffected({ uevents: parseUevents(messages.join('')), someWereLost: false })
  }

  get snapshot(): Snapshot {
    return new Snapshot(joinRows(this.detail, this.rows.toRows()))
  }

  /** The differences to a new snapshot: `sdc: sizeBytes`. */
  get behind(): readonly string[] {
    return diff(this.snapshot, this.sysfs.snapshot({ detail: this.detail })).map((change) =>
      change.kind === 'changed' ? `${change.name}: ${change.fields.join(' ')}` : `${change.kind} ${change.name}`,
    )
  }
}

function uevent(action: string, devicePath: string, subsystem: string, ...properties: readonly string[]): string {
  const lines = [`ACTION=${action}`, `DEVPATH=${devicePath}`, `SUBSYSTEM=${subsystem}`, ...properties, 'SEQNUM=1']
  return `${[`${action}@${devicePath}`, ...lines].join('\0')}\0\0`
}

/** The uevent of a block device of a snapshot. */
function blockEvent(sysfs: Sysfs, action: string, name: string): string {
  const device = sysfs.snapshot({ detail: 'links' }).device(name)
  const row = sysfs.snapshot({ detail: 'links' }).blockDevices.find((one) => one.name === name)
  if (device === undefined || row === undefined) throw new Error(`there is no ${name}`)
  const { scsi, iscsi } = device
  const place =
    scsi === null || iscsi === null
      ? '/devices/virtual'
      : `/devices/platform/host${scsi.host}/session${iscsi.sessionId}/target${scsi.host}:0:0/${scsi.hctl}`
  return uevent(action, `${place}/block/${name}`, 'block', `MAJOR=${device.major}`, `MINOR=${device.minor}`)
}

const [s6b, s6c, s6d, s7a, s7c] = ['S6b-phantom', 'S6c-rescanned', 'S6d-path-deleted', 'S7a-blocked', 'S7c-recovered']

for (const detail of ['links', 'basic', 'full'] as const) {
  onEveryBackend(`${detail}: a map that replaces another is noticed`, async (t, backend) => {
    const before = await unpackRecording(s6b as string)
    const after = await unpackRecording(s6c as string)
    const machine = new ChangingMachine(t, backend, detail, before)
    const events = [
      blockEvent(new Sysfs({ root: before, backend }), 'remove', 'dm-2'),
      blockEvent(new Sysfs({ root: after, backend }), 'add', 'dm-4'),
    ]
    machine.become(after)
    t.true(machine.hear(...events))
    // A rescan sends no event for a size that becomes 0, and none for a new WWID.
    const silent = { links: [], basic: ['sdc: sizeBytes', 'sdd: sizeBytes'], full: undefined }[detail]
    const ofDisks = machine.behind.filter((line) => !/^sd[c-h]: /.test(line))
    t.deepEqual(ofDisks, [])
    if (silent !== undefined)
      t.deepEqual(
        machine.behind.filter((line) => /^sd[cd]/.test(line)),
        silent,
      )
    machine.rows.readSilent()
    if (detail !== 'full') t.deepEqual(machine.behind, [])
    else
      t.true(
        machine.behind.every((line) => /^sd[c-h]: scsi\.wwid scsi\.serial$/.test(line)),
        String(machine.behind),
      )
    machine.rows.readAll()
    t.deepEqual(machine.behind, [])
    t.false(machine.rows.readAll())
  })

  onEveryBackend(`${detail}: a removed path is noticed event by event`, async (t, backend) => {
    const before = await unpackRecording(s6c as string)
    const after = await unpackRecording(s6d as string)
    const machine = new ChangingMachine(t, backend, detail, before)
    const was = new Sysfs({ root: before, backend })
    const gone = diff(was.snapshot({ detail }), new Sysfs({ root: after, backend }).snapshot({ detail }))
    const removed = gone.filter((change) => change.kind === 'removed' && change.what === 'blockDevice')
    t.true(removed.length > 0)
    machine.become(after)
    for (const { name } of removed) {
      const hctl = was.snapshot().device(name)?.scsi?.hctl ?? ''
      const place = `/devices/platform/host0/session1/target0:0:0/${hctl}`
      machine.hear(
        uevent('remove', `${place}/scsi_device/${hctl}`, 'scsi_device'),
        blockEvent(was, 'remove', name),
        uevent('remove', place, 'scsi', 'DEVTYPE=scsi_device'),
      )
      t.is(machine.snapshot.device(name), undefined)
    }
    for (const map of was.snapshot().multipathMaps) machine.hear(blockEvent(was, 'change', map.device))
    machine.rows.readSilent()
    t.deepEqual(machine.behind, [])
  })
}

onEveryBackend('states that change without an event are read on request', async (t, backend) => {
  const machine = new ChangingMachine(t, backend, 'full', await unpackRecording(s7a as string))
  machine.become(await unpackRecording(s7c as string))
  const behind = machine.behind
  t.true(behind.length > 0)
  t.false(machine.hear())
  t.deepEqual(machine.behind, behind)
  t.true(machine.rows.readSilent())
  t.deepEqual(machine.behind, [])
  t.false(machine.rows.readSilent())
  t.false(machine.rows.readAll())
})

/** A machine in its own directory, which can be written again as another machine. */
function written(t: ExecutionContext, machine: Machine): string {
  const directory = temporaryDirectory()
  t.teardown(() => removeMachine(directory))
  writeMachine(directory, machine)
  return directory
}

onEveryBackend('only the entries that an event affects are read', async (t, backend) => {
  const tree = written(t, machineOfSize({ sessions: 2, luns: 2, maps: 2 }))
  const machine = new ChangingMachine(t, backend, 'basic', tree)
  for (const name of ['sda', 'sdb', 'dm-0']) writeFileSync(`${tree}/sys/class/block/${name}/size`, '77\n')
  t.false(machine.hear(uevent('change', '/devices/virtual/net/lo', 'net'), uevent('add', '/module/sd_mod', 'module')))
  t.true(machine.hear(uevent('change', '/devices/x/block/sda', 'block', 'MAJOR=8', 'MINOR=0')))
  t.is(machine.snapshot.device('sda')?.sizeBytes, 77 * 512)
  t.deepEqual(
    machine.behind,
    ['sdb: sizeBytes', 'dm-0: sizeBytes', 'mpatha: sizeBytes'].sort(
      (a, b) => machine.behind.indexOf(a) - machine.behind.indexOf(b),
    ),
  )
  t.false(machine.hear(uevent('change', '/devices/x/block/sda', 'block', 'MAJOR=8', 'MINOR=0')))
})

onEveryBackend('everything is read after a move and after lost events', async (t, backend) => {
  const tree = written(t, machineOfSize({ sessions: 2, luns: 2, maps: 2 }))
  const machine = new ChangingMachine(t, backend, 'basic', tree)
  const resize = (sectors: number) => writeFileSync(`${tree}/sys/class/block/sdb/size`, `${sectors}\n`)
  resize(1)
  t.true(machine.hear(uevent('move', '/devices/x/block/sda', 'block', 'MAJOR=8', 'MINOR=0')))
  t.deepEqual(machine.behind, [])
  resize(2)
  t.true(machine.rows.readAffected({ uevents: [], someWereLost: true }))
  t.deepEqual(machine.behind, [])

  // Entries of lost events may still be settling. They are read once more afterwards.
  resize(3)
  t.true(machine.rows.isSettling)
  t.false(machine.hear())
  machine.time += settlingTime
  t.true(machine.hear())
  t.deepEqual(machine.behind, [])
  t.false(machine.rows.isSettling)
})

onEveryBackend('slaves that are removed after the event of their map are noticed', async (t, backend) => {
  const machines = machineOfSize({ sessions: 2, luns: 1, maps: 1 })
  const before = written(t, machines)
  const after = written(t, { ...machines, maps: machines.maps.map((map) => ({ ...map, slaves: ['sda'] })) })
  const machine = new ChangingMachine(t, backend, 'links', before)
  t.false(machine.hear(uevent('change', '/devices/virtual/block/dm-0', 'block', 'MAJOR=253', 'MINOR=0')))
  t.true(machine.rows.isSettling)
  machine.become(after)
  t.true(machine.hear())
  t.deepEqual(machine.snapshot.device('dm-0')?.slaves, ['sda'])
  t.deepEqual(machine.snapshot.device('sdb')?.holders, [])
  machine.time += settlingTime
  t.false(machine.hear())
  t.false(machine.rows.isSettling)
})

onEveryBackend('a session is read again until it is logged in', async (t, backend) => {
  const whole = machineOfSize({ sessions: 2, luns: 1, maps: 0 })
  const tree = written(t, whole)
  const none = written(t, { ...whole, hosts: whole.hosts.slice(0, 1) })
  const machine = new ChangingMachine(t, backend, 'basic', none)
  const attribute = (name: string) => `${tree}/sys/class/iscsi_session/session2/${name}`
  writeFileSync(attribute('targetname'), '(null)\n')
  writeFileSync(attribute('state'), 'FREE\n')
  machine.become(tree)
  const session = '/devices/platform/host1/session2'
  t.true(
    machine.hear(
      uevent('add', `${session}/iscsi_session/session2`, 'iscsi_session'),
      uevent('add', `${session}/connection2:0/iscsi_connection/connection2:0`, 'iscsi_connection'),
    ),
  )
  t.is(machine.snapshot.session(2)?.targetName, null)
  writeFileSync(attribute('targetname'), 'iqn.2003-01.io.example:array0\n')
  machine.time += settlingTime * 10
  t.true(machine.hear())
  t.is(machine.snapshot.session(2)?.targetName, 'iqn.2003-01.io.example:array0')
  t.true(machine.rows.isSettling)
  writeFileSync(attribute('state'), 'LOGGED_IN\n')
  writeFileSync(`${tree}/sys/class/iscsi_connection/connection2:0/port`, '3333\n')
  t.true(machine.hear())
  t.is(machine.snapshot.session(2)?.state, 'LOGGED_IN')
  t.is(machine.snapshot.session(2)?.connections[0]?.port, 3333)
  t.false(machine.rows.isSettling)
})

onEveryBackend('a reused name is another device with its own attributes', async (t, backend) => {
  const tree = written(t, machineOfSize({ sessions: 1, luns: 1, maps: 0 }))
  const other = written(t, machineOfSize({ sessions: 1, luns: 1, maps: 0 }))
  writeFileSync(`${other}/sys/class/block/sda/size`, '4096\n')
  const machine = new ChangingMachine(t, backend, 'full', tree)
  machine.rows.readSilent()
  machine.become(other)
  // The open descriptors are those of the earlier files.
  t.false(machine.rows.readSilent())
  t.true(machine.hear(blockEvent(machine.sysfs, 'remove', 'sda'), blockEvent(machine.sysfs, 'add', 'sda')))
  t.is(machine.snapshot.device('sda')?.sizeBytes, 4096 * 512)
  writeFileSync(`${other}/sys/class/block/sda/size`, '8192\n')
  t.true(machine.rows.readSilent())
  t.is(machine.snapshot.device('sda')?.sizeBytes, 8192 * 512)
})
