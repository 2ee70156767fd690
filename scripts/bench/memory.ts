import { execFileSync } from 'node:child_process'
import { type Detail, Sysfs } from '../../lib/index.js'
import { collectGarbage } from './measure.js'
import { details } from './snapshot-benchmarks.js'

export interface Memory {
  readonly detail: Detail
  readonly blockDevices: number
  /** What the JavaScript heap has more of with the snapshot than without, after collecting garbage. */
  readonly heldBytes: number
  /** The most that the process had in memory, before the snapshot and with it. */
  readonly peakBytesBefore: number
  readonly peakBytes: number
}

/** What one snapshot holds at each detail, in a process of its own, where nothing else has grown. */
export function measureMemory(root: string): readonly Memory[] {
  return details.map((detail) =>
    JSON.parse(execFileSync(process.execPath, [__filename, root, detail], { encoding: 'utf8' })),
  )
}

function holdSnapshot(root: string, detail: Detail): Memory {
  const sysfs = new Sysfs({ root, backend: 'native' })
  const peak = () => process.resourceUsage().maxRSS * 1024
  const held = () => {
    collectGarbage()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  // The first one loads and compiles what is then there for all.
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
  process.stdout.write(JSON.stringify(holdSnapshot(root as string, detail as Detail)))
}
