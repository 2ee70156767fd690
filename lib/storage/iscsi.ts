import { param } from '../query/field.js'
import { list, name, numberFromLink, text } from '../query/fields.js'
import { compareBytes } from '../query/path.js'
import { query } from '../query/query.js'

// drivers/scsi/scsi_transport_iscsi.c makes the devices hostH/sessionS/connectionS:C and, for the target's SCSI
// devices, hostH/sessionS/targetH:C:T/H:C:T:LUN; the link of class/iscsi_session/sessionS names the host.

/** The portals of a target's sessions: the current ones and the persistent ones. */
export const portalsOfTarget = query('class/iscsi_session/session{session}', {
  targetName: text('targetname').equals(param('iqn')),
  hostNumber: numberFromLink('host').required(),
  connections: list('device/connection$session:{connection}', {
    address: text('iscsi_connection/connection$session:$connection/address'),
    port: text('iscsi_connection/connection$session:$connection/port'),
    persistentAddress: text('iscsi_connection/connection$session:$connection/persistent_address'),
    persistentPort: text('iscsi_connection/connection$session:$connection/persistent_port'),
  }),
})

/** The block devices of a LUN. With software iSCSI every session has its own host and the target 0:0. */
export const devicesOfLun = query('class/iscsi_session/session*', {
  targetName: text('targetname').equals(param('iqn')),
  hostNumber: numberFromLink('host').required(),
  targets: list('device/target$hostNumber:{channel}:{target}', {
    devices: list('$hostNumber:$channel:$target:$lun/block/*', { name: name() }).required(),
  }).probeFirst('target$hostNumber:0:0'),
})

/** Sorts a target's sessions by the names of their hosts in byte order: host10 before host2. */
export function inHostOrder<Session extends { readonly hostNumber: number }>(
  sessions: readonly Session[],
): readonly Session[] {
  return sessions.toSorted((a, b) => compareBytes(String(a.hostNumber), String(b.hostNumber)))
}

/**
 * The keys of a portal: the kernel's form, and for IPv6 also the canonical form `[::1]:3260`. The canonical form is the
 * same for a current address, which the kernel writes in full, and a persistent address, which it writes as it was
 * given.
 */
export function portalKeys(address: string | null, port: string | null): readonly string[] {
  const [host, service] = [knownText(address), knownText(port)]
  if (host === null || service === null) return []
  const bare = `${host}:${service}`
  return host.includes(':') ? [bare, `${canonicalHost(host)}:${service}`] : [bare]
}

/** A portal in canonical form: `192.168.30.7:3260`, `[::1]:3260`. `null` if the address or the port is. */
export function formatPortal(address: string | null, port: number | null): string | null {
  return address === null || port === null ? null : `${canonicalHost(address)}:${port}`
}

/** An IPv6 address in its shortest form, in brackets. Any other address is returned unchanged. */
function canonicalHost(address: string): string {
  if (!address.includes(':')) return address
  const [host = '', zone] = address.split('%')
  // Not imported: an import would load node:net and streams into every process that loads the library.
  const { isIPv6, SocketAddress } = process.getBuiltinModule('node:net')
  if (!isIPv6(host)) return address
  const canonical = new SocketAddress({ address: host, family: 'ipv6' }).address
  return `[${zone === undefined ? canonical : `${canonical}%${zone}`}]`
}

/** The kernel prints `(null)` for a value that was never set. */
export function knownText(text: string | null | undefined): string | null {
  return text === undefined || text === '' || text === '(null)' ? null : text
}

/** Whether a session is logged in. An unknown state counts as logged in. */
export function isLoggedIn(sessionState: string | null): boolean {
  return sessionState === null || sessionState === 'LOGGED_IN'
}
