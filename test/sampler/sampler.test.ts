import { mkdirSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { parseIntegers, parseWhole } from '../../lib/fallback/integers.js'
import { Sysfs, SysfsError, statColumns } from '../../lib/index.js'
import { onEveryBackend } from '../support/backends.js'
import { type FileTree, writeFileTree } from '../support/file-tree.js'
import { missingFile } from '../support/requirements.js'
import { testWith } from '../support/test-with.js'

/** As the kernel prints it (part_stat_show): each number in eight bytes or more. */
function statOf(...numbers: readonly number[]): string {
  return `${numbers.map((number) => String(number).padStart(8)).join(' ')}\n`
}

const first = [93, 0, 4216, 44, 7, 1, 80, 12, 2, 60, 44, 3, 0, 24, 5, 11, 9]
const second = first.map((number) => number * 1_000_000_007)

const twoDisks: FileTree = {
  'sys/class/block/sda/stat': statOf(...first),
  'sys/class/block/sda/inflight': '       2        5\n',
  'sys/class/block/sda/queue/nr_requests': '128\n',
  'sys/class/block/sda/queue/scheduler': '[mq-deadline] none\n',
  'sys/class/block/sda/device/queue_depth': '32\n',
  'sys/class/block/sda/device/iorequest_cnt': '0x1f4\n',
  'sys/class/block/sda/device/iodone_cnt': '0x1f2\n',
  'sys/class/block/sda/device/ioerr_cnt': '0xa\n',
  'sys/class/block/sda/device/iotmo_cnt': '0x0\n',
  'sys/class/block/sdb/stat': statOf(...second),
  'dev/mapper/mpatha': { link: '../sdb' },
  'dev/sdb': '',
}

const isNumbers = (values: Float64Array, expected: readonly number[]) =>
  values.length === expected.length && expected.every((number, index) => Object.is(values[index], number))

onEveryBackend('the default is stat of every device', (t, backend) => {
  const root = writeFileTree(t, twoDisks)
  const sampler = new Sysfs({ root, backend }).sampler()
  t.teardown(() => sampler.close())
  t.deepEqual(sampler.columns, statColumns)
  t.deepEqual(sampler.devices, ['sda', 'sdb'])
  t.true(sampler.values.every(Number.isNaN))
  t.is(sampler.sample(), 0)
  t.true(isNumbers(sampler.values, [...first, ...second]), String(sampler.values))
  t.is(sampler.value('sdb', 'flushMilliseconds'), 9 * 1_000_000_007)
  t.is(sampler.values[1 * sampler.columns.length + sampler.column('readSectors')], 4216 * 1_000_000_007)
  t.is(sampler.value('sdz', 'reads'), Number.NaN)
  t.deepEqual([sampler.needed, sampler.held, sampler.reopened], [2, 2, 0])
})

onEveryBackend('every sample reads again into the same memory', (t, backend) => {
  const root = writeFileTree(t, twoDisks)
  const sampler = new Sysfs({ root, backend }).sampler({ devices: ['sda'] })
  t.teardown(() => sampler.close())
  const { values } = sampler
  sampler.sample()
  values.fill(-1)
  writeFileSync(`${root}/sys/class/block/sda/stat`, statOf(...second))
  sampler.sample()
  t.is(sampler.values, values)
  t.true(isNumbers(values, second))
})

onEveryBackend('attributes have their columns', (t, backend) => {
  const root = writeFileTree(t, twoDisks)
  const sampler = new Sysfs({ root, backend }).sampler({
    attributes: [
      ...(['inflight', 'queue_depth', 'iorequest_cnt', 'iodone_cnt', 'ioerr_cnt', 'iotmo_cnt'] as const),
      ...(['queue/nr_requests', 'queue/scheduler', 'device/queue_depth'] as const),
    ],
  })
  t.teardown(() => sampler.close())
  t.deepEqual(sampler.columns, [
    ...(['readsInFlight', 'writesInFlight', 'queueDepth', 'ioRequests', 'ioDone', 'ioErrors', 'ioTimeouts'] as const),
    ...(['queue/nr_requests', 'queue/scheduler', 'device/queue_depth'] as const),
  ])
  t.is(sampler.sample(), 0)
  const sda = [2, 5, 32, 500, 498, 10, 0, 128, Number.NaN, 32]
  t.true(isNumbers(sampler.values, [...sda, ...sda.map(() => Number.NaN)]), String(sampler.values))
  t.is(sampler.value('sda', 'queue/nr_requests'), 128)
  // @ts-expect-error: the sampler has no such column, and the types know
  t.throws(() => sampler.column('reads'), { instanceOf: RangeError, message: 'this sampler has no column "reads"' })
  t.is(sampler.needed, 2 * 9)
  t.is(sampler.held, 9)
})

onEveryBackend(
  'a kernel that counts fewer things leaves the rest NaN; one that counts more, more out',
  (t, backend) => {
    const root = writeFileTree(t, {
      'sys/class/block/a/stat': statOf(...first.slice(0, 11)),
      'sys/class/block/b/stat': statOf(...first.slice(0, 15)),
      'sys/class/block/c/stat': statOf(...first, 1, 2, 3),
      'sys/class/block/d/stat': '',
      'sys/class/block/e/stat':
        '1 x 0x10 -3 9007199254740991 9007199254740992 99999999999999999999 0x20000000000000\t\n7',
    })
    const sampler = new Sysfs({ root, backend }).sampler()
    t.teardown(() => sampler.close())
    sampler.sample()
    const rows = sampler.devices.map((_, row) => sampler.values.slice(row * 17, row * 17 + 17))
    const padded = (...numbers: readonly number[]) => [...numbers, ...Array(17 - numbers.length).fill(Number.NaN)]
    const strange = padded(1, Number.NaN, 16, -3, 2 ** 53 - 1, Number.NaN, Number.NaN, Number.NaN, 7)
    const expected = [padded(...first.slice(0, 11)), padded(...first.slice(0, 15)), first, padded(), strange]
    expected.forEach((row, index) => {
      t.true(isNumbers(rows[index] as Float64Array, row), `${sampler.devices[index]}: ${rows[index]}`)
    })
  },
)

onEveryBackend('devices are given by name or path, and a missing device has vanished', (t, backend) => {
  const root = writeFileTree(t, twoDisks)
  const sampler = new Sysfs({ root, backend }).sampler({
    devices: ['/dev/mapper/mpatha', 'sda', 'sdb', 'sdz', '/dev/nowhere', '/..', '/dev/../sys/class/block/sda'],
  })
  t.teardown(() => sampler.close())
  t.deepEqual(sampler.devices, ['sdb', 'sda', 'sdz', '/dev/nowhere', '/..', '/dev/../sys/class/block/sda'])
  t.is(sampler.sample(), 4)
  t.deepEqual(sampler.vanished, ['sdz', '/dev/nowhere', '/..', '/dev/../sys/class/block/sda'])
  t.true(isNumbers(sampler.values.slice(0, 34), [...second, ...first]))
  t.true(sampler.values.slice(34).every(Number.isNaN))
  t.is(sampler.sample(), 0)
  t.deepEqual(sampler.vanished, [])
})

onEveryBackend('a sampler may have no devices', (t, backend) => {
  for (const options of [{}, { devices: [] }, { devices: [], readFrom: 'diskstats' } as const]) {
    const root = writeFileTree(t, { 'proc/diskstats': '', 'sys/class': null })
    const sampler = new Sysfs({ root, backend }).sampler(options)
    t.is(sampler.sample(), 0)
    t.deepEqual([sampler.devices.length, sampler.values.length], [0, 0])
    t.deepEqual(sampler.rates(sampler.copy()), [])
    sampler.close()
  }
})

onEveryBackend('a sample has its time by the clock of process.hrtime', (t, backend) => {
  const root = writeFileTree(t, twoDisks)
  const sampler = new Sysfs({ root, backend }).sampler()
  t.teardown(() => sampler.close())
  t.is(sampler.timestamp, Number.NaN)
  const now = () => Number(process.hrtime.bigint()) / 1e6
  let last = now()
  for (let i = 0; i < 100; i++) {
    sampler.sample()
    // The fallback derives this clock from another one, with an error of microseconds.
    t.true(sampler.timestamp > last - 0.05 && sampler.timestamp < now() + 0.05, `${last} ${sampler.timestamp}`)
    last = sampler.timestamp
  }
})

onEveryBackend('a copy does not change and may be overwritten', (t, backend) => {
  const root = writeFileTree(t, twoDisks)
  const sampler = new Sysfs({ root, backend }).sampler({ devices: ['sda'] })
  t.teardown(() => sampler.close())
  sampler.sample()
  const copy = sampler.copy()
  t.is(copy.timestamp, sampler.timestamp)
  writeFileSync(`${root}/sys/class/block/sda/stat`, statOf(...second))
  sampler.sample()
  t.true(isNumbers(copy.values, first))
  t.is(sampler.copy(copy), copy)
  t.true(isNumbers(copy.values, second))
  t.is(copy.timestamp, sampler.timestamp)
  for (const wrong of [
    null,
    1,
    {},
    { timestamp: 1 },
    { timestamp: 1, values: [1] },
    { ...copy, values: new Float64Array(3) },
  ]) {
    t.throws(() => sampler.copy(wrong as never), {
      instanceOf: TypeError,
      message: 'into must be a copy of this sampler',
    })
    t.throws(() => sampler.rates(wrong as never), {
      instanceOf: TypeError,
      message: 'previous must be a copy of this sampler',
    })
  }
})

onEveryBackend('an unreadable attribute is NaN', (t, backend) => {
  const root = writeFileTree(t, twoDisks)
  mkdirSync(`${root}/sys/class/block/sda/directory`)
  const sampler = new Sysfs({ root, backend }).sampler({
    devices: ['sda'],
    attributes: ['directory', 'queue/nr_requests'],
  })
  t.teardown(() => sampler.close())
  t.is(sampler.sample(), 0)
  t.true(isNumbers(sampler.values, [Number.NaN, 128]))
})

onEveryBackend('wrong options are refused with one message before anything is read', (t, backend) => {
  const sysfs = new Sysfs({ root: '/nonexistent', backend })
  const refused = (options: unknown, type: typeof TypeError | typeof RangeError, message: string) =>
    t.throws(() => sysfs.sampler(options as never), { instanceOf: type, message })
  refused(null, TypeError, 'options must be an object, not null')
  refused({ attributes: 'stat' }, TypeError, 'attributes must be an array, not string')
  refused({ attributes: [] }, TypeError, 'attributes must not be empty')
  refused({ attributes: [7] }, TypeError, 'an attribute must be a string, not number')
  refused(
    { attributes: ['stat', 'size', 'stat'] },
    TypeError,
    'attributes must not contain a name twice: stat, size, stat',
  )
  refused({ attributes: ['a\0'] }, TypeError, 'a path must not contain a NUL: "a\\u0000"')
  for (const path of ['', '/size', 'queue//x', 'queue/'])
    refused({ attributes: [path] }, TypeError, `a path must be relative, without empty components: '${path}'`)
  for (const path of ['..', 'device/../x', 'x/..']) {
    refused({ attributes: [path] }, TypeError, `a path must not contain '..': '${path}'`)
  }
  for (const path of ['password', 'username_in', 'device/password_in']) {
    refused({ attributes: [path] }, TypeError, `credentials are never read: '${path}'`)
  }
  refused({ readFrom: 'proc' }, TypeError, `readFrom must be 'sysfs' or 'diskstats', not "proc"`)
  refused({ readFrom: 'diskstats', attributes: ['size'] }, TypeError, "diskstats has no attribute but 'stat'")
  refused({ mostHeld: '1' }, TypeError, 'mostHeld must be a number, not string')
  refused({ mostHeld: -1 }, RangeError, 'mostHeld must be an integer from 0 to 9007199254740991, not -1')
  refused({ mostHeld: 0.5 }, RangeError, 'mostHeld must be an integer from 0 to 9007199254740991, not 0.5')
  refused({ devices: 'sda' }, TypeError, 'devices must be an array, not string')
  refused({ devices: [1] }, TypeError, 'device must be a string, not number')
  refused({ devices: ['..'] }, TypeError, "device must not be '..'")
  refused({ devices: ['a/b'] }, TypeError, "device must be a kernel name or an absolute path: 'a/b'")
})

onEveryBackend('a closed sampler holds nothing and throws', (t, backend) => {
  const root = writeFileTree(t, { ...twoDisks, 'proc/diskstats': '' })
  for (const source of ['sysfs', 'diskstats'] as const) {
    const sampler = new Sysfs({ root, backend }).sampler({ readFrom: source })
    t.true(sampler.held > 0)
    sampler.close()
    sampler[Symbol.dispose]()
    t.is(sampler.held, 0)
    t.throws(() => sampler.sample(), { instanceOf: Error, message: 'the sampler is closed' })
  }
})

onEveryBackend('a sampler whose memory was transferred throws', (t, backend) => {
  const root = writeFileTree(t, twoDisks)
  const sampler = new Sysfs({ root, backend }).sampler()
  t.teardown(() => sampler.close())
  structuredClone(sampler.values.buffer, { transfer: [sampler.values.buffer as ArrayBuffer] })
  t.throws(() => sampler.sample(), { message: "the memory of the sampler's values was transferred" })
})

onEveryBackend('with fewer descriptors than attributes the values are the same', (t, backend) => {
  const root = writeFileTree(t, twoDisks)
  for (const mostHeld of [0, 1, 2, 3, 4]) {
    const sampler = new Sysfs({ root, backend }).sampler({ attributes: ['stat', 'inflight'], mostHeld })
    t.deepEqual([sampler.needed, sampler.held], [4, Math.min(mostHeld, 3)])
    for (let i = 0; i < 3; i++) {
      t.is(sampler.sample(), 0)
      t.true(isNumbers(sampler.values, [...first, 2, 5, ...second, Number.NaN, Number.NaN]))
    }
    t.is(sampler.held, Math.min(mostHeld, 3))
    sampler.close()
  }
})

const diskstats = `   8       0 sda ${first.join(' ')}
   8      16 sdb ${second.join(' ')}
 104       0 cciss/c0d0 ${first.join(' ')}
   8      17 sdb1 1 2 3 4 5 6 7 8 9 10 11
`
const withDiskstats: FileTree = {
  ...twoDisks,
  'sys/class/block/sda/dev': '8:0\n',
  'sys/class/block/sdb/dev': '8:16\n',
  'sys/class/block/sdb1/dev': '8:17\n',
  'sys/class/block/cciss!c0d0/dev': '104:0\n',
  'sys/class/block/sdx/dev': '8:32\n',
  'proc/diskstats': diskstats,
}

onEveryBackend('diskstats has the same numbers, by name and number', (t, backend) => {
  const root = writeFileTree(t, withDiskstats)
  const sampler = new Sysfs({ root, backend }).sampler({ readFrom: 'diskstats' })
  t.teardown(() => sampler.close())
  t.deepEqual(sampler.devices, ['cciss!c0d0', 'sda', 'sdb', 'sdb1', 'sdx'])
  t.deepEqual([sampler.needed, sampler.held, sampler.reopened], [1, 1, 0])
  const nothing = Array(17).fill(Number.NaN)
  const sdb1 = [...Array.from({ length: 11 }, (_, index) => index + 1), ...nothing].slice(0, 17)
  for (let i = 0; i < 3; i++) {
    t.is(sampler.sample(), 0)
    t.true(isNumbers(sampler.values, [...first, ...first, ...second, ...sdb1, ...nothing]), String(sampler.values))
  }

  // In another order, with a number that is not that of sdb, and without a final newline.
  writeFileSync(
    `${root}/proc/diskstats`,
    `\n8 99 sdb 1\n8 16 sdbb 1\nx\n${diskstats.split('\n').reverse().join('\n')}\n`,
  )
  t.is(sampler.sample(), 0)
  t.true(isNumbers(sampler.values, [...first, ...first, ...second, ...sdb1, ...nothing]), String(sampler.values))

  // A device without a line has no numbers until it has a line again.
  writeFileSync(`${root}/proc/diskstats`, `   8      16 sdb ${second.join(' ')}\n`)
  t.is(sampler.sample(), 0)
  t.true(isNumbers(sampler.values, [...nothing, ...nothing, ...second, ...nothing, ...nothing]))
  writeFileSync(`${root}/proc/diskstats`, diskstats)
  t.is(sampler.sample(), 0)
  t.true(isNumbers(sampler.values, [...first, ...first, ...second, ...sdb1, ...nothing]))

  writeFileSync(`${root}/proc/diskstats`, `${'x'.repeat(300_000)}\n${diskstats}`)
  t.is(sampler.sample(), 0)
  t.true(sampler.values.every(Number.isNaN))
})

onEveryBackend('diskstats of many devices takes many reads', (t, backend) => {
  const count = 3000
  const tree: Record<string, string> = {}
  let lines = ''
  for (let index = 0; index < count; index++) {
    tree[`sys/class/block/d${index}/dev`] = `259:${index}\n`
    lines += ` 259 ${String(index).padStart(7)} d${index} ${first.map((number) => number * index).join(' ')}\n`
  }
  const root = writeFileTree(t, { ...tree, 'proc/diskstats': lines })
  const sampler = new Sysfs({ root, backend }).sampler({ readFrom: 'diskstats' })
  t.teardown(() => sampler.close())
  for (let i = 0; i < 2; i++) {
    t.is(sampler.sample(), 0)
    const wrong = sampler.devices.filter(
      (device, row) =>
        !isNumbers(
          sampler.values.subarray(row * 17, row * 17 + 17),
          first.map((number) => number * Number(device.slice(1))),
        ),
    )
    t.deepEqual(wrong, [])
  }
})

onEveryBackend('a missing diskstats is an error', (t, backend) => {
  const root = writeFileTree(t, twoDisks)
  const error = t.throws(() => new Sysfs({ root, backend }).sampler({ readFrom: 'diskstats' }), {
    instanceOf: SysfsError,
  })
  t.like(error, { code: 'ENOENT', syscall: 'open', path: `${root}/proc/diskstats` })
  t.is(new Sysfs({ root, procPath: '/elsewhere/', backend }).procPath, '/elsewhere')
})

onEveryBackend(
  'procPath and sysPath of two machines are a TypeError',
  (t, backend) => {
    const root = writeFileTree(t, twoDisks)
    t.throws(() => new Sysfs({ root, procPath: '/proc', backend }).sampler({ readFrom: 'diskstats' }), {
      instanceOf: TypeError,
      message: `procPath and sysPath must be of one machine: '/proc' is mounted by the kernel, '${root}/sys' is not`,
    })
    t.throws(() => new Sysfs({ sysPath: '/sys', procPath: root, backend }).sampler({ readFrom: 'diskstats' }), {
      instanceOf: TypeError,
      message: `procPath and sysPath must be of one machine: '/sys' is mounted by the kernel, '${root}' is not`,
    })
  },
  testWith(missingFile('/proc/diskstats')),
)

test('the fallback parses numbers of any bytes', (t) => {
  const parsed = (text: string, count: number) => {
    const numbers = new Float64Array(count)
    parseIntegers(Buffer.from(text), 0, text.length, numbers, 0, count)
    return [...numbers]
  }
  t.deepEqual(parsed('  1\t22\n333 ', 4), [1, 22, 333, Number.NaN])
  t.deepEqual(parsed('0x1F -7 1.5 1e3 x', 5), [31, -7, Number.NaN, Number.NaN, Number.NaN])
  const whole = (text: string) => {
    const numbers = new Float64Array(1)
    parseWhole(Buffer.from(text), text.length, numbers, 0)
    return numbers[0]
  }
  t.deepEqual(['7\n', ' 0x10 ', '-1', '', '1 2', 'none'].map(whole), [7, 16, -1, Number.NaN, Number.NaN, Number.NaN])
})
