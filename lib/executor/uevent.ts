/**
 * What the kernel says of a device (Documentation/ABI/testing/sysfs-uevent), once what it says is so: what was added is
 * there with all its attributes or nearly, what was removed is gone from class and dev.
 */
export interface Uevent {
  readonly action: 'add' | 'remove' | 'change' | 'move' | 'online' | 'offline' | 'bind' | 'unbind'
  /** Below /sys: `/devices/virtual/block/dm-3`. */
  readonly devicePath: string
  /** `block`, `scsi_device`, `iscsi_session`... */
  readonly subsystem: string
  /** Grows by one from event to event; one that is missing was of another network namespace, or was lost. */
  readonly sequenceNumber: number
  /** All that the kernel says, also the above: ACTION, DEVPATH, MAJOR, MINOR, DEVTYPE, DM_NAME... */
  readonly properties: Readonly<Record<string, string>>
}

/** Events were lost, for they came faster than they were taken: whatever is known may have changed. */
export interface LostUevents {
  readonly action: 'lost'
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

/** Reads the messages that the addon took; what is no event of the kernel's is left out. */
export function parseUevents(messages: string | Uint8Array): readonly Uevent[] {
  const text = typeof messages === 'string' ? messages : Buffer.from(messages).toString('utf8')
  return text
    .split('\0\0')
    .map(parseUevent)
    .filter((uevent) => uevent !== undefined)
}

/** `add@/devices/...`, then `KEY=VALUE` after a NUL each. */
function parseUevent(message: string): Uevent | undefined {
  const [, ...lines] = message.split('\0')
  // Whatever a device calls its properties: an object without a prototype has none of its own.
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
