import { linkNumber, list, name, param, query, text } from '../query/query.js'

// drivers/scsi/scsi_transport_iscsi.c makes the devices hostH/sessionS/connectionS:C and, for the target's SCSI
// devices, hostH/sessionS/targetH:C:T/H:C:T:LUN; the link of class/iscsi_session/sessionS names the host.

/** The portals of a target's sessions, as they are now and as they were asked for. */
export const portalsOfTarget = query('class/iscsi_session/session{session}', {
  targetName: text('targetname').equals(param('iqn')),
  hostNumber: linkNumber('host').required(),
  connections: list('device/connection$session:{connection}', {
    address: text('iscsi_connection/connection$session:$connection/address'),
    port: text('iscsi_connection/connection$session:$connection/port'),
    persistentAddress: text('iscsi_connection/connection$session:$connection/persistent_address'),
    persistentPort: text('iscsi_connection/connection$session:$connection/persistent_port'),
  }),
})

/** The block devices of a LUN. With software iSCSI every session's target is 0:0 on a host of its own. */
export const devicesOfLun = query('class/iscsi_session/session*', {
  targetName: text('targetname').equals(param('iqn')),
  hostNumber: linkNumber('host').required(),
  targets: list('device/target$hostNumber:{channel}:{target}', {
    devices: list('$hostNumber:$channel:$target:$lun/block/*', { name: name() }).required(),
  }).tryFirst('target$hostNumber:0:0'),
})

/** Sorts a target's sessions as the original lists them: hosts in byte order (host10, host2), then sessions. */
export function inHostOrder<Session extends { readonly hostNumber: number }>(
  sessions: readonly Session[],
): readonly Session[] {
  return sessions.toSorted((a, b) => compareBytes(String(a.hostNumber), String(b.hostNumber)))
}

function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/**
 * The keys under which a portal is known: as the kernel writes it, and for IPv6 also as `[::1]:3260`, which is one for
 * the kernel's long form of the current address and the short one of the persistent address.
 */
export function portalKeys(address: string | null, port: string | null): readonly string[] {
  const [host, service] = [knownText(address), knownText(port)]
  if (host === null || service === null) return []
  const bare = `${host}:${service}`
  return host.includes(':') ? [bare, `${canonicalHost(host)}:${service}`] : [bare]
}

/** A portal in one form for all ways to write its address: `192.168.30.7:3260`, `[::1]:3260`. */
export function portalOf(address: string | null, port: number | null): string | null {
  return address === null || port === null ? null : `${canonicalHost(address)}:${port}`
}

/** An IPv6 address in its shortest form and brackets; anything else as it is. */
function canonicalHost(address: string): string {
  if (!address.includes(':')) return address
  const [host = '', zone] = address.split('%')
  // By getBuiltinModule: an import would load node:net, streams and all, into every process that loads the library.
  const { isIPv6, SocketAddress } = process.getBuiltinModule('node:net')
  if (!isIPv6(host)) return address
  const canonical = new SocketAddress({ address: host, family: 'ipv6' }).address
  return `[${zone === undefined ? canonical : `${canonical}%${zone}`}]`
}

/** What was never set reads as the text `(null)`. */
export function knownText(text: string | null | undefined): string | null {
  return text === undefined || text === '' || text === '(null)' ? null : text
}
