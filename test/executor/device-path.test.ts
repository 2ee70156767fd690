import { execFileSync } from 'node:child_process'
import path from 'node:path'
import test from 'ava'
import { field, query, Sysfs } from '../../lib/index.js'
import { onEveryBackend } from '../support/backends.js'
import { type FileTree, writeFileTree } from '../support/file-tree.js'
import { missingBlockDevices, missingBlockNodes } from '../support/requirements.js'
import { testWith } from '../support/test-with.js'

const { capture, name } = field

const machine: FileTree = {
  'sys/class/block/sda/holders/dm-10': null,
  'sys/class/block/sda/holders/dm-2': null,
  'sys/class/block/sda/holders/md0': null,
  'sys/class/block/sdb/holders/md0': null,
  'sys/class/block/cciss!c0d0/holders/dm-7': null,
  'sys/class/block/dm-2/slaves/sda': null,
  'sys/class/block/dm-2/slaves/cciss!c0d0': null,
  'sys/class/block/md0/slaves/sdb': null,
  'dev/mapper/data': { link: '../dm-2' },
  'dev/mapper/absolute': { link: '/dev/dm-2' },
  'dev/disk/by-id/first': { link: '../../sda' },
  'dev/disk/by-id/second': { link: 'first' },
  'dev/loop/a': { link: 'b' },
  'dev/loop/b': { link: 'a' },
  'dev/escape': { link: '../../../../../../../../../../dev/sda' },
  'dev/up': { link: '../etc/passwd' },
  'dev/plain': 'a file in the place of a node\n',
  'mnt/volume': { link: '/dev/disk/by-id/second' },
  'etc/links': { link: '/dev/disk' },
}

onEveryBackend('a device is found by name, by path and through links inside the root', (t, backend) => {
  const sysfs = new Sysfs({ root: writeFileTree(t, machine), backend })
  const map = (device: string) => sysfs.findMultipathDeviceForDevice(device)
  for (const device of [
    'sda',
    '/dev/sda',
    '//dev/.//sda',
    '/dev/../dev/sda',
    '/dev/disk/by-id/first',
    '/dev/disk/by-id/second',
    '/dev/disk/by-id/../by-id/first',
    '/mnt/volume',
    '/etc/links/by-id/first',
    '/dev/escape',
    '/../../dev/sda',
  ]) {
    t.is(map(device), '/dev/dm-10', device)
  }
  t.is(map('cciss!c0d0'), '/dev/dm-7')
  t.is(map('/dev/cciss/c0d0'), '/dev/dm-7')
  t.is(map('sdb'), undefined, 'md0 is no map')
})

onEveryBackend('a path that leads to no device has no map', (t, backend) => {
  const sysfs = new Sysfs({ root: writeFileTree(t, machine), backend })
  for (const device of [
    'sdz',
    '/',
    '/dev',
    '/dev/',
    '/dev/sdz',
    '/dev/loop/a',
    '/dev/up',
    '/dev/plain',
    '/mnt',
    '/mnt/nothing/here',
    '/dev/plain/../sda',
    '/dev/sda/../sda',
    '/dev/nothing/../sda',
    '/sys/class/block/sda',
    `/dev/${'x'.repeat(300)}`,
    `/${'x/'.repeat(3000)}`,
    'x'.repeat(300),
  ]) {
    t.is(sysfs.findMultipathDeviceForDevice(device), undefined, device)
    t.deepEqual(sysfs.findSlaveDevicesOnMultipath(device), [], device)
  }
})

onEveryBackend('a map has slaves by each of its names, and any other device has none', (t, backend) => {
  const sysfs = new Sysfs({ root: writeFileTree(t, machine), backend })
  for (const map of ['dm-2', '/dev/dm-2', '/dev/mapper/data', '/dev/mapper/absolute']) {
    t.deepEqual(sysfs.findSlaveDevicesOnMultipath(map), ['/dev/cciss/c0d0', '/dev/sda'], map)
  }
  for (const other of ['md0', '/dev/md0', 'sda', '/dev/mapper/none']) {
    t.deepEqual(sysfs.findSlaveDevicesOnMultipath(other), [], other)
  }
})

