import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { type Detail, diff, findingsOf, type Snapshot, Sysfs, SysfsError, type Unreadable } from '../../lib/index.js'
import { type Backend, backends, onEveryBackend } from '../support/backends.js'
import { giveUpRoot, packageRoot } from '../support/child-process.js'
import { type FileTree, writeFileTree } from '../support/file-tree.js'
import { copyRecording } from '../support/recordings.js'
import { randomCases } from '../support/run-length.js'

// A missing or malformed part of sysfs affects that part only. These tests damage recorded machines and repair them:
// they are copies of this process.

const details: readonly Detail[] = ['links', 'basic', 'full']

interface Damage {
  /** The kind of the victim. */
  readonly kind: number
  /** The index of the victim, modulo their number. */
  readonly victim: number
  readonly replacement: Replacement
}

/** What replaces a file, link or directory. */
type Replacement =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'directory' }
  | { readonly kind: 'file'; readonly content: string | Uint8Array }
  | { readonly kind: 'link'; readonly text: string }

const strangeContents: readonly (string | Uint8Array)[] = [
  ...['', '\n', '(null)\n', 'off\n', '-1\n', '0x\n', '1e3\n', '99999999999999999999\n', '1\n2\n', 'a\0b\n', 'mpath-\n'],
  'x'.repeat(5000),
  Uint8Array.from([0xff, 0xfe, 0x80, 0x0a]),
]

const strangeLinks: readonly string[] = [
  ...['.', '..', '/', 'sda', '../nowhere', '//', '../../devices/', 'x'.repeat(200), '1:2:3:4'],
  '../../devices/platform/host/session/target/0:0:0/block/sdb',
  '../../devices/platform/host99999999999999999999/session-1/target0:0:0/0:0:0:99999999999999999999/block/sdzzz',
  '../../devices/virtual/nvme-subsystem/nvme-subsys/nvme/nvme0',
  '../../devices/virtual/block/dm-0/slaves/..',
]

const replacement: fc.Arbitrary<Replacement> = fc.oneof(
  fc.constant({ kind: 'nothing' } as const),
  fc.constant({ kind: 'directory' } as const),
  fc.constantFrom(...strangeContents).map((content) => ({ kind: 'file', content }) as const),
  fc.constantFrom(...strangeLinks).map((text) => ({ kind: 'link', text }) as const),
)

const damage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.nat(2),
  victim: fc.noBias(fc.nat()),
  replacement,
})

/** Everything that a snapshot could read: classes, numbers, the targets of their links, and attributes. */
function victimsIn(root: string): readonly (readonly string[])[] {
  const below = (file: string): readonly string[] => {
    const status = lstatSync(file)
    const own = !status.isFile() || isRead(file) ? [file] : []
    return status.isDirectory() ? [...own, ...readdirSync(file).flatMap((name) => below(path.join(file, name)))] : own
  }
  const classes = /^(block|iscsi_(session|connection|host)|scsi_(device|host|disk)|nvme.*|fc_.*)$/
  const names = readdirSync(`${root}/sys/class`).filter((name) => classes.test(name))
  return [
    names.flatMap((name) => below(`${root}/sys/class/${name}`)),
    below(`${root}/sys/dev/block`),
    below(`${root}/sys/devices`),
  ]
}

/** Damages a machine; returns a function that repairs it. */
function inflict(root: string, victims: readonly (readonly string[])[], damages: readonly Damage[]): () => void {
  const kept = mkdtempSync(path.join(root, 'kept-'))
  const undo: (() => void)[] = []
  for (const [index, { kind, victim, replacement }] of damages.entries()) {
    const files = victims[kind % victims.length] ?? []
    const file = files[victim % files.length] ?? ''
    const aside = path.join(kept, `${index}`)
    try {
      renameSync(file, aside)
    } catch {
      // It is below a victim that is already gone.
      continue
    }
    if (replacement.kind === 'directory') mkdirSync(file)
    else if (replacement.kind === 'file') writeFileSync(file, replacement.content)
    else if (replacement.kind === 'link') symlinkSync(replacement.text, file)
    undo.push(() => {
      rmSync(file, { recursive: true, force: true })
      renameSync(aside, file)
    })
  }
  return () => {
    for (const undoOne of undo.reverse()) undoOne()
    rmSync(kept, { recursive: true })
  }
}

