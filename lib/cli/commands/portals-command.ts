import { answering, checkedCall } from '../command.js'
import { layOutRows } from '../terminal/table.js'

export const portals = answering({
  name: 'portals',
  parameters: ['IQN'],
  summary: 'list the portals of a target with their SCSI hosts',
  description: [
    'The portals are the current and persistent ones of all sessions to the target.',
    'An IPv6 portal is listed as the kernel writes it and as [::1]:3260.',
    'JSON: { portals: [{ portal: "192.168.30.7:3260", host: 2 }] }',
  ],
  answer: ({ sysfs, args: [iqn = ''] }) => {
    const found = [...checkedCall(() => sysfs.getIscsiPortalHostMapForTarget(iqn))].map(([portal, host]) => ({
      portal,
      host,
    }))
    const rows = found.map(({ portal, host }) => ({ cells: [{ text: portal }, { text: `host${host}` }] }))
    return {
      isFound: found.length > 0,
      json: { portals: found },
      draw: (glyphs) => layOutRows(rows, glyphs),
      nothing: `no portals for ${iqn}`,
    }
  },
})
