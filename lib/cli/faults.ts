import type { BlockDevice, DeviceMap, IscsiConnection, IscsiSession } from '../storage/topology.js'
import { type Inventory, isMultipathMap } from './inventory.js'
import { formatSize } from './quantity.js'
import type { Span, Style } from './terminal.js'

/** Something that does not work, or works with less than there should be. */
export interface Fault {
  readonly severity: Extract<Style, 'fault' | 'warning'>
  /** What its state does not say already. */
  readonly reason: string
}

/** A fault's reason, as what follows a state. */
export function reasonOf(fault: Fault | undefined): readonly Span[] {
  return fault === undefined || fault.reason === '' ? [] : [{ text: fault.reason, style: fault.severity }]
}

/** What is not as it should be, by the session's or device's name in sysfs: 'session1', 'sda', 'dm-0'. */
export type Faults = ReadonlyMap<string, Fault>

export function findFaults(inventory: Inventory): Faults {
  const faults = new Map<string, Fault>()
  const add = (name: string, fault: Fault | undefined): void => {
    if (fault !== undefined) faults.set(name, fault)
  }
  for (const session of inventory.sessions) add(`session${session.id}`, faultOfSession(session))
  for (const device of inventory.devices) {
    add(device.name, isMultipathMap(device) ? faultOfMultipathMap(device, inventory) : faultOfDevice(device, inventory))
  }
  return faults
}

/** How many of a map's paths there are, and how many of them work as far as sysfs tells. */
export function countPaths(map: DeviceMap, inventory: Inventory): { readonly all: number; readonly up: number } {
  const paths = inventory.slavesOf(map)
  const up = paths.filter((path) => isRunning(path) && isLoggedIn(inventory.sessionOf(path)))
  return { all: paths.length, up: up.length }
}

/** An older kernel does not tell the state of a connection. */
export function isUp({ state }: IscsiConnection): boolean {
  return state === null || state === 'up'
}

function faultOfSession(session: IscsiSession): Fault | undefined {
  const states = session.connections.filter((connection) => !isUp(connection)).map(({ state }) => state)
  const reason =
    session.connections.length === 0
      ? 'no connection'
      : [...new Set(states)].map((state) => `connection ${state}`).join(', ')
  return isLoggedIn(session) && reason === '' ? undefined : { severity: 'fault', reason }
}

function faultOfMultipathMap(map: DeviceMap, inventory: Inventory): Fault | undefined {
  const { all, up } = countPaths(map, inventory)
  const without = sessionsWithoutPath(map, inventory)
  const reasons = [
    map.suspended ? 'suspended' : '',
    without.length === 0 ? '' : `no path by ${without.map(({ id }) => `session${id}`).join(', ')}`,
  ].filter((reason) => reason !== '')
  const reason = reasons.join(', ')
  if (up === 0) return { severity: 'fault', reason }
  // One path alone is what multipath is there to prevent.
  return reasons.length > 0 || up < all || all === 1 ? { severity: 'warning', reason } : undefined
}

/** Sessions to the same target that could lead to the map's LUN and do not. */
function sessionsWithoutPath(map: DeviceMap, inventory: Inventory): readonly IscsiSession[] {
  const sessions = inventory.slavesOf(map).map((path) => inventory.sessionOf(path))
  const targets = new Set(sessions.map((session) => session?.target ?? null))
  return inventory.sessions.filter(
    (session) => session.target !== null && targets.has(session.target) && !sessions.includes(session),
  )
}

function faultOfDevice(device: BlockDevice, inventory: Inventory): Fault | undefined {
  if (!isRunning(device)) return { severity: 'fault', reason: '' }
  const map = inventory.multipathMapOver(device)
  if (map !== undefined && map.size !== null && device.size !== null && map.size !== device.size) {
    // The LUN was resized, or another disk is there now: input and output go wrong.
    return { severity: 'fault', reason: `map has ${formatSize(map.size)}` }
  }
  return device.kind === 'map' && device.suspended ? { severity: 'warning', reason: 'suspended' } : undefined
}

function isRunning(device: BlockDevice): boolean {
  return device.kind !== 'disk' || device.state === null || device.state === 'running' || device.state === 'live'
}

/** A path without iSCSI has no session that could have failed. */
function isLoggedIn(session: IscsiSession | undefined): boolean {
  return session === undefined || session.state === null || session.state === 'LOGGED_IN'
}
