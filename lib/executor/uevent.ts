/**
 * A uevent: the kernel announces a change of a device (Documentation/ABI/testing/sysfs-uevent). The change has already
 * happened. An added device exists, with nearly all of its attributes. A removed device is gone from class/ and dev/.
 */
export interface Uevent {
  /** What happened to the device. */
  readonly action: 'add' | 'remove' | 'change' | 'move' | 'online' | 'offline' | 'bind' | 'unbind'
  /** The path below /sys: `/devices/virtual/block/dm-3`. */
  readonly devicePath: string
  /** `block`, `scsi_device`, `iscsi_session`... */
  readonly subsystem: string
  /** Grows by one with every event. A missing number belongs to another network namespace, or was lost. */
  readonly sequenceNumber: number
  /** All properties of the event: ACTION, DEVPATH, MAJOR, MINOR, DEVTYPE, DM_NAME... */
  readonly properties: Readonly<Record<string, string>>
}

/** Events were lost, because the kernel's buffer was full. Any device may have changed. */
export interface LostUevents {
  /** Distinguishes this from a uevent. */
  readonly action: 'lost'
}

/** The events received since the last time. */
export interface UeventBatch {
  readonly uevents: readonly Uevent[]
  /** Whether other events were lost before or between these. */
  readonly someWereLost: boolean
}

/** Receives the uevents of the kernel that this process runs on. */
export interface UeventSource {
  /** The events since the last call. `undefined` if there are none, which costs one system call. */
  take(): UeventBatch | undefined
  /**
   * Calls back when there are events to take, and again only after they were taken. Keeps this object alive until
   * `pause`.
   */
  listen(callback: () => void): void
  /** Ends the calls. The waiting thread stays, ready for the next `listen`. */
  pause(): void
  /** Lets `listen` keep the process alive. */
  ref(): void
  unref(): void
  close(): void
}

const actions: ReadonlySet<string> = new Set<Uevent['action']>([
  'add',
  'remove',
  'change',
  'move',
  'online',
  'offline',
  'bind',
  'unbind',
])

/** Parses messages of the kernel, each with two NULs at its end. Messages of any other form are ignored. */
export function parseUevents(messages: string | Uint8Array): readonly Uevent[] {
  const text = typeof messages === 'string' ? messages : Buffer.from(messages).toString('utf8')
  return text
    .split('\0\0')
    .map(parseUevent)
    .filter((uevent) => uevent !== undefined)
}

/** The message is `add@/devices/...`, then `KEY=VALUE` lines, with a NUL between them. */
function parseUevent(message: string): Uevent | undefined {
  const [, ...lines] = message.split('\0')
  // A device chooses the names of its properties. An object without a prototype has none of its own.
  const properties: Record<string, string> = Object.create(null)
  for (const line of lines) {
    const end = line.indexOf('=')
    if (end > 0) properties[line.slice(0, end)] = line.slice(end + 1)
  }
  const { ACTION: action, DEVPATH: devicePath, SUBSYSTEM: subsystem, SEQNUM: number } = properties
  if (action === undefined || !isAction(action) || devicePath === undefined || subsystem === undefined) return undefined
  return { action, devicePath, subsystem, sequenceNumber: Number(number ?? Number.NaN), properties }
}

function isAction(action: string): action is Uevent['action'] {
  return actions.has(action)
}
