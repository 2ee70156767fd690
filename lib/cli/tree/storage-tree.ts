import { type Faults, findFaults } from '../inventory/faults.js'
import type { Inventory } from '../inventory/inventory.js'
import { layOutRows } from '../terminal/table.js'
import type { Glyphs, Line, Span } from '../terminal/terminal.js'
import { count } from '../text/quantity.js'
import { TreeRows } from './tree-rows.js'

/**
 * Draws the storage of a machine: iSCSI targets with their sessions and LUNs, Fibre Channel hosts with their remote
 * ports, NVMe subsystems with their controllers, multipath maps with their paths and holders, and other disks. The last
 * line counts the devices and faults.
 */
export function drawTree(inventory: Inventory, glyphs: Glyphs): readonly Line[] {
  const faults = findFaults(inventory)
  const rows = new TreeRows(inventory, faults, glyphs)
  const storage = [
    { title: 'iSCSI targets', rows: rows.targets() },
    { title: 'Fibre Channel hosts', rows: rows.fibreChannelHosts() },
    { title: 'NVMe subsystems', rows: rows.nvmeSubsystems() },
    { title: 'Multipath maps', rows: rows.multipathMaps() },
  ].filter((section) => section.rows.length > 0)
  const disks = { title: storage.length > 0 ? 'Other disks' : 'Disks', rows: rows.otherDisks() }
  const sections = disks.rows.length > 0 ? [...storage, disks] : storage
  const lines = sections.flatMap((section): readonly Line[] => [
    [{ text: section.title, style: 'title' }],
    ...layOutRows(section.rows, glyphs),
    [],
  ])
  return [...lines, summarize(inventory, faults, storage.length > 0)]
}

function summarize(inventory: Inventory, faults: Faults, hasStorageNetwork: boolean): Line {
  const { sessions, devices, multipathMaps } = inventory
  const disks = devices.filter((device) => device.parent === null && device.dm === null)
  const isSan = hasStorageNetwork || disks.some((disk) => disk.scsi !== null)
  const counts = [
    ...(sessions.length === 0 ? [] : [count(sessions.length, 'session')]),
    ...(multipathMaps.length === 0 ? [] : [count(multipathMaps.length, 'multipath map')]),
    count(disks.length, 'disk'),
  ]
  const summary = isSan ? counts.join(', ') : 'No SCSI, iSCSI or multipath storage'
  if (faults.size === 0) return [{ text: isSan ? `${summary}; no faults` : summary }]
  const isSevere = [...faults.values()].some(({ severity }) => severity === 'fault')
  const marked: Span = { text: `${count(faults.size, 'fault')}, marked !`, style: isSevere ? 'fault' : 'warning' }
  return [{ text: `${summary}; ` }, marked]
}
