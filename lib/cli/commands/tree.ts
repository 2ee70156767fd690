import { answering } from '../command.js'
import { Inventory } from '../inventory.js'
import { drawTree } from '../tree.js'

export const tree = answering({
  name: null,
  parameters: [],
  summary: 'all there is: iSCSI targets, NVMe, multipath maps, disks',
  description: [
    'Without a command it draws all there is as a tree. Faults are marked !; `check`',
    'tells more of them. That a path fails whose disk is running, multipathd knows',
    'but sysfs does not. JSON: as `fast-sysfs snapshot --detail full`.',
  ],
  answer: ({ sysfs }) => {
    const snapshot = sysfs.snapshot({ detail: 'full' })
    const inventory = new Inventory(snapshot)
    return {
      isFound: !inventory.isEmpty,
      json: { ...snapshot },
      draw: (glyphs) => drawTree(inventory, glyphs),
    }
  },
})
