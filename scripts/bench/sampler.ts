import { readFileSync } from 'node:fs'
import { Sysfs, statColumns } from '../../lib/index.js'
import { type BareLoops, type Benchmark, benchmark, groups, type Targets } from './benchmark.js'

/** Both sources are compared with a bare pread of every device's `stat`. */
const targets: Readonly<Record<'sysfs' | 'diskstats', Targets>> = {
  sysfs: { bareC: 1.05, fallback: 1.3 },
  diskstats: { bareC: 0.6, fallback: 1.3 },
}

/** The part of a Sampler that is compared. */
interface Sampled {
  readonly devices: readonly string[]
  readonly values: ArrayLike<number>
}

/** One sample of `stat` of this machine's devices, from each source. */
export function samplerBenchmarks(devices: readonly string[], loops: BareLoops | undefined): readonly Benchmark[] {
  return (['sysfs', 'diskstats'] as const).map((source) => {
    const sampling = (backend: 'native' | 'fallback') => {
      const sampler = new Sysfs({ root: '/', backend }).sampler({ devices, readFrom: source })
      return (): Sampled => {
        sampler.sample()
        return sampler
      }
    }
    return benchmark<Sampled>(
      {
        title: `sampler.sample(), ${source}, ${devices.length} devices`,
        targets: targets[source],
        addon: sampling('native'),
        fallback: sampling('fallback'),
        reference: referenceSamples[source](devices),
        bareQuery: ['pread', '/sys/class/block', '/stat', devices.join('/')],
        bareLines: (contents) =>
          groups(contents, 1).map(([content = ''], index) => lineOf(devices[index], numbersIn(content))),
        lines: (sampled) =>
          sampled.devices.map((device, row) => {
            const first = row * statColumns.length
            return lineOf(device, Array.from(sampled.values).slice(first, first + statColumns.length))
          }),
      },
      loops,
    )
  })
}

/** Opens and reads the files for every sample. */
const referenceSamples = {
  sysfs: (devices: readonly string[]) => (): Sampled => {
    return {
      devices,
      values: devices.flatMap((device) => numbersIn(readFileSync(`/sys/class/block/${device}/stat`, 'utf8'))),
    }
  },
  diskstats: (devices: readonly string[]) => (): Sampled => {
    const numbers = new Map<string, readonly number[]>()
    for (const line of readFileSync('/proc/diskstats', 'utf8').split('\n')) {
      const [, , device = '', ...rest] = line.trim().split(/\s+/)
      numbers.set(device, rest.map(Number))
    }
    return { devices, values: devices.flatMap((device) => numbers.get(device.replaceAll('!', '/')) ?? []) }
  },
}

function numbersIn(text: string): readonly number[] {
  return text.trim().split(/\s+/).map(Number)
}

function lineOf(device: string | undefined, numbers: readonly number[]): string {
  return [device, ...numbers].join(' ')
}
