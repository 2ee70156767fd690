import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import test from 'ava'
import { inNamingOrder } from '../lib/cli/order.js'
import { formatSize } from '../lib/cli/quantity.js'
import { Sysfs } from '../lib/index.js'
import { readTopology } from '../lib/storage/topology.js'
import { type Backend, onEveryBackend } from './backends.js'
import { copyPackage, type EndOfChild, howItEnded, packageRoot } from './child-process.js'
import { type FileTree, writeFileTree } from './file-tree.js'
import { parseIscsiadmSessions, parseMultipathMaps } from './recorded-tools.js'
import { reference, unpackRecording } from './recordings.js'

// The tool as it is installed, every time in a process of its own.

const tool = path.join(packageRoot, 'dist/lib/cli/main.js')
const target = 'iqn.2026-11.io.example:alpha'

type Environment = Readonly<Record<string, string>>

/** Nothing of the locale and terminal that the tests run in. */
const environment: Environment = { PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8', TERM: 'xterm' }

function endOf(program: string, args: readonly string[], more: Environment = {}): Promise<EndOfChild> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...environment, ...more }, stdio: ['ignore', 'pipe', 'pipe'] })
    const output = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (chunk: string) => {
        output[stream] += chunk
      })
    }
    child.on('error', reject)
    child.on('close', (status, signal) => resolve({ status, signal, ...output }))
  })
}

function run(args: readonly string[], more?: Environment): Promise<EndOfChild> {
  return endOf(process.execPath, [tool, ...args], more)
}

/** Runs the tool on a recorded machine. */
async function runOn(recording: string, backend: Backend, ...args: readonly string[]): Promise<EndOfChild> {
  return run([...args, '--backend', backend, '--root', await unpackRecording(recording)])
}

/** What a run that finds something prints. */
async function outputOn(recording: string, backend: Backend, ...args: readonly string[]): Promise<string> {
  const end = await runOn(recording, backend, ...args)
  if (end.status !== 0 || end.stderr !== '') throw new Error(howItEnded(end))
  return end.stdout
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '')
}

// ---- What it finds

onEveryBackend('multipath prints the map over each path', async (t, backend) => {
  const map = parseMultipathMaps(reference('S3', 'multipath-ll.txt')).find(({ name }) => name === 'mpathd')
  t.deepEqual(
    map?.paths.map((one) => one.device),
    ['sda', 'sdb'],
  )
  t.is(await outputOn('S3', backend, 'multipath', 'sda'), `/dev/${map?.device}\n`)
  t.is(await outputOn('S3', backend, 'multipath', '/dev/sdb'), `/dev/${map?.device}\n`)
  t.deepEqual(JSON.parse(await outputOn('S3', backend, 'multipath', 'sdb', '--json')), { map: `/dev/${map?.device}` })
})

onEveryBackend('slaves prints the paths of each map', async (t, backend) => {
  for (const map of parseMultipathMaps(reference('S3', 'multipath-ll.txt'))) {
    const slaves = map.paths.map((one) => `/dev/${one.device}`).sort()
    t.is(await outputOn('S3', backend, 'slaves', map.device), slaves.map((slave) => `${slave}\n`).join(''))
    t.deepEqual(JSON.parse(await outputOn('S3', backend, 'slaves', `/dev/mapper/${map.name}`, '--json')), { slaves })
  }
})

onEveryBackend('portals prints each with its host', async (t, backend) => {
  t.is(await outputOn('S3', backend, 'portals', target), '127.0.0.2:3260  host0\n127.0.0.1:3260  host1\n')
  const { portals } = JSON.parse(await outputOn('S4-ipv6', backend, 'portals', target, '--json'))
  const hosts = Object.fromEntries(portals.map((one: { portal: string; host: number }) => [one.portal, one.host]))
  const sessions = parseIscsiadmSessions(reference('S4-ipv6', 'iscsiadm-session.txt'))
  for (const { persistentPortal, currentPortal, hostNumber } of sessions) {
    // Two of the sessions are to one portal: the later one counts.
    const expected = persistentPortal.address === '127.0.0.1' ? 2 : hostNumber
    t.is(hosts[`${persistentPortal.address}:3260`], expected)
    t.is(hosts[`${currentPortal.address}:3260`], expected)
  }
  t.is(hosts['[::1]:3260'], 1)
})

