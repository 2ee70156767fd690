import { type BlockDevice, formatPortal, type IscsiConnection, type IscsiSession } from '../../index.js'

/** The name of a device for the user: of a map its name in /dev/mapper, of other devices the name in /dev. */
export function nameOf(device: BlockDevice): string {
  return device.dm?.name ?? nodeOf(device)
}

/** The name of a device in /dev. */
export function nodeOf({ devicePath }: BlockDevice): string {
  return devicePath.slice('/dev/'.length)
}

/** The name of the SCSI host. Empty if the session is removed before its link is read. */
export function hostOf({ hostNumber }: IscsiSession): string {
  return hostNumber < 0 ? '' : `host${hostNumber}`
}

/** The portal of a connection: the current one, or the persistent one if the connection is down. Empty if unknown. */
export function portalOf({ address, port, persistentAddress, persistentPort }: IscsiConnection): string {
  const portal = formatPortal(address, port)
  const persistent = formatPortal(persistentAddress, persistentPort)
  if (portal === null || persistent === null || portal === persistent) return portal ?? persistent ?? ''
  return `${portal} redirected from ${persistent}`
}

/** Compares names in the order in which the kernel assigns them: sdb before sdaa, dm-2 before dm-10. */
export function inNamingOrder(a: string, b: string): number {
  const keyA = sortKey(a)
  const keyB = sortKey(b)
  return keyA < keyB ? -1 : keyA > keyB ? 1 : 0
}

/** In names that are numbered by letters, fewer letters sort first. Digits sort as numbers in every name. */
function sortKey(name: string): string {
  return name
    .replace(/^(sd|vd|xvd|mpath)([a-z]+)/, (_, prefix: string, letters: string) => prefix + letters.padStart(8))
    .replace(/\d+/g, (digits) => digits.padStart(16, '0'))
}
