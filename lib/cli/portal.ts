import { formatPortal, type IscsiConnection } from '../index.js'

/** Where a connection leads, or would if it were up. Empty where it was never told. */
export function portalOf({ address, port, persistentAddress, persistentPort }: IscsiConnection): string {
  const portal = formatPortal(address, port)
  const persistent = formatPortal(persistentAddress, persistentPort)
  if (portal === null || persistent === null || portal === persistent) return portal ?? persistent ?? ''
  return `${portal} redirected from ${persistent}`
}