onEveryBackend('lun prints the disk of each session', async (t, backend) => {
  const sessions = parseIscsiadmSessions(reference('S3', 'iscsiadm-session.txt'))
  for (const lun of [1, 7]) {
    const disks = sessions
      .filter((session) => session.target === target)
      .flatMap((session) => session.disks.filter((disk) => disk.lun === lun).map((disk) => disk.name))
    t.is(disks.length, 2)
    const text = await outputOn('S3', backend, 'lun', target, String(lun))
    t.deepEqual(linesOf(text).toSorted(), disks.toSorted())
    t.deepEqual(JSON.parse(await outputOn('S3', backend, 'lun', target, String(lun), '--json')), {
      devices: linesOf(text),
    })
  }
})

for (const name of ['S3', 'S4-ipv6', 'S7b-transport-offline', 'S9b-redirect']) {
  onEveryBackend(`sessions prints those of iscsiadm, on ${name}`, async (t, backend) => {
    const expected = parseIscsiadmSessions(reference(name, 'iscsiadm-session.txt'))
    const { sessions } = JSON.parse(await outputOn(name, backend, 'sessions', '--json'))
    const rows = linesOf(await outputOn(name, backend, 'sessions'))
    t.is(rows.length, expected.length)
    for (const [index, session] of expected.toSorted((a, b) => a.sessionId - b.sessionId).entries()) {
      t.like(
        sessions.find(({ id }: { id: number }) => id === session.sessionId),
        {
          target: session.target,
          state: session.sessionState,
          host: session.hostNumber,
          luns: session.disks.map((disk) => ({ lun: disk.lun, disk: disk.name })),
        },
      )
      const words = rows[index]?.split(/[ !,]+/) ?? []
      t.is(words[0], `session${session.sessionId}`)
      const { address, port } = session.persistentPortal
      const portal = `${address.includes(':') ? `[${address}]` : address}:${port}`
      for (const word of [session.sessionState, `host${session.hostNumber}`, session.target, portal]) {
        t.true(words.includes(word), `${word} in ${rows[index]}`)
      }
    }
  })
}

onEveryBackend('the tree of S3', async (t, backend) => {
  t.is(
    await outputOn('S3', backend),
    `iSCSI targets
iqn.2026-11.io.example:alpha
├─ session1  host0       LOGGED_IN  127.0.0.2:3260
│  ├─ LUN 1  sda    64M  running    → mpathd  IET VIRTUAL-DISK
│  ├─ LUN 2  sdd    96M  running    → mpathe  IET VIRTUAL-DISK
│  └─ LUN 7  sdh    48M  running    → mpatha  IET VIRTUAL-DISK
└─ session2  host1       LOGGED_IN  127.0.0.1:3260
   ├─ LUN 1  sdb    64M  running    → mpathd  IET VIRTUAL-DISK
   ├─ LUN 2  sdc    96M  running    → mpathe  IET VIRTUAL-DISK
   └─ LUN 7  sdg    48M  running    → mpatha  IET VIRTUAL-DISK
iqn.2026-11.io.example:beta
├─ session3  host2       LOGGED_IN  127.0.0.2:3260
│  ├─ LUN 1  sde    80M  running    → mpathc  IET VIRTUAL-DISK
│  └─ LUN 2  sdj    32M  running    → mpathb  IET VIRTUAL-DISK
└─ session4  host3       LOGGED_IN  127.0.0.1:3260
   ├─ LUN 1  sdf    80M  running    → mpathc  IET VIRTUAL-DISK
   └─ LUN 2  sdi    32M  running    → mpathb  IET VIRTUAL-DISK

Multipath maps
mpatha                 dm-0    48M  2 paths  360000000000000000e00000000010007
├─ path 1:0:0:7        sdg     48M  running  session2
├─ path 0:0:0:7        sdh     48M  running  session1
└─ secret              dm-9    32M  crypt
mpathb                 dm-1    32M  2 paths  360000000000000000e00000000020002
├─ path 3:0:0:2        sdi     32M  running  session4
├─ path 2:0:0:2        sdj     32M  running  session3
└─ vgdata-big          dm-8   104M  lvm      also on mpathe
mpathc                 dm-2    80M  2 paths  360000000000000000e00000000020001
├─ path 2:0:0:1        sde     80M  running  session3
├─ path 3:0:0:1        sdf     80M  running  session4
└─ vault               dm-10   64M  crypt
   └─ vg--vault-lv--a  dm-11   32M  lvm
mpathd                 dm-3    64M  2 paths  360000000000000000e00000000010001
├─ path 0:0:0:1        sda     64M  running  session1
├─ path 1:0:0:1        sdb     64M  running  session2
├─ mpathd-part1        dm-5    20M  part
└─ mpathd-part2        dm-6    20M  part
mpathe                 dm-4    96M  2 paths  360000000000000000e00000000010002
├─ path 1:0:0:2        sdc     96M  running  session2
├─ path 0:0:0:2        sdd     96M  running  session1
├─ vgdata-big          dm-8   104M  lvm      also on mpathb
└─ vgdata-small        dm-7    16M  lvm

Other disks
vda  2G  disk

4 sessions, 5 multipath maps, 11 disks; no faults
`,
  )
})

