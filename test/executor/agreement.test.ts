import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { posix } from 'node:path'
import { inspect, isDeepStrictEqual } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { Sysfs, type Unreadable } from '../../lib/index.js'
import { backends } from '../support/backends.js'
import { randomMachine, randomPath } from '../support/random-machine.js'
import { ReferenceQueries } from '../support/reference-queries.js'
import { missingBlockNodes } from '../support/requirements.js'
import { randomCases } from '../support/run-length.js'
import {
  type IscsiConnection,
  type IscsiSession,
  type Machine,
  machineOfSize,
  removeMachine,
  type ScsiHost,
  writeMachine,
} from '../support/sysfs-tree.js'
import { temporaryDirectory } from '../support/temporary.js'
import { testWith, testWithAddon } from '../support/test-with.js'

// The addon, the fallback and the reference implementation give the same results on every machine.

const IQN = 'iqn.2004-04.com.example:a'

interface Queries {
  findMultipathDeviceForDevice(device: string): string | undefined
  findSlaveDevicesOnMultipath(dm: string): readonly string[]
  getIscsiPortalHostMapForTarget(iqn: string): ReadonlyMap<string, number>
  findDevicesForIscsiLun(iqn: string, lun: number): readonly string[]
}

/** The implementations under test, on the machine in `root`. */
function implementations(root: string): ReadonlyMap<string, Queries> {
  return new Map(backends.map((backend) => [backend, new Sysfs({ root, backend })]))
}

testWithAddon('the native backend is compared too', (t) => {
  t.is(new Sysfs({ backend: 'native' }).backend, 'native')
  t.is(new Sysfs({ backend: 'fallback' }).backend, 'fallback')
})

// ---- Random machines

test('all implementations agree on random machines', (t) => {
  let machines = 0
  fc.assert(
    fc.property(randomMachine, fc.array(randomPath), (machine, paths) => {
      machines++
      withMachine(machine, (root) => agree(root, machine, paths))
    }),
    randomCases({ usual: 50, long: 2_000 }),
  )
  t.log(`${machines} machines`)
  t.pass()
})

function withMachine(machine: Machine, use: (root: string) => void): void {
  const root = temporaryDirectory()
  try {
    writeMachine(root, machine)
    use(root)
  } finally {
    removeMachine(root)
  }
}

testWithAddon('the addon and the fallback give the same reasons for what cannot be read', (t) => {
  fc.assert(
    fc.property(randomMachine, (machine) => {
      withMachine(machine, (root) => {
        const [fallback, addon] = (['fallback', 'native'] as const).map((backend) =>
          unreadableOf(new Sysfs({ root, backend }), machine),
        )
        if (!isDeepStrictEqual(addon, fallback)) {
          throw new Error(`fallback: ${inspect(fallback)}\n  native: ${inspect(addon)}`)
        }
      })
    }),
    randomCases({ usual: 20, long: 400 }),
  )
  t.pass()
})

function unreadableOf(sysfs: Sysfs, machine: Machine): readonly Unreadable[] {
  const unreadable: Unreadable[] = []
  for (const iqn of targetNamesOf(machine)) {
    sysfs.getIscsiPortalHostMapForTarget(iqn, { onUnreadable: (item) => unreadable.push(item) })
    for (const lun of lunsOf(machine))
      sysfs.findDevicesForIscsiLun(iqn, lun, { onUnreadable: (item) => unreadable.push(item) })
  }
  for (const device of devicesOf(machine)) {
    sysfs.findMultipathDeviceForDevice(device, { onUnreadable: (item) => unreadable.push(item) })
    sysfs.findSlaveDevicesOnMultipath(device, { onUnreadable: (item) => unreadable.push(item) })
  }
  return unreadable
}

/** Throws if they differ in any operation on the machine or on the paths. */
function agree(root: string, machine: Machine, paths: readonly string[] = []): void {
  const reference = new ReferenceQueries(root)
  const compared = implementations(root)
  for (const { text, run } of operationsOn(machine, paths)) {
    const expected = run(reference)
    for (const [name, queries] of compared) {
      const answer = run(queries)
      if (!isDeepStrictEqual(answer, expected)) {
        throw new Error(`${text}\n  reference: ${inspect(expected)}\n  ${name}: ${inspect(answer)}`)
      }
    }
  }
}

interface Operation {
  readonly text: string
  run(queries: Queries): unknown
}

