import type { IscsiConnection } from '../snapshot/model.js'
import { portalOf as formOf } from '../storage/iscsi.js'

/** Where a connection leads, or would if it were up. Empty where it was never told. */
export function portalOf({ address, port, persistentAddress, persistentPort }: IscsiConnection): string {
  const portal = formOf(address, port)
  const persistent = formOf(persistentAddress, persistentPort)
  if (portal === null || persistent === null || portal === persistent) return portal ?? persistent ?? ''
  return `${portal} redirected from ${persistent}`
}