for (const name of ['S3', 'S6c-rescanned', 'S6d-path-deleted', 'S8a-128disks']) {
  onEveryBackend(`the tree has the maps of multipath -ll, on ${name}`, async (t, backend) => {
    const rows = linesOf(await outputOn(name, backend))
    for (const map of parseMultipathMaps(reference(name, 'multipath-ll.txt'))) {
      const start = rows.findIndex((row) => row.startsWith(`${map.name} `))
      const [, device, size] = rows[start]?.split(/ +/) ?? []
      t.deepEqual([device, size], [map.device, map.size.replace(/\.0(?=.$)/, '')])
      t.true(rows[start]?.includes(map.wwid))
      const paths = rows.slice(start + 1, start + 1 + map.paths.length)
      const found = paths.map((row) => /─ path (\S+) +(\S+)/.exec(row)?.slice(1))
      t.deepEqual(found.sort(), map.paths.map((one) => [one.hctl, one.device]).sort())
    }
  })
}

onEveryBackend('what is wrong is marked', async (t, backend) => {
  t.is(
    await outputOn('S7b-transport-offline', backend),
    `iSCSI targets
iqn.2026-11.io.example:alpha
├─ session1  host0      !FREE               127.0.0.2:3260  connection failed
│  ├─ LUN 1  sda    64M !transport-offline  → mpathb  IET VIRTUAL-DISK
│  └─ LUN 2  sdc    32M !transport-offline  → mpatha  IET VIRTUAL-DISK
└─ session2  host1       LOGGED_IN          127.0.0.1:3260
   ├─ LUN 1  sdb    64M  running            → mpathb  IET VIRTUAL-DISK
   └─ LUN 2  sdd    32M  running            → mpatha  IET VIRTUAL-DISK

Multipath maps
mpatha           dm-0  32M !1 of 2 up          360000000000000000e00000000010002
├─ path 0:0:0:2  sdc   32M !transport-offline  session1
└─ path 1:0:0:2  sdd   32M  running            session2
mpathb           dm-1  64M !1 of 2 up          360000000000000000e00000000010001
├─ path 0:0:0:1  sda   64M !transport-offline  session1
└─ path 1:0:0:1  sdb   64M  running            session2

Other disks
vda  2G  disk

2 sessions, 2 multipath maps, 5 disks; 5 faults, marked !
`,
  )
  const deleted = linesOf(await outputOn('S6d-path-deleted', backend)).filter((row) => row.includes('!'))
  t.deepEqual(deleted, [
    '│  ├─ LUN 2  sdc     0B !running    → mpathb  map has 32M  IET VIRTUAL-DISK',
    '   ├─ LUN 2  sdd     0B !running    → mpathb  map has 32M  IET VIRTUAL-DISK',
    'mpatha           dm-0  16M !1 path   no path by session2  360000000000000000e00000000010001',
    '├─ path 0:0:0:2  sdc    0B !running  session1  map has 32M',
    '└─ path 1:0:0:2  sdd    0B !running  session2  map has 32M',
    '2 sessions, 4 multipath maps, 8 disks; 3 faults, marked !',
  ])
  t.deepEqual(linesOf(await outputOn('S7b-transport-offline', backend, 'sessions')), [
    `session1  host0 !FREE       127.0.0.2:3260  ${target}  connection failed  2 LUNs`,
    `session2  host1  LOGGED_IN  127.0.0.1:3260  ${target}  2 LUNs`,
  ])
})