/** Every operation that finds something on a machine, and some that find nothing. */
function operationsOn(machine: Machine, paths: readonly string[]): Operation[] {
  const operations: Operation[] = []
  for (const device of [...devicesOf(machine), ...paths]) {
    operations.push(
      {
        text: `findMultipathDeviceForDevice(${inspect(device)})`,
        run: (queries) => queries.findMultipathDeviceForDevice(device),
      },
      {
        text: `findSlaveDevicesOnMultipath(${inspect(device)})`,
        run: (queries) => queries.findSlaveDevicesOnMultipath(device),
      },
    )
  }
  const luns = lunsOf(machine)
  for (const iqn of targetNamesOf(machine)) {
    operations.push({
      text: `getIscsiPortalHostMapForTarget(${inspect(iqn)})`,
      run: (queries) => queries.getIscsiPortalHostMapForTarget(iqn),
    })
    for (const lun of luns) {
      operations.push({
        text: `findDevicesForIscsiLun(${inspect(iqn)}, ${lun})`,
        run: (queries) => queries.findDevicesForIscsiLun(iqn, lun),
      })
    }
  }
  return operations
}

function devicesOf(machine: Machine): ReadonlySet<string> {
  const kernelNames = [...kernelNamesOf(machine), 'sdzz', 'dm-99', 'dm-', 'cciss!c7d7']
  const nodes = kernelNames.map(nodeOf)
  const links = machine.links.map(({ path }) => path)
  return new Set([
    ...kernelNames,
    ...nodes,
    ...links,
    ...links.flatMap((path) => [`${path}/sda`, `${path}/../dm-1`, `${path}/../dev/sda`]),
    ...nodes
      .slice(0, 3)
      .flatMap((node) => [
        `//dev/.${node.slice('/dev'.length)}`,
        `/dev/mapper/../..${node}`,
        `/dev/missing/..${node.slice('/dev'.length)}`,
      ]),
    '/',
    '/dev',
    '/sys/block/dm-1',
    '/missing/sda',
  ])
}

function kernelNamesOf({ hosts, disks, maps, raids }: Machine): string[] {
  const targets = hosts.flatMap((host) => [...(host.sessions ?? []), ...(host.targets ?? [])])
  const blocks = [
    ...targets.flatMap(({ devices }) => devices).flatMap(({ block = [] }) => block),
    ...disks.map(({ block }) => block),
  ]
  return [
    ...blocks.flatMap(({ name, partitions = [] }) => [name, ...partitions.map((partition) => partition.name)]),
    ...maps.map(({ number }) => `dm-${number}`),
    ...raids.map(({ number }) => `md${number}`),
  ]
}

function nodeOf(kernelName: string): string {
  return `/dev/${kernelName.replaceAll('!', '/')}`
}

function targetNamesOf({ hosts }: Machine): ReadonlySet<string> {
  const names = [IQN]
  for (const { targetname } of hosts.flatMap(({ sessions = [] }) => sessions)) {
    if (typeof targetname === 'string') names.push(targetname)
    else if ('bytes' in targetname) names.push(Buffer.from(targetname.bytes).toString())
  }
  const asked = names.flatMap((name) => [
    name,
    name.trim(),
    name.trim().slice(0, -1),
    `${name.trim()} `,
    `${name.trim()}x`,
  ])
  return new Set(asked.filter((name) => name.trim() !== ''))
}

function lunsOf({ hosts }: Machine): ReadonlySet<number> {
  const targets = hosts.flatMap((host) => [...(host.sessions ?? []), ...(host.targets ?? [])])
  return new Set([0, 1, 25, 99, ...targets.flatMap(({ devices }) => devices).map(({ lun }) => lun)])
}

// ---- Special machines

test('the first of several maps in byte order is the map of a disk', (t) => {
  const machine = machineWith({
    disks: [{ block: { name: 'loop0' } }, { block: { name: 'loop1' } }, { block: { name: 'loop2' } }],
    maps: [mapOver(2, 'loop0', 'loop1'), mapOver(10, 'loop0'), mapOver(9, 'loop1')],
  })
  checkAll(t, machine, (queries, expect) => {
    expect(queries.findMultipathDeviceForDevice('/dev/loop0'), '/dev/dm-10')
    expect(queries.findMultipathDeviceForDevice('loop1'), '/dev/dm-2')
    expect(queries.findMultipathDeviceForDevice('loop2'), undefined)
    expect(queries.findMultipathDeviceForDevice('loop3'), undefined)
  })
})

