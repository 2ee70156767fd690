import { UsageError } from '../arguments.js'
import { answering } from '../command.js'
import { asDot } from '../graph/dot.js'
import { asMermaid } from '../graph/mermaid.js'
import { storageGraphOf } from '../graph/storage-graph.js'
import { Inventory } from '../inventory/inventory.js'
import { linesOf } from '../terminal/terminal.js'

const formats = { dot: asDot, mermaid: asMermaid } as const

export const graph = answering({
  name: 'graph',
  parameters: [],
  options: ['format'],
  summary: 'draw the storage as a graph for Graphviz or Mermaid',
  description: [
    'The graph leads from targets through sessions to disks, maps and the devices on',
    'them. Faults are coloured. For example:',
    '  fast-sysfs graph | dot -Tsvg >storage.svg',
    'JSON: { nodes: [{ id, kind, lines, severity }], edges: [{ from, to, label }] }',
  ],
  answer: ({ sysfs, options: { format = 'dot' } }) => {
    if (!Object.hasOwn(formats, format)) throw new UsageError(`--format must be dot or mermaid, not '${format}'`)
    const inventory = new Inventory(sysfs.snapshot({ detail: 'full' }))
    const drawn = storageGraphOf(inventory)
    return {
      isFound: !inventory.isEmpty,
      json: { ...drawn },
      draw: () => linesOf(formats[format as keyof typeof formats](drawn).split('\n')),
    }
  },
})
