import { answering } from '../command.js'
import { Inventory } from '../inventory/inventory.js'
import { drawTree } from '../tree/storage-tree.js'

export const tree = answering({
  name: null,
  parameters: [],
  summary: 'show all storage as a tree',
  description: [
    'Without a command, the tree of iSCSI targets, Fibre Channel hosts, NVMe',
    'subsystems, multipath maps and other disks is printed. Faults are marked with !;',
    '`fast-sysfs check` describes them. multipathd may know of failed paths that',
    'sysfs does not show. JSON: the output of `fast-sysfs snapshot --detail full`.',
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
