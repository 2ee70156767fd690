import { readFileSync, readSync } from 'node:fs'
import { SysfsError } from '../errors.js'
import { type SampledDevices, statColumns } from '../executor/sampler-source.js'
import { attributeSize } from '../files/attribute.js'
import { failureOf, isGone } from '../files/failure.js'
import { OpenFiles, type ReopenableFile } from '../files/open-files.js'
import { FallbackSampler, type SampledDevice } from './fallback-sampler.js'
import { parseIntegers } from './integers.js'

const columns = statColumns.length
const reads = statColumns.indexOf('reads')
const writes = statColumns.indexOf('writes')

/** Has space for one read after an incomplete line. */
const buffer = Buffer.allocUnsafeSlow(2 * attributeSize)
const newline = 0x0a

/**
 * How often the file is read at most for one sample. The kernel continues a read at the number of the next device. So
 * if a device is removed between two reads, the kernel skips a device.
 */
const mostPasses = 4

/** A device, and its last line in the file. */
interface Tracked {
  readonly device: SampledDevice
  /** The index of the line. */
  line: number
  reads: number
  writes: number
  /** Whether the device has had a line. A partition without sectors has none. */
  isListed: boolean
  /** Whether the current sample has found the line. */
  isSeen: boolean
}

/** The beginning of a line (`   8       0 sda `), and the device that it belongs to. */
interface Line {
  readonly beginning: Buffer
  readonly tracked: Tracked | undefined
}

/** The counterpart of native/core/diskstats_sampler.cc. */
export class FallbackDiskstatsSampler extends FallbackSampler {
  readonly #path: string
  readonly #openFiles = new OpenFiles(1)
  readonly #file: ReopenableFile = { descriptor: -1 }
  readonly #tracked: readonly Tracked[]
  /** By `MAJOR MINOR NAME`. */
  readonly #byKey = new Map<string, Tracked>()
  /**
   * The lines of the last pass. They rarely change. So a line is recognised by its first bytes, without parsing them.
   */
  readonly #lines: Line[] = []
  #lineCount = 0
  #highestLine = 0
  /** How many devices the current sample has not found yet. */
  #awaited = 0

  constructor(devices: SampledDevices, path: string) {
    super(devices, columns)
    this.#path = path
    this.#tracked = this.devices.map((device) => {
      return { device, line: 0, reads: Number.NaN, writes: Number.NaN, isListed: false, isSeen: false }
    })
    for (const tracked of this.#tracked) this.#open(tracked)
    try {
      this.#openFiles.keep(this.#file, this.#openFiles.open(path))
    } catch (error) {
      throw new SysfsError(failureOf(error).errno, 'open', path)
    }
  }

  held(): number {
    return this.#openFiles.count
  }

  close(): void {
    this.#openFiles.closeAll()
  }

  #open(tracked: Tracked): void {
    const { device } = tracked
    let number: string | undefined
    // The device number belongs to the device if the directory is the same before and after the number is read.
    do {
      this.find(device)
      if (device.isGone) return
      try {
        number = readFileSync(`${device.path}/dev`, 'latin1')
      } catch (error) {
        this.throwIfResourceError(error, 'open', device.path)
        if (isGone(failureOf(error).code)) this.markGone(device)
        return
      }
    } while (!this.isPresent(device))
    // The key has the form of a line: a name in diskstats has a `/` where the name in sysfs has a `!`.
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
    // A pass ends as soon as all devices are found.
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
      // No line of diskstats is this long.
      if (kept > attributeSize) return
      if (kept > 0) buffer.copyWithin(0, start, end)
    }
  }

  #readAt(to: number, offset: number): number {
    try {
      return readSync(this.#file.descriptor, buffer, to, attributeSize, offset)
    } catch (error) {
      throw new SysfsError(failureOf(error).errno, 'read', this.#path)
    }
  }

  #takeLine(start: number, end: number, cells: Float64Array): void {
    const number = this.#lineCount++
    const { beginning, tracked } = this.#lineAt(number, start, end)
    if (tracked === undefined || tracked.device.isGone || tracked.isSeen) return

    // The kernel adds a device at the end (klist_add_tail in device_add, drivers/base/core.c). A device that moved
    // behind another one was removed and added again.
    let isDoubtful = tracked.isListed && tracked.line < this.#highestLine
    if (!isDoubtful) this.#highestLine = tracked.line
    tracked.line = number

    const cell = 1 + tracked.device.index * columns
    parseIntegers(buffer, start + beginning.length, end, cells, cell, columns)
    const nowReads = cells[cell + reads] as number
    const nowWrites = cells[cell + writes] as number
    isDoubtful ||= nowReads < tracked.reads || nowWrites < tracked.writes
    if (isDoubtful && !this.isPresent(tracked.device)) {
      this.markGone(tracked.device)
      cells.fill(Number.NaN, cell, cell + columns)
    }
    tracked.reads = nowReads
    tracked.writes = nowWrites
    tracked.isListed = true
    tracked.isSeen = true
    this.#awaited--
  }

  #lineAt(number: number, start: number, end: number): Line {
    const last = this.#lines[number]
    if (last !== undefined && beginsWith(start, end, last.beginning)) return last
    // The lines from this one on have changed.
    this.#lines.length = number
    const text = buffer.toString('utf8', start, end)
    const [whole, beginning, major, minor, name] = /^( *([^ ]*) *([^ ]*) *([^ ]*)) ?/.exec(text) as readonly string[]
    // A line without numbers is parsed each time.
    const isRecognisable = whole !== beginning
    const line = {
      beginning: Buffer.from(isRecognisable ? (whole as string) : '\n'),
      tracked: this.#byKey.get(`${major} ${minor} ${name}`),
    }
    this.#lines.push(line)
    return line
  }

  /** Marks removed devices as gone. Returns whether the pass has missed the line of another device. */
  #hasMissed(isLastPass: boolean): boolean {
    let hasMissed = false
    for (const tracked of this.#tracked) {
      const { device } = tracked
      if (device.isGone || tracked.isSeen) continue
      if (!this.isPresent(device)) {
        this.markGone(device)
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
