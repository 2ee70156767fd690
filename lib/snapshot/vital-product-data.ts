// Vital product data pages (SCSI Primary Commands, SPC-4, 7.8), in hexadecimal, as `hex` fields read them.

/** The trimmed serial number of page 80h (unit serial number). `null` if it is empty or if the page is malformed. */
export function unitSerialNumberOf(page: string | null): string | null {
  const bytes = pageContent(page, 0x80)
  if (bytes === null) return null
  const serial = printable(bytes)
  return serial === '' ? null : serial
}

const codeSetBinary = 1
/** The designator types in the order of preference: NAA, EUI-64, T10 vendor identification, SCSI name string. */
const preference = [3, 2, 1, 8]

/**
 * The name of the logical unit in page 83h (device identification), in the form of the kernel's wwid attribute:
 * `naa.6001...`, `eui.0123...`, `t10.VENDOR ...` or an iSCSI name. `null` if the page has no designator of the unit.
 */
export function logicalUnitNameOf(page: string | null): string | null {
  const bytes = pageContent(page, 0x83)
  if (bytes === null) return null
  let best: { readonly rank: number; readonly name: string } | undefined
  for (let at = 0; at + 4 <= bytes.length; ) {
    const codeSet = (bytes[at] as number) & 0x0f
    const association = ((bytes[at + 1] as number) >> 4) & 0x03
    const type = (bytes[at + 1] as number) & 0x0f
    const length = bytes[at + 3] as number
    const designator = bytes.subarray(at + 4, at + 4 + length)
    at += 4 + length
    const rank = preference.indexOf(type)
    if (association !== 0 || rank === -1 || designator.length < length) continue
    if (best === undefined || rank < best.rank) best = { rank, name: designatorName(type, codeSet, designator) }
  }
  return best?.name ?? null
}

function designatorName(type: number, codeSet: number, designator: Buffer): string {
  const value = codeSet === codeSetBinary ? designator.toString('hex') : printable(designator)
  if (type === 3) return `naa.${value}`
  if (type === 2) return `eui.${value}`
  return type === 1 ? `t10.${value}` : value
}

/** The page without its header: the device type (1 byte), the page number (1 byte) and the length (2 bytes). */
function pageContent(page: string | null, number: number): Buffer | null {
  if (page === null) return null
  const bytes = Buffer.from(page, 'hex')
  if (bytes.length < 4 || bytes[1] !== number) return null
  return bytes.subarray(4, 4 + bytes.readUInt16BE(2))
}

/** The printable ASCII characters, trimmed. Devices pad texts with spaces and NULs. */
function printable(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, '')
    .trim()
}
