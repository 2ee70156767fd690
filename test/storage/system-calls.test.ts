import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import {
  type IscsiConnection,
  type IscsiSession,
  type Machine,
  type MachineSize,
  machineOfSize,
} from '../support/sysfs-tree.js'
import {
  attribute,
  type Counts,
  counting,
  link,
  listing,
  sum,
  times,
  traceOperations,
} from '../support/system-calls.js'

// The system calls of each operation.

type Question =
  | readonly ['findMultipathDeviceForDevice' | 'findSlaveDevicesOnMultipath', string]
  | readonly ['getIscsiPortalHostMapForTarget', string]
  | readonly ['findDevicesForIscsiLun', string, number]

interface Call {
  readonly name: string
  /** The descriptor of the call, or the one that its path is relative to. -1 for an absolute path. */
  readonly descriptor: number
  readonly path: string | undefined
  readonly result: number
}

interface Asked {
  readonly answer: unknown
  readonly calls: readonly Call[]
}

/** The results of the addon on the machine in `root`, and the calls of each. */
async function ask(root: string, questions: readonly Question[]): Promise<readonly Asked[]> {
  const traced = await traceOperations(root, questions)
  return traced.map(({ answer, trace }) => ({ answer, calls: trace.map(callOf) }))
}

function callOf(line: string): Call {
  const [, name, descriptor, text, result] =
    /^(\w+)\((?:AT_FDCWD, |(\d+)(?:, )?)?(?:"([^"]*)")?.* = (-?\d+)/.exec(line) ?? []
  if (name === undefined) throw new Error(`not a line of strace: ${line}`)
  return { name, descriptor: descriptor === undefined ? -1 : Number(descriptor), path: text, result: Number(result) }
}

function countsOf(asked: Asked | undefined): Counts {
  return sum(...(asked?.calls ?? []).map(({ name }) => ({ [name]: 1 })))
}

function totalOf(asked: Asked | undefined): number {
  return asked?.calls.length ?? 0
}

function answerSize(asked: Asked | undefined): number {
  return Object.keys(asked?.answer ?? {}).length
}

/** Uses of foreign descriptors, paths outside the machine, and descriptors that stay open. */
function trespasses(asked: Asked | undefined, root: string): readonly string[] {
  const opened = new Set<number>()
  const found: string[] = []
  for (const { name, descriptor, path: text, result } of asked?.calls ?? []) {
    if (descriptor === -1) {
      if (text === undefined || !text.startsWith(`${root}/`)) found.push(`${name} of ${text}`)
    } else if (!opened.has(descriptor)) found.push(`${name} of descriptor ${descriptor}`)
    if (name === 'openat' && result >= 0) opened.add(result)
    if (name === 'close') opened.delete(descriptor)
  }
  return [...found, ...Array.from(opened, (descriptor) => `${descriptor} stays open`)]
}

/** Adds a connection to the session of the first host, so that the numbers of connections and sessions differ. */
function withSecondConnection(machine: Machine): Machine {
  const connection: IscsiConnection = {
    cid: 1,
    address: '10.255.0.1',
    port: '3260',
    persistentAddress: '10.255.0.1',
    persistentPort: '3260',
  }
  const connected = (session: IscsiSession) => ({ ...session, connections: [...session.connections, connection] })
  const hosts = machine.hosts.map((host, index) =>
    index === 0 ? { ...host, sessions: (host.sessions ?? []).map(connected) } : host,
  )
  return { ...machine, hosts }
}

// With two targets half of the sessions match. The number of calls does not depend on the number of disks.
const sizes: Readonly<Record<string, MachineSize>> = {
  small: { targets: 2, sessions: 2, luns: 2, maps: 2 },
  medium: { targets: 2, sessions: 8, luns: 16, maps: 16 },
  large: { targets: 2, sessions: 64, luns: 2, maps: 64 },
}

