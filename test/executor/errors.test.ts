import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { field, findDevicesForIscsiLun, query, Sysfs, SysfsError, type Unreadable } from '../../lib/index.js'
import { type Backend, onEveryBackend } from '../support/backends.js'
import { giveUpRoot } from '../support/child-process.js'
import { writeFileTree } from '../support/file-tree.js'
import { missingFile } from '../support/requirements.js'
import { testWith, testWithAddon } from '../support/test-with.js'

const { integer, link, name, text } = field

onEveryBackend('an unreadable attribute is null, with the reason on request', (t, backend) => {
  const root = writeFileTree(t, { 'sys/a/1/directory': null, 'sys/a/1/loop': { link: 'loop' }, 'sys/a/1/v': '1\n' })
  const prepared = new Sysfs({ root, backend }).prepare(
    query('a/*', {
      directory: text('directory'),
      loop: integer('loop'),
      gone: text('gone'),
      below: text('v/x'),
      v: integer('v'),
    }),
  )
  const unreadable: Unreadable[] = []
  t.deepEqual(prepared.all({}, { onUnreadable: (item) => unreadable.push(item) }), [
    { directory: null, loop: null, gone: null, below: null, v: 1 },
  ])
  t.deepEqual(unreadable, [
    { path: `${root}/sys/a/1/directory`, code: 'EISDIR' },
    { path: `${root}/sys/a/1/loop`, code: 'ELOOP' },
  ])
})

onEveryBackend('a directory that is a loop is empty with a reason, a missing one without', (t, backend) => {
  const root = writeFileTree(t, { 'sys/class/iscsi_session': { link: 'iscsi_session' }, 'sys/class/x': null })
  const sysfs = new Sysfs({ root, backend })
  const unreadable: Unreadable[] = []
  t.deepEqual(sysfs.findDevicesForIscsiLun('iqn.a', 1, { onUnreadable: (item) => unreadable.push(item) }), [])
  t.deepEqual(unreadable, [{ path: `${root}/sys/class/iscsi_session`, code: 'ELOOP' }])
  t.deepEqual(sysfs.findSlaveDevicesOnMultipath('dm-0', { onUnreadable: (item) => unreadable.push(item) }), [])
  t.is(unreadable.length, 1)
})

onEveryBackend('a file that is not a link is null without a reason', (t, backend) => {
  const root = writeFileTree(t, { 'sys/a/1/v': '1\n' })
  const unreadable: Unreadable[] = []
  const rows = new Sysfs({ root, backend })
    .prepare(query('a/*', { self: link(), v: link('v'), gone: link('gone') }))
    .all({}, { onUnreadable: (item) => unreadable.push(item) })
  t.deepEqual(rows, [{ self: null, v: null, gone: null }])
  t.deepEqual(unreadable, [])
})

onEveryBackend('wrong arguments are refused with one message before anything is read', (t, backend) => {
  const sysfs = new Sysfs({ root: '/nonexistent', backend })
  const refused = (call: () => unknown, type: typeof TypeError | typeof RangeError, message: string) =>
    t.throws(call, { instanceOf: type, message })
  const lun = (iqn: unknown, number: unknown) => () => sysfs.findDevicesForIscsiLun(iqn as string, number as number)
  refused(lun(undefined, 1), TypeError, 'iqn must be a string, not undefined')
  refused(lun(null, 1), TypeError, 'iqn must be a string, not null')
  refused(lun('', 1), TypeError, 'iqn must not be empty')
  refused(lun('a\0', 1), TypeError, 'iqn must not contain a NUL: "a\\u0000"')
  refused(lun('a', '1'), TypeError, 'lun must be a number, not string')
  refused(lun('a', undefined), TypeError, 'lun must be a number, not undefined')
  refused(lun('a', 1n), TypeError, 'lun must be a number, not bigint')
  for (const number of [-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY]) {
    refused(lun('a', number), RangeError, `lun must be an integer from 0 to 9007199254740991, not ${number}`)
  }
  t.deepEqual(sysfs.findDevicesForIscsiLun('a/b ..', 2 ** 53 - 1), [])
  refused(() => sysfs.getIscsiPortalHostMapForTarget(7 as never), TypeError, 'iqn must be a string, not number')
  refused(() => sysfs.getIscsiPortalHostMapForTarget(''), TypeError, 'iqn must not be empty')
  refused(
    () => sysfs.findMultipathDeviceForDevice(undefined as never),
    TypeError,
    'device must be a string, not undefined',
  )
  refused(() => sysfs.findMultipathDeviceForDevice(''), TypeError, 'device must not be empty')
  refused(() => sysfs.findMultipathDeviceForDevice('..'), TypeError, "device must not be '..'")
  refused(
    () => sysfs.findMultipathDeviceForDevice('../sda'),
    TypeError,
    "device must be a kernel name or an absolute path: '../sda'",
  )
  refused(
    () => sysfs.findMultipathDeviceForDevice('/dev/a\0'),
    TypeError,
    'device must not contain a NUL: "/dev/a\\u0000"',
  )
  refused(() => sysfs.findSlaveDevicesOnMultipath({} as never), TypeError, 'map must be a string, not object')
  refused(
    () => sysfs.findSlaveDevicesOnMultipath('dm-0/x'),
    TypeError,
    "map must be a kernel name or an absolute path: 'dm-0/x'",
  )
})

