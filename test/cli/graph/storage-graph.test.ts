import { type StorageGraph, storageGraphOf } from '../../../lib/cli/graph/storage-graph.js'
import { Inventory } from '../../../lib/cli/inventory/inventory.js'
import { Sysfs } from '../../../lib/index.js'
import { onEveryBackend } from '../../support/backends.js'
import { writeFileTree } from '../../support/file-tree.js'
import { recordingNames, unpackRecording } from '../../support/recordings.js'
import { outputOn, run } from '../../support/tool.js'

const alpha = 'iqn.2026-11.io.example:alpha'

onEveryBackend('the graph leads from targets through sessions and disks to maps', async (t, backend) => {
  const { nodes, edges }: StorageGraph = JSON.parse(await outputOn('S3', backend, 'graph', '--json'))
  const edgeBetween = (from: string, to: string) => edges.find((edge) => edge.from === from && edge.to === to)
  t.truthy(edgeBetween(alpha, 'session1'))
  t.is(edgeBetween('session1', 'sda')?.label, 'LUN 1')
  t.truthy(edgeBetween('sda', 'dm-3'))
  t.truthy(edgeBetween('dm-3', 'dm-5'))
  // A volume on two maps.
  t.truthy(edgeBetween('dm-1', 'dm-8'))
  t.truthy(edgeBetween('dm-4', 'dm-8'))
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
  onEveryBackend(`every edge of ${name} connects two nodes, and the graph has every device`, async (t, backend) => {
    const snapshot = new Sysfs({ root: await unpackRecording(name), backend }).snapshot({ detail: 'full' })
    const { nodes, edges } = storageGraphOf(new Inventory(snapshot))
    const ids = nodes.map(({ id }) => id)
    t.is(new Set(ids).size, ids.length)
    for (const { from, to } of edges) t.true(ids.includes(from) && ids.includes(to), `${from} -> ${to}`)
    for (const { name: device, sizeBytes } of snapshot.blockDevices) if (sizeBytes) t.true(ids.includes(device), device)
    for (const { id } of snapshot.iscsiSessions) t.true(ids.includes(`session${id}`))
  })
}

onEveryBackend('a machine without block devices has an empty graph', async (t, backend) => {
  const root = writeFileTree(t, { sys: null })
  const { status, stdout } = await run(['graph', '--json', '--backend', backend, '--root', root])
  t.deepEqual([status, JSON.parse(stdout)], [1, { nodes: [], edges: [] }])
})
