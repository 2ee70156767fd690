import { spawnSync } from 'node:child_process'
import test from 'ava'
import { asDot } from '../../../lib/cli/graph/dot.js'
import { asMermaid } from '../../../lib/cli/graph/mermaid.js'
import type { StorageGraph } from '../../../lib/cli/graph/storage-graph.js'
import { onEveryBackend } from '../../support/backends.js'
import { missingProgram } from '../../support/requirements.js'
import { testWith } from '../../support/test-with.js'
import { linesOf, outputOn } from '../../support/tool.js'

onEveryBackend('faults are coloured', async (t, backend) => {
  const dot = linesOf(await outputOn('S7b-transport-offline', backend, 'graph'))
  const nodeOf = (id: string) => dot.find((line) => line.startsWith(`  "${id}" [`)) ?? ''
  t.true(nodeOf('session1').includes('color="#c62828"'))
  t.true(nodeOf('sda').includes('color="#c62828"'))
  t.true(nodeOf('dm-0').includes('color="#b26a00"'))
  t.false(nodeOf('sdb').includes('penwidth'))
  const mermaid = linesOf(await outputOn('S7b-transport-offline', backend, 'graph', '--format', 'mermaid'))
  t.is(mermaid[0], 'flowchart LR')
  t.is(mermaid.filter((line) => line.endsWith(':::fault')).length, 3)
  t.is(mermaid.filter((line) => line.endsWith(':::warning')).length, 2)
})

/** Names with quotes, brackets and line breaks, and a name that is a keyword. */
const strange: StorageGraph = {
  nodes: [
    { id: 'a"b\\c\nd', kind: 'target', lines: ['a"]; b -> c\\n', '<b>x</b> #35;'], severity: 'fault' },
    { id: 'end', kind: 'disk', lines: ['end'], severity: null },
  ],
  edges: [{ from: 'a"b\\c\nd', to: 'end', label: '"|LUN|"' }],
}

test('names are escaped in labels', (t) => {
  t.deepEqual(asMermaid(strange).split('\n').slice(0, 4), [
    'flowchart LR',
    '  n0[["a#34;#93;#59; b -#62; c#92;n<br>#60;b#62;x#60;/b#62; #35;35#59;"]]:::fault',
    '  n1[("end")]',
    '  n0 -->|"#34;#124;LUN#124;#34;"| n1',
  ])
  const dot = asDot(strange).split('\n')
  t.is(dot.length, 8)
  t.true(dot[4]?.startsWith('  "a\\"b\\\\c?d" [label="a\\"]; b -> c\\\\n\\n<b>x</b> #35;" shape=box3d '))
  t.is(dot[6], '  "a\\"b\\\\c?d" -> "end" [label="\\"|LUN|\\""]')
})

const testWithGraphviz = testWith(missingProgram('dot', ['-V']))

testWithGraphviz('Graphviz accepts the graph (needs dot)', async (t) => {
  for (const graph of [strange, JSON.parse(await outputOn('S3', 'fallback', 'graph', '--json')) as StorageGraph]) {
    const { status, stdout, stderr } = spawnSync('dot', ['-Tplain'], { input: asDot(graph), encoding: 'utf8' })
    t.deepEqual([status, stderr], [0, ''])
    const drawn = (what: string) => linesOf(stdout).filter((line) => line.startsWith(`${what} `)).length
    t.deepEqual([drawn('node'), drawn('edge')], [graph.nodes.length, graph.edges.length])
  }
})