interface Taken {
  readonly snapshot: Snapshot | undefined
  readonly error: Readonly<Record<string, unknown>> | undefined
  readonly unreadable: readonly Unreadable[]
}

function take(root: string, backend: Backend, detail: Detail): Taken {
  const unreadable: Unreadable[] = []
  try {
    return {
      snapshot: new Sysfs({ root, backend }).snapshot({ detail, onUnreadable: (item) => unreadable.push(item) }),
      error: undefined,
      unreadable,
    }
  } catch (error) {
    assert.ok(error instanceof SysfsError, String(error))
    const { code, syscall, path: file } = error
    return { snapshot: undefined, error: { code, syscall, file }, unreadable }
  }
}

/** Calls every method of a snapshot; none may throw. */
function callEveryMethod(snapshot: Snapshot, before: Snapshot): void {
  assert.deepEqual(JSON.parse(JSON.stringify(snapshot)), { ...snapshot })
  for (const device of snapshot.blockDevices) {
    assert.ok(!/^\.{0,2}$|\//.test(device.name), device.name)
    assert.ok(snapshot.device(device.name))
    snapshot.disksUnder(device)
    snapshot.devicesOver(device)
    snapshot.mapsOver(device)
    snapshot.sessionOf(device)
  }
  findingsOf(snapshot)
  assert.deepEqual(diff(snapshot, snapshot), [])
  diff(before, snapshot)
}

for (const name of ['S3', 'S4-ipv6', 'S7a-blocked', 'S9c-nvme-dm', 'S9d-null']) {
  const root = copyRecording(name)

  test(`${name}: a damaged tree gives a snapshot, the same from both backends`, async (t) => {
    const victims = victimsIn(root)
    const whole = take(root, 'fallback', 'full').snapshot
    if (whole === undefined) return t.fail()
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 60 }), (damages) => {
        const repair = inflict(root, victims, damages)
        try {
          for (const detail of details) {
            const [first, ...others] = backends.map((backend) => take(root, backend, detail))
            for (const other of others) assert.deepEqual(other, first)
            // Nothing is protected, so nothing may throw.
            assert.ok(first?.snapshot, JSON.stringify(first?.error))
            if (detail === 'full') callEveryMethod(first.snapshot, whole)
          }
        } finally {
          repair()
        }
      }),
      randomCases({ usual: 15, long: 400 }),
    )
    t.deepEqual({ ...take(root, 'fallback', 'full').snapshot }, { ...whole })
  })

  test(`${name}: a damaged attribute changes only the object that it belongs to`, async (t) => {
    const files = victimsIn(root)
      .flat()
      .filter((file) => lstatSync(file).isFile())
    const whole = take(root, 'fallback', 'full').snapshot
    if (whole === undefined) return t.fail()
    const before = partsOf(whole)
    let changed = 0
    fc.assert(
      fc.property(damage, (one) => {
        const file = files[one.victim % files.length] ?? ''
        const place = realpathSync(file).slice(root.length)
        const repair = inflict(root, [files], [one])
        try {
          for (const backend of backends) {
            const damaged = take(root, backend, 'full').snapshot
            assert.ok(damaged)
            const after = partsOf(damaged)
            for (const key of new Set([...before.keys(), ...after.keys()])) {
              const [was, is] = [before.get(key), after.get(key)]
              if (was?.json === is?.json) continue
              changed++
              const names = [...(was?.names ?? []), ...(is?.names ?? [])]
              assert.ok(
                names.some((name) => place.includes(`/${name}/`)),
                `${key} is another: ${was?.json} ${is?.json}`,
              )
            }
          }
        } finally {
          repair()
        }
      }),
      randomCases({ usual: 40, long: 1_000 }),
    )
    t.true(changed > 0)
  })
}