test('slaves are sorted by the bytes of their names; a map may have none', (t) => {
  const names = ['sdb', 'sda', 'sdaa', 'cciss!c0d0', 'cciss!c0d10']
  const machine = machineWith({
    hosts: [
      {
        number: 0,
        parent: 'platform',
        driver: 'hpsa',
        iscsi: false,
        targets: [{ channel: 0, target: 0, devices: [{ lun: 0, block: names.map((name) => ({ name })) }] }],
      },
    ],
    maps: [mapOver(0, ...names), mapOver(1)],
  })
  checkAll(t, machine, (queries, expect) => {
    expect(queries.findSlaveDevicesOnMultipath('/dev/dm-0'), [
      '/dev/cciss/c0d0',
      '/dev/cciss/c0d10',
      '/dev/sda',
      '/dev/sdaa',
      '/dev/sdb',
    ])
    expect(queries.findSlaveDevicesOnMultipath('dm-1'), [])
    expect(queries.findSlaveDevicesOnMultipath('dm-2'), [])
    expect(queries.findSlaveDevicesOnMultipath('/dev/sda'), [])
  })
})

test('each of several stacked maps has its own slaves and the map directly on it', (t) => {
  const machine = machineWith({
    disks: [
      {
        block: { name: 'vda', partitions: [{ name: 'vda1', partition: 1 }] },
        parent: 'pci0000:00/0000:00:02.0/virtio0',
      },
    ],
    maps: [mapOver(3, 'vda'), mapOver(1, 'dm-3'), mapOver(0, 'dm-1', 'vda1')],
  })
  checkAll(t, machine, (queries, expect) => {
    expect(queries.findMultipathDeviceForDevice('/dev/vda'), '/dev/dm-3')
    expect(queries.findMultipathDeviceForDevice('/dev/vda1'), '/dev/dm-0')
    expect(queries.findMultipathDeviceForDevice('/dev/dm-3'), '/dev/dm-1')
    expect(queries.findMultipathDeviceForDevice('/dev/dm-1'), '/dev/dm-0')
    expect(queries.findMultipathDeviceForDevice('/dev/dm-0'), undefined)
    expect(queries.findSlaveDevicesOnMultipath('/dev/dm-0'), ['/dev/dm-1', '/dev/vda1'])
  })
})

test('a software RAID is a holder but not a map', (t) => {
  const machine = machineWith({
    disks: [{ block: { name: 'loop0' } }, { block: { name: 'loop1' } }],
    raids: [{ number: 0, slaves: ['loop0', 'loop1'] }],
    maps: [mapOver(5, 'md0'), mapOver(6, 'loop1')],
  })
  checkAll(t, machine, (queries, expect) => {
    expect(queries.findMultipathDeviceForDevice('loop0'), undefined)
    expect(queries.findMultipathDeviceForDevice('loop1'), '/dev/dm-6')
    expect(queries.findMultipathDeviceForDevice('md0'), '/dev/dm-5')
    expect(queries.findSlaveDevicesOnMultipath('dm-5'), ['/dev/md0'])
    expect(queries.findSlaveDevicesOnMultipath('/dev/md0'), [])
  })
})

test("a slash in a node's path is ! in the kernel's name", (t) => {
  const machine = machineWith({
    hosts: [
      {
        number: 0,
        parent: 'pci0000:00/0000:00:03.0',
        driver: 'cciss',
        iscsi: false,
        targets: [
          {
            channel: 0,
            target: 0,
            devices: [
              { lun: 0, block: [{ name: 'cciss!c0d0', partitions: [{ name: 'cciss!c0d0p1', partition: 1 }] }] },
            ],
          },
        ],
      },
    ],
    maps: [mapOver(0, 'cciss!c0d0'), mapOver(1, 'cciss!c0d0p1')],
    links: [{ path: '/dev/disk/by-id/cciss', text: '../../cciss/c0d0' }],
  })
  checkAll(t, machine, (queries, expect) => {
    for (const device of ['cciss!c0d0', '/dev/cciss/c0d0', '/dev/disk/by-id/cciss'])
      expect(queries.findMultipathDeviceForDevice(device), '/dev/dm-0')
    expect(queries.findMultipathDeviceForDevice('/dev/cciss/c0d0p1'), '/dev/dm-1')
    expect(queries.findSlaveDevicesOnMultipath('dm-0'), ['/dev/cciss/c0d0'])
    expect(queries.findSlaveDevicesOnMultipath('dm-1'), ['/dev/cciss/c0d0p1'])
  })
})

