import { errorCode } from '../errors.js'
import { parseUevents, type UeventBatch, type UeventSource } from '../executor/uevent.js'
import { isOnFileSystem } from '../files/file-system.js'
import type { Addon, AddonUeventSocket } from './addon-interface.js'

/** The sources that listen. The set keeps them alive, because the addon's thread holds them only by weak references. */
const listening = new Set<NativeUevents>()

/** The uevents that the addon's netlink socket receives. */
export class NativeUevents implements UeventSource {
  #overflowCount = 0
  #callback: (() => void) | undefined
  /** Whether the addon has a thread that waits for messages. */
  #isWaiting = false

  private constructor(private readonly socket: AddonUeventSocket) {}

  /**
   * Opens a source, or returns the reason why there are no uevents. Every sysfs that a kernel has mounted shows the
   * block devices of that kernel, also one that belongs to another network namespace.
   */
  static open(
    { UeventSocket, receivesUevents }: Addon,
    sysPath: string,
    receiveBufferSize: number,
  ): NativeUevents | string {
    if (!isOnFileSystem(sysPath, 'sysfs')) return `${sysPath} is not the sysfs of the kernel that runs here`
    if (!receivesUevents()) return 'the kernel sends no uevents to this network namespace'
    const socket = new UeventSocket()
    const errno = socket.open(receiveBufferSize)
    return errno === 0 ? new NativeUevents(socket) : `a socket for uevents cannot be opened: ${errorCode(-errno)}`
  }

  take(): UeventBatch | undefined {
    const messages = this.socket.drain()
    const overflowCount = this.socket.overflowCount()
    const someWereLost = overflowCount !== this.#overflowCount || typeof messages === 'number'
    this.#overflowCount = overflowCount
    if (messages === undefined && !someWereLost) return undefined
    const hasText = messages !== undefined && typeof messages !== 'number'
    return { uevents: hasText ? parseUevents(messages) : [], someWereLost }
  }

  listen(callback: () => void): void {
    this.#callback = callback
    listening.add(this)
    if (this.#isWaiting) {
      this.socket.ref()
      return
    }
    // The addon's thread holds this callback. A strong reference would keep a source alive that is no longer used.
    const weak = new WeakRef(this)
    const errno = this.socket.listen(() => weak.deref()?.call())
    if (errno !== 0) throw new Error(`no thread can wait for uevents: ${errorCode(-errno)}`)
    this.#isWaiting = true
  }

  pause(): void {
    this.#callback = undefined
    listening.delete(this)
    this.socket.unref()
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

  private call(): void {
    // Node only warns about an exception in a callback of an addon (DEP0168). In a microtask it is an uncaught
    // exception.
    queueMicrotask(() => this.#callback?.())
  }
}
