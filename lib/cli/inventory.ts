import type { BlockDevice, IscsiSession, MultipathMap, NvmeSubsystem, Snapshot } from '../index.js'
import { inNamingOrder } from './order.js'

/**
 * What a snapshot has to show, in the order of names: without devices that nothing is behind, and without mentions of
 * what went away while it was read.
 */
export class Inventory {
  readonly sessions: readonly IscsiSession[]
  readonly devices: readonly BlockDevice[]
  readonly #devices: ReadonlyMap<string, BlockDevice>
  readonly #partitions = new Map<string, BlockDevice[]>()
  readonly #controllerStates: ReadonlyMap<string, string | null>
  readonly #subsystems: ReadonlyMap<string, NvmeSubsystem>

  constructor(readonly snapshot: Snapshot) {
    this.sessions = snapshot.iscsiSessions.toSorted((a, b) => a.id - b.id)
    this.devices = snapshot.blockDevices.filter(isInUse).sort((a, b) => inNamingOrder(nameOf(a), nameOf(b)))
    this.#devices = new Map(this.devices.map((device) => [device.name, device]))
    for (const device of this.devices) {
      if (device.parent === null) continue
      const siblings = this.#partitions.get(device.parent)
      if (siblings === undefined) this.#partitions.set(device.parent, [device])
      else siblings.push(device)
    }
    const { nvmeSubsystems } = snapshot
    this.#subsystems = new Map(nvmeSubsystems.map((subsystem) => [subsystem.name, subsystem]))
    this.#controllerStates = new Map(
      nvmeSubsystems.flatMap(({ controllers }) => controllers.map(({ name, state }) => [name, state])),
    )
  }

  /** The sessions of each target, in the order of the sessions. */
  get sessionsByTarget(): ReadonlyMap<string, readonly IscsiSession[]> {
    const targets = new Map<string, IscsiSession[]>()
    for (const session of this.sessions) {
      const target = session.targetName ?? '(no target name)'
      const known = targets.get(target)
      if (known === undefined) targets.set(target, [session])
      else known.push(session)
    }
    return targets
  }

  get isEmpty(): boolean {
    return this.sessions.length === 0 && this.devices.length === 0
  }

  /** Those of another machine, or with several ways to their namespaces. */
  get nvmeSubsystems(): readonly NvmeSubsystem[] {
    return this.snapshot.nvmeSubsystems.filter(
      ({ controllers }) => controllers.length > 1 || controllers.some(({ transport }) => transport !== 'pcie'),
    )
  }

  /** Multipath maps, in the order of their names. */
  get multipathMaps(): readonly MultipathMap[] {
    return this.snapshot.multipathMaps.toSorted((a, b) => inNamingOrder(a.name, b.name))
  }

  device(name: string): BlockDevice | undefined {
    return this.#devices.get(name)
  }

  sessionOf(device: BlockDevice): IscsiSession | undefined {
    return this.snapshot.sessionOf(device)
  }

  /** What a device is made of; for a multipath map, its paths. */
  slavesOf(device: BlockDevice): readonly BlockDevice[] {
    return this.#named(device.slaves)
  }

  /** The multipath map that a device is a path of. */
  multipathMapOver(device: BlockDevice): MultipathMap | undefined {
    return this.snapshot.mapsOfPath(device.name)[0]
  }

  /** A device's partitions, and what is made of it; but no multipath maps. */
  onTopOf(device: BlockDevice): readonly BlockDevice[] {
    const holders = this.#named(device.holders).filter((holder) => !isMultipathMap(holder))
    return [...(this.#partitions.get(device.name) ?? []), ...holders]
  }

  /** Of a SCSI disk or of an NVMe namespace's only controller; `null` for what has none. */
  stateOf(device: BlockDevice): string | null {
    if (device.parent !== null) return null
    return device.scsi?.state ?? this.#controllerStates.get(device.nvme?.controller ?? '') ?? null
  }

  /** As the disk itself says: an NVMe namespace's is its subsystem's. */
  modelOf(device: BlockDevice): string | null {
    return device.scsi?.model ?? this.#subsystemOf(device)?.model ?? null
  }

  serialOf(device: BlockDevice): string | null {
    return device.scsi?.serial ?? this.#subsystemOf(device)?.serial ?? null
  }

  revisionOf(device: BlockDevice): string | null {
    return device.scsi?.revision ?? this.#subsystemOf(device)?.firmwareRevision ?? null
  }

  #subsystemOf(device: BlockDevice): NvmeSubsystem | undefined {
    return this.#subsystems.get(device.nvme?.subsystem ?? '')
  }

  #named(names: readonly string[]): readonly BlockDevice[] {
    const devices = names.map((name) => this.#devices.get(name)).filter((device) => device !== undefined)
    return devices.sort((a, b) => inNamingOrder(nameOf(a), nameOf(b)))
  }
}

/**
 * loop0, ram0, zram0, nbd0 and the like are there before anything is behind them; a SCSI disk or NVMe namespace without
 * a size is worth showing. Nothing could be read of a device that went away between listing and reading.
 */
function isInUse({ sizeBytes, readOnly, parent, scsi, nvme, dm, slaves, holders }: BlockDevice): boolean {
  if (sizeBytes === null) return readOnly !== null
  if (sizeBytes > 0 || parent !== null || dm !== null || scsi !== null || nvme !== null) return true
  return slaves.length > 0 || holders.length > 0
}

export function isMultipathMap(device: BlockDevice): boolean {
  return device.type === 'mpath'
}

/** What people call a device: a map as in /dev/mapper, others as in /dev. */
export function nameOf(device: BlockDevice): string {
  return device.dm?.name ?? nodeOf(device)
}

/** A device's name in /dev. */
export function nodeOf({ devicePath }: BlockDevice): string {
  return devicePath.slice('/dev/'.length)
}

/** Empty where a session went away before its link was read. */
export function hostOf({ hostNumber }: IscsiSession): string {
  return hostNumber < 0 ? '' : `host${hostNumber}`
}