test('links are followed inside the root', (t) => {
  const machine = machineWith({
    disks: [{ block: { name: 'loop0' } }],
    maps: [mapOver(0, 'loop0')],
    links: [
      { path: '/dev/mapper/relative', text: '../dm-0' },
      { path: '/dev/mapper/absolute', text: '/dev/dm-0' },
      { path: '/dev/mapper/chain', text: '/dev/disk/by-id/chain' },
      { path: '/dev/disk/by-id/chain', text: '../../mapper/absolute' },
      { path: '/dev/mapper/escaping', text: `${'../'.repeat(30)}dev/dm-0` },
      { path: '/dev/chain/0', text: '/dev/dm-0' },
      ...Array.from({ length: 29 }, (_, index) => ({ path: `/dev/chain/${index + 1}`, text: String(index) })),
      { path: '/var/lib/volumes/devices', text: '/dev' },
      { path: '/var/lib/volumes/through', text: 'devices/../dev/dm-0' },
      { path: '/dev/mapper/circle', text: 'circle2' },
      { path: '/dev/mapper/circle2', text: '/dev/mapper/circle' },
      { path: '/dev/mapper/itself', text: 'itself' },
      { path: '/dev/mapper/missing', text: '../dm-1' },
      { path: '/dev/mapper/disk', text: '../loop0' },
    ],
  })
  checkAll(t, machine, (queries, expect) => {
    for (const path of [
      '/dev/dm-0',
      '/dev/mapper/relative',
      '/dev/mapper/absolute',
      '/dev/mapper/chain',
      '/dev/mapper/escaping',
      '/dev/chain/29',
      '/var/lib/volumes/devices/dm-0',
      '/var/lib/volumes/devices/mapper/chain',
      '/var/lib/volumes/through',
      '/var/lib/volumes/devices/../dev/dm-0',
      '/../../dev/dm-0',
      '//dev/./dm-0',
    ]) {
      expect(queries.findSlaveDevicesOnMultipath(path), ['/dev/loop0'], path)
    }
    for (const path of [
      '/dev/mapper/circle',
      '/dev/mapper/itself',
      '/dev/mapper/missing',
      '/var/lib/volumes/dm-0',
      '/dev/missing/../dm-0',
      '/dev',
      '/',
    ]) {
      expect(queries.findSlaveDevicesOnMultipath(path), [], path)
    }
    expect(queries.findMultipathDeviceForDevice('/dev/mapper/disk'), '/dev/dm-0')
    expect(queries.findMultipathDeviceForDevice('/dev/mapper/circle'), undefined)
  })
})

test('a path is looked up in /dev, a kernel name is not', (t) => {
  const machine = machineWith({
    disks: [{ block: { name: 'loop0' } }, { block: { name: 'loop1' } }],
    maps: [mapOver(0, 'loop0'), mapOver(1, 'loop1')],
    links: [{ path: '/dev/loop0', text: 'loop1' }],
  })
  checkAll(t, machine, (queries, expect) => {
    expect(queries.findMultipathDeviceForDevice('loop0'), '/dev/dm-0')
    expect(queries.findMultipathDeviceForDevice('/dev/loop0'), '/dev/dm-1')
  })
})

test('a regular file outside /dev is not a device', (t) => {
  const machine = machineWith({ disks: [{ block: { name: 'loop0' } }], maps: [mapOver(0, 'loop0')] })
  checkAll(
    t,
    machine,
    (queries, expect) => expect(queries.findMultipathDeviceForDevice('/var/lib/volumes/file'), undefined),
    (root) => {
      mkdirSync(`${root}/var/lib/volumes`, { recursive: true })
      writeFileSync(`${root}/var/lib/volumes/file`, '')
    },
  )
})

testWith(missingBlockNodes())('a block node outside /dev is known by its number', (t) => {
  const machine = machineWith({ disks: [{ block: { name: 'loop0' } }], maps: [mapOver(0, 'loop0')] })
  checkAll(
    t,
    machine,
    (queries, expect) => {
      expect(queries.findMultipathDeviceForDevice('/var/lib/volumes/disk'), '/dev/dm-0')
      expect(queries.findMultipathDeviceForDevice('/var/lib/volumes/link'), '/dev/dm-0')
      expect(queries.findSlaveDevicesOnMultipath('/var/lib/volumes/map'), ['/dev/loop0'])
      expect(queries.findMultipathDeviceForDevice('/var/lib/volumes/other'), undefined)
    },
    (root) => {
      const volumes = `${root}/var/lib/volumes`
      mkdirSync(volumes, { recursive: true })
      symlinkSync('/var/lib/volumes/disk', `${volumes}/link`)
      for (const [name, major, minor] of [
        ['disk', '7', '0'],
        ['map', '253', '0'],
        ['other', '7', '1'],
      ] as const) {
        execFileSync('mknod', [`${volumes}/${name}`, 'b', major, minor])
      }
    },
  )
})

