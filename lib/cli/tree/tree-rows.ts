import type {
  BlockDevice,
  FibreChannelHost,
  IscsiConnection,
  IscsiLun,
  IscsiSession,
  MultipathMap,
  NvmeController,
  NvmeSubsystem,
  NvmeSubsystemNamespace,
} from '../../index.js'
import { type Faults, reasonOf } from '../inventory/faults.js'
import { type Inventory, isMultipathMap } from '../inventory/inventory.js'
import { hostOf, nameOf, nodeOf, portalOf } from '../inventory/names.js'
import { type Cell, stateCell, type TreeRow } from '../terminal/table.js'
import type { Glyphs, Span } from '../terminal/terminal.js'
import { count, formatSize } from '../text/quantity.js'

/**
 * Makes the rows of each section of the tree. Call the methods in the order of the sections: a section shows the
 * devices on a disk only if no earlier section did.
 */
export class TreeRows {
  readonly #shown = new Set<string>()

  constructor(
    private readonly inventory: Inventory,
    private readonly faults: Faults,
    private readonly glyphs: Glyphs,
  ) {}

  targets(): readonly TreeRow[] {
    return [...this.inventory.sessionsByTarget]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([target, sessions]) => ({
        cells: [{ text: target }],
        children: sessions.map((session) => this.session(session)),
      }))
  }

  fibreChannelHosts(): readonly TreeRow[] {
    return this.inventory.snapshot.fibreChannelHosts.map((host) => ({
      cells: [{ text: `host${host.hostNumber}` }, { text: host.state ?? '' }],
      details: [...words(host.portName), ...words(host.speed)],
      children: this.remotePorts(host),
    }))
  }

  nvmeSubsystems(): readonly TreeRow[] {
    return this.inventory.nvmeSubsystems.map((subsystem) => ({
      cells: [{ text: subsystem.nqn ?? subsystem.name }],
      children: [
        ...subsystem.controllers.map((controller) => this.controller(controller)),
        ...subsystem.namespaces.flatMap((namespace) => this.namespace(namespace, subsystem)),
      ],
    }))
  }

  multipathMaps(): readonly TreeRow[] {
    return this.inventory.multipathMaps.flatMap((map) => {
      const device = this.inventory.device(map.device)
      return device === undefined ? [] : [this.multipathMap(map, device)]
    })
  }

  /** Devices that are not shown yet, except partitions and devices with slaves. */
  otherDisks(): readonly TreeRow[] {
    const { inventory } = this
    const isRoot = (device: BlockDevice): boolean =>
      !this.#shown.has(device.name) &&
      !isMultipathMap(device) &&
      (device.parent === null || inventory.device(device.parent) === undefined) &&
      inventory.slavesOf(device).length === 0
    return inventory.devices.filter(isRoot).map((device) => this.device(device, undefined))
  }

  private multipathMap(map: MultipathMap, device: BlockDevice): TreeRow {
    const all = map.paths.length
    const live = this.inventory.snapshot.livePaths(map).length
    return {
      cells: this.cells(device, map.name, map.device, live === all ? count(all, 'path') : `${live} of ${all} up`),
      details: [...this.remarks(device), ...words(map.wwid)],
      children: [...this.inventory.slavesOf(device).map((path) => this.path(path)), ...this.onTopOf(device)],
    }
  }

  private remotePorts({ remotePorts }: FibreChannelHost): readonly TreeRow[] {
    return remotePorts.map(({ name, portName, state, roles }) => ({
      cells: [{ text: name }, stateCell(state ?? '', this.faults.get(name)?.severity)],
      details: [...words(portName), ...words(roles)],
    }))
  }

  private controller({ name, transport, address, state }: NvmeController): TreeRow {
    return {
      cells: [
        { text: name },
        { text: transport ?? '' },
        { text: '' },
        stateCell(state ?? '', this.faults.get(name)?.severity),
      ],
      details: words(address),
    }
  }

  /** Returns no row if the namespace has no block device. */
  private namespace({ device: name, paths }: NvmeSubsystemNamespace, subsystem: NvmeSubsystem): readonly TreeRow[] {
    const device = this.inventory.device(name)
    if (device === undefined) return []
    const pathTexts = paths.map(({ controller, anaState }) =>
      anaState === null ? controller : `${controller} ${anaState}`,
    )
    return [
      {
        cells: this.cells(device, nameOf(device), '', count(paths.length, 'path')),
        details: [...words(pathTexts.join(', ')), ...this.remarks(device), ...faint(subsystem.model)],
        children: this.onTopOf(device),
      },
    ]
  }

  private session(session: IscsiSession): TreeRow {
    const [only, ...more] = session.connections
    const name = `session${session.id}`
    const fault = this.faults.get(name)
    return {
      cells: [{ text: name }, { text: hostOf(session) }, { text: '' }, stateCell(session.state ?? '', fault?.severity)],
      details: [...words(only !== undefined && more.length === 0 ? portalOf(only) : ''), ...reasonOf(fault)],
      children: [
        ...(more.length === 0 ? [] : session.connections.map((connection) => connectionRow(session, connection))),
        ...session.luns.flatMap((lun) => this.lun(lun)),
      ],
    }
  }

  /** Returns no row if the LUN is not a disk, or if the disk was removed during the reading. */
  private lun({ lun, device: name }: IscsiLun): readonly TreeRow[] {
    const disk = name === null ? undefined : this.inventory.device(name)
    if (disk === undefined) return []
    const map = this.inventory.multipathMapOver(disk)
    const row = {
      cells: this.cells(disk, `LUN ${lun}`, nodeOf(disk), this.stateOf(disk)),
      details: [...words(map && `${this.glyphs.arrow} ${map.name}`), ...this.remarks(disk), ...this.modelOf(disk)],
      children: this.onTopOf(disk),
    }
    return [row]
  }

  private path(path: BlockDevice): TreeRow {
    const session = this.inventory.sessionOf(path)
    const where = path.scsi?.hctl ?? (path.dm === null ? undefined : nameOf(path))
    return {
      cells: this.cells(path, where === undefined ? 'path' : `path ${where}`, nodeOf(path), this.stateOf(path)),
      details: [
        ...words(session && `session${session.id}`),
        ...this.remarks(path),
        ...(session === undefined ? this.modelOf(path) : []),
      ],
      children: this.#shown.has(path.name) ? [] : this.onTopOf(path),
    }
  }

  /** Makes the row of a device with its partitions and holders. `below` is the parent row's device. */
  private device(device: BlockDevice, below: BlockDevice | undefined): TreeRow {
    const others = this.inventory.slavesOf(device).filter((slave) => slave !== below)
    const isShown = this.#shown.has(device.name)
    const hasRowsAbove = isShown && this.inventory.onTopOf(device).length > 0
    const also = `also on ${others.map(nameOf).join(', ')}${hasRowsAbove ? ' (see above)' : ''}`
    return {
      cells: this.cells(device, nameOf(device), device.dm === null ? '' : device.name, this.stateOf(device)),
      details: [
        ...words(others.length === 0 ? '' : also),
        ...this.remarks(device),
        ...this.modelOf(device),
        ...words(device.parent === null ? device.scsi?.hctl : ''),
      ],
      children: isShown ? [] : this.onTopOf(device),
    }
  }

  private onTopOf(device: BlockDevice): readonly TreeRow[] {
    this.#shown.add(device.name)
    return this.inventory.onTopOf(device).map((other) => this.device(other, device))
  }

  private cells(device: BlockDevice, name: string, node: string, state: string): readonly Cell[] {
    return [
      { text: name },
      { text: node },
      { text: formatSize(device.sizeBytes), align: 'right' },
      stateCell(state, this.faults.get(device.name)?.severity),
    ]
  }

  private remarks(device: BlockDevice): readonly Span[] {
    return [...words(device.readOnly ? 'read-only' : ''), ...reasonOf(this.faults.get(device.name))]
  }

  /** The state of a disk, or the type of a device without a state. */
  private stateOf(device: BlockDevice): string {
    return this.inventory.stateOf(device) ?? device.type
  }

  private modelOf(device: BlockDevice): readonly Span[] {
    if (device.parent !== null) return []
    return faint([device.scsi?.vendor, this.inventory.modelOf(device)].filter(Boolean).join(' '))
  }
}

function connectionRow(session: IscsiSession, connection: IscsiConnection): TreeRow {
  const { state } = connection
  return {
    cells: [
      { text: `connection${session.id}:${connection.id}` },
      { text: '' },
      { text: '' },
      stateCell(state ?? '', state === null || state === 'up' ? undefined : 'fault'),
    ],
    details: words(portalOf(connection)),
  }
}

function faint(text: string | null): readonly Span[] {
  return text === null || text === '' ? [] : [{ text, style: 'faint' }]
}

function words(text: string | null | undefined): readonly Span[] {
  return text ? [{ text }] : []
}
