import { writeFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { type DeviceRates, type Sample, type StatColumn, Sysfs, statColumns } from '../../lib/index.js'
import { ratesOf } from '../../lib/sampler/rates.js'
import { type Backend, onEveryBackend } from '../support/backends.js'
import { writeFileTree } from '../support/file-tree.js'

type Counted = Partial<Record<StatColumn, number>>

/** Columns that are not named are 0. */
function numbersOf(counted: Counted, fields: number = statColumns.length): readonly number[] {
  return statColumns.slice(0, fields).map((column) => counted[column] ?? 0)
}

/** The rates of a device over two seconds, from two samples. */
function ratesBetween(
  t: ExecutionContext,
  backend: Backend,
  before: Counted,
  after: Counted,
  fields: number = statColumns.length,
): DeviceRates {
  const stat = (counted: Counted) => `${numbersOf(counted, fields).join(' ')}\n`
  const root = writeFileTree(t, { 'sys/class/block/sda/stat': stat(before) })
  const sampler = new Sysfs({ root, backend }).sampler({ attributes: ['queue/nr_requests', 'stat'] })
  try {
    sampler.sample()
    const { values } = sampler.copy()
    writeFileSync(`${root}/sys/class/block/sda/stat`, stat(after))
    sampler.sample()
    const [rates] = sampler.rates({ timestamp: sampler.timestamp - 2000, values })
    return rates as DeviceRates
  } finally {
    sampler.close()
  }
}

/** To nine digits: the time between two samples is a difference of two large numbers. */
function same(t: ExecutionContext, rates: DeviceRates, expected: Partial<DeviceRates>): void {
  const rounded = (value: string | number) => (typeof value === 'number' ? Number(value.toPrecision(9)) : value)
  const relevant = Object.keys(expected).map((key) => [key, rounded(rates[key as keyof DeviceRates])])
  t.deepEqual(Object.fromEntries(relevant), expected)
}

const before: Counted = {
  reads: 1000,
  readMerges: 50,
  readSectors: 20_000,
  readMilliseconds: 3000,
  writes: 500,
  writeMerges: 7,
  writeSectors: 8000,
  writeMilliseconds: 1500,
  inFlight: 9,
  ioMilliseconds: 4000,
  queueMilliseconds: 4600,
  discards: 10,
  discardMerges: 1,
  discardSectors: 1_000_000,
  discardMilliseconds: 70,
  flushes: 40,
  flushMilliseconds: 200,
}

const after: Counted = {
  reads: 1400, // 400 in 2 s
  readMerges: 150,
  readSectors: 23_200, // 3200 of 512 bytes: 8 a read
  readMilliseconds: 4200, // 1200: 3 a read
  writes: 600, // 100
  writeMerges: 27,
  writeSectors: 9600, // 1600: 16 a write
  writeMilliseconds: 2100, // 600: 6 a write
  inFlight: 3,
  ioMilliseconds: 5500, // 1500 of 2000
  queueMilliseconds: 6600, // 2000
  discards: 12, // 2
  discardMerges: 4,
  discardSectors: 1_004_096, // 4096
  discardMilliseconds: 80, // 10
  flushes: 60, // 20
  flushMilliseconds: 500, // 300
}

const expected: DeviceRates = {
  device: 'sda',
  readsPerSecond: 200,
  writesPerSecond: 50,
  discardsPerSecond: 1,
  flushesPerSecond: 10,
  requestsPerSecond: 251,
  readMergesPerSecond: 50,
  writeMergesPerSecond: 10,
  discardMergesPerSecond: 1.5,
  readBytesPerSecond: 819_200,
  writeBytesPerSecond: 409_600,
  discardBytesPerSecond: 1_048_576,
  readWaitMilliseconds: 3,
  writeWaitMilliseconds: 6,
  discardWaitMilliseconds: 5,
  flushWaitMilliseconds: 15,
  waitMilliseconds: Number((1810 / 502).toPrecision(9)),
  readRequestBytes: 4096,
  writeRequestBytes: 8192,
  discardRequestBytes: 1_048_576,
  requestBytes: Number(((8896 * 512) / 502).toPrecision(9)),
  queueDepth: 1,
  utilization: 0.75,
}

onEveryBackend('rates equal those of iostat, computed by hand', (t, backend) => {
  same(t, ratesBetween(t, backend, before, after), expected)
})

onEveryBackend('all rates of an idle device are 0', (t, backend) => {
  const { device, ...rates } = ratesBetween(t, backend, before, before)
  t.is(device, 'sda')
  t.deepEqual(new Set(Object.values(rates)), new Set([0]))
})

onEveryBackend('a rate that an old kernel does not count is NaN and not part of a sum', (t, backend) => {
  const rates = ratesBetween(t, backend, before, after, 11)
  const { device, ...numbers } = rates
  const missing = Object.entries(numbers).filter(([, value]) => Number.isNaN(value))
  t.true(missing.every(([key]) => key.startsWith('discard') || key.startsWith('flush')))
  t.is(missing.length, 7)
  same(t, rates, {
    device,
    readsPerSecond: 200,
    requestsPerSecond: 250,
    waitMilliseconds: 3.6,
    requestBytes: Number(((4800 * 512) / 500).toPrecision(9)),
  })
})

const milliseconds = [
  ...(['readMilliseconds', 'writeMilliseconds', 'ioMilliseconds'] as const),
  ...(['queueMilliseconds', 'discardMilliseconds', 'flushMilliseconds'] as const),
]

onEveryBackend('milliseconds wrap at 2^32', (t, backend) => {
  const wrapped: Counted = {}
  for (const column of milliseconds) {
    const grown = (after[column] ?? 0) - (before[column] ?? 0)
    wrapped[column] = grown - 5
  }
  const high = Object.fromEntries(milliseconds.map((column) => [column, 2 ** 32 - 5]))
  same(t, ratesBetween(t, backend, { ...before, ...high }, { ...after, ...wrapped }), expected)
})

onEveryBackend("another device's counters give no rates", (t, backend) => {
  const another: Counted[] = [
    { reads: 3, readSectors: 24, readMilliseconds: 1 },
    { ...after, reads: 999 },
    { ...after, writeSectors: 7999 },
    { ...after, discardMerges: 0 },
    { ...after, flushes: 39 },
    // too far back for a wrap
    { ...after, ioMilliseconds: 3999 },
    { ...after, queueMilliseconds: 0 },
    {},
  ]
  for (const counted of another) {
    const { device, ...rates } = ratesBetween(t, backend, before, counted)
    t.deepEqual(new Set(Object.values(rates)), new Set([Number.NaN]), JSON.stringify(counted))
  }
})

test('all counters of a 32-bit kernel wrap at 2^32', (t) => {
  const wrap = 2 ** 32
  const counters = statColumns.filter((column) => column !== 'inFlight')
  const old = Object.fromEntries(counters.map((column) => [column, wrap - 3])) as Counted
  const now = Object.fromEntries(
    counters.map((column) => [column, (after[column] ?? 0) - (before[column] ?? 0) - 3]),
  ) as Counted
  const counted = {
    before: (column: StatColumn) => old[column] ?? 0,
    now: (column: StatColumn) => now[column] ?? 0,
  }
  const onlyWrapped = {
    before: counted.before,
    now: (column: StatColumn) => (counted.now(column) + wrap) % wrap,
  }
  same(t, ratesOf('sda', onlyWrapped, 2000, wrap), expected)
  t.is(ratesOf('sda', onlyWrapped, 2000, Number.POSITIVE_INFINITY).readsPerSecond, Number.NaN)
})

onEveryBackend('samples without time between them have no rates', (t, backend) => {
  const root = writeFileTree(t, { 'sys/class/block/sda/stat': numbersOf(before).join(' ') })
  const sampler = new Sysfs({ root, backend }).sampler()
  t.teardown(() => sampler.close())
  sampler.sample()
  const { timestamp, values } = sampler.copy()
  for (const previous of [timestamp, timestamp + 1, Number.NaN]) {
    const sample: Sample = { timestamp: previous, values }
    const { device, ...rates } = sampler.rates(sample)[0] as DeviceRates
    t.deepEqual(new Set(Object.values(rates)), new Set([Number.NaN]))
  }
  // Before the first sample there are no numbers.
  const fresh = new Sysfs({ root, backend }).sampler()
  t.teardown(() => fresh.close())
  const nothing = fresh.copy()
  fresh.sample()
  t.is(fresh.rates(nothing)[0]?.readsPerSecond, Number.NaN)
})

onEveryBackend('rates need the attribute stat', (t, backend) => {
  const root = writeFileTree(t, { 'sys/class/block/sda/inflight': '1 2' })
  const sampler = new Sysfs({ root, backend }).sampler({ attributes: ['inflight'] })
  t.teardown(() => sampler.close())
  sampler.sample()
  t.throws(() => sampler.rates(sampler.copy()), {
    instanceOf: TypeError,
    message: "rates need 'stat' among the attributes",
  })
})