/** Most attributes of a snapshot are in these directories. */
function isRead(file: string): boolean {
  return /\/(block\/[^/]+|nvme\d+n\d+|dm|queue|session\d+|connection\d+:\d+|scsi_host\/host\d+|\d+:\d+:\d+:\d+|nvme-subsys\d+|nvme\d+|nvme\d+c\d+n\d+)\/[a-z]\w+$/.test(
    file,
  )
}

interface Part {
  readonly json: string
  /**
   * The names in sysfs of this part and of what it repeats of others, with the directory before it where that counts.
   */
  readonly names: readonly string[]
}

/** A snapshot in its parts: `blockDevices sda`, `iscsiSessions 1`... */
function partsOf(snapshot: Snapshot): ReadonlyMap<string, Part> {
  const parts = new Map<string, Part>()
  const add = (key: string, value: unknown, names: readonly (string | null | undefined)[]) =>
    parts.set(key, { json: JSON.stringify(value), names: names.filter((name) => typeof name === 'string') })
  const sessionName = (id: number | null | undefined) => (id === null || id === undefined ? null : `session${id}`)
  // The values of a connection are in the session and in the paths of maps.
  const connectionNames = (id: number | null | undefined) =>
    snapshot.session(id ?? -1)?.connections.map((connection) => `connection${id}:${connection.id}`) ?? []
  for (const device of snapshot.blockDevices) {
    const { name, parent, scsi, iscsi } = device
    // Its driver tells the transport.
    const host = scsi && `scsi_host/host${scsi.host}`
    add(`blockDevices ${name}`, device, [name, parent, scsi?.hctl, host, sessionName(iscsi?.sessionId)])
  }
  for (const map of snapshot.multipathMaps) {
    const names = map.paths.flatMap(({ hctl, sessionId }) => [hctl, ...connectionNames(sessionId)])
    add(`multipathMaps ${map.device}`, map, [map.device, ...names])
  }
  for (const session of snapshot.iscsiSessions) {
    const luns = session.luns.map((lun) => lun.hctl)
    add(`iscsiSessions ${session.id}`, session, [sessionName(session.id), ...connectionNames(session.id), ...luns])
  }
  for (const host of snapshot.scsiHosts) add(`scsiHosts ${host.number}`, host, [`host${host.number}`])
  for (const subsystem of snapshot.nvmeSubsystems) {
    const controllers = subsystem.controllers.map((controller) => controller.name)
    add(`nvmeSubsystems ${subsystem.name}`, subsystem, [subsystem.name, ...controllers])
  }
  return parts
}

// ---- Single damages

const disk = 'platform/host4/session1/target4:0:0/4:0:0:1/block/sda'
const oneDisk: FileTree = {
  'sys/dev/block/8:0': { link: `../../devices/${disk}` },
  [`sys/devices/${disk}/size`]: '2048\n',
}

onEveryBackend('a device number whose link is broken or has no name is no device', (t, backend) => {
  const root = writeFileTree(t, {
    ...oneDisk,
    'sys/dev/block/8:1': 'a file\n',
    'sys/dev/block/8:2': null,
    'sys/dev/block/8:3': { link: '/' },
    'sys/dev/block/8:4': { link: '../../devices/' },
    'sys/dev/block/8:5': { link: '..' },
    'sys/dev/block/8:6': { link: '.' },
    'sys/dev/block/8': { link: '../../devices/virtual/block/loop8' },
    'sys/dev/block/8:7:8': { link: '../../devices/virtual/block/loop9' },
  })
  for (const detail of details) {
    const { blockDevices } = new Sysfs({ root, backend }).snapshot({ detail })
    t.deepEqual(
      blockDevices.map((device) => device.name),
      ['sda'],
      detail,
    )
  }
})

