import type { StatColumn } from './columns.js'

/**
 * The rates of a device between two samples, as iostat(1) of sysstat defines them. The names in parentheses are those
 * of iostat. Sizes are in bytes, where iostat has kB. Utilization is from 0 to 1, where iostat has percent. A wait or
 * size is 0 if there were no requests.
 *
 * A rate is NaN if the kernel does not count it (discards before Linux 4.18, flushes before 5.5). All rates are NaN if
 * the device is gone, or if a counter went back, which means that it belongs to another device or was reset.
 */
export interface DeviceRates {
  /** The kernel name of the device. */
  readonly device: string
  /** Reads (r/s). */
  readonly readsPerSecond: number
  /** Writes (w/s). */
  readonly writesPerSecond: number
  /** Discards (d/s). */
  readonly discardsPerSecond: number
  /** Flushes (f/s). */
  readonly flushesPerSecond: number
  /** Reads, writes and discards (tps). */
  readonly requestsPerSecond: number
  /** Reads that were merged with another one in the queue (rrqm/s). */
  readonly readMergesPerSecond: number
  /** Writes that were merged with another one in the queue (wrqm/s). */
  readonly writeMergesPerSecond: number
  /** Discards that were merged with another one in the queue (drqm/s). */
  readonly discardMergesPerSecond: number
  /** Bytes read (rkB/s). */
  readonly readBytesPerSecond: number
  /** Bytes written (wkB/s). */
  readonly writeBytesPerSecond: number
  /** Bytes discarded (dkB/s). */
  readonly discardBytesPerSecond: number
  /** The average time of a read, including its time in the queue (r_await). */
  readonly readWaitMilliseconds: number
  /** The average time of a write (w_await). */
  readonly writeWaitMilliseconds: number
  /** The average time of a discard (d_await). */
  readonly discardWaitMilliseconds: number
  /** The average time of a flush (f_await). */
  readonly flushWaitMilliseconds: number
  /** The average time of reads, writes and discards together (await). */
  readonly waitMilliseconds: number
  /** The average size of a read (rareq-sz). */
  readonly readRequestBytes: number
  /** The average size of a write (wareq-sz). */
  readonly writeRequestBytes: number
  /** The average size of a discard (dareq-sz). */
  readonly discardRequestBytes: number
  /** The average size of reads, writes and discards together (areq-sz). */
  readonly requestBytes: number
  /** The average number of requests in the queue (aqu-sz). */
  readonly queueDepth: number
  /**
   * The part of the time, 0 to 1, with at least one request (%util). The kernel counts in ticks, so the value may be a
   * little above 1. A device that serves many requests at once can do more even at 1.
   */
  readonly utilization: number
}

/** The counters of a device at two moments. */
export interface CountedTwice {
  /** The counter at the first moment. */
  before(column: StatColumn): number
  /** The counter at the second moment. */
  now(column: StatColumn): number
}

/** The size of the sectors that `stat` counts, whatever the sector size of the device. */
const sectorBytes = 512
/** Every kernel prints milliseconds as `unsigned int` (part_stat_show, block/genhd.c). */
const wrapOfMilliseconds = 2 ** 32
/** Other counters are `unsigned long`. On a 64-bit kernel they do not wrap in centuries. */
let wrapOfKernel: number | undefined

/** The number at which the other counters of the running kernel wrap to 0. */
function wrapOfThisKernel(): number {
  // Not imported: an import would load node:os into every process that loads the library.
  wrapOfKernel ??= /64|s390x|armv8/.test(process.getBuiltinModule('node:os').machine())
    ? Number.POSITIVE_INFINITY
    : 2 ** 32
  return wrapOfKernel
}

/** The rates of one device over a number of milliseconds. */
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
  /** Discards are left out if the kernel does not count them. */
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

/** The growth of counters, and whether one of them went back. */
class Growth {
  hasGoneBack = false

  constructor(private readonly counted: CountedTwice) {}

  /**
   * @param wrap the number at which the counter wraps to 0. A counter that seems to have grown by more than half of it
   * has gone back.
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
