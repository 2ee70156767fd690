/*
 * An hour of a sampler's ticks at 100 a second, as fast as they go, each way: memory and descriptors must be after it
 * what they were when it had warmed up.
 *
 *     npm run soak -- [--ticks N] [--backend native|fallback]
 */
import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Sysfs } from '../lib/index.js'

const ticksOfAnHour = 3600 * 100
const mostDevices = 8
/** An engine keeps some more of this and that; a byte a tick would be 360,000. */
const mostHeapGrowth = 200_000
/** The allocator's and the collector's own whims. A page a second would be 14 MB. */
const mostResidentGrowth = 8_000_000

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

interface Usage {
  readonly heapBytes: number
  readonly outsideBytes: number
  readonly residentBytes: number
  readonly descriptors: number
}

function usage(): Usage {
  collectGarbage()
  collectGarbage()
  const { heapUsed, external, rss } = process.memoryUsage()
  return {
    heapBytes: heapUsed,
    outsideBytes: external,
    residentBytes: rss,
    descriptors: readdirSync('/proc/self/fd').length,
  }
}

/** Returns what is wrong, if anything. */
function soak(backend: 'native' | 'fallback', source: 'sysfs' | 'diskstats', ticks: number): string | undefined {
  const sysfs = new Sysfs({ backend })
  const devices = readdirSync('/sys/class/block').slice(0, mostDevices)
  const sampler = sysfs.sampler({ devices, readFrom: source })
  const previous = sampler.copy()
  const run = (count: number, ticksBetweenRates: number) => {
    for (let tick = 0; tick < count; tick++) {
      sampler.sample()
      if (tick % ticksBetweenRates !== 0) continue
      sampler.rates(previous)
      sampler.copy(previous)
    }
  }
  // Garbage in plenty, so that the space for new objects has the size that it will have.
  run(Math.ceil(ticks / 10), 1)
  const before = usage()
  const start = process.hrtime.bigint()
  // once a second, as a program would
  run(ticks, 100)
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  const after = usage()
  sampler.close()
  const grown = {
    heap: after.heapBytes + after.outsideBytes - before.heapBytes - before.outsideBytes,
    resident: after.residentBytes - before.residentBytes,
    descriptors: after.descriptors - before.descriptors,
  }
  console.log(
    `${backend}, ${source}: ${ticks} ticks of ${devices.length} devices in ${seconds.toFixed(1)} s;`,
    `heap ${grown.heap} bytes more, resident ${grown.resident}, descriptors ${grown.descriptors}`,
  )
  const isWorse = grown.heap > mostHeapGrowth || grown.resident > mostResidentGrowth || grown.descriptors > 0
  return isWorse ? `${backend}, ${source}: ${JSON.stringify(grown)}` : undefined
}

function main(): number {
  const { values } = parseArgs({ options: { ticks: { type: 'string' }, backend: { type: 'string' } } })
  const ticks = values.ticks === undefined ? ticksOfAnHour : Number(values.ticks)
  const wanted = values.backend
  const { nativeLoadError } = new Sysfs()
  const backends = (['native', 'fallback'] as const).filter((backend) =>
    wanted === undefined ? backend === 'fallback' || nativeLoadError === undefined : backend === wanted,
  )
  if (backends.length === 0 || !Number.isSafeInteger(ticks) || ticks < 1) {
    console.error('usage: npm run soak -- [--ticks N] [--backend native|fallback]')
    return 2
  }
  const wrong = backends.flatMap((backend) =>
    (['sysfs', 'diskstats'] as const).map((source) => soak(backend, source, ticks)),
  )
  for (const line of wrong) if (line !== undefined) console.error(`grown: ${line}`)
  return wrong.some((line) => line !== undefined) ? 1 : 0
}

process.exitCode = main()
