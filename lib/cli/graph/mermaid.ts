import { printable } from '../terminal/terminal.js'
import type { GraphNode, NodeKind, StorageGraph } from './storage-graph.js'

/** The brackets around the label of a node. They select the shape. */
const brackets: Readonly<Record<NodeKind, readonly [string, string]>> = {
  target: ['[[', ']]'],
  session: ['(', ')'],
  subsystem: ['[[', ']]'],
  controller: ['(', ')'],
  disk: ['[(', ')]'],
  partition: ['[', ']'],
  multipath: ['{{', '}}'],
  map: ['[', ']'],
}

/** Writes the graph as a Mermaid flowchart. */
export function asMermaid({ nodes, edges }: StorageGraph): string {
  // Names such as `end` are keywords of Mermaid, so the nodes have numbers as ids.
  const ids = new Map(nodes.map((node, index) => [node.id, `n${index}`]))
  return [
    'flowchart LR',
    ...nodes.map((node) => {
      const [open, close] = brackets[node.kind]
      return `  ${ids.get(node.id)}${open}"${labelOf(node)}"${close}${node.severity === null ? '' : `:::${node.severity}`}`
    }),
    ...edges.map(({ from, to, label }) => {
      return `  ${ids.get(from)} -->${label === null ? '' : `|"${escaped(label)}"|`} ${ids.get(to)}`
    }),
    '  classDef fault stroke:#c62828,color:#c62828,stroke-width:2px',
    '  classDef warning stroke:#b26a00,stroke-width:2px',
  ].join('\n')
}

function labelOf({ lines }: GraphNode): string {
  return lines.map(escaped).join('<br>')
}

/** Labels may contain Markdown and HTML. Characters with a special meaning are written as character codes. */
function escaped(text: string): string {
  return printable(text).replace(/[^\p{L}\p{N} .:,/()?_=+-]/gu, (character) => `#${character.codePointAt(0)};`)
}
