/*
 * Takes the samples of one hour at 100 per second, without pauses, with each backend and each source. Memory and open
 * descriptors must not grow.
 *
 *     npm run soak -- [--samples N] [--backend native|fallback]
 */
import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Sysfs } from '../lib/index.js'
import { collectGarbage } from './bench/collect-garbage.js'

const samplesOfAnHour = 3600 * 100
const mostDevices = 8
/** V8 keeps some memory of its own. A leak of one byte per sample is 360,000 bytes. */
const mostHeapGrowth = 200_000
/** The allocator and the garbage collector keep some memory. A leak of one page per 100 samples is 14 MB. */
const mostResidentGrowth = 8_000_000

interface Usage {
  readonly heapBytes: number
  readonly externalBytes: number
  readonly residentBytes: number
  readonly descriptors: number
}

function usage(): Usage {
  collectGarbage()
  collectGarbage()
  const { heapUsed, external, rss } = process.memoryUsage()
  return {
    heapBytes: heapUsed,
    externalBytes: external,
    residentBytes: rss,
    descriptors: readdirSync('/proc/self/fd').length,
  }
}

/** Returns a message if memory or descriptors grew too much. */
function soak(backend: 'native' | 'fallback', source: 'sysfs' | 'diskstats', samples: number): string | undefined {
  const sysfs = new Sysfs({ backend })
  const devices = readdirSync('/sys/class/block').slice(0, mostDevices)
  const sampler = sysfs.sampler({ devices, readFrom: source })
  const previous = sampler.copy()
  const run = (count: number, samplesBetweenRates: number) => {
    for (let sample = 0; sample < count; sample++) {
      sampler.sample()
      if (sample % samplesBetweenRates !== 0) continue
      sampler.rates(previous)
      sampler.copy(previous)
    }
  }
  // Much garbage makes the young generation grow to its final size.
  run(Math.ceil(samples / 10), 1)
  const before = usage()
  const start = process.hrtime.bigint()
  // Rates once per second, as a program computes them.
  run(samples, 100)
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  const after = usage()
  sampler.close()
  const grown = {
    heap: after.heapBytes + after.externalBytes - before.heapBytes - before.externalBytes,
    resident: after.residentBytes - before.residentBytes,
    descriptors: after.descriptors - before.descriptors,
  }
  console.log(
    `${backend}, ${source}: ${samples} samples of ${devices.length} devices in ${seconds.toFixed(1)} s.`,
    `Growth: heap ${grown.heap} bytes, resident ${grown.resident} bytes, descriptors ${grown.descriptors}`,
  )
  const isTooMuch = grown.heap > mostHeapGrowth || grown.resident > mostResidentGrowth || grown.descriptors > 0
  return isTooMuch ? `${backend}, ${source}: ${JSON.stringify(grown)}` : undefined
}

function main(): number {
  const { values } = parseArgs({ options: { samples: { type: 'string' }, backend: { type: 'string' } } })
  const samples = values.samples === undefined ? samplesOfAnHour : Number(values.samples)
  const chosen = values.backend
  const { nativeLoadError } = new Sysfs()
  const backends = (['native', 'fallback'] as const).filter((backend) =>
    chosen === undefined ? backend === 'fallback' || nativeLoadError === undefined : backend === chosen,
  )
  if (backends.length === 0 || !Number.isSafeInteger(samples) || samples < 1) {
    console.error('usage: npm run soak -- [--samples N] [--backend native|fallback]')
    return 2
  }
  const failures = backends.flatMap((backend) =>
    (['sysfs', 'diskstats'] as const).map((source) => soak(backend, source, samples)),
  )
  for (const line of failures) if (line !== undefined) console.error(`too much growth: ${line}`)
  return failures.some((line) => line !== undefined) ? 1 : 0
}

process.exitCode = main()
