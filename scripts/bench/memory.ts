import { execFileSync } from 'node:child_process'
import { type Detail, Sysfs } from '../../lib/index.js'
import { collectGarbage } from './collect-garbage.js'
import { details } from './snapshot-benchmarks.js'
import type { Table } from './table.js'

export interface MemoryRow {
  readonly detail: Detail
  readonly blockDevices: number
  /** The growth of the JavaScript heap by the snapshot, after a garbage collection. */
  readonly heldBytes: number
  /** The peak resident memory of the process, before and after the snapshot. */
  readonly peakBytesBefore: number
  readonly peakBytes: number
}

/** Measures the memory of one snapshot at each detail, each in a new process. */
export function measureMemory(root: string): readonly MemoryRow[] {
  return details.map((detail) =>
    JSON.parse(execFileSync(process.execPath, [__filename, root, detail], { encoding: 'utf8' })),
  )
}

export function memoryTable(rows: readonly MemoryRow[]): Table {
  const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`
  return {
    title: 'Memory of a snapshot',
    note: 'The heap that one snapshot holds, and the peak resident memory of its process.',
    columns: ['measured', 'block devices', 'held by the snapshot', 'peak', 'peak before'],
    textColumns: 1,
    rows: rows.map(({ detail, blockDevices, heldBytes, peakBytes, peakBytesBefore }) => [
      `snapshot, ${detail}`,
      String(blockDevices),
      ...[heldBytes, peakBytes, peakBytesBefore].map(mebibytes),
    ]),
  }
}

function takeSnapshot(root: string, detail: Detail): MemoryRow {
  const sysfs = new Sysfs({ root, backend: 'native' })
  const peak = () => process.resourceUsage().maxRSS * 1024
  const held = () => {
    collectGarbage()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  // The first snapshot loads and compiles code, which later snapshots share.
  new Sysfs({ root: '/nonexistent', backend: 'native' }).snapshot({ detail })
  const peakBytesBefore = peak()
  const before = held()
  const snapshot = sysfs.snapshot({ detail })
  const peakBytes = peak()
  const heldBytes = held() - before
  return { detail, blockDevices: snapshot.blockDevices.length, heldBytes, peakBytesBefore, peakBytes }
}

if (require.main === module) {
  const [root, detail] = process.argv.slice(2)
  process.stdout.write(JSON.stringify(takeSnapshot(root as string, detail as Detail)))
}
