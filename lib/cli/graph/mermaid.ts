import { printable } from '../terminal.js'
import type { GraphNode, NodeKind, StorageGraph } from './storage-graph.js'

/** What stands before and after a node's label. */
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

/** A flowchart of Mermaid, as Markdown renderers draw it. */
export function asMermaid({ nodes, edges }: StorageGraph): string {
  // Words such as `end` are the language's own, so nodes are numbered.
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

/** Labels are Markdown and HTML; every character that means something there is written by its number. */
function escaped(text: string): string {
  return printable(text).replace(/[^\p{L}\p{N} .:,/()?_=+-]/gu, (character) => `#${character.codePointAt(0)};`)
}
