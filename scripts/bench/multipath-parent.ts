import { type BareLoops, type Benchmark, benchmark, type OpenTree, type Targets } from './benchmark.js'
import type { ReferenceQueries } from './reference-queries.js'

export interface MultipathParentParts {
  readonly title: string
  /** A path or a kernel name. */
  readonly device: string
  readonly targets: Targets
  /** The arguments of the `holders` query of bare-loop.c: the kernel name, and the paths that may be links. */
  readonly bareArguments: readonly string[]
}

export function multipathParentBenchmark(
  { addon, fallback, sys }: OpenTree,
  reference: ReferenceQueries,
  { title, device, targets, bareArguments }: MultipathParentParts,
  loops: BareLoops | undefined,
): Benchmark {
  return benchmark<string | undefined>(
    {
      title,
      targets,
      addon: () => addon.findMultipathDeviceForDevice(device),
      fallback: () => fallback.findMultipathDeviceForDevice(device),
      reference: () => reference.findMultipathDeviceForDevice(device),
      bareQuery: ['holders', sys, ...bareArguments],
      bareLines: (names) => names.map((name) => `/dev/${name}`),
      lines: (parent) => (parent === undefined ? [] : [parent]),
    },
    loops,
  )
}
