import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { SysfsError } from '../errors.js'
import { openFlags } from '../files/attribute.js'
import { failureOf, isGone } from '../files/failure.js'
import { statColumns } from '../sampler/columns.js'
import { FallbackSource, type SampledDevice } from './fallback-sampler.js'
import { parseIntegers } from './integers.js'
import type { Sampled } from '../executor/sampler-source.js'

const columns = statColumns.length
const reads = statColumns.indexOf('reads')
const writes = statColumns.indexOf('writes')

/** The kernel gives a page at a time. Space for one more than that read always remains. */
const readSize = 65536
const buffer = Buffer.allocUnsafeSlow(2 * readSize)
const newline = 0x0a

/** When a device goes away in the middle of a pass, the kernel, which counts devices, passes over another one. */
const mostPasses = 4

/** What the last line of a device was. */
interface Tracked {
  readonly device: SampledDevice
  line: number
  reads: number
  writes: number
  /** A partition without sectors has no line. */
  isListed: boolean
  /** In this sample. */
  isSeen: boolean
}

/** How a line begins (`   8       0 sda `), and whose it is. */
interface Line {
  readonly beginning: Buffer
  readonly tracked: Tracked | undefined
}

/** Descriptors of samplers that nobody closed. */
const abandoned = new FinalizationRegistry<number>(closeSync)

/** What native/core/diskstats_sampler.cc is in the addon. */
export class FallbackDiskstats extends FallbackSource {
  readonly #path: string
  readonly #tracked: readonly Tracked[]
  /** By `MAJOR MINOR NAME`. */
  readonly #byKey = new Map<string, Tracked>()
  /** As they were read last. Nearly always they are the same again, so that a line is known by its first bytes. */
  readonly #lines: Line[] = []
  #descriptor: number
  #lineCount = 0
  #highestLine = 0
  /** How many devices are still to be found in this sample. */
  #awaited = 0

  constructor(sampled: Sampled, path: string) {
    super(sampled, columns)
    this.#path = path
    this.#tracked = this.devices.map((device) => {
      return { device, line: 0, reads: Number.NaN, writes: Number.NaN, isListed: false, isSeen: false }
    })
    for (const tracked of this.#tracked) this.#open(tracked)
    try {
      this.#descriptor = openSync(path, openFlags)
    } catch (error) {
      throw new SysfsError(failureOf(error).errno, 'open', path)
    }
    abandoned.register(this, this.#descriptor, this)
  }

  held(): number {
    return this.#descriptor === -1 ? 0 : 1
  }

  close(): void {
    if (this.#descriptor !== -1) closeSync(this.#descriptor)
    this.#descriptor = -1
    abandoned.unregister(this)
  }

  #open(tracked: Tracked): void {
    const { device } = tracked
    let number: string | undefined
    // What is read between two looks at one directory is that device's.
    do {
      this.find(device)
      if (device.isGone) return
      try {
        number = readFileSync(`${device.path}/dev`, 'latin1')
      } catch (error) {
        this.throwIfProcessTrouble(error, 'open', device.path)
        if (isGone(failureOf(error).code)) this.vanish(device)
        return
      }
    } while (!this.isThere(device))
    // `8:0` and sda, as a line has them. There a name has the `/` for which sysfs has a `!`.
    const name = device.path.slice(device.path.lastIndexOf('/') + 1)
    this.#byKey.set(`${number.trim().replace(':', ' ')} ${name.replaceAll('!', '/')}`, tracked)
  }

  protected override read(cells: Float64Array): void {
    cells.fill(Number.NaN, 1, 1 + this.devices.length * columns)
    this.#awaited = 0
    for (let index = 0; index < this.#tracked.length; index++) {
      const tracked = this.#tracked[index] as Tracked
      tracked.isSeen = false
      if (!tracked.device.isGone) this.#awaited++
    }
    for (let pass = 1; pass <= mostPasses; pass++) {
      this.#pass(cells)
      if (this.#awaited === 0 || !this.#hasMissed(pass === mostPasses)) break
    }
  }

  #pass(cells: Float64Array): void {
    this.#lineCount = 0
    this.#highestLine = 0
    let kept = 0
    // The rest, once all devices are found, is not read.
    for (let offset = 0; this.#awaited > 0; ) {
      const size = this.#readAt(kept, offset)
      if (size === 0) return
      offset += size
      const end = kept + size
      let start = 0
      for (let at = kept; at < end; at++) {
        if (buffer[at] !== newline) continue
        this.#takeLine(start, at, cells)
        start = at + 1
      }
      kept = end - start
      if (kept > readSize) return // no line of diskstats
      if (kept > 0) buffer.copyWithin(0, start, end)
    }
  }

  #readAt(to: number, offset: number): number {
    try {
      return readSync(this.#descriptor, buffer, to, readSize, offset)
    } catch (error) {
      throw new SysfsError(failureOf(error).errno, 'read', this.#path)
    }
  }

  #takeLine(start: number, end: number, cells: Float64Array): void {
    const place = this.#lineCount++
    const { beginning, tracked } = this.#lineAt(place, start, end)
    if (tracked === undefined || tracked.device.isGone || tracked.isSeen) return

    // A device is added at the end (klist_add_tail in device_add, drivers/base/core.c): one that was before another
    // and is now behind it was added anew.
    let isDoubtful = tracked.isListed && tracked.line < this.#highestLine
    if (!isDoubtful) this.#highestLine = tracked.line
    tracked.line = place

    const cell = 1 + tracked.device.index * columns
    parseIntegers(buffer, start + beginning.length, end, cells, cell, columns)
    const nowReads = cells[cell + reads] as number
    const nowWrites = cells[cell + writes] as number
    isDoubtful ||= nowReads < tracked.reads || nowWrites < tracked.writes
    if (isDoubtful && !this.isThere(tracked.device)) {
      this.vanish(tracked.device)
      cells.fill(Number.NaN, cell, cell + columns)
    }
    tracked.reads = nowReads
    tracked.writes = nowWrites
    tracked.isListed = true
    tracked.isSeen = true
    this.#awaited--
  }

  #lineAt(place: number, start: number, end: number): Line {
    const last = this.#lines[place]
    if (last !== undefined && beginsWith(start, end, last.beginning)) return last
    // From here on it is another list.
    this.#lines.length = place
    const text = buffer.toString('utf8', start, end)
    const [whole, beginning, major, minor, name] = /^( *([^ ]*) *([^ ]*) *([^ ]*)) ?/.exec(text) as readonly string[]
    // Without anything behind the name it is no line to be known again.
    const isKnownAgain = whole !== beginning
    const line = {
      beginning: Buffer.from(isKnownAgain ? (whole as string) : '\n'),
      tracked: this.#byKey.get(`${major} ${minor} ${name}`),
    }
    this.#lines.push(line)
    return line
  }

  #hasMissed(isLastPass: boolean): boolean {
    let hasMissed = false
    for (const tracked of this.#tracked) {
      const { device } = tracked
      if (device.isGone || tracked.isSeen) continue
      if (!this.isThere(device)) {
        this.vanish(device)
        this.#awaited--
      } else if (tracked.isListed) {
        hasMissed = true
        if (isLastPass) tracked.isListed = false
      }
    }
    return hasMissed
  }
}

function beginsWith(start: number, end: number, beginning: Buffer): boolean {
  if (end - start < beginning.length) return false
  for (let index = 0; index < beginning.length; index++) {
    if (buffer[start + index] !== beginning[index]) return false
  }
  return true
}
