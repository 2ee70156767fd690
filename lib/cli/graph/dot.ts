import { printable } from '../terminal/terminal.js'
import type { GraphNode, NodeKind, StorageGraph } from './storage-graph.js'

const shapes: Readonly<Record<NodeKind, string>> = {
  target: 'shape=box3d fillcolor="#dbe7f5"',
  session: 'shape=box style="filled,rounded" fillcolor="#eaf2fb"',
  subsystem: 'shape=box3d fillcolor="#dbe7f5"',
  controller: 'shape=box style="filled,rounded" fillcolor="#eaf2fb"',
  disk: 'shape=cylinder fillcolor="#f0f0f0"',
  partition: 'shape=box fillcolor="#f7f7f7"',
  multipath: 'shape=hexagon fillcolor="#e3f3df"',
  map: 'shape=box fillcolor="#f8efd8"',
}

const outlines = { fault: 'color="#c62828" fontcolor="#c62828" penwidth=2', warning: 'color="#b26a00" penwidth=2' }

/** Writes the graph in DOT, the language of Graphviz. */
export function asDot({ nodes, edges }: StorageGraph): string {
  return [
    'digraph storage {',
    '  graph [rankdir=LR ranksep=0.5 nodesep=0.15]',
    '  node [style=filled fontname="Helvetica" fontsize=10 color="#888888" margin="0.12,0.06"]',
    '  edge [color="#888888" fontname="Helvetica" fontsize=9 arrowsize=0.6]',
    ...nodes.map((node) => `  ${quoted(node.id)} [label=${labelOf(node)} ${attributesOf(node)}]`),
    ...edges.map(({ from, to, label }) => {
      return `  ${quoted(from)} -> ${quoted(to)}${label === null ? '' : ` [label=${quoted(label)}]`}`
    }),
    '}',
  ].join('\n')
}

function attributesOf({ kind, severity }: GraphNode): string {
  return severity === null ? shapes[kind] : `${shapes[kind]} ${outlines[severity]}`
}

/** DOT writes a line break in a label as `\n`. */
function labelOf({ lines }: GraphNode): string {
  return `"${lines.map(escaped).join('\\n')}"`
}

function quoted(text: string): string {
  return `"${escaped(text)}"`
}

function escaped(text: string): string {
  return printable(text).replace(/["\\]/g, '\\$&')
}
