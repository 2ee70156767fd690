import type { BlockDevice, Disk, IscsiConnection, IscsiSession, LunDisk, Topology } from '../storage/topology.js'
import { countPaths, type Faults, findFaults, isUp, reasonOf } from './faults.js'
import { Inventory, isMultipathMap, nameOf, nodeOf } from './inventory.js'
import { portalOf } from './portal.js'
import { count, formatSize } from './quantity.js'
import { type Cell, layOut, stateCell, type TreeRow } from './table.js'
import type { Glyphs, Line, Span } from './terminal.js'

/**
 * All there is on a machine, as lines: targets with their sessions and LUNs, multipath maps with their paths and what
 * is made of them, other disks; at the end, how much it is and how it does.
 */
export function drawTree(topology: Topology, glyphs: Glyphs): readonly Line[] {
  const inventory = new Inventory(topology)
  const faults = findFaults(inventory)
  const rows = new TreeRows(inventory, faults, glyphs)
  const targets = rows.targets()
  const maps = rows.multipathMaps()
  const disks = rows.otherDisks()
  const sections = [
    { title: 'iSCSI targets', rows: targets },
    { title: 'Multipath maps', rows: maps },
    { title: targets.length + maps.length > 0 ? 'Other disks' : 'Disks', rows: disks },
  ].filter((section) => section.rows.length > 0)
  const lines = sections.flatMap((section): readonly Line[] => [
    [{ text: section.title, style: 'title' }],
    ...layOut(section.rows, glyphs),
    [],
  ])
  return [...lines, summarize(inventory, faults)]
}

function summarize(inventory: Inventory, faults: Faults): Line {
  const { sessions, devices, multipathMaps } = inventory
  const disks = devices.filter((device) => device.kind === 'disk')
  const isSan = sessions.length > 0 || multipathMaps.length > 0 || disks.some((disk) => disk.scsi !== null)
  const counts = [
    ...(sessions.length === 0 ? [] : [count(sessions.length, 'session')]),
    ...(multipathMaps.length === 0 ? [] : [count(multipathMaps.length, 'multipath map')]),
    count(disks.length, 'disk'),
  ]
  const found = isSan ? counts.join(', ') : 'No SCSI, iSCSI or multipath storage here'
  if (faults.size === 0) return [{ text: isSan ? `${found}; no faults` : found }]
  const isSevere = [...faults.values()].some(({ severity }) => severity === 'fault')
  const marked: Span = { text: `${count(faults.size, 'fault')}, marked !`, style: isSevere ? 'fault' : 'warning' }
  return [{ text: `${found}; ` }, marked]
}

/** Makes the rows of each section, in turn: what one section has shown in full, the next only mentions. */
class TreeRows {
  readonly #shown = new Set<string>()

  constructor(
    private readonly inventory: Inventory,
    private readonly faults: Faults,
    private readonly glyphs: Glyphs,
  ) {}