onEveryBackend('the tree as JSON', async (t, backend) => {
  const root = await unpackRecording('S3')
  const json = JSON.parse(await outputOn('S3', backend, '--json'))
  t.deepEqual(json, readTopology(new Sysfs({ root, backend })))
  t.deepEqual(Object.keys(json), ['sessions', 'devices'])
  t.is(json.devices.length, 23)
})

const platform = 'devices/platform/host4'

/** A session with two connections, a map that is a path, a raid over two partitions: what no recording has. */
const oddMachine: FileTree = {
  'sys/class/iscsi_session/session7': { link: `../../${platform}/session7/iscsi_session/session7` },
  [`sys/${platform}/session7/iscsi_session/session7/targetname`]: '(null)\n',
  [`sys/${platform}/session7/iscsi_session/session7/state`]: 'LOGGED_IN\n',
  [`sys/${platform}/session7/iscsi_session/session7/device`]: { link: '../../../session7' },
  ...connection('connection7:0', { state: 'up', address: '10.0.0.1', port: '3260' }),
  ...connection('connection7:1', { state: 'down', persistent_address: 'fe80::1%eth0', persistent_port: '3260' }),
  ...block(`${platform}/session7/target4:0:0/4:0:0:1/block/sdaa`, {
    size: '0',
    'device/state': 'running',
    'device/vendor': 'EVIL',
    'device/model': '\x1b[31m\u009b1m',
  }),
  ...block(`${platform}/session7/target4:0:0/4:0:0:10/block/sdc`, { size: '2147483648', 'device/state': 'running' }),
  ...block('pci0000:00/virtio0/block/vda'),
  ...block('pci0000:00/virtio0/block/vda/vda1'),
  ...block('pci0000:00/virtio0/block/vda/vda10'),
  ...block('pci0000:00/virtio0/block/vda/vda2'),
  ...block('virtual/block/md0', { ro: '1' }),
  'sys/devices/virtual/block/md0/slaves/vda1': { link: '../../../vda1' },
  'sys/devices/virtual/block/md0/slaves/vda2': { link: '../../../vda2' },
  ...block('virtual/block/dm-0', { 'dm/name': 'vg-lv', 'dm/uuid': 'LVM-x', 'dm/suspended': '1' }),
  'sys/devices/virtual/block/dm-0/slaves/md0': { link: '../../md0' },
  ...block('virtual/block/dm-1', { 'dm/name': 'mpathz', 'dm/uuid': 'mpath-36000', 'dm/suspended': '0' }),
  'sys/devices/virtual/block/dm-1/slaves/dm-0': { link: '../../dm-0' },
  ...block('virtual/block/loop0', { size: '0' }),
  ...block('pci0000:00/nvme/nvme0/nvme0n1', { 'device/state': 'live', 'device/model': 'Fast' }),
}

function connection(name: string, attributes: Readonly<Record<string, string>>): FileTree {
  const directory = `sys/${platform}/session7/${name}/iscsi_connection/${name}`
  return Object.fromEntries(Object.entries(attributes).map(([key, value]) => [`${directory}/${key}`, `${value}\n`]))
}

function block(device: string, attributes: Readonly<Record<string, string>> = {}): FileTree {
  const directory = device.startsWith('devices/') ? device : `devices/${device}`
  const files = Object.entries({ size: '2048', ro: '0', ...attributes })
  return {
    ...Object.fromEntries(files.map(([key, value]) => [`sys/${directory}/${key}`, `${value}\n`])),
    [`sys/class/block/${path.posix.basename(directory)}`]: { link: `../../${directory}` },
  }
}

onEveryBackend('the tree of an odd machine', async (t, backend) => {
  const { stdout, status } = await run(['--backend', backend, '--root', writeFileTree(t, oddMachine)])
  t.is(
    stdout,
    `iSCSI targets
(no target name)
└─ session7          host4     !LOGGED_IN  connection down
   ├─ connection7:0             up         10.0.0.1:3260
   ├─ connection7:1            !down       [fe80::1%eth0]:3260
   ├─ LUN 1          sdaa   0B  running    EVIL ?[31m?1m
   └─ LUN 10         sdc    1T  running

Multipath maps
mpathz         dm-1  1M !1 path  36000
└─ path vg-lv  dm-0  1M !lvm     suspended

Other disks
nvme0n1               1M  live  Fast
vda                   1M  disk
├─ vda1               1M  part
│  └─ md0             1M  md    also on vda2  read-only
│     └─ vg-lv  dm-0  1M !lvm   suspended
├─ vda2               1M  part
│  └─ md0             1M  md    also on vda1 (see there)  read-only
└─ vda10              1M  part

1 session, 1 multipath map, 5 disks; 3 faults, marked !
`,
  )
  t.is(status, 0)
})

