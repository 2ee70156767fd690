import { existsSync } from 'node:fs'
import type { Detail, SnapshotData } from '../../lib/index.js'
import { type BareLoops, type Benchmark, benchmark, type OpenTree, type Targets } from './benchmark.js'
import { type ReferenceSnapshot, referenceSnapshot } from './reference-snapshot.js'
import { linesOfEntries, linesOfReference, linesOfSnapshot } from './snapshot-lines.js'
import { bareSnapshotQuery } from './snapshot-parts.js'

export const details = ['links', 'basic', 'full'] as const

/** The snapshot of a tree at one detail. */
export function snapshotBenchmark(
  { addon, fallback, sys }: OpenTree,
  detail: Detail,
  targets: Targets,
  loops: BareLoops | undefined,
): Benchmark {
  // bare-loop.c does not read below an NVMe subsystem.
  const isReadByBareLoop = detail !== 'full' || !existsSync(`${sys}/class/nvme-subsystem`)
  return benchmark<SnapshotData | ReferenceSnapshot>(
    {
      title: `snapshot, ${detail}`,
      targets: { ...targets, reference: 5 },
      addon: () => addon.snapshot({ detail }),
      fallback: () => fallback.snapshot({ detail }),
      reference: () => referenceSnapshot(sys, detail),
      bareQuery: bareSnapshotQuery(sys, detail),
      bareLines: (values) => linesOfEntries(values, detail),
      lines: (snapshot) => ('blockDevices' in snapshot ? linesOfSnapshot(snapshot) : linesOfReference(snapshot)),
    },
    isReadByBareLoop ? loops : undefined,
  )
}