  targets(): readonly TreeRow[] {
    const targets = new Map<string, IscsiSession[]>()
    for (const session of this.inventory.sessions) {
      const target = session.target ?? '(no target name)'
      targets.set(target, [...(targets.get(target) ?? []), session])
    }
    return [...targets]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([target, sessions]) => ({
        cells: [{ text: target }],
        children: sessions.map((session) => this.session(session)),
      }))
  }

  multipathMaps(): readonly TreeRow[] {
    return this.inventory.multipathMaps.map((map) => {
      const { all, up } = countPaths(map, this.inventory)
      return {
        cells: this.cells(map, nameOf(map), map.name, up === all ? count(all, 'path') : `${up} of ${all} up`),
        details: [...this.remarks(map), ...words(map.uuid?.replace(/^mpath-/, ''))],
        children: [...this.inventory.slavesOf(map).map((path) => this.path(path)), ...this.onTopOf(map)],
      }
    })
  }

  /** Whatever has not been shown and is not made of, or part of, something else. */
  otherDisks(): readonly TreeRow[] {
    const { inventory } = this
    const isRoot = (device: BlockDevice): boolean =>
      !this.#shown.has(device.name) &&
      !isMultipathMap(device) &&
      device.kind !== 'partition' &&
      inventory.slavesOf(device).length === 0
    return inventory.devices.filter(isRoot).map((device) => this.device(device, undefined))
  }

  private session(session: IscsiSession): TreeRow {
    const [only, ...more] = session.connections
    const name = `session${session.id}`
    const fault = this.faults.get(name)
    const host = session.host === null ? '' : `host${session.host}`
    return {
      cells: [{ text: name }, { text: host }, { text: '' }, stateCell(session.state ?? '', fault?.severity)],
      details: [...words(only !== undefined && more.length === 0 ? portalOf(only) : ''), ...reasonOf(fault)],
      children: [
        ...(more.length === 0 ? [] : session.connections.map((connection) => connectionRow(session, connection))),
        ...session.luns.flatMap((lun) => this.lun(lun)),
      ],
    }
  }

  /** No row, if the disk went away while it was read. */
  private lun({ lun, disk: name }: LunDisk): readonly TreeRow[] {
    const disk = this.inventory.device(name)
    if (disk?.kind !== 'disk') return []
    const map = this.inventory.multipathMapOver(disk)
    const row = {
      cells: this.cells(disk, `LUN ${lun}`, nodeOf(disk), stateOf(disk)),
      details: [...words(map && `${this.glyphs.arrow} ${nameOf(map)}`), ...this.remarks(disk), ...modelOf(disk)],
      children: this.onTopOf(disk),
    }
    return [row]
  }

  private path(path: BlockDevice): TreeRow {
    const session = this.inventory.sessionOf(path)
    const where = path.kind === 'disk' ? path.scsi?.hctl : nameOf(path)
    return {
      cells: this.cells(path, where === undefined ? 'path' : `path ${where}`, nodeOf(path), stateOf(path)),
      details: [
        ...words(session && `session${session.id}`),
        ...this.remarks(path),
        ...(session === undefined ? modelOf(path) : []),
      ],
      children: this.#shown.has(path.name) ? [] : this.onTopOf(path),
    }
  }

  /** A device that is shown for itself, with what is on top. `below`: the one under which it is shown. */
  private device(device: BlockDevice, below: BlockDevice | undefined): TreeRow {
    const others = this.inventory.slavesOf(device).filter((slave) => slave !== below)
    const isShown = this.#shown.has(device.name)
    const isMoreThere = isShown && this.inventory.onTopOf(device).length > 0
    const also = `also on ${others.map(nameOf).join(', ')}${isMoreThere ? ' (see there)' : ''}`
    return {
      cells: this.cells(device, nameOf(device), device.kind === 'map' ? device.name : '', stateOf(device)),
      details: [
        ...words(others.length === 0 ? '' : also),
        ...this.remarks(device),
        ...modelOf(device),
        ...words(device.kind === 'disk' ? device.scsi?.hctl : ''),
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
      { text: formatSize(device.size), align: 'right' },
      stateCell(state, this.faults.get(device.name)?.severity),
    ]
  }

  private remarks(device: BlockDevice): readonly Span[] {
    return [...words(device.readOnly ? 'read-only' : ''), ...reasonOf(this.faults.get(device.name))]
  }
}

function connectionRow(session: IscsiSession, connection: IscsiConnection): TreeRow {
  return {
    cells: [
      { text: `connection${session.id}:${connection.cid}` },
      { text: '' },
      { text: '' },
      stateCell(connection.state ?? '', isUp(connection) ? undefined : 'fault'),
    ],
    details: words(portalOf(connection)),
  }
}

function modelOf(device: BlockDevice): readonly Span[] {
  const parts = device.kind === 'disk' ? [device.vendor, device.model] : []
  const known = parts.filter((part) => part !== null && part !== '')
  return known.length === 0 ? [] : [{ text: known.join(' '), style: 'faint' }]
}

/** A disk's state; what has none says what it is instead. */
function stateOf(device: BlockDevice): string {
  switch (device.kind) {
    case 'map':
      return device.type
    case 'partition':
      return 'part'
    case 'disk':
      return device.state ?? driverOf(device)
  }
}

/** Virtual disks are named after their driver. */
function driverOf({ name }: Disk): string {
  const [driver = 'disk'] = /^(bcache|loop|md|nbd|ram|zram)(?=[\d_])/.exec(name) ?? []
  return driver
}

function words(text: string | undefined): readonly Span[] {
  return text === undefined || text === '' ? [] : [{ text }]
}
