import { spawnSync } from 'node:child_process'
import test from 'ava'
import { asDot } from '../../lib/cli/graph/dot.js'
import { asMermaid } from '../../lib/cli/graph/mermaid.js'
import { type StorageGraph, storageGraphOf } from '../../lib/cli/graph/storage-graph.js'
import { Inventory } from '../../lib/cli/inventory.js'
import { Sysfs } from '../../lib/index.js'
import { onEveryBackend } from '../support/backends.js'
import { writeFileTree } from '../support/file-tree.js'
import { recordingNames, unpackRecording } from '../support/recordings.js'
import { missingProgram } from '../support/requirements.js'
import { testWith } from '../support/test-with.js'
import { linesOf, outputOn, run } from '../support/tool.js'

const alpha = 'iqn.2026-11.io.example:alpha'

onEveryBackend('the graph leads from targets by sessions and disks to what is made of them', async (t, backend) => {
  const { nodes, edges }: StorageGraph = JSON.parse(await outputOn('S3', backend, 'graph', '--json'))
  const lead = (from: string, to: string) => edges.find((edge) => edge.from === from && edge.to === to)
  t.truthy(lead(alpha, 'session1'))
  t.is(lead('session1', 'sda')?.label, 'LUN 1')
  t.truthy(lead('sda', 'dm-3'))
  t.truthy(lead('dm-3', 'dm-5'))
  // A volume over two maps.
  t.truthy(lead('dm-1', 'dm-8'))
  t.truthy(lead('dm-4', 'dm-8'))
  t.deepEqual(
    nodes.find(({ id }) => id === 'dm-3'),
    { id: 'dm-3', kind: 'multipath', lines: ['mpathd', 'dm-3 64M mpath'], severity: null },
  )
  t.deepEqual(
    nodes.find(({ id }) => id === 'session1'),
    { id: 'session1', kind: 'session', lines: ['session1 host0', '127.0.0.2:3260', 'LOGGED_IN'], severity: null },
  )
})

for (const name of recordingNames.filter((one) => one !== 'S8b-1024disks')) {
  onEveryBackend(`every edge of ${name} leads from a node to a node, and no device is left out`, async (t, backend) => {
    const snapshot = new Sysfs({ root: await unpackRecording(name), backend }).snapshot({ detail: 'full' })
    const { nodes, edges } = storageGraphOf(new Inventory(snapshot))
    const ids = nodes.map(({ id }) => id)
    t.is(new Set(ids).size, ids.length)
    for (const { from, to } of edges) t.true(ids.includes(from) && ids.includes(to), `${from} -> ${to}`)
    for (const { name: device, sizeBytes } of snapshot.blockDevices) if (sizeBytes) t.true(ids.includes(device), device)
    for (const { id } of snapshot.iscsiSessions) t.true(ids.includes(`session${id}`))
  })
}

onEveryBackend('faults have a colour', async (t, backend) => {
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

onEveryBackend('a machine without block devices has an empty graph', async (t, backend) => {
  const root = writeFileTree(t, { sys: null })
  const { status, stdout } = await run(['graph', '--json', '--backend', backend, '--root', root])
  t.deepEqual([status, JSON.parse(stdout)], [1, { nodes: [], edges: [] }])
})

/** A name that would end a quoted text, a label, a line; and one that is a word of both languages. */
const strange: StorageGraph = {
  nodes: [
    { id: 'a"b\\c\nd', kind: 'target', lines: ['a"]; b -> c\\n', '<b>x</b> #35;'], severity: 'fault' },
    { id: 'end', kind: 'disk', lines: ['end'], severity: null },
  ],
  edges: [{ from: 'a"b\\c\nd', to: 'end', label: '"|LUN|"' }],
}

test('what a name holds cannot break out of its label', (t) => {
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

testWithGraphviz('Graphviz draws it (needs dot)', async (t) => {
  for (const graph of [strange, JSON.parse(await outputOn('S3', 'fallback', 'graph', '--json')) as StorageGraph]) {
    const { status, stdout, stderr } = spawnSync('dot', ['-Tplain'], { input: asDot(graph), encoding: 'utf8' })
    t.deepEqual([status, stderr], [0, ''])
    const drawn = (what: string) => linesOf(stdout).filter((line) => line.startsWith(`${what} `)).length
    t.deepEqual([drawn('node'), drawn('edge')], [graph.nodes.length, graph.edges.length])
  }
})
