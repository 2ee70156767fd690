import { bareC, bareCOneThread, reference } from './benchmark.js'
import { type Environment, environmentText } from './environment.js'
import type { MeasurementOptions } from './samples.js'
import { markdown, type Table } from './table.js'

/**
 * The benchmark's results with their method, as Markdown.
 *
 * @param command generates the document
 * @param skipped what was not measured, with the reason
 */
export function documentText(
  command: string,
  environment: Environment,
  options: MeasurementOptions,
  skipped: readonly string[],
  tables: readonly Table[],
): string {
  return `# Benchmarks

\`${command}\` generates this file. Changes by hand are lost.

Machine: ${environmentText(environment)}.
${skipped.length === 0 ? '' : `\nNot measured:\n\n${skipped.map((reason) => `- ${reason}.\n`).join('')}`}
## Method

**Implementations.** Every query has up to five:

- \`addon\` is this library with the native addon.
- \`fallback\` is this library without it.
- \`${reference}\` is plain code on \`node:fs\`. For the four functions it is the algorithm of Kubernetes' volume utility of
  2018. For other queries it lists, resolves and reads each path in turn.
- \`${bareC}\` is a C program (\`scripts/bench/bare-loop.c\`). It makes the system calls that the addon makes, and it does
  not sort or make rows. It is the lower bound of the addon's time.
- \`${bareCOneThread}\` is the same program without a second thread. Some system calls are faster in a process of one
  thread. Node always has several.

Before the measurement, all implementations of a query must have the same result.

**Rounds.** The Node implementations run in one process. A round has one batch of runs of each implementation, so the
batches are interleaved. A batch lasts about ${options.batchMilliseconds} ms. The order of the implementations rotates from round to
round; each has each position equally often. There are at most ${options.rounds} rounds, and fewer where one query would take more
than ${options.maximumSeconds} s. All code is warmed up before the first round.

**Figures.** Times are for one run. The median and the minimum are over all rounds. The spread is the interquartile
range as a percentage of the median. A ratio is the median of the ratios in each round. Processor time is user and
system time. Wall-clock time is used for what waits for other processes.

**Trees.** Generated trees of three sizes are regular files and symbolic links in tmpfs. The real sysfs is this
machine's \`/sys\`. As root, the benchmark adds loop devices to it and removes them at the end.

**System calls.** strace counts the calls that take a path or a descriptor, in a run of its own.

**Targets.** A target is what the library is meant to reach on an idle machine. A missed target does not fail the
benchmark, because machines differ.

${tables.map(markdown).join('\n')}`
}
