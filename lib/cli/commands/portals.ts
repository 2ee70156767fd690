import { answering, asked } from '../command.js'
import { layOut } from '../table.js'

export const portals = answering({
  name: 'portals',
  parameters: ['IQN'],
  summary: 'the portals of a target, each with its SCSI host',
  description: [
    'They are those of the sessions to the target, as they are now and as they were',
    'asked for. IPv6 ones are there as the kernel writes them and as [::1]:3260.',
    'JSON: { portals: [{ portal: "192.168.30.7:3260", host: 2 }] }',
  ],
  answer: ({ sysfs, args: [iqn = ''] }) => {
    const found = [...asked(() => sysfs.getIscsiPortalHostMapForTarget(iqn))].map(([portal, host]) => ({
      portal,
      host,
    }))
    const rows = found.map(({ portal, host }) => ({ cells: [{ text: portal }, { text: `host${host}` }] }))
    return {
      isFound: found.length > 0,
      json: { portals: found },
      draw: (glyphs) => layOut(rows, glyphs),
      nothing: `no portal of ${iqn}`,
    }
  },
})