test('a target name must be equal, apart from white space around it', (t) => {
  const names: [number, IscsiSession['targetname']][] = [
    [1, IQN],
    [2, `${IQN}b`],
    [3, { bytes: Buffer.from(` \t${IQN} \r\n\n`) }],
    [4, { bytes: Buffer.from(IQN) }],
    [5, IQN.toUpperCase()],
    [6, { bytes: Buffer.from(`${IQN}\xff\n`, 'latin1') }],
    [7, `${IQN}:größe-磁盘-💾`],
    [8, ''],
    [9, { absent: true }],
    [10, { unreadable: 'EISDIR' }],
    [11, { unreadable: 'ELOOP' }],
    [12, '(null)'],
  ]
  const machine = machineWith({
    hosts: names.map(([number, targetname]) =>
      sessionHost(number, {
        number,
        targetname,
        connections: [portal(`10.0.0.${number}`)],
        devices: [{ lun: 1, block: [{ name: `sd${'abcdefghijkl'[number - 1]}` }] }],
      }),
    ),
  })
  checkAll(t, machine, (queries, expect) => {
    expect(queries.findDevicesForIscsiLun(IQN, 1), ['sda', 'sdc', 'sdd'])
    expect(queries.findDevicesForIscsiLun(`${IQN}b`, 1), ['sdb'])
    expect(queries.findDevicesForIscsiLun(`${IQN}:größe-磁盘-💾`, 1), ['sdg'])
    for (const iqn of [`${IQN} `, ` ${IQN}`, `${IQN}c`, IQN.slice(0, -1), `${IQN}*`])
      expect(queries.findDevicesForIscsiLun(iqn, 1), [], iqn)
    expect(
      queries.getIscsiPortalHostMapForTarget(IQN),
      new Map([
        ['10.0.0.1:3260', 1],
        ['10.0.0.3:3260', 3],
        ['10.0.0.4:3260', 4],
      ]),
    )
    expect(queries.getIscsiPortalHostMapForTarget(`${IQN}b`), new Map([['10.0.0.2:3260', 2]]))
  })
})

test('a portal needs an address and a port', (t) => {
  const whole = portal('10.0.0.1')
  const machine = machineWith({
    hosts: [
      // A redirected login: the current portal is not the one that was asked for.
      sessionHost(3, { number: 1, connections: [{ ...whole, address: '10.0.0.2', port: '3261' }] }),
      // A connection that is down: reading the current pair fails, the persistent one is kept.
      sessionHost(4, {
        number: 2,
        connections: [{ ...portal('10.0.0.4'), address: { unreadable: 'EISDIR' }, port: { unreadable: 'EISDIR' } }],
      }),
      sessionHost(5, {
        number: 3,
        connections: [{ ...portal('10.0.0.5'), persistentAddress: '(null)', persistentPort: '0' }],
      }),
      sessionHost(6, {
        number: 4,
        connections: [{ ...portal('10.0.0.6'), port: { absent: true }, persistentAddress: '' }],
      }),
      sessionHost(7, { number: 5, connections: [] }),
      sessionHost(8, {
        number: 6,
        connections: [portal('10.0.0.81', 0), { ...portal('10.0.0.82', 7), persistentAddress: 'storage.example.com' }],
      }),
      sessionHost(9, {
        number: 7,
        connections: [
          { ...portal('10.0.0.9'), presence: 'class-device-gone' },
          { ...portal('10.0.0.91', 1), presence: 'device-gone' },
        ],
      }),
    ],
  })
  checkAll(t, machine, (queries, expect) => {
    expect(
      queries.getIscsiPortalHostMapForTarget(IQN),
      new Map([
        ['10.0.0.2:3261', 3],
        ['10.0.0.1:3260', 3],
        ['10.0.0.4:3260', 4],
        ['10.0.0.5:3260', 5],
        ['10.0.0.81:3260', 8],
        ['10.0.0.82:3260', 8],
        ['storage.example.com:3260', 8],
      ]),
    )
  })
})