onEveryBackend('a chain of links is followed as far as the kernel follows it', (t, backend) => {
  const links = (count: number): FileTree =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`dev/l${index}`, { link: index === 0 ? 'sda' : `l${index - 1}` }]),
    )
  const sysfs = new Sysfs({ root: writeFileTree(t, { ...machine, ...links(41) }), backend })
  t.is(sysfs.findMultipathDeviceForDevice('/dev/l39'), '/dev/dm-10')
  t.is(sysfs.findMultipathDeviceForDevice('/dev/l40'), undefined)
})

onEveryBackend('devPath and sysPath replace /dev and /sys', (t, backend) => {
  const root = writeFileTree(t, { 'nodes/disk/x': { link: '/dev/sda' }, 'fs/class/block/sda/holders/dm-1': null })
  const sysfs = new Sysfs({ sysPath: `${root}/fs/`, devPath: `${root}/nodes`, backend })
  t.is(sysfs.findMultipathDeviceForDevice('/dev/disk/x'), '/dev/dm-1')
  t.is(sysfs.sysPath, `${root}/fs`)
  t.is(sysfs.devPath, `${root}/nodes`)
})

onEveryBackend('a root may be relative and have any bytes in its name', (t, backend) => {
  const root = writeFileTree(t, { 'gr\u00f6\u00dfe/sys/class/block/sda/holders/dm-1': null })
  const relative = path.relative(process.cwd(), path.join(root, 'gr\u00f6\u00dfe'))
  t.is(new Sysfs({ root: relative, backend }).findMultipathDeviceForDevice('/dev/sda'), '/dev/dm-1')
})

test.serial('HOST_SYS and HOST_DEV replace /sys and /dev if there is no root', (t) => {
  const root = writeFileTree(t, { 'host-sys/class/block/sda/holders/dm-1': null, 'host-dev/x': { link: 'sda' } })
  const { HOST_SYS, HOST_DEV } = process.env
  t.teardown(() => {
    for (const [key, value] of Object.entries({ HOST_SYS, HOST_DEV })) {
      if (value === undefined) delete process.env[key]
      else process.env[key] = value
    }
  })
  process.env['HOST_SYS'] = `${root}/host-sys`
  process.env['HOST_DEV'] = `${root}/host-dev`
  t.is(new Sysfs().findMultipathDeviceForDevice('/dev/x'), '/dev/dm-1')
  t.is(new Sysfs({ root: '/nonexistent' }).findMultipathDeviceForDevice('/dev/x'), undefined)
})

onEveryBackend(
  'a block node anywhere is known by its number',
  (t, backend) => {
    const root = writeFileTree(t, { 'volumes/disk': { link: 'node' }, 'dev/alias': { link: '../volumes/disk' } })
    const numbers = query('dev/block/{major}:{minor}', { major: capture('major'), minor: capture('minor') })
    const first = new Sysfs({ root: '/', backend }).prepare(numbers).first()
    const [major, minor] = [String(first?.major), String(first?.minor)]
    execFileSync('mknod', [`${root}/volumes/node`, 'b', major, minor])
    execFileSync('mknod', [`${root}/dev/renamed`, 'b', major, minor])
    execFileSync('mknod', [`${root}/volumes/unknown`, 'b', '4095', '1048575'])
    execFileSync('mknod', [`${root}/volumes/character`, 'c', major, minor])
    const sysfs = new Sysfs({ root, sysPath: '/sys', backend })
    const bySelf = sysfs.prepare(query('class/block/$device', { name: name() }, { device: 'device' }))
    const expected = path.basename(
      execFileSync('readlink', [`/sys/dev/block/${major}:${minor}`], { encoding: 'utf8' }).trim(),
    )
    for (const node of ['/volumes/node', '/volumes/disk', '/dev/alias', '/dev/renamed']) {
      t.deepEqual(bySelf.all({ device: node }), [{ name: expected }], node)
    }
    for (const node of ['/volumes/unknown', '/volumes/character', '/volumes']) {
      t.deepEqual(bySelf.all({ device: node }), [], node)
    }
  },
  testWith(missingBlockNodes(), missingBlockDevices()),
)
