import { Inventory } from '../../../lib/cli/inventory/inventory.js'
import { columnsOf } from '../../../lib/cli/list/device-column.js'
import { deviceAsJson } from '../../../lib/cli/list/device-table.js'
import { Sysfs } from '../../../lib/index.js'
import { onEveryBackend } from '../../support/backends.js'
import { writeFileTree } from '../../support/file-tree.js'
import { lsblkByKernelName, parseLsblk } from '../../support/recorded-tools.js'
import { recordingNames, reference, unpackRecording } from '../../support/recordings.js'
import { ended, linesOf, outputOn, run, runOn } from '../../support/tool.js'

/** Columns that lsblk also has. */
const shared = [
  'NAME',
  'KNAME',
  'PATH',
  'MAJ:MIN',
  'TYPE',
  'SIZE',
  'RO',
  'RM',
  'ROTA',
  'HCTL',
  'VENDOR',
  'MODEL',
  'REV',
]

for (const name of recordingNames.filter((one) => one !== 'S8b-1024disks')) {
  onEveryBackend(`list has the values of lsblk, on ${name}`, async (t, backend) => {
    const inventory = new Inventory(
      new Sysfs({ root: await unpackRecording(name), backend }).snapshot({ detail: 'full' }),
    )
    const columns = columnsOf(shared.join(','))
    const expected = lsblkByKernelName(parseLsblk(reference(name, 'lsblk.json')))
    t.true(inventory.devices.length > 0)
    for (const listed of inventory.devices) {
      const device = deviceAsJson(listed, columns, inventory, false)
      const lsblk = expected.get(listed.name) as unknown as Readonly<Record<string, unknown>>
      for (const key of shared.map((column) => column.toLowerCase())) {
        // For disks that are not SCSI, lsblk takes these values from udev.
        if (device['hctl'] === null && ['vendor', 'model', 'rev'].includes(key)) continue
        const value = lsblk[key] ?? null
        t.is<unknown, unknown>(
          device[key],
          typeof value === 'string' ? value.trim() : value,
          `${key} of ${listed.name}`,
        )
      }
    }
  })
}

onEveryBackend('list prints columns', async (t, backend) => {
  t.is(
    await outputOn('S7b-transport-offline', backend, 'list'),
    `NAME    MAJ:MIN  TYPE   SIZE  RO  STATE              TRAN   HCTL     MAP     MODEL
mpatha  253:0    mpath   32M   0  running
mpathb  253:1    mpath   64M   0  running
sda     8:0      disk    64M   0  transport-offline  iscsi  0:0:0:1  mpathb  VIRTUAL-DISK
sdb     8:16     disk    64M   0  running            iscsi  1:0:0:1  mpathb  VIRTUAL-DISK
sdc     8:32     disk    32M   0  transport-offline  iscsi  0:0:0:2  mpatha  VIRTUAL-DISK
sdd     8:48     disk    32M   0  running            iscsi  1:0:0:2  mpatha  VIRTUAL-DISK
vda     254:0    disk     2G   0
`,
  )
  const chosen = await outputOn('S7b-transport-offline', backend, 'list', 'sdb', '/dev/sda', '-o', 'kname,size', '-b')
  t.is(chosen, 'KNAME      SIZE\nsda    67108864\nsdb    67108864\n')
  const more = await outputOn('S7b-transport-offline', backend, 'list', '/dev/mapper/mpatha', '--columns', '+WWID')
  t.is(linesOf(more).length, 2)
  t.true(more.endsWith(' 360000000000000000e00000000010002\n'))
})

onEveryBackend('list shows the session of a disk', async (t, backend) => {
  const columns = 'TARGET,LUN,PORTAL,SESSION,MAP,STATE'
  const json = JSON.parse(await outputOn('S3', backend, 'list', 'sdh', '-J', '-o', columns))
  t.deepEqual(json.blockdevices, [
    {
      target: 'iqn.2026-11.io.example:alpha',
      lun: 7,
      portal: '127.0.0.2:3260',
      session: 1,
      map: 'mpatha',
      state: 'running',
    },
  ])
})

onEveryBackend('every column has a value on a recorded machine', async (t, backend) => {
  const help = (await run(['list', '--help'])).stdout
  const columns = Array.from(help.matchAll(/^ {2}([A-Z:-]+) {2,}/gm), (match) => match[1] as string)
  t.true(columns.length > 30)
  const seen = new Set<string>()
  for (const name of ['S1b-pcidisks', 'S2', 'S3']) {
    const { blockdevices } = JSON.parse(await outputOn(name, backend, 'list', '-J', '-o', columns.join(',')))
    for (const device of blockdevices) {
      t.deepEqual(
        Object.keys(device),
        columns.map((column) => column.toLowerCase()),
      )
      for (const [key, value] of Object.entries(device)) if (value !== null && value !== '') seen.add(key)
    }
  }
  // No recorded machine has ALUA.
  const missing = columns.map((column) => column.toLowerCase()).filter((key) => !seen.has(key))
  t.deepEqual(missing, ['access'])
})

onEveryBackend('list finds nothing for an unknown device and on a machine without devices', async (t, backend) => {
  t.deepEqual(
    await runOn('S3', backend, 'list', 'sdzz', '/dev/nothing'),
    ended(1, '', 'fast-sysfs: no such block device: sdzz, /dev/nothing\n'),
  )
  const root = writeFileTree(t, { sys: null })
  t.deepEqual(await run(['list', '--root', root]), ended(1, '', 'fast-sysfs: no block devices\n'))
  const refused = await runOn('S3', backend, 'list', '../sda')
  t.deepEqual([refused.status, refused.stdout], [2, ''])
})
