import { field, query, Sysfs } from '../../lib/index.js'
import { type BareLoops, type Benchmark, benchmark, largeResult, type OpenTree, smallResult } from './benchmark.js'
import { blockDevices, entriesBenchmark, networkInterfaces } from './entries-benchmark.js'
import { multipathParentBenchmark } from './multipath-parent.js'
import { namesIn, ReferenceQueries } from './reference-queries.js'
import { details, snapshotBenchmark } from './snapshot-benchmarks.js'

const { name } = field

/**
 * The benchmarks on the real sysfs of this machine. They use what every machine has; sessions and maps may be missing.
 *
 * @param device a block device; `undefined` if the machine has none
 */
export function realSysfsBenchmarks(device: string | undefined, loops: BareLoops | undefined): readonly Benchmark[] {
  const tree: OpenTree = {
    addon: new Sysfs({ sysPath: '/sys', devPath: '/dev', backend: 'native' }),
    fallback: new Sysfs({ sysPath: '/sys', devPath: '/dev', backend: 'fallback' }),
    sys: '/sys',
  }
  const ofNetwork = entriesBenchmark(tree, networkInterfaces, smallResult, loops)
  if (device === undefined) return [ofNetwork]
  return [
    multipathParentBenchmark(
      tree,
      new ReferenceQueries(''),
      { title: `multipath parent of ${device}`, device, targets: smallResult, bareArguments: [device] },
      loops,
    ),
    listingBenchmark(tree, device, 'holders', loops),
    listingBenchmark(tree, device, 'slaves', loops),
    entriesBenchmark(tree, blockDevices, largeResult, loops),
    ...details.map((detail) => snapshotBenchmark(tree, detail, largeResult, loops)),
    ofNetwork,
  ]
}

function listingBenchmark(
  { addon, fallback, sys }: OpenTree,
  device: string,
  directory: 'holders' | 'slaves',
  loops: BareLoops | undefined,
): Benchmark {
  const definition = query(`class/block/$device/${directory}/*`, { name: name() })
  const prepared = { addon: addon.prepare(definition), fallback: fallback.prepare(definition) }
  const path = `${sys}/class/block/${device}/${directory}`
  return benchmark<readonly { readonly name: string }[]>(
    {
      title: `query ${directory} of ${device}`,
      targets: smallResult,
      addon: () => prepared.addon.all({ device }),
      fallback: () => prepared.fallback.all({ device }),
      reference: () => namesIn(path).map((entry) => ({ name: entry })),
      bareQuery: ['list', path],
      bareLines: (names) => names,
      lines: (rows) => rows.map((row) => row.name),
    },
    loops,
  )
}
