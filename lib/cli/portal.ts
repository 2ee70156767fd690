import type { IscsiConnection } from '../storage/topology.js'

/** Where a connection leads, or would if it were up. Empty where it was never told. */
export function portalOf({ portal, persistentPortal }: IscsiConnection): string {
  if (portal === null || persistentPortal === null || portal === persistentPortal) {
    return portal ?? persistentPortal ?? ''
  }
  return `${portal} redirected from ${persistentPortal}`
}
