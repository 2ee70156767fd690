import { answering } from '../command.js'
import { findFaults, reasonOf } from '../inventory/faults.js'
import { Inventory } from '../inventory/inventory.js'
import { hostOf, portalOf } from '../inventory/names.js'
import { layOutRows, stateCell, type TreeRow } from '../terminal/table.js'
import type { Glyphs, Line } from '../terminal/terminal.js'
import { count } from '../text/quantity.js'

export const sessions = answering({
  name: 'sessions',
  parameters: [],
  summary: 'list the iSCSI sessions',
  description: [
    'Each line has the session, SCSI host, state, portals, target and number of LUNs.',
    'The portal is the current one, or the persistent one if the connection is down.',
    'Faults are marked with !.',
    'JSON: { sessions: [...] }, the iscsiSessions of `snapshot --detail full`.',
  ],
  answer: ({ sysfs }) => {
    const inventory = new Inventory(sysfs.snapshot({ detail: 'full' }))
    return {
      isFound: inventory.sessions.length > 0,
      json: { sessions: inventory.sessions },
      draw: (glyphs) => drawSessions(inventory, glyphs),
      nothing: 'no iSCSI sessions',
    }
  },
})

function drawSessions(inventory: Inventory, glyphs: Glyphs): readonly Line[] {
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
  return layOutRows(rows, glyphs)
}
