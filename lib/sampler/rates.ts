import type { StatColumn } from './columns.js'

/**
 * What a device did between two samples, as iostat(1) defines it (sysstat; the names in parentheses are its own), with
 * bytes where iostat has kB and 0 to 1 where it has percent. A wait or a size of no request at all is 0.
 *
 * NaN: what the kernel does not count (discards before Linux 4.18, flushes before 5.5), all of a device that is gone, and
 * all where a counter went back though it cannot, since it then is another device's, or began anew.
 */
export interface DeviceRates {
  /** The kernel name. */
  readonly device: string
  /** r/s */
  readonly readsPerSecond: number
  /** w/s */
  readonly writesPerSecond: number
  /** d/s */
  readonly discardsPerSecond: number
  /** f/s */
  readonly flushesPerSecond: number
  /** Reads, writes and discards (tps). */
  readonly requestsPerSecond: number
  /** Reads that became part of another one before the device had them (rrqm/s). */
  readonly readMergesPerSecond: number
  /** wrqm/s */
  readonly writeMergesPerSecond: number
  /** drqm/s */
  readonly discardMergesPerSecond: number
  /** rkB/s */
  readonly readBytesPerSecond: number
  /** wkB/s */
  readonly writeBytesPerSecond: number
  /** dkB/s */
  readonly discardBytesPerSecond: number
  /** The average time of a read, with what it waited in the queue (r_await). */
  readonly readWaitMilliseconds: number
  /** w_await */
  readonly writeWaitMilliseconds: number
  /** d_await */
  readonly discardWaitMilliseconds: number
  /** f_await */
  readonly flushWaitMilliseconds: number
  /** That of reads, writes and discards together (await). */
  readonly waitMilliseconds: number
  /** The average size of a read (rareq-sz). */
  readonly readRequestBytes: number
  /** wareq-sz */
  readonly writeRequestBytes: number
  /** dareq-sz */
  readonly discardRequestBytes: number
  /** That of reads, writes and discards together (areq-sz). */
  readonly requestBytes: number
  /** How many requests there were at a time, on average (aqu-sz). */
  readonly queueDepth: number
  /**
   * The part of the time, 0 to 1, in which there was any request (%util). The kernel counts in its ticks, so that it may
   * be a little more than 1. Of a device that serves many requests at once 1 does not mean that it can do no more.
   */
  readonly utilization: number
}

/** What a device counted at two moments. */
export interface CountedTwice {
  before(column: StatColumn): number
  now(column: StatColumn): number
}

const sectorBytes = 512
/** Counters of milliseconds are printed as `unsigned int` (part_stat_show, block/genhd.c) whatever the kernel. */
const wrapOfMilliseconds = 2 ** 32
/** The others are `unsigned long`. That of a 64-bit kernel takes centuries. */
let wrapOfKernel: number | undefined

function wrapOfThisKernel(): number {
  // By getBuiltinModule: an import would load node:os into every process that loads the library.
  wrapOfKernel ??= /64|s390x|armv8/.test(process.getBuiltinModule('node:os').machine())
    ? Number.POSITIVE_INFINITY
    : 2 ** 32
  return wrapOfKernel
}

/** The rates of one device over so many milliseconds. */
export function ratesOf(
  device: string,
  counted: CountedTwice,
  milliseconds: number,
  wrapOfCounters = wrapOfThisKernel(),
): DeviceRates {
  const grown = new Growth(counted)
  const count = (column: StatColumn) => grown.by(column, wrapOfCounters)
  const time = (column: StatColumn) => grown.by(column, wrapOfMilliseconds)
  const kinds = {
    read: { requests: count('reads'), bytes: count('readSectors') * sectorBytes, time: time('readMilliseconds') },
    write: { requests: count('writes'), bytes: count('writeSectors') * sectorBytes, time: time('writeMilliseconds') },
    discard: {
      requests: count('discards'),
      bytes: count('discardSectors') * sectorBytes,
      time: time('discardMilliseconds'),
    },
  }
  const { read, write, discard } = kinds
  const flush = { requests: count('flushes'), time: time('flushMilliseconds') }
  const merges = { read: count('readMerges'), write: count('writeMerges'), discard: count('discardMerges') }
  const busy = time('ioMilliseconds')
  const queued = time('queueMilliseconds')

  const isComparable = milliseconds > 0 && !grown.hasGoneBack
  const per = (amount: number, divisor: number) => (isComparable ? amount / divisor : Number.NaN)
  const perSecond = (amount: number) => per(amount, milliseconds / 1000)
  const average = (amount: number, requests: number) => per(requests === 0 ? 0 : amount, requests === 0 ? 1 : requests)
  /** Where there are no discards, they are none of these. */
  const together = (part: 'requests' | 'bytes' | 'time') => read[part] + write[part] + (discard[part] || 0)
  return {
    device,
    readsPerSecond: perSecond(read.requests),
    writesPerSecond: perSecond(write.requests),
    discardsPerSecond: perSecond(discard.requests),
    flushesPerSecond: perSecond(flush.requests),
    requestsPerSecond: perSecond(together('requests')),
    readMergesPerSecond: perSecond(merges.read),
    writeMergesPerSecond: perSecond(merges.write),
    discardMergesPerSecond: perSecond(merges.discard),
    readBytesPerSecond: perSecond(read.bytes),
    writeBytesPerSecond: perSecond(write.bytes),
    discardBytesPerSecond: perSecond(discard.bytes),
    readWaitMilliseconds: average(read.time, read.requests),
    writeWaitMilliseconds: average(write.time, write.requests),
    discardWaitMilliseconds: average(discard.time, discard.requests),
    flushWaitMilliseconds: average(flush.time, flush.requests),
    waitMilliseconds: average(together('time'), together('requests')),
    readRequestBytes: average(read.bytes, read.requests),
    writeRequestBytes: average(write.bytes, write.requests),
    discardRequestBytes: average(discard.bytes, discard.requests),
    requestBytes: average(together('bytes'), together('requests')),
    queueDepth: per(queued, milliseconds),
    utilization: per(busy, milliseconds),
  }
}

/** By how much counters grew, and whether one of them did not. */
class Growth {
  hasGoneBack = false

  constructor(private readonly counted: CountedTwice) {}

  /**
   * @param wrap the number after which the counter begins again; one that seems to have grown by more than half of that
   * went back
   */
  by(column: StatColumn, wrap: number): number {
    const before = this.counted.before(column)
    const now = this.counted.now(column)
    if (!(now < before)) return now - before
    const wrapped = now + wrap - before
    if (!(wrapped < wrap / 2)) this.hasGoneBack = true
    return wrapped
  }
}