test('an IPv6 portal appears as the kernel wrote it and in its canonical form', (t) => {
  const long = (text: string, persistentAddress: string): IscsiConnection => ({ ...portal(text), persistentAddress })
  const machine = machineWith({
    hosts: [
      sessionHost(3, { number: 1, connections: [long('0000:0000:0000:0000:0000:0000:0000:0001', '::1')] }),
      sessionHost(4, { number: 2, connections: [long('2001:0db8:0000:0001:0000:0000:0000:0001', '2001:DB8:0:1::1')] }),
      sessionHost(5, {
        number: 3,
        connections: [long('2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8:0:0:1::1')],
      }),
      sessionHost(7, {
        number: 5,
        connections: [long('0000:0000:0000:0000:0000:ffff:c0a8:1e07', '::ffff:192.168.30.7')],
      }),
      sessionHost(6, {
        number: 4,
        connections: [long('2001:0db8:0000:0001:0001:0001:0001:0001', '2001:db8::1:1:1:1:1')],
      }),
    ],
  })
  checkAll(t, machine, (queries, expect) => {
    expect(
      queries.getIscsiPortalHostMapForTarget(IQN),
      new Map([
        ['0000:0000:0000:0000:0000:0000:0000:0001:3260', 3],
        ['[::1]:3260', 3],
        ['::1:3260', 3],
        ['2001:0db8:0000:0001:0000:0000:0000:0001:3260', 4],
        ['[2001:db8:0:1::1]:3260', 4],
        ['2001:DB8:0:1::1:3260', 4],
        ['2001:0db8:0000:0000:0001:0000:0000:0001:3260', 5],
        ['[2001:db8::1:0:0:1]:3260', 5],
        ['2001:db8:0:0:1::1:3260', 5],
        ['2001:0db8:0000:0001:0001:0001:0001:0001:3260', 6],
        ['[2001:db8:0:1:1:1:1:1]:3260', 6],
        ['2001:db8::1:1:1:1:1:3260', 6],
        ['0000:0000:0000:0000:0000:ffff:c0a8:1e07:3260', 7],
        ['[::ffff:192.168.30.7]:3260', 7],
        ['::ffff:192.168.30.7:3260', 7],
      ]),
    )
  })
})

test('the last host in byte order wins for a portal of several sessions', (t) => {
  const machine = machineWith({
    hosts: [
      sessionHost(10, { number: 9, connections: [portal('10.0.0.1')] }),
      sessionHost(2, { number: 1, connections: [portal('10.0.0.1')] }),
      sessionHost(9, { number: 10, connections: [portal('10.0.0.1')] }),
    ],
  })
  checkAll(t, machine, (queries, expect) => {
    expect(queries.getIscsiPortalHostMapForTarget(IQN), new Map([['10.0.0.1:3260', 9]]))
  })
})

test('the connections of session 1 are not those of session 11', (t) => {
  const machine = machineWith({
    hosts: [
      sessionHost(0, { number: 1, connections: [portal('10.0.0.1', 1)] }),
      sessionHost(1, { number: 11, targetname: `${IQN}b`, connections: [portal('10.0.0.11', 1)] }),
    ],
  })
  checkAll(t, machine, (queries, expect) => {
    expect(queries.getIscsiPortalHostMapForTarget(IQN), new Map([['10.0.0.1:3260', 0]]))
    expect(queries.getIscsiPortalHostMapForTarget(`${IQN}b`), new Map([['10.0.0.11:3260', 1]]))
  })
})

test('several sessions on one host', (t) => {
  const machine = machineWith({
    hosts: [
      {
        number: 12,
        parent: 'pci0000:00/0000:00:05.0',
        driver: 'qla4xxx',
        iscsi: true,
        sessions: [
          sessionWith({
            number: 4,
            target: 0,
            connections: [portal('10.0.0.1')],
            devices: [{ lun: 1, block: [{ name: 'sdb' }] }],
          }),
          sessionWith({
            number: 30,
            target: 1,
            connections: [portal('10.0.0.2')],
            devices: [{ lun: 1, block: [{ name: 'sda' }] }],
          }),
          sessionWith({
            number: 31,
            target: 10,
            targetname: `${IQN}b`,
            connections: [portal('10.0.0.3')],
            devices: [{ lun: 1, block: [{ name: 'sdc' }] }],
          }),
        ],
      },
    ],
  })
  checkAll(t, machine, (queries, expect) => {
    expect(queries.findDevicesForIscsiLun(IQN, 1), ['sda', 'sdb'])
    expect(
      queries.getIscsiPortalHostMapForTarget(IQN),
      new Map([
        ['10.0.0.2:3260', 12],
        ['10.0.0.1:3260', 12],
      ]),
    )
  })
})