onEveryBackend('where there is nothing, the tree says so in one line', async (t, backend) => {
  const nothing = 'No SCSI, iSCSI or multipath storage here\n'
  const unused = { ...block('virtual/block/loop0', { size: '0' }), ...block('virtual/block/zram0', { size: '0' }) }
  for (const tree of [{ sys: null }, { 'sys/class/block': null }, unused]) {
    const root = writeFileTree(t, tree)
    t.deepEqual(await run(['--backend', backend, '--root', root]), ended(1, nothing, ''))
  }
  t.is(await outputOn('S1a-nomodules', backend), `Disks\nvda  2G  disk\n\n${nothing}`)
})

// ---- Exit codes and errors

function ended(status: number, stdout: string, stderr: string): EndOfChild {
  return { status, signal: null, stdout, stderr }
}

onEveryBackend('nothing found is exit code 1, and said on stderr', async (t, backend) => {
  const cases = [
    { args: ['multipath', 'vda'], json: { map: null }, says: 'nothing is over vda' },
    { args: ['slaves', 'sda'], json: { slaves: [] }, says: 'nothing is under sda' },
    { args: ['portals', 'iqn.no'], json: { portals: [] }, says: 'no portal of iqn.no' },
    { args: ['lun', target, '3'], json: { devices: [] }, says: `no disk for LUN 3 of ${target}` },
  ]
  for (const { args, json, says } of cases) {
    t.deepEqual(await runOn('S3', backend, ...args), ended(1, '', `fast-sysfs: ${says}\n`))
    const end = await runOn('S3', backend, ...args, '--json')
    t.deepEqual({ ...end, stdout: JSON.parse(end.stdout) }, { ...ended(1, '', ''), stdout: json })
  }
  t.deepEqual(await runOn('S1a-nomodules', backend, 'sessions'), ended(1, '', 'fast-sysfs: no iSCSI session\n'))
})

const misuses: readonly (readonly [args: readonly string[], problem: string])[] = [
  [['slave', 'dm-0'], "unknown command 'slave'"],
  [[''], "unknown command ''"],
  [['multipath'], 'multipath: missing DEVICE'],
  [['lun'], 'lun: missing IQN LUN'],
  [['lun', target], 'lun: missing LUN'],
  [['lun', target, '1', '2'], "lun: unexpected '2'"],
  [['sessions', 'all'], "sessions: unexpected 'all'"],
  [['lun', target, 'one'], "LUN must be a number, not 'one'"],
  [['lun', target, '0x1'], "LUN must be a number, not '0x1'"],
  [['--jsn'], "Unknown option '--jsn'"],
  [['-j'], "Unknown option '-j'"],
  [['--a\nb'], "Unknown option '--a"],
  [['--json=yes'], "Option '--json' does not take an argument"],
  [['sessions', '--root'], "Option '--root <value>' argument missing"],
  [['--root', '--json'], "Option '--root' argument is ambiguous"],
  [['--root='], '--root must not be empty'],
  [['--backend', 'quick'], "--backend must be auto, native or fallback, not 'quick'"],
  [['slaves', 'dm\x1b-1\n\n', 'two\nlines'], "slaves: unexpected 'two?lines'"],
]

for (const [args, problem] of misuses) {
  test(`misused: ${JSON.stringify(args)}`, async (t) => {
    t.deepEqual(await run(args), ended(2, '', `fast-sysfs: ${problem} (see fast-sysfs --help)\n`))
  })
}

onEveryBackend('what the library refuses is misuse too', async (t, backend) => {
  for (const args of [
    ['multipath', '../sda'],
    ['multipath', ''],
    ['portals', ''],
    ['lun', target, '99999999999999999'],
  ]) {
    const { status, stdout, stderr } = await runOn('S3', backend, ...args)
    t.deepEqual([status, stdout], [2, ''])
    t.regex(stderr, /^fast-sysfs: (device|iqn|lun) must .+ \(see fast-sysfs --help\)\n$/)
  }
})

