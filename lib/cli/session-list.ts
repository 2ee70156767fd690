import { findFaults, reasonOf } from './faults.js'
import { hostOf, type Inventory } from './inventory.js'
import { portalOf } from './portal.js'
import { count } from './quantity.js'
import { layOut, stateCell, type TreeRow } from './table.js'
import type { Glyphs, Line } from './terminal.js'

/** A row for each session. */
export function drawSessions(inventory: Inventory, glyphs: Glyphs): readonly Line[] {
  const faults = findFaults(inventory)
  const rows = inventory.sessions.map((session): TreeRow => {
    const fault = faults.get(`session${session.id}`)
    return {
      cells: [
        { text: `session${session.id}` },
        { text: hostOf(session) },
        stateCell(session.state ?? '', fault?.severity),
        { text: session.connections.map(portalOf).join(', ') },
        { text: session.targetName ?? '(no target name)' },
      ],
      details: [
        ...reasonOf(fault),
        { text: count(session.luns.filter(({ device }) => device !== null).length, 'LUN') },
      ],
    }
  })
  return layOut(rows, glyphs)
}