test('a LUN is found on any channel and target', (t) => {
  const lun = (number: number, ...names: string[]) => ({ lun: number, block: names.map((name) => ({ name })) })
  const machine = machineWith({
    hosts: [
      sessionHost(11, {
        number: 5,
        channel: 1,
        target: 10,
        devices: [
          { lun: 0, type: 12 },
          lun(1, 'sda'),
          lun(10, 'sdb'),
          lun(300, 'sdc'),
          lun(11, 'sdf', 'cciss!c0d0', 'sdaa'),
          lun(7),
        ],
      }),
      sessionHost(2, { number: 21, devices: [lun(0, 'sdd'), lun(1, 'sde')] }),
      {
        number: 1,
        parent: 'pci0000:00/0000:00:03.0/ata1',
        driver: 'ahci',
        iscsi: false,
        targets: [{ channel: 0, target: 0, devices: [lun(1, 'sdg')] }],
      },
    ],
  })
  checkAll(t, machine, (queries, expect) => {
    expect(queries.findDevicesForIscsiLun(IQN, 0), ['sdd'])
    expect(queries.findDevicesForIscsiLun(IQN, 1), ['sda', 'sde'])
    expect(queries.findDevicesForIscsiLun(IQN, 10), ['sdb'])
    expect(queries.findDevicesForIscsiLun(IQN, 300), ['sdc'])
    expect(queries.findDevicesForIscsiLun(IQN, 11), ['cciss!c0d0', 'sdaa', 'sdf'])
    for (const absent of [7, 2, 30, 100]) expect(queries.findDevicesForIscsiLun(IQN, absent), [], String(absent))
  })
})

test('the rest of a session that is being removed is not a session', (t) => {
  const session = (number: number, name: string): Partial<IscsiSession> & Pick<IscsiSession, 'number'> => ({
    number,
    connections: [portal(`10.0.0.${number}`)],
    devices: [{ lun: 1, block: [{ name }] }],
  })
  const machine = machineWith({
    hosts: [
      sessionHost(1, { ...session(1, 'sda'), presence: 'class-device-gone' }),
      sessionHost(2, { ...session(2, 'sdb'), presence: 'class-link-gone' }),
      sessionHost(3, { number: 3, presence: 'device-gone' }),
      sessionHost(4, { ...session(4, 'sdd'), targetname: { absent: true } }),
      sessionHost(5, session(5, 'sde')),
    ],
  })
  checkAll(t, machine, (queries, expect) => {
    expect(queries.findDevicesForIscsiLun(IQN, 1), ['sde'])
    expect(queries.getIscsiPortalHostMapForTarget(IQN), new Map([['10.0.0.5:3260', 5]]))
  })
})

test('a machine without iSCSI, and an empty machine, have no sessions', (t) => {
  for (const machine of [machineWith({}), machineWith({ iscsi: true })]) {
    checkAll(t, machine, (queries, expect) => {
      expect(queries.findDevicesForIscsiLun(IQN, 1), [])
      expect(queries.getIscsiPortalHostMapForTarget(IQN), new Map())
      expect(queries.findMultipathDeviceForDevice('/dev/sda'), undefined)
      expect(queries.findSlaveDevicesOnMultipath('/dev/dm-0'), [])
    })
  }
})

// ---- The generated trees

test('every link of a generated tree resolves, except the intended ones', (t) => {
  fc.assert(
    fc.property(randomMachine, (machine) => {
      withMachine(machine, (root) => {
        const intended = brokenLinksOf(machine)
        for (const link of linksBelow(`${root}/sys`)) {
          if (!existsSync(link) && !intended.has(posix.basename(link)))
            throw new Error(`${link} -> ${readlinkSync(link)} dangles`)
        }
      })
    }),
    randomCases({ usual: 25, long: 250 }),
  )
  t.pass()
})

test('link texts are those of the kernel', (t) => {
  withMachine(machineOfSize({ sessions: 2, luns: 1, maps: 1 }), (root) => {
    const expected = {
      'class/iscsi_host/host0': '../../devices/platform/host0/iscsi_host/host0',
      'class/iscsi_session/session1': '../../devices/platform/host0/session1/iscsi_session/session1',
      'class/iscsi_session/session1/device': '../../../session1',
      'class/iscsi_connection/connection1:0':
        '../../devices/platform/host0/session1/connection1:0/iscsi_connection/connection1:0',
      'class/scsi_disk/0:0:0:1': '../../devices/platform/host0/session1/target0:0:0/0:0:0:1/scsi_disk/0:0:0:1',
      'class/block/sda': '../../devices/platform/host0/session1/target0:0:0/0:0:0:1/block/sda',
      'class/block/vda1': '../../devices/pci0000:00/0000:00:02.0/virtio0/block/vda/vda1',
      'block/sda': '../devices/platform/host0/session1/target0:0:0/0:0:0:1/block/sda',
      'block/sda/device': '../../../0:0:0:1',
      'block/sda/subsystem': '../../../../../../../../class/block',
      'block/sda/holders/dm-0': '../../../../../../../../virtual/block/dm-0',
      'block/dm-0/slaves/sdb': '../../../../platform/host1/session2/target1:0:0/1:0:0:1/block/sdb',
      'dev/block/8:16': '../../devices/platform/host1/session2/target1:0:0/1:0:0:1/block/sdb',
      'bus/scsi/devices/host1': '../../../devices/platform/host1',
    }
    for (const [link, text] of Object.entries(expected)) t.is(readlinkSync(`${root}/sys/${link}`), text, link)
  })
})