onEveryBackend('a root without sysfs is a failure', async (t, backend) => {
  for (const root of [writeFileTree(t, { 'dev/sda': '' }), writeFileTree(t, { sys: 'a file' })]) {
    for (const args of [[], ['--json'], ['sessions'], ['multipath', 'sda']]) {
      const end = await run([...args, '--backend', backend, '--root', root])
      t.deepEqual(end, ended(3, '', `fast-sysfs: there is no sysfs at ${root}/sys\n`))
    }
  }
})

test('no addon is a failure only where it is asked for', async (t) => {
  const copied = path.join(copyPackage(), 'dist/lib/cli/main.js')
  const args = [copied, 'multipath', 'sda', '--root', await unpackRecording('S3')]
  t.deepEqual(await endOf(process.execPath, args), ended(0, '/dev/dm-3\n', ''))
  const end = await endOf(process.execPath, [...args, '--backend', 'native'])
  t.deepEqual([end.status, end.stdout], [3, ''])
  t.regex(end.stderr, /^fast-sysfs: no native addon for .+\n$/)
})

onEveryBackend('no descriptors left is a failure', async (t, backend) => {
  // Takes all descriptors once the tool is loaded.
  const preload = path.join(
    writeFileTree(t, {
      'preload.cjs': `
        const { openSync } = require('node:fs')
        const { Sysfs } = require(${JSON.stringify(path.join(packageRoot, 'dist/lib/sysfs.js'))})
        const { prepare } = Sysfs.prototype
        Sysfs.prototype.prepare = function (query) {
          try { for (;;) openSync('/dev/null') } catch {}
          return prepare.call(this, query)
        }`,
    }),
    'preload.cjs',
  )
  const root = await unpackRecording('S3')
  const node = [process.execPath, '--require', preload, tool, '--backend', backend, '--root', root]
  for (const command of [[], ['sessions', '--json'], ['slaves', 'dm-0']]) {
    const end = await endOf('/bin/sh', ['-c', 'ulimit -n 256 && exec "$0" "$@"', ...node, ...command])
    t.deepEqual([end.status, end.stdout], [3, ''])
    t.regex(end.stderr, /^fast-sysfs: EMFILE: too many open files, \w+ '\/.+'\n$/)
  }
})

// ---- Options and help

test('options stand anywhere, until --', async (t) => {
  const root = await unpackRecording('S3')
  const expected = ended(0, '/dev/dm-3\n', '')
  t.deepEqual(await run(['--root', root, 'multipath', 'sda']), expected)
  t.deepEqual(await run(['multipath', `--root=${root}`, 'sda']), expected)
  t.deepEqual(await run(['--root', root, '--', 'multipath', 'sda']), expected)
  t.deepEqual(
    await run(['--root', root, 'multipath', '--', '--json']),
    ended(1, '', 'fast-sysfs: nothing is over --json\n'),
  )
})

test('help, of the tool and of each command', async (t) => {
  const help = await run(['--help'])
  t.like(help, { status: 0, stderr: '' })
  t.deepEqual(await run(['-h']), help)
  const commands = ['multipath DEVICE', 'slaves MAP', 'portals IQN', 'lun IQN LUN', 'sessions']
  for (const usage of commands) {
    t.true(help.stdout.includes(`\n  ${usage} `), usage)
    const end = await run([usage.split(' ')[0] ?? '', '--help'])
    t.like(end, { status: 0, stderr: '' })
    t.true(end.stdout.startsWith(`Usage: fast-sysfs ${usage} [OPTIONS]\n`), usage)
    t.true(end.stdout.includes('JSON: {'))
    for (const line of linesOf(help.stdout + end.stdout)) t.true(line.length <= 80, line)
  }
  for (const option of ['--json', '--root DIR', '--backend NAME', '-h, --help', '-V, --version']) {
    t.true(help.stdout.includes(option), option)
  }
})

test("the help tells all keys of the tree's JSON", async (t) => {
  const { stdout: help } = await run(['--help'])
  const { stdout: sessionsHelp } = await run(['sessions', '--help'])
  const topology = readTopology(new Sysfs({ root: await unpackRecording('S2'), backend: 'fallback' }))
  const maps = readTopology(new Sysfs({ root: await unpackRecording('S3'), backend: 'fallback' })).devices
  for (const key of keysIn([topology.devices, maps])) t.regex(help, new RegExp(`\\b${key}\\b`))
  for (const key of keysIn(topology.sessions)) t.regex(sessionsHelp, new RegExp(`\\b${key}\\b`))
})

function keysIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  const below = Object.values(value).flatMap(keysIn)
  return Array.isArray(value) ? below : [...Object.keys(value), ...below]
}

test('version, and that npm makes this the command', async (t) => {
  const { version, bin } = JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8'))
  t.is(path.resolve(packageRoot, bin['fast-sysfs']), tool)
  t.true(readFileSync(tool, 'utf8').startsWith('#!/usr/bin/env node\n'))
  t.deepEqual(await run(['--version']), ended(0, `${version}\n`, ''))
  t.deepEqual(await run(['-V']), ended(0, `${version}\n`, ''))
})

// ---- Output

test('lines are drawn in ASCII where the locale is not UTF-8', async (t) => {
  const args = ['--root', await unpackRecording('S3')]
  const { stdout: unicode } = await run(args)
  t.regex(unicode, /├─ .*→ mpathd/)
  for (const locale of [{ LANG: 'C' }, { LC_ALL: 'POSIX' }, { LC_CTYPE: 'de_DE.ISO-8859-1' }, { LANG: '' }]) {
    const { stdout: ascii } = await run(args, locale)
    t.regex(ascii, /^[\n -~]+$/)
    t.regex(ascii, /\|- .*-> mpathd/)
  }
  t.is((await run(args, { LANG: 'C', LC_ALL: 'en_US.utf8' })).stdout, unicode)
})

test('there are no colours and nothing is cut off where the output is no terminal', async (t) => {
  const args = ['--root', await unpackRecording('S7b-transport-offline')]
  const { stdout } = await run(args, { FORCE_COLOR: '1', COLUMNS: '20' })
  t.false(stdout.includes('\x1b'))
  t.false(stdout.includes('…'))
})

test('control characters of a device do not reach the terminal', async (t) => {
  const args = ['--root', writeFileTree(t, oddMachine)]
  for (const more of [[], ['--json']]) {
    const { stdout } = await run([...args, ...more])
    t.true(stdout.includes('EVIL'))
    t.false(/[^\P{Cc}\n]/u.test(stdout))
  }
  const { devices } = JSON.parse((await run([...args, '--json'])).stdout)
  t.true(devices.some(({ model }: { model?: string }) => model === '\x1b[31m\u009b1m'))
})

test('a reader that has seen enough is no error', async (t) => {
  const script = (streams: string) => `exec 3>&1; { "$0" "$@" ${streams}; echo "exit code $?" >&3; } | true`
  const args = [process.execPath, tool, '--root', await unpackRecording('S3')]
  t.deepEqual(await endOf('/bin/sh', ['-c', script(''), ...args]), ended(0, 'exit code 0\n', ''))
  const end = await endOf('/bin/sh', ['-c', script('2>&1 >/dev/null'), ...args, 'unknown'])
  t.deepEqual(end, ended(0, 'exit code 2\n', ''))
})

const testWithFull = existsSync('/dev/full') ? test : test.skip
testWithFull('a full disk is a failure (needs /dev/full)', async (t) => {
  const end = await endOf('/bin/sh', ['-c', '"$0" "$@" >/dev/full', process.execPath, tool, '--version'])
  t.like(end, { status: 3, stdout: '' })
  t.regex(end.stderr, /^fast-sysfs: ENOSPC: .+\n$/)
})

// ---- On a terminal

const hasScript = /util-linux/.test(spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '')
const testOnTerminal = hasScript ? test : test.skip

/** Runs the tool on a pseudo-terminal of a width; what it prints there. */
async function runOnTerminal(columns: number, args: readonly string[], more?: Environment): Promise<string> {
  const command = [process.execPath, tool, ...args].map((word) => `'${word}'`).join(' ')
  const end = await endOf('script', ['-qec', `stty cols ${columns} rows 24; ${command}`, '/dev/null'], more)
  if (end.status !== 0) throw new Error(howItEnded(end))
  return end.stdout.replaceAll('\r\n', '\n')
}

