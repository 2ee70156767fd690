import type { IscsiSession } from '../storage/topology.js'
import { findFaults, reasonOf } from './faults.js'
import { Inventory } from './inventory.js'
import { portalOf } from './portal.js'
import { count } from './quantity.js'
import { layOut, stateCell, type TreeRow } from './table.js'
import type { Glyphs, Line } from './terminal.js'

/** A row for each session. */
export function drawSessions(sessions: readonly IscsiSession[], glyphs: Glyphs): readonly Line[] {
  const inventory = new Inventory({ sessions, devices: [] })
  const faults = findFaults(inventory)
  const rows = inventory.sessions.map((session): TreeRow => {
    const fault = faults.get(`session${session.id}`)
    return {
      cells: [
        { text: `session${session.id}` },
        { text: session.host === null ? '' : `host${session.host}` },
        stateCell(session.state ?? '', fault?.severity),
        { text: session.connections.map(portalOf).join(', ') },
        { text: session.target ?? '(no target name)' },
      ],
      details: [...reasonOf(fault), { text: count(session.luns.length, 'LUN') }],
    }
  })
  return layOut(rows, glyphs)
}
