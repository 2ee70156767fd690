import assert from 'node:assert/strict'
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import test from 'ava'
import fc from 'fast-check'
import { Inventory } from '../../../lib/cli/inventory/inventory.js'
import { ascii } from '../../../lib/cli/terminal/terminal.js'
import { drawTree } from '../../../lib/cli/tree/storage-tree.js'
import { type BlockDevice, type Snapshot, Sysfs } from '../../../lib/index.js'
import { backends, onEveryBackend } from '../../support/backends.js'
import { type FileTree, writeFileTree } from '../../support/file-tree.js'
import { randomMachine } from '../../support/random-machine.js'
import { parseMultipathMaps } from '../../support/recorded-tools.js'
import { reference, unpackRecording } from '../../support/recordings.js'
import { randomCases } from '../../support/run-length.js'
import { removeMachine, writeMachine } from '../../support/sysfs-tree.js'
import { temporaryDirectory } from '../../support/temporary.js'
import { ended, linesOf, outputOn, run, runOnTerminal, testOnTerminal } from '../../support/tool.js'

const target = 'iqn.2026-11.io.example:alpha'

onEveryBackend('the tree shows the storage of S3', async (t, backend) => {
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
  onEveryBackend(`the tree has the maps that multipath -ll prints, on ${name}`, async (t, backend) => {
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

onEveryBackend('the tree marks faults', async (t, backend) => {
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
    '│  ├─ LUN 2  sdc     0B !running    → mpathb  phantom: zero size, map of another unit  IET VIRTUAL-DISK',
    '   ├─ LUN 2  sdd     0B !running    → mpathb  phantom: zero size, map of another unit  IET VIRTUAL-DISK',
    'mpatha           dm-0  16M !1 path   no path through session2  360000000000000000e00000000010001',
    '├─ path 0:0:0:2  sdc    0B !running  session1  phantom: zero size, map of another unit',
    '└─ path 1:0:0:2  sdd    0B !running  session2  phantom: zero size, map of another unit',
    '2 sessions, 4 multipath maps, 8 disks; 3 faults, marked !',
  ])
  t.deepEqual(linesOf(await outputOn('S7b-transport-offline', backend, 'sessions')), [
    `session1  host0 !FREE       127.0.0.2:3260  ${target}  connection failed  2 LUNs`,
    `session2  host1  LOGGED_IN  127.0.0.1:3260  ${target}  2 LUNs`,
  ])
})

onEveryBackend('--json prints the snapshot', async (t, backend) => {
  const root = await unpackRecording('S3')
  const json = JSON.parse(await outputOn('S3', backend, '--json'))
  t.deepEqual(json, JSON.parse(JSON.stringify(new Sysfs({ root, backend }).snapshot({ detail: 'full' }))))
})

const platform = 'devices/platform/host4'
const minors = new Map<string, number>()

/** A session with two connections, a map that is a path, and a RAID on two partitions. No recording has these. */
const oddMachine: FileTree = {
  ...session7({ targetname: '(null)', state: 'LOGGED_IN' }),
  ...connection('connection7:0', { state: 'up', address: '10.0.0.1', port: '3260' }),
  ...connection('connection7:1', { state: 'down', persistent_address: 'fe80::1%eth0', persistent_port: '3260' }),
  ...scsiDisk('4:0:0:1', 'sdaa', { size: '0' }, { state: 'running', vendor: 'EVIL', model: '\x1b[31m\u009b1m' }),
  ...scsiDisk('4:0:0:10', 'sdc', { size: '2147483648' }, { state: 'running' }),
  ...block('devices/pci0000:00/virtio0/block/vda'),
  ...block('devices/pci0000:00/virtio0/block/vda/vda1'),
  ...block('devices/pci0000:00/virtio0/block/vda/vda10'),
  ...block('devices/pci0000:00/virtio0/block/vda/vda2'),
  ...block('devices/virtual/block/md0', { ro: '1', 'md/level': 'raid1' }),
  'sys/devices/virtual/block/md0/slaves/vda1': { link: '../../../vda1' },
  'sys/devices/virtual/block/md0/slaves/vda2': { link: '../../../vda2' },
  ...block('devices/virtual/block/dm-0', { 'dm/name': 'vg-lv', 'dm/uuid': 'LVM-x', 'dm/suspended': '1' }),
  'sys/devices/virtual/block/dm-0/slaves/md0': { link: '../../md0' },
  ...block('devices/virtual/block/dm-1', { 'dm/name': 'mpathz', 'dm/uuid': 'mpath-36000', 'dm/suspended': '0' }),
  'sys/devices/virtual/block/dm-1/slaves/dm-0': { link: '../../dm-0' },
  ...block('devices/virtual/block/loop0', { size: '0' }),
  ...block('devices/pci0000:00/nvme/nvme0/nvme0n1'),
  'sys/class/nvme-subsystem/nvme-subsys0/model': 'Fast\n',
  'sys/class/nvme-subsystem/nvme-subsys0/nvme0/state': 'live\n',
  'sys/class/nvme-subsystem/nvme-subsys0/nvme0/transport': 'pcie\n',
}

function session7(attributes: Readonly<Record<string, string>>): FileTree {
  const directory = `${platform}/session7/iscsi_session/session7`
  return {
    ...filesIn(`sys/${directory}`, attributes),
    [`sys/${directory}/device`]: { link: '../../../session7' },
    'sys/class/iscsi_session/session7': { link: `../../${directory}` },
  }
}

function connection(name: string, attributes: Readonly<Record<string, string>>): FileTree {
  const directory = `${platform}/session7/${name}/iscsi_connection/${name}`
  return {
    ...filesIn(`sys/${directory}`, attributes),
    [`sys/class/iscsi_connection/${name}`]: { link: `../../${directory}` },
  }
}

/** A disk of session 7. `device` has the attributes of its SCSI device. */
function scsiDisk(
  hctl: string,
  name: string,
  disk: Readonly<Record<string, string>>,
  device: Readonly<Record<string, string>>,
): FileTree {
  const directory = `${platform}/session7/target4:0:0/${hctl}`
  return {
    ...block(`${directory}/block/${name}`, disk),
    ...filesIn(`sys/${directory}`, device),
    [`sys/${directory}/scsi_device/${hctl}/device`]: { link: `../../../${hctl}` },
    [`sys/class/scsi_device/${hctl}`]: { link: `../../${directory}/scsi_device/${hctl}` },
  }
}

function block(directory: string, attributes: Readonly<Record<string, string>> = {}): FileTree {
  const link = { link: `../../${directory}` }
  return {
    ...filesIn(`sys/${directory}`, { size: '2048', ro: '0', ...attributes }),
    [`sys/dev/block/7:${minorOf(directory)}`]: link,
    [`sys/class/block/${path.posix.basename(directory)}`]: link,
  }
}

/** Assigns a unique number to each device. */
function minorOf(directory: string): number {
  const minor = minors.get(directory) ?? minors.size
  minors.set(directory, minor)
  return minor
}

function filesIn(directory: string, attributes: Readonly<Record<string, string>>): FileTree {
  return Object.fromEntries(Object.entries(attributes).map(([key, value]) => [`${directory}/${key}`, `${value}\n`]))
}

onEveryBackend('the tree shows unusual devices', async (t, backend) => {
  const { stdout, status } = await run(['--backend', backend, '--root', writeFileTree(t, oddMachine)])
  t.is(
    stdout,
    `iSCSI targets
(no target name)
└─ session7          host4     !LOGGED_IN  connection down
   ├─ connection7:0             up         10.0.0.1:3260
   ├─ connection7:1            !down       [fe80::1%eth0]:3260
   ├─ LUN 1          sdaa   0B !running    phantom: zero size  EVIL ?[31m?1m
   └─ LUN 10         sdc    1T  running

Multipath maps
mpathz         dm-1  1M  1 path  36000
└─ path vg-lv  dm-0  1M !lvm     suspended

Other disks
nvme0n1               1M  live   Fast
vda                   1M  disk
├─ vda1               1M  part
│  └─ md0             1M  raid1  also on vda2  read-only
│     └─ vg-lv  dm-0  1M !lvm    suspended
├─ vda2               1M  part
│  └─ md0             1M  raid1  also on vda1 (see above)  read-only
└─ vda10              1M  part

1 session, 1 multipath map, 5 disks; 3 faults, marked !
`,
  )
  t.is(status, 0)
})

onEveryBackend('the tree of a machine without storage is one line', async (t, backend) => {
  const nothing = 'No SCSI, iSCSI or multipath storage\n'
  const unused = {
    ...block('devices/virtual/block/loop0', { size: '0' }),
    ...block('devices/virtual/block/zram0', { size: '0' }),
  }
  for (const tree of [{ sys: null }, { 'sys/class/block': null }, unused]) {
    const root = writeFileTree(t, tree)
    t.deepEqual(await run(['--backend', backend, '--root', root]), ended(1, nothing, ''))
  }
  t.is(await outputOn('S1a-nomodules', backend), `Disks\nvda  2G  disk\n\n${nothing}`)
})

test('control characters in names are replaced', async (t) => {
  const args = ['--root', writeFileTree(t, oddMachine)]
  for (const more of [[], ['--json']]) {
    const { stdout } = await run([...args, ...more])
    t.true(stdout.includes('EVIL'))
    t.false(/[^\P{Cc}\n]/u.test(stdout))
  }
  const { blockDevices } = JSON.parse((await run([...args, '--json'])).stdout)
  t.true(blockDevices.some(({ scsi }: BlockDevice) => scsi?.model === '\x1b[31m\u009b1m'))
})

test('the tree of a random machine has every device', (t) => {
  fc.assert(
    fc.property(randomMachine, (machine) => {
      const root = temporaryDirectory()
      try {
        writeMachine(root, machine)
        const [first, ...others] = backends.map((backend) => new Sysfs({ root, backend }).snapshot({ detail: 'full' }))
        assert(first)
        const lines = treeOf(first)
        for (const other of others) assert.deepEqual(treeOf(other), lines)
        const words = new Set(lines.flatMap((line) => line.split(/[ ,]+/)))
        for (const { id } of first.iscsiSessions) assert.ok(words.has(`session${id}`), `session${id}`)
        for (const { name, devicePath, sizeBytes } of first.blockDevices) {
          // Unused devices without a size are left out.
          if (sizeBytes) assert.ok(words.has(devicePath.slice('/dev/'.length)), `${name} in ${lines.join('\n')}`)
        }
      } finally {
        removeMachine(root)
      }
    }),
    randomCases({ usual: 30, long: 1_000 }),
  )
  t.pass()
})

function treeOf(snapshot: Snapshot): readonly string[] {
  return drawTree(new Inventory(snapshot), ascii).map((line) => line.map(({ text }) => text).join(''))
}

// ---- On a terminal

testOnTerminal('the terminal shows faults in colour (needs script of util-linux)', async (t) => {
  const args = ['--root', await unpackRecording('S7b-transport-offline')]
  const shown = await runOnTerminal(200, args)
  for (const red of [' !FREE', ' !transport-offline', '5 faults, marked !'])
    t.true(shown.includes(`\x1b[31m${red}`), red)
  t.true(shown.includes('\x1b[33m !1 of 2 up'))
  t.true(shown.includes('\x1b[1miSCSI targets\x1b[22m'))
  t.is(stripVTControlCharacters(shown), (await run(args)).stdout)
})

testOnTerminal('a map without working paths is shown as a fault (needs script of util-linux)', async (t) => {
  const root = writeFileTree(t, {
    // The disk is not blocked yet.
    ...session7({ state: 'FAILED' }),
    ...scsiDisk('4:0:0:1', 'sda', {}, { state: 'running' }),
    ...block('devices/virtual/block/dm-0', { 'dm/name': 'mpatha', 'dm/uuid': 'mpath-36000' }),
    'sys/devices/virtual/block/dm-0/slaves/sda': { link: '../../sda' },
  })
  t.true((await runOnTerminal(200, ['--root', root])).includes('\x1b[31m !0 of 1 up'))
})

testOnTerminal('80 columns show every fault (needs script of util-linux)', async (t) => {
  const shown = await runOnTerminal(80, ['--root', await unpackRecording('S6d-path-deleted')], { NO_COLOR: '1' })
  for (const reason of ['no path through session2', '→ mpathb  phantom: zero size', 'session1  phantom: zero size']) {
    t.true(shown.includes(reason), reason)
  }
})
