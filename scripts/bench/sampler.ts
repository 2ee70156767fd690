import { readFileSync } from 'node:fs'
import { Sysfs, statColumns } from '../../lib/index.js'
import { type BareLoops, groups, type Question, question, type Targets } from './benchmark.js'

/** Both ways are held to a bare pread of every device's `stat`. */
const targets: Readonly<Record<'sysfs' | 'diskstats', Targets>> = {
  sysfs: { floor: 1.05, fallback: 1.3 },
  diskstats: { floor: 0.6, fallback: 1.3 },
}

/** A sampler has these, too. */
interface Ticked {
  readonly devices: readonly string[]
  readonly values: ArrayLike<number>
}

/** One tick of a sampler of `stat`, both ways, for devices of this machine. */
export function questionsOfSampler(devices: readonly string[], loops: BareLoops | undefined): readonly Question[] {
  return (['sysfs', 'diskstats'] as const).map((source) => {
    const ticking = (backend: 'native' | 'fallback') => {
      const sampler = new Sysfs({ root: '/', backend }).sampler({ devices, readFrom: source })
      return (): Ticked => {
        sampler.sample()
        return sampler
      }
    }
    return question<Ticked>(
      {
        title: `sampler tick, ${source}: ${devices.length} devices`,
        targets: targets[source],
        addon: ticking('native'),
        fallback: ticking('fallback'),
        naive: naiveTicks[source](devices),
        bare: ['held', '/sys/class/block', '/stat', devices.join('/')],
        bareLines: (contents) =>
          groups(contents, 1).map(([content = ''], index) => lineOf(devices[index], numbersIn(content))),
        lines: (ticked) =>
          ticked.devices.map((device, row) => {
            const first = row * statColumns.length
            return lineOf(device, Array.from(ticked.values).slice(first, first + statColumns.length))
          }),
      },
      loops,
    )
  })
}

/** What a program does that reads the files as they are. */
const naiveTicks = {
  sysfs: (devices: readonly string[]) => (): Ticked => {
    return {
      devices,
      values: devices.flatMap((device) => numbersIn(readFileSync(`/sys/class/block/${device}/stat`, 'utf8'))),
    }
  },
  diskstats: (devices: readonly string[]) => (): Ticked => {
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