onEveryBackend('a device whose link has another form has its name', (t, backend) => {
  const root = writeFileTree(t, {
    ...oneDisk,
    'sys/dev/block/8:16': { link: 'sdb' },
    'sys/dev/block/8:32': { link: '/sys/devices/somewhere/host/session/target/sdc' },
    'sys/dev/block/8:48': { link: '../../devices/platform/hostA/sessionB/target4:0:0/4:0:0/block/sdd' },
  })
  const snapshot = new Sysfs({ root, backend }).snapshot({ detail: 'full' })
  for (const name of ['sdb', 'sdc', 'sdd']) {
    t.like(snapshot.device(name), { type: 'disk', scsi: null, iscsi: null, nvme: null, parent: null, sizeBytes: null })
  }
  t.is(snapshot.device('sda')?.sizeBytes, 1 << 20)
})

onEveryBackend('a class that is a file or a broken link is empty', (t, backend) => {
  const root = writeFileTree(t, {
    ...oneDisk,
    'sys/class/iscsi_session': 'a file\n',
    'sys/class/iscsi_connection': { link: 'nowhere' },
    'sys/class/scsi_host': { link: 'scsi_host' },
    'sys/class/scsi_device/4:0:0:1': { link: 'nowhere' },
    'sys/class/nvme-subsystem/nvme-subsys0': { link: 'nowhere' },
    'sys/devices/virtual/block': 'a file\n',
  })
  const unreadable: Unreadable[] = []
  const snapshot = new Sysfs({ root, backend }).snapshot({
    detail: 'full',
    onUnreadable: (item) => unreadable.push(item),
  })
  t.like(snapshot.device('sda'), {
    sizeBytes: 1 << 20,
    scsi: { hctl: '4:0:0:1', state: null, vendor: null },
    iscsi: { sessionId: 1, hostNumber: 4, targetName: null },
  })
  t.deepEqual([snapshot.iscsiSessions, snapshot.scsiHosts], [[], []])
  t.deepEqual(unreadable, [{ path: `${root}/sys/class/scsi_host`, code: 'ELOOP' }])
})

onEveryBackend(
  'dev/block without permission is an error; an attribute or a device without permission is null',
  (t, backend) => {
    const root = writeFileTree(t, { ...oneDisk, [`sys/devices/${disk}/ro`]: '0\n' })
    chmodSync(root, 0o755)
    const closed = (file: string) => {
      chmodSync(path.join(root, file), 0)
      const output = execFileSync(process.execPath, ['-e', takeInChild, packageRoot, root, backend], {
        encoding: 'utf8',
        timeout: 60_000,
      })
      chmodSync(path.join(root, file), 0o755)
      return JSON.parse(output) as unknown
    }
    const sda = { name: 'sda', sizeBytes: 1 << 20, readOnly: false }
    t.deepEqual(closed('sys/dev/block'), {
      isSysfsError: true,
      code: 'EACCES',
      errno: -13,
      syscall: 'scandir',
      path: `${root}/sys/dev/block`,
    })
    t.deepEqual(closed(`sys/devices/${disk}/ro`), [{ ...sda, readOnly: null }])
    t.deepEqual(closed(`sys/devices/${disk}`), [{ ...sda, sizeBytes: null, readOnly: null }])
  },
)

const takeInChild = `
  const [packageRoot, root, backend] = process.argv.slice(1)
  const { Sysfs, SysfsError } = require(packageRoot + '/dist/lib/index.js')
  const sysfs = new Sysfs({ root, backend })
  // Permissions do not stop root.
  ${giveUpRoot}
  try {
    const { blockDevices } = sysfs.snapshot()
    console.log(JSON.stringify(blockDevices.map(({ name, sizeBytes, readOnly }) => ({ name, sizeBytes, readOnly }))))
  } catch (error) {
    const { code, errno, syscall, path } = error
    console.log(JSON.stringify({ isSysfsError: error instanceof SysfsError, code, errno, syscall, path }))
  }`
