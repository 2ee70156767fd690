import type { BlockDevice, IscsiSession, MultipathMap, NvmeSubsystem, Snapshot } from '../../index.js'
import { inNamingOrder, nameOf } from './names.js'

/**
 * The devices and sessions of a snapshot that the commands show, sorted by name. It leaves out unused devices, such as
 * loop0 without a file, and references to devices that were removed during the reading.
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

  /** The sessions of each target by IQN. The targets are in the order of their first sessions. */
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

  /** NVMe subsystems that are remote or have several controllers. A local NVMe disk is shown as a disk. */
  get nvmeSubsystems(): readonly NvmeSubsystem[] {
    return this.snapshot.nvmeSubsystems.filter(
      ({ controllers }) => controllers.length > 1 || controllers.some(({ transport }) => transport !== 'pcie'),
    )
  }

  /** The multipath maps, sorted by name. */
  get multipathMaps(): readonly MultipathMap[] {
    return this.snapshot.multipathMaps.toSorted((a, b) => inNamingOrder(a.name, b.name))
  }

  device(name: string): BlockDevice | undefined {
    return this.#devices.get(name)
  }

  sessionOf(device: BlockDevice): IscsiSession | undefined {
    return this.snapshot.sessionOf(device)
  }

  /** The devices below a device. For a multipath map they are its paths. */
  slavesOf(device: BlockDevice): readonly BlockDevice[] {
    return this.#named(device.slaves)
  }

  /** The multipath map that has the device as a path. */
  multipathMapOver(device: BlockDevice): MultipathMap | undefined {
    return this.snapshot.mapsOfPath(device.name)[0]
  }

  /** The partitions and holders of a device, without multipath maps. */
  onTopOf(device: BlockDevice): readonly BlockDevice[] {
    const holders = this.#named(device.holders).filter((holder) => !isMultipathMap(holder))
    return [...(this.#partitions.get(device.name) ?? []), ...holders]
  }

  /** The state of a SCSI disk, or of the only controller of an NVMe namespace. `null` for other devices. */
  stateOf(device: BlockDevice): string | null {
    if (device.parent !== null) return null
    return device.scsi?.state ?? this.#controllerStates.get(device.nvme?.controller ?? '') ?? null
  }

  /** The model of a SCSI disk, or of the subsystem of an NVMe namespace. */
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
 * Drivers create devices such as loop0, ram0, zram0 and nbd0 before they are in use; their size is 0. A SCSI disk or
 * NVMe namespace of size 0 is shown, because it may be a fault. If a device is removed during the reading, all its
 * values are null.
 */
function isInUse({ sizeBytes, readOnly, parent, scsi, nvme, dm, slaves, holders }: BlockDevice): boolean {
  if (sizeBytes === null) return readOnly !== null
  if (sizeBytes > 0 || parent !== null || dm !== null || scsi !== null || nvme !== null) return true
  return slaves.length > 0 || holders.length > 0
}

export function isMultipathMap(device: BlockDevice): boolean {
  return device.type === 'mpath'
}
