import type { BlockDevice, IscsiSession } from '../../index.js'
import { type Fault, type Faults, findFaults } from '../inventory/faults.js'
import type { Inventory } from '../inventory/inventory.js'
import { hostOf, nameOf, nodeOf, portalOf } from '../inventory/names.js'
import { formatSize } from '../text/quantity.js'

export type NodeKind = 'target' | 'session' | 'subsystem' | 'controller' | 'disk' | 'partition' | 'multipath' | 'map'

export interface GraphNode {
  /** The name in sysfs. For a target, its IQN. */
  readonly id: string
  readonly kind: NodeKind
  /** The lines of the label. The first line is the name. */
  readonly lines: readonly string[]
  readonly severity: Fault['severity'] | null
}

export interface GraphEdge {
  readonly from: string
  readonly to: string
  readonly label: string | null
}

/** The storage of a machine as a graph. The edges lead from targets, subsystems and disks to the devices on them. */
export interface StorageGraph {
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
}

/** Makes the graph of all targets, sessions, NVMe subsystems and block devices. */
export function storageGraphOf(inventory: Inventory): StorageGraph {
  const faults = findFaults(inventory)
  const parts = [
    ...targetsOf(inventory, faults),
    ...subsystemsOf(inventory, faults),
    ...inventory.devices.map((device) => partOfDevice(device, inventory, faults)),
  ]
  return {
    nodes: parts.map(({ node }) => node),
    edges: parts.flatMap(({ edges }) => edges),
  }
}

/** A node with the edges that lead to it. An NVMe subsystem also has the edges to its namespaces. */
interface GraphPart {
  readonly node: GraphNode
  readonly edges: readonly GraphEdge[]
}

function targetsOf(inventory: Inventory, faults: Faults): readonly GraphPart[] {
  return [...inventory.sessionsByTarget].flatMap(([target, sessions]) => [
    { node: { id: target, kind: 'target', lines: [target], severity: null }, edges: [] },
    ...sessions.map((session) => partOfSession(session, target, faults)),
  ])
}

function partOfSession(session: IscsiSession, target: string, faults: Faults): GraphPart {
  const id = `session${session.id}`
  const lines = [`${id} ${hostOf(session)}`, ...session.connections.map(portalOf), session.state ?? '']
  return {
    node: { id, kind: 'session', lines: lines.filter((line) => line !== ''), severity: severityOf(id, faults) },
    edges: [{ from: target, to: id, label: null }],
  }
}

function subsystemsOf({ nvmeSubsystems }: Inventory, faults: Faults): readonly GraphPart[] {
  return nvmeSubsystems.flatMap((subsystem) => [
    {
      node: { id: subsystem.name, kind: 'subsystem', lines: [subsystem.nqn ?? subsystem.name], severity: null },
      edges: subsystem.namespaces.flatMap(({ device, paths }) =>
        paths.map(({ controller, anaState }) => ({ from: controller, to: device, label: anaState })),
      ),
    },
    ...subsystem.controllers.map(({ name, transport, address, state }): GraphPart => {
      const lines = [[name, transport].filter(Boolean).join(' '), address ?? '', state ?? '']
      return {
        node: {
          id: name,
          kind: 'controller',
          lines: lines.filter((line) => line !== ''),
          severity: severityOf(name, faults),
        },
        edges: [{ from: subsystem.name, to: name, label: null }],
      }
    }),
  ])
}

function partOfDevice(device: BlockDevice, inventory: Inventory, faults: Faults): GraphPart {
  const { name, parent, scsi, type, dm } = device
  const title = nameOf(device)
  const session = parent === null ? inventory.sessionOf(device) : undefined
  const fault = faults.get(name)
  const state = inventory.stateOf(device)
  const what = [dm === null ? '' : nodeOf(device), formatSize(device.sizeBytes), state ?? type]
  const lines = [title, what.filter((word) => word !== '').join(' '), fault?.reason ?? '']
  const from = parent === null ? inventory.slavesOf(device).map((slave) => slave.name) : [parent]
  const lun = session === undefined || scsi === null ? [] : [edge(`session${session.id}`, name, `LUN ${scsi.lun}`)]
  return {
    node: {
      id: name,
      kind: kindOf(device),
      lines: lines.filter((line) => line !== ''),
      severity: fault?.severity ?? null,
    },
    edges: [...lun, ...from.filter((one) => inventory.device(one) !== undefined).map((one) => edge(one, name, null))],
  }
}

function edge(from: string, to: string, label: string | null): GraphEdge {
  return { from, to, label }
}

function kindOf({ type, parent, dm }: BlockDevice): NodeKind {
  if (parent !== null || type === 'part') return 'partition'
  if (type === 'mpath') return 'multipath'
  return dm === null ? 'disk' : 'map'
}

function severityOf(name: string, faults: Faults): Fault['severity'] | null {
  return faults.get(name)?.severity ?? null
}