test('the exported functions read this machine', (t) => {
  t.throws(() => findDevicesForIscsiLun('iqn.a', -1), { instanceOf: RangeError })
  t.deepEqual(findDevicesForIscsiLun('iqn.1900-01.invalid:none', 1), [])
})

/** Runs code that prints JSON in a process of its own, with limits and a user of its own. */
function inProcess(backend: Backend, root: string, code: string, ...command: readonly string[]): unknown {
  const script = `
    const { Sysfs, SysfsError, query, field: { name, text, list, exists, link } } = require(${JSON.stringify(path.resolve(__dirname, '../../lib'))})
    const sysfs = new Sysfs({ root: ${JSON.stringify(root)}, backend: ${JSON.stringify(backend)} })
    const attempt = (call) => {
      try { return call() } catch (error) {
        const { name, code, errno, syscall, path, message } = error
        return { isSysfsError: error instanceof SysfsError, name, code, errno, syscall, path, message }
      }
    }
    ${code}`
  const [program = process.execPath, ...options] = [...command, process.execPath]
  return JSON.parse(execFileSync(program, [...options, '-e', script], { encoding: 'utf8', timeout: 60_000 }))
}

onEveryBackend('EMFILE is thrown at every call, and no descriptor is lost', (t, backend) => {
  const root = writeFileTree(t, {
    'sys/a/1/b/2/v': 'x\n',
    'sys/class/block/sda/holders/dm-1': null,
  })
  const result = inProcess(
    backend,
    root,
    `
    const fs = require('node:fs')
    const deep = sysfs.prepare(query('a/*', { lists: list('b/*', { v: text('v') }) }))
    const fill = (leave) => {
      const taken = []
      try { for (;;) taken.push(fs.openSync('/dev/null')) } catch {}
      for (const descriptor of taken.splice(0, leave)) fs.closeSync(descriptor)
      return taken
    }
    const open = () => fs.readdirSync('/proc/self/fd').length
    const before = open()
    const results = [0, 1, 2, 3].map((leave) => {
      const taken = fill(leave)
      const answers = [attempt(() => deep.all()), attempt(() => sysfs.findMultipathDeviceForDevice('/dev/sda'))]
      for (const descriptor of taken) fs.closeSync(descriptor)
      return answers
    })
    console.log(JSON.stringify({ results, leaked: open() - before }))`,
    'prlimit',
    '--nofile=64',
  ) as { results: [unknown, unknown][]; leaked: number }
  const error = (syscall: string, file: string) => ({
    isSysfsError: true,
    name: 'SysfsError',
    code: 'EMFILE',
    errno: -24,
    syscall,
    path: `${root}/${file}`,
    message: `EMFILE: too many open files, ${syscall} '${root}/${file}'`,
  })
  const rows = [{ lists: [{ v: 'x' }] }]
  t.deepEqual(result.results[0], [error('scandir', 'sys/a'), error('scandir', 'sys/class/block/sda/holders')])
  t.deepEqual(result.results[3], [rows, '/dev/dm-1'])
  // The addon keeps the directory of each level open. The fallback needs one descriptor at a time.
  const native: unknown[] = [error('scandir', 'sys/a/1/b'), error('open', 'sys/a/1/b/2/v')]
  t.deepEqual([result.results[1]?.[0], result.results[2]?.[0]], backend === 'native' ? native : [rows, rows])
  t.is(result.leaked, 0)
})

// The result of the fallback is on the JavaScript heap.
testWithAddon('a result that does not fit in memory is ENOMEM, and the next one is returned', (t) => {
  // One file of the size of a read, a thousand times: 128 MiB in hexadecimal.
  const root = writeFileTree(t, {
    'sys/one/size': Buffer.alloc(65536),
    ...Object.fromEntries(Array.from({ length: 1024 }, (_, index) => [`sys/many/${index}`, { link: '../one' }])),
  })
  const result = inProcess(
    'native',
    root,
    `
    const { execFileSync } = require('node:child_process')
    const fs = require('node:fs')
    const { field: { hex } } = require(${JSON.stringify(path.resolve(__dirname, '../../lib'))})
    const one = sysfs.prepare(query('one', { size: hex('size') }))
    const many = sysfs.prepare(query('many/*', { size: hex('size') }))
    one.all()
    const used = Number(/VmData:\\s*(\\d+)/.exec(fs.readFileSync('/proc/self/status', 'latin1'))[1]) * 1024
    const limit = (bytes) => execFileSync('prlimit', ['--pid', process.pid, '--data=' + bytes + ':'])
    const taken = []
    try { for (;;) taken.push(fs.openSync('/dev/null')) } catch {}
    const before = attempt(() => one.all())
    for (const descriptor of taken) fs.closeSync(descriptor)
    limit(used + 64 * 2 ** 20)
    const full = attempt(() => many.all())
    const next = attempt(() => one.all()[0].size.length)
    console.log(JSON.stringify({ before, full, next }))`,
    'prlimit',
    '--nofile=64',
  )
  const error = (syscall: string, code: string, errno: number, file: string, message: string) => ({
    isSysfsError: true,
    name: 'SysfsError',
    code,
    errno,
    syscall,
    path: file,
    message,
  })
  const file = `${root}/sys/one/size`
  t.deepEqual(result, {
    before: error('open', 'EMFILE', -24, file, `EMFILE: too many open files, open '${file}'`),
    full: error('malloc', 'ENOMEM', -12, '', 'ENOMEM: not enough memory, malloc'),
    next: 2 * 65536,
  })
})

