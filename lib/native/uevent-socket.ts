import { statfsSync } from 'node:fs'
import { errorCode } from '../errors.js'
import { loadAddon } from './addon.js'
import type { Sysfs } from '../sysfs.js'
import { parseUevents, type Uevent } from '../executor/uevent.js'

/** What native/glue/uevents.cc exports. */
export interface UeventAddon {
  readonly UeventSocket: new () => UeventSocket
  /** Whether those of block devices reach this process's network namespace; false where that cannot be told. */
  areUeventsHeardHere(): boolean
}

interface UeventSocket {
  /** 0 or an errno. */
  open(receiveBufferSize: number): number
  /** The messages that are there, each with two NULs at its end (as bytes where they are not ASCII); or an errno. */
  drain(): string | Uint8Array | number | undefined
  /** How often messages were lost. */
  overflowCount(): number
  /** The callback is called when something is there, once until it is drained. 0 or an errno. */
  listen(callback: () => void): number
  ref(): void
  unref(): void
  close(): void
}

export interface HeardUevents {
  readonly uevents: readonly Uevent[]
  /** Whether others were lost before or between these. */
  readonly someWereLost: boolean
}

/** SYSFS_MAGIC of linux/magic.h */
const sysfsMagic = 0x62656572

/** Thousands of events. The kernel takes memory only for those that wait. */
const defaultReceiveBufferSize = 4 << 20

const listening = new Set<UeventSource>()

/** The uevents about one machine's sysfs, where it is that of the kernel this runs on. */
export class UeventSource {
  #overflowCount = 0
  #callback: (() => void) | undefined
  /** Whether the addon's thread is there. */
  #isWaiting = false

  private constructor(private readonly socket: UeventSocket) {}

  /** A source, or why there is none. */
  static open(sysfs: Sysfs, receiveBufferSize: number = defaultReceiveBufferSize): UeventSource | string {
    if (sysfs.backend !== 'native') return 'the fallback has no way to hear uevents'
    const loaded = loadAddon(sysfs.addonPath)
    if ('error' in loaded) return loaded.error.message
    if (!isSysfs(sysfs.sysPath)) return `${sysfs.sysPath} is not the sysfs of the kernel that runs here`
    if (!loaded.addon.areUeventsHeardHere()) return 'the kernel sends no uevents to this network namespace'
    const socket = new loaded.addon.UeventSocket()
    const errno = socket.open(receiveBufferSize)
    return errno === 0 ? new UeventSource(socket) : `a socket for uevents cannot be opened: ${errorCode(-errno)}`
  }

  /** What has come since the last time. Where nothing has, that is one system call. */
  take(): HeardUevents | undefined {
    const messages = this.socket.drain()
    const overflowCount = this.socket.overflowCount()
    const someWereLost = overflowCount !== this.#overflowCount || typeof messages === 'number'
    this.#overflowCount = overflowCount
    if (messages === undefined && !someWereLost) return undefined
    const hasText = messages !== undefined && typeof messages !== 'number'
    return { uevents: hasText ? parseUevents(messages) : [], someWereLost }
  }

  /**
   * Calls back when something is there to take, and again only after it was taken. Until `pause` this lives, whoever
   * holds it.
   */
  listen(callback: () => void): void {
    this.#callback = callback
    listening.add(this)
    if (this.#isWaiting) {
      this.socket.ref()
      return
    }
    // The addon's thread holds its callback, but shall not hold a source that nobody has any more.
    const weak = new WeakRef(this)
    const errno = this.socket.listen(() => weak.deref()?.hear())
    if (errno !== 0) throw new Error(`no thread to wait for uevents: ${errorCode(-errno)}`)
    this.#isWaiting = true
  }

  /** Calls back no more. The thread that waits stays, for the next time. */
  pause(): void {
    this.#callback = undefined
    listening.delete(this)
    this.socket.unref()
  }

  private hear(): void {
    // Not on the addon's own call: Node makes a mere warning of an exception there (DEP0168).
    queueMicrotask(() => this.#callback?.())
  }

  ref(): void {
    this.socket.ref()
  }

  unref(): void {
    this.socket.unref()
  }

  close(): void {
    this.pause()
    this.#isWaiting = false
    this.socket.close()
  }
}

/** Every mount of sysfs shows the one kernel's devices, also where it is another network namespace's. */
function isSysfs(directory: string): boolean {
  try {
    return statfsSync(directory).type === sysfsMagic
  } catch {
    return false
  }
}
