import { devicePathOf } from '../storage/device-name.js'
import type { BlockDevice, DeviceMap, IscsiSession, Partition, Topology } from '../storage/topology.js'
import { inNamingOrder } from './order.js'

/**
 * What a topology has to show, with its references followed: without devices that nothing is behind, and without
 * mentions of what went away while it was read.
 */
export class Inventory {
  readonly sessions: readonly IscsiSession[]
  readonly devices: readonly BlockDevice[]
  readonly #devices: ReadonlyMap<string, BlockDevice>
  readonly #sessions: ReadonlyMap<number, IscsiSession>
  readonly #partitions = new Map<string, Partition[]>()

  constructor(topology: Topology) {
    this.sessions = topology.sessions.toSorted((a, b) => a.id - b.id)
    this.devices = topology.devices.filter(isInUse).sort((a, b) => inNamingOrder(nameOf(a), nameOf(b)))
    this.#sessions = new Map(this.sessions.map((session) => [session.id, session]))
    this.#devices = new Map(this.devices.map((device) => [device.name, device]))
    for (const device of this.devices) {
      if (device.kind !== 'partition') continue
      const siblings = this.#partitions.get(device.disk)
      if (siblings === undefined) this.#partitions.set(device.disk, [device])
      else siblings.push(device)
    }
  }

  get isEmpty(): boolean {
    return this.sessions.length === 0 && this.devices.length === 0
  }

  /** Multipath maps, in the order of their names. */
  get multipathMaps(): readonly DeviceMap[] {
    return this.devices.filter(isMultipathMap)
  }

  device(name: string): BlockDevice | undefined {
    return this.#devices.get(name)
  }

  /** The session that a device's disk is behind. */
  sessionOf(device: BlockDevice): IscsiSession | undefined {
    const id = device.kind === 'disk' ? device.scsi?.session : undefined
    return id === undefined || id === null ? undefined : this.#sessions.get(id)
  }

  /** What a device is made of; for a multipath map, its paths. */
  slavesOf(device: BlockDevice): readonly BlockDevice[] {
    return this.#named(device.slaves)
  }

  /** The multipath map that a device is a path of. */
  multipathMapOver(device: BlockDevice): DeviceMap | undefined {
    return this.#named(device.holders).find(isMultipathMap)
  }

  /** A device's partitions, and what is made of it; but no multipath maps. */
  onTopOf(device: BlockDevice): readonly BlockDevice[] {
    const holders = this.#named(device.holders).filter((holder) => !isMultipathMap(holder))
    return [...(this.#partitions.get(device.name) ?? []), ...holders]
  }

  #named(names: readonly string[]): readonly BlockDevice[] {
    const devices = names.map((name) => this.#devices.get(name)).filter((device) => device !== undefined)
    return devices.sort((a, b) => inNamingOrder(nameOf(a), nameOf(b)))
  }
}

/** loop0, ram0, zram0, nbd0 and the like are there before anything is behind them; a disk without a medium has a model. */
function isInUse(device: BlockDevice): boolean {
  if (device.kind !== 'disk' || device.size !== 0) return true
  return device.model !== null || device.state !== null || device.slaves.length > 0 || device.holders.length > 0
}

export function isMultipathMap(device: BlockDevice): device is DeviceMap {
  return device.kind === 'map' && device.type === 'mpath'
}

/** What people call a device: a map as in /dev/mapper, others as in /dev. */
export function nameOf(device: BlockDevice): string {
  return (device.kind === 'map' ? device.mapName : null) ?? nodeOf(device)
}

/** A device's name in /dev. */
export function nodeOf({ name }: BlockDevice): string {
  return devicePathOf(name).slice('/dev/'.length)
}