onEveryBackend('EACCES on a directory throws, on an attribute it gives null', (t, backend) => {
  const root = writeFileTree(t, { 'sys/a/1/v': 'x\n', 'sys/a/1/secret': 'x\n', 'sys/closed/1/v': 'x\n', 'dev/x': null })
  chmodSync(root, 0o755)
  chmodSync(`${root}/sys/a/1/secret`, 0)
  chmodSync(`${root}/sys/closed`, 0)
  chmodSync(`${root}/dev`, 0)
  t.teardown(() => {
    chmodSync(`${root}/sys/closed`, 0o755)
    chmodSync(`${root}/dev`, 0o755)
  })
  const result = inProcess(
    backend,
    root,
    `
    ${giveUpRoot}
    const unreadable = []
    console.log(JSON.stringify({
      secret: attempt(() => sysfs.prepare(query('a/*', { v: text('v'), secret: text('secret') })).all({}, { onUnreadable: (item) => unreadable.push(item) })),
      unreadable,
      closed: attempt(() => sysfs.prepare(query('closed/*', { name: name() })).all()),
      below: attempt(() => sysfs.prepare(query('closed/1', { v: text('v'), there: exists('v'), self: link() })).all()),
      dev: attempt(() => sysfs.findMultipathDeviceForDevice('/dev/x/y')),
    }))`,
  )
  const error = (syscall: string, file: string) => ({
    isSysfsError: true,
    name: 'SysfsError',
    code: 'EACCES',
    errno: -13,
    syscall,
    path: `${root}/${file}`,
    message: `EACCES: permission denied, ${syscall} '${root}/${file}'`,
  })
  t.deepEqual(result, {
    secret: [{ v: 'x', secret: null }],
    unreadable: [{ path: `${root}/sys/a/1/secret`, code: 'EACCES' }],
    closed: error('scandir', 'sys/closed'),
    below: [],
    dev: error('readlink', 'dev/x'),
  })
})

onEveryBackend(
  'an unreadable attribute of a real network interface is null, with its reason',
  (t, backend) => {
    const unreadable: Unreadable[] = []
    const prepared = new Sysfs({ root: '/', backend }).prepare(
      query('class/net/lo', { speed: integer('speed'), mtu: integer('mtu'), uevent: text('uevent') }),
    )
    const [lo] = prepared.all({}, { onUnreadable: (item) => unreadable.push(item) })
    t.is(lo?.speed, null)
    t.deepEqual(unreadable, [{ path: '/sys/class/net/lo/speed', code: 'EINVAL' }])
    t.true((lo?.mtu ?? 0) > 0)
  },
  testWith(missingFile('/sys/class/net/lo')),
)

onEveryBackend('entries that appear and disappear during a run are not an error', (t, backend) => {
  const root = writeFileTree(t, { 'sys/a/stays/v': 'x\n' })
  for (let index = 0; index < 50; index++) symlinkSync('../nowhere', `${root}/sys/a/dangling${index}`)
  mkdirSync(`${root}/sys/a/empty`)
  const sysfs = new Sysfs({ root, backend })
  const unreadable: Unreadable[] = []
  t.deepEqual(
    sysfs.prepare(query('a/*', { v: text('v').required() })).all({}, { onUnreadable: (item) => unreadable.push(item) }),
    [{ v: 'x' }],
  )
  t.deepEqual(unreadable, [])
  t.is(sysfs.prepare(query('a/*', { name: name(), v: text('v') })).all().length, readdirSync(`${root}/sys/a`).length)
})

test('SysfsError has the fields of Node errors', (t) => {
  const error = new SysfsError(-24, 'open', '/sys/x')
  t.true(error instanceof Error)
  t.like(error, { name: 'SysfsError', code: 'EMFILE', errno: -24, syscall: 'open', path: '/sys/x' })
  t.is(error.message, "EMFILE: too many open files, open '/sys/x'")
})
