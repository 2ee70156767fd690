import { answering } from '../command.js'
import { Inventory } from '../inventory.js'
import { drawSessions } from '../session-list.js'

export const sessions = answering({
  name: 'sessions',
  parameters: [],
  summary: 'the iSCSI sessions: host, state, portal, target, LUNs',
  description: [
    'The portal of a connection is where it is now; where it is lost, where it was',
    'asked to go. Faults are marked !.',
    'JSON: { sessions: [...] }, as iscsiSessions of `snapshot --detail full`.',
  ],
  answer: ({ sysfs }) => {
    const inventory = new Inventory(sysfs.snapshot({ detail: 'full' }))
    return {
      isFound: inventory.sessions.length > 0,
      json: { sessions: inventory.sessions },
      draw: (glyphs) => drawSessions(inventory, glyphs),
      nothing: 'no iSCSI session',
    }
  },
})