testOnTerminal('faults are coloured (needs script of util-linux)', async (t) => {
  const args = ['--root', await unpackRecording('S7b-transport-offline')]
  const shown = await runOnTerminal(200, args)
  for (const red of [' !FREE', ' !transport-offline', '5 faults, marked !'])
    t.true(shown.includes(`\x1b[31m${red}`), red)
  t.true(shown.includes('\x1b[33m !1 of 2 up'))
  t.true(shown.includes('\x1b[1miSCSI targets\x1b[22m'))
  t.is(stripVTControlCharacters(shown), (await run(args)).stdout)
})

testOnTerminal('a map without a path that works is as bad as it gets (needs script of util-linux)', async (t) => {
  const root = writeFileTree(t, {
    'sys/class/iscsi_session/session7': { link: `../../${platform}/session7/iscsi_session/session7` },
    // The disk is not blocked yet.
    [`sys/${platform}/session7/iscsi_session/session7/state`]: 'FAILED\n',
    ...block(`${platform}/session7/target4:0:0/4:0:0:1/block/sda`, { 'device/state': 'running' }),
    ...block('virtual/block/dm-0', { 'dm/name': 'mpatha', 'dm/uuid': 'mpath-36000' }),
    'sys/devices/virtual/block/dm-0/slaves/sda': { link: '../../sda' },
  })
  t.true((await runOnTerminal(200, ['--root', root])).includes('\x1b[31m !0 of 1 up'))
})

testOnTerminal('NO_COLOR and TERM=dumb are respected (needs script of util-linux)', async (t) => {
  const args = ['--root', await unpackRecording('S7b-transport-offline')]
  const { stdout } = await run(args)
  t.is(await runOnTerminal(200, args, { NO_COLOR: '1' }), stdout)
  t.is(await runOnTerminal(200, args, { TERM: 'dumb', FORCE_COLOR: '1' }), stdout)
  // As https://no-color.org has it, only a value that is not empty counts.
  t.true((await runOnTerminal(200, args, { NO_COLOR: '' })).includes('\x1b[31m'))
})

testOnTerminal('lines are cut off at the width of the terminal (needs script of util-linux)', async (t) => {
  const args = ['--root', await unpackRecording('S6d-path-deleted')]
  const whole = linesOf((await run(args)).stdout)
  for (const { locale, ellipsis } of [
    { locale: 'C.UTF-8', ellipsis: '…' },
    { locale: 'C', ellipsis: '...' },
  ]) {
    const uncut = linesOf((await run(args, { LANG: locale })).stdout)
    for (const columns of [30, 60, 80]) {
      const shown = linesOf(stripVTControlCharacters(await runOnTerminal(columns, args, { LANG: locale })))
      const expected = uncut.map((line) =>
        line.length <= columns ? line : line.slice(0, columns - ellipsis.length) + ellipsis,
      )
      t.deepEqual(shown, expected)
    }
  }
  t.true(whole.some((line) => line.length > 80))
  // JSON is for programs.
  t.is(await runOnTerminal(30, [...args, '--json']), (await run([...args, '--json'])).stdout)
})

testOnTerminal('every fault is to be seen on 80 columns (needs script of util-linux)', async (t) => {
  const shown = await runOnTerminal(80, ['--root', await unpackRecording('S6d-path-deleted')], { NO_COLOR: '1' })
  for (const reason of ['no path by session2', '→ mpathb  map has 32M', 'session1  map has 32M']) {
    t.true(shown.includes(reason), reason)
  }
})

// ---- How things are written

test('sizes are written as lsblk does', (t) => {
  const cases = [
    [0, '0B'],
    [512, '512B'],
    [1536, '1.5K'],
    [104 * 1024 ** 2, '104M'],
    [1023.96 * 1024 ** 2, '1G'],
    [1000204886016, '931.5G'],
    [2 ** 40, '1T'],
    [8 * 2 ** 60, '8E'],
  ] as const
  for (const [bytes, text] of cases) t.is(formatSize(bytes), text)
  t.is(formatSize(null), '')
})

test('names are in the order in which they were given out', (t) => {
  for (const names of [
    ['sda', 'sda1', 'sda2', 'sda10', 'sdb', 'sdz', 'sdaa', 'sdba'],
    ['dm-0', 'dm-2', 'dm-10'],
    ['mpatha', 'mpathb', 'mpathb-part1', 'mpathaa'],
    ['nvme0n1', 'nvme0n1p2', 'nvme0n10', 'nvme1n1'],
  ]) {
    t.deepEqual(names.toReversed().sort(inNamingOrder), names)
  }
})
