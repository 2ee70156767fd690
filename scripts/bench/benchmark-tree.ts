import type { Benchmark } from './benchmark.js'
import { type ResultTable, rowsOf } from './results.js'
import { type Calibrated, calibrate, type MeasurementOptions, Samples } from './samples.js'

/** A tree with the benchmarks that run on it. */
export interface BenchmarkTree {
  readonly title: string
  readonly benchmarks: readonly Benchmark[]
}

/** Warms up everything before it measures: the compiled code depends on all the types that it has seen. */
export async function measureTrees(
  trees: readonly BenchmarkTree[],
  options: MeasurementOptions,
): Promise<readonly ResultTable[]> {
  for (const { benchmarks } of trees) for (const benchmark of benchmarks) await benchmark.check()
  const calibrated = new Map<Benchmark, readonly Calibrated[]>()
  for (const { benchmarks } of trees) {
    for (const benchmark of benchmarks) {
      const implementations: Calibrated[] = []
      for (const implementation of benchmark.implementations) {
        implementations.push(await calibrate(implementation, options))
      }
      calibrated.set(benchmark, implementations)
    }
  }
  const tables: ResultTable[] = []
  for (const { title, benchmarks } of trees) {
    const rows = []
    for (const benchmark of benchmarks) {
      rows.push(...rowsOf(benchmark, await Samples.take(calibrated.get(benchmark) ?? [], options)))
    }
    tables.push({ title, note: 'Processor time.', rows })
  }
  return tables
}