test('the maps of a generated machine share no disk, and their paths are of one LUN', (t) => {
  for (const [size, disks, paths] of [
    [{ sessions: 2, luns: 2, maps: 2 }, 4, 2],
    [{ sessions: 8, luns: 16, maps: 16 }, 128, 8],
    [{ sessions: 64, luns: 64, maps: 1024 }, 4096, 4],
    [{ targets: 2, sessions: 8, luns: 2, maps: 8 }, 16, 2],
  ] as const) {
    const { hosts, maps } = machineOfSize(size)
    const volumes = new Map<string, string>()
    for (const { targetname, devices } of hosts.flatMap(({ sessions = [] }) => sessions)) {
      for (const { lun, block = [] } of devices)
        for (const { name } of block) volumes.set(name, `${String(targetname)} ${lun}`)
    }
    t.is(volumes.size, disks)
    t.is(maps.length, size.maps)
    t.is(new Set(maps.flatMap(({ slaves }) => slaves)).size, paths * size.maps)
    for (const { slaves } of maps) t.is(new Set(slaves.map((slave) => volumes.get(slave))).size, 1)
  }
  t.throws(() => machineOfSize({ sessions: 1, luns: 1, maps: 2 }), { instanceOf: RangeError })
})

function brokenLinksOf({ hosts }: Machine): ReadonlySet<string> {
  const names: string[] = []
  for (const { number, presence, targetname, connections } of hosts.flatMap(({ sessions = [] }) => sessions)) {
    if (presence !== 'whole') names.push(`session${number}`)
    if (isCircle(targetname)) names.push('targetname')
    for (const { cid, presence, address, port, persistentAddress, persistentPort } of connections) {
      if (presence !== 'whole') names.push(`connection${number}:${cid}`)
      if (isCircle(address)) names.push('address')
      if (isCircle(port)) names.push('port')
      if (isCircle(persistentAddress)) names.push('persistent_address')
      if (isCircle(persistentPort)) names.push('persistent_port')
    }
  }
  return new Set(names)
}

function isCircle(attribute: IscsiSession['targetname']): boolean {
  return typeof attribute === 'object' && 'unreadable' in attribute && attribute.unreadable === 'ELOOP'
}

function linksBelow(directory: string): string[] {
  return readdirSync(directory).flatMap((name) => {
    const path = `${directory}/${name}`
    const status = lstatSync(path)
    if (status.isSymbolicLink()) return [path]
    return status.isDirectory() ? linksBelow(path) : []
  })
}

// ---- Parts of a machine

function machineWith(parts: Partial<Machine>): Machine {
  const hosts = parts.hosts ?? []
  return { iscsi: hosts.some(({ iscsi }) => iscsi), disks: [], maps: [], raids: [], links: [], ...parts, hosts }
}

function mapOver(number: number, ...slaves: string[]): Machine['maps'][number] {
  return { number, name: `map${number}`, uuid: '', slaves }
}

function sessionHost(number: number, session: Parameters<typeof sessionWith>[0]): ScsiHost {
  return { number, parent: 'platform', driver: 'iscsi_tcp', iscsi: true, sessions: [sessionWith(session)] }
}

function sessionWith(session: Partial<IscsiSession> & Pick<IscsiSession, 'number'>): IscsiSession {
  return { channel: 0, target: 0, targetname: IQN, connections: [], devices: [], ...session }
}

function portal(address: string, cid = 0): IscsiConnection {
  return { cid, address, port: '3260', persistentAddress: address, persistentPort: '3260' }
}

type Expect = (answer: unknown, expected: unknown, about?: string) => void

/** Checks the reference implementation, the fallback and the addon, and then compares them on all other operations. */
function checkAll(
  t: ExecutionContext,
  machine: Machine,
  check: (queries: Queries, expect: Expect) => void,
  prepare?: (root: string) => void,
): void {
  withMachine(machine, (root) => {
    prepare?.(root)
    for (const [name, queries] of [['reference', new ReferenceQueries(root)] as const, ...implementations(root)]) {
      check(queries, (answer, expected, about = '') =>
        t.deepEqual(inOrder(answer), inOrder(expected), `${name} ${about}`),
      )
    }
    t.notThrows(() => agree(root, machine))
  })
}

/** A map of portals with its entries in a fixed order: which portal comes first has no meaning. */
function inOrder(answer: unknown): unknown {
  return answer instanceof Map ? [...answer].sort() : answer
}
