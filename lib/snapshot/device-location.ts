/** A SCSI address in numbers. */
export interface ScsiAddress {
  /** The address as a text, host:channel:target:LUN: `2:0:0:1`. */
  readonly hctl: string
  readonly host: number
  readonly channel: number
  readonly target: number
  readonly lun: number
}

/**
 * What the path of a device in /sys/devices tells about it. The links of dev/block/8:0 and class/iscsi_session/session1
 * contain such a path, as does a uevent. A field is `null` if no component of the path has the form that the field
 * needs.
 */
export interface DeviceLocation {
  /** The kernel name of the device: the last component. */
  readonly name: string
  /** The component before the last one. Empty if there is none. */
  readonly parent: string
  /** N of hostN. */
  readonly hostNumber: number | null
  /** N of sessionN. */
  readonly sessionId: number | null
  /** The address of the SCSI device: H:C:T:L. */
  readonly scsi: ScsiAddress | null
  /** nvme-subsysN. */
  readonly nvmeSubsystem: string | null
  /** nvmeN. */
  readonly nvmeController: string | null
  /** The bus or driver of the SCSI host. */
  readonly bus: 'ata' | 'usb' | 'virtio' | 'sas' | 'fc' | 'pseudo' | null
}

/**
 * Parses the path of a device. If two components have the form of one field, the last one counts. The function runs for
 * every device. So it goes through the path once, and copies only the parts that it returns.
 */
export function locationOf(link: string): DeviceLocation {
  let hostNumber: number | null = null
  let sessionId: number | null = null
  let scsi: ScsiAddress | null = null
  let nvmeSubsystem: string | null = null
  let nvmeController: string | null = null
  let bus: DeviceLocation['bus'] = null
  let parentStart = 0
  let start = 0
  for (let end = link.indexOf('/'); ; end = link.indexOf('/', start)) {
    const stop = end === -1 ? link.length : end
    switch (link.charCodeAt(start)) {
      case 0x68: // 'h'
        hostNumber = numberAfter('host', link, start, stop) ?? hostNumber
        break
      case 0x73: // 's'
        sessionId = numberAfter('session', link, start, stop) ?? sessionId
        break
      case 0x6e: // 'n'
        if (numberAfter('nvme-subsys', link, start, stop) !== null) nvmeSubsystem = link.slice(start, stop)
        else if (numberAfter('nvme', link, start, stop) !== null) nvmeController = link.slice(start, stop)
        break
      case 0x61: // 'a'
        if (numberAfter('ata', link, start, stop) !== null) bus = 'ata'
        break
      case 0x75: // 'u'
        if (numberAfter('usb', link, start, stop) !== null) bus = 'usb'
        break
      case 0x76: // 'v'
        if (numberAfter('virtio', link, start, stop) !== null) bus = 'virtio'
        break
      case 0x65: // 'e'
        if (link.startsWith('end_device-', start) || link.startsWith('expander-', start)) bus = 'sas'
        break
      case 0x72: // 'r'
        if (link.startsWith('rport-', start)) bus = 'fc'
        break
      case 0x70: // 'p'
        if (link.startsWith('pseudo_', start)) bus = 'pseudo'
        break
      default:
        if (isDigit(link.charCodeAt(start))) scsi = addressIn(link, start, stop) ?? scsi
    }
    if (end === -1) break
    parentStart = start
    start = end + 1
  }
  const parent = start === 0 ? '' : link.slice(parentStart, start - 1)
  return { name: link.slice(start), parent, hostNumber, sessionId, scsi, nvmeSubsystem, nvmeController, bus }
}

/** The number of a component of the form prefix + number, such as `host2`. `null` for any other component. */
function numberAfter(prefix: string, link: string, start: number, end: number): number | null {
  if (!link.startsWith(prefix, start)) return null
  const digits = start + prefix.length
  return digits < end && endOfDigits(link, digits) === end ? numberIn(link, digits, end) : null
}

/** The address in a component of the form `H:C:T:L`. `null` for any other component. */
function addressIn(link: string, start: number, end: number): ScsiAddress | null {
  const channel = afterColon(link, start)
  const target = afterColon(link, channel)
  const lun = afterColon(link, target)
  if (lun === -1 || lun === end || endOfDigits(link, lun) !== end) return null
  return {
    hctl: link.slice(start, end),
    host: numberIn(link, start, channel - 1),
    channel: numberIn(link, channel, target - 1),
    target: numberIn(link, target, lun - 1),
    lun: numberIn(link, lun, end),
  }
}

/** The index after a number and a colon. -1 if there is no number with a colon at `start`, or if `start` is -1. */
function afterColon(link: string, start: number): number {
  if (start === -1) return -1
  const end = endOfDigits(link, start)
  return end > start && link.charCodeAt(end) === 0x3a ? end + 1 : -1
}

function endOfDigits(text: string, start: number): number {
  let end = start
  while (isDigit(text.charCodeAt(end))) end++
  return end
}

function numberIn(text: string, start: number, end: number): number {
  let number = 0
  for (let at = start; at < end; at++) number = number * 10 + text.charCodeAt(at) - 0x30
  return number
}

function isDigit(character: number): boolean {
  return character >= 0x30 && character <= 0x39
}
