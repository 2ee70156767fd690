import { param } from '../query/field.js'
import { list, name, numberFromLink, text } from '../query/fields.js'
import { compareBytes } from '../query/path.js'
import { query } from '../query/query.js'

// drivers/scsi/scsi_transport_iscsi.c creates the device hostH/sessionS/connectionS:C for a connection, and
// hostH/sessionS/targetH:C:T/H:C:T:LUN for a SCSI device of the target. The link of class/iscsi_session/sessionS
// contains the number of the host.

/** The current and persistent portals of a target's sessions. */
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

/**
 * The block devices of a LUN. With software iSCSI each session has a host of its own, on which the target is channel 0,
 * target 0. So that target is read first.
 */
export const devicesOfLun = query('class/iscsi_session/session*', {
  targetName: text('targetname').equals(param('iqn')),
  hostNumber: numberFromLink('host').required(),
  targets: list('device/target$hostNumber:{channel}:{target}', {
    devices: list('$hostNumber:$channel:$target:$lun/block/*', { name: name() }).required(),
  }).probeFirst('target$hostNumber:0:0'),
})

/** Sorts sessions by the names of their hosts, in byte order: host10 before host2. */
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

/**
 * Formats a portal in canonical form: `192.168.30.7:3260`, `[::1]:3260`.
 *
 * @returns `null` if the address or the port is `null`
 */
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

/**
 * The text of an attribute. `null` if it is missing, empty or `(null)`, which the kernel prints for a value that was
 * never set.
 */
export function knownText(text: string | null | undefined): string | null {
  return text === undefined || text === '' || text === '(null)' ? null : text
}

/** Whether a session is logged in. An unknown state (`null`) counts as logged in. */
export function isLoggedIn(sessionState: string | null): boolean {
  return sessionState === null || sessionState === 'LOGGED_IN'
}