for (const [name, size] of Object.entries(sizes)) {
  const machine = withSecondConnection(machineOfSize(size))
  counting(`the system calls of the four questions, ${name} machine`, machine, async (t, root) => {
    const sessions = machine.hosts.flatMap((host) => host.sessions ?? [])
    const iqn = 'iqn.2003-01.io.example:array0'
    const matching = sessions.filter(({ targetname }) => targetname === iqn)
    const S = sessions.length
    const M = matching.length
    const C = matching.flatMap(({ connections }) => connections).length
    t.true(S > M && C > M)

    const [parent, slaves, portals, lun] = await ask(root, [
      ['findMultipathDeviceForDevice', 'sda'],
      ['findSlaveDevicesOnMultipath', 'dm-0'],
      ['getIscsiPortalHostMapForTarget', iqn],
      ['findDevicesForIscsiLun', iqn, 1],
    ])

    t.is(parent?.answer, '/dev/dm-0')
    t.deepEqual(countsOf(parent), listing)
    t.is(totalOf(parent), 3 + 1)

    t.true(answerSize(slaves) > 0)
    t.deepEqual(countsOf(slaves), listing)
    t.is(totalOf(slaves), 3 + 1)

    t.is(answerSize(portals), C)
    t.deepEqual(
      countsOf(portals),
      sum(listing, times(S, attribute), times(M, sum(link, listing)), times(4 * C, attribute)),
    )
    // the listings: the class, and each session that matches
    t.is(totalOf(portals), 3 + 3 * S + M + 3 * M + 12 * C + (1 + M))

    t.is(answerSize(lun), M)
    t.deepEqual(countsOf(lun), sum(listing, times(S, attribute), times(M, sum(link, listing))))
    t.is(totalOf(lun), 3 + 3 * S + 4 * M + (1 + M))

    for (const asked of [parent, slaves, portals, lun]) t.deepEqual(trespasses(asked, root), [])
  })
}

const small = machineOfSize({ sessions: 2, luns: 2, maps: 2 })

counting('the system calls of what is asked for by path, or is not there', small, async (t, root) => {
  const byPath = '/dev/disk/by-path/ip-10.0.0.0:3260-iscsi-iqn.2003-01.io.example:array0-lun-1'
  const [node, linked, map, unused, missing, noTarget] = await ask(root, [
    ['findMultipathDeviceForDevice', '/dev/sda'],
    ['findMultipathDeviceForDevice', byPath],
    ['findSlaveDevicesOnMultipath', '/dev/mapper/mpatha'],
    ['findMultipathDeviceForDevice', 'vda'],
    ['findMultipathDeviceForDevice', 'sdz'],
    ['findDevicesForIscsiLun', 'iqn.2003-01.io.example:none', 1],
  ])

  // every component below /dev may be a link, which takes one readlink
  t.is(node?.answer, '/dev/dm-0')
  t.deepEqual(countsOf(node), sum(listing, link))
  // disk, by-path, the link, sda
  t.is(linked?.answer, '/dev/dm-0')
  t.deepEqual(countsOf(linked), sum(listing, times(4, link)))
  // mapper, the link, dm-0
  t.is(answerSize(map), 2)
  t.deepEqual(countsOf(map), sum(listing, times(3, link)))

  t.is(unused?.answer, null)
  t.deepEqual(countsOf(unused), listing)
  t.is(missing?.answer, null)
  t.deepEqual(countsOf(missing), { openat: 1 })
  t.is(answerSize(noTarget), 0)
  t.deepEqual(countsOf(noTarget), sum(listing, times(2, attribute)))

  for (const asked of [node, linked, map, unused, missing, noTarget]) t.deepEqual(trespasses(asked, root), [])
})

const empty: Machine = { iscsi: false, hosts: [], disks: [], maps: [], raids: [], links: [] }

counting('a directory too large for one getdents64', empty, async (t, root) => {
  const slaves = path.join(root, 'sys/class/block/dm-0/slaves')
  mkdirSync(slaves, { recursive: true })
  const names = Array.from({ length: 5000 }, (_, index) => `disk${String(index).padStart(4, '0')}`)
  for (const name of names) writeFileSync(path.join(slaves, name), '')

  const [asked] = await ask(root, [['findSlaveDevicesOnMultipath', 'dm-0']])

  t.deepEqual(
    asked?.answer,
    names.map((name) => `/dev/${name}`),
  )
  // linux_dirent64: 19 bytes and the name with its NUL, rounded up to 8. `.` and `..` are listed, too.
  const records = names.length * 32 + 2 * 24
  const filled = Math.ceil(records / 65536)
  t.is(filled, 3)
  t.deepEqual(countsOf(asked), { openat: 1, getdents64: filled + 1, close: 1 })
})
