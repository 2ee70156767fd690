import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { type Backend, onEveryBackend } from '../support/backends.js'
import { answerOfChild, endOf, howItEnded, packageRoot, runInChild } from '../support/child-process.js'
import { type FileTree, writeFileTree } from '../support/file-tree.js'
import { byRunLength, longTest } from '../support/run-length.js'
import type { Register } from '../support/test-with.js'

// The memory and descriptors of a sampler, and what happens to them when the process or thread ends.

const libraryFile = path.join(packageRoot, 'dist/lib/index.js')

function onEach(
  title: string,
  run: (t: ExecutionContext, backend: Backend) => Promise<void>,
  register: Register = test.serial,
): void {
  onEveryBackend(title, run, register)
}

const stat = `${Array.from({ length: 17 }, (_, index) => String(index * 1_234_567).padStart(8)).join(' ')}\n`

/** The files of a number of devices, with stat, inflight and a line of diskstats. */
function devices(count: number): FileTree {
  const tree: Record<string, string> = {}
  let lines = ''
  for (let index = 0; index < count; index++) {
    tree[`sys/class/block/sd${index}/stat`] = stat
    tree[`sys/class/block/sd${index}/inflight`] = '1 2\n'
    tree[`sys/class/block/sd${index}/dev`] = `8:${index}\n`
    lines += `   8 ${String(index).padStart(7)} sd${index} ${stat.trim().split(/ +/).join(' ')}\n`
  }
  return { ...tree, 'proc/diskstats': lines }
}

const manyNewObjects = ['--expose-gc', '--max-semi-space-size=64', '--min-semi-space-size=64']

/** On the fallback, performance.now() of Node 20 and 22 makes an object of 16 bytes. */
const mostBytes = { native: 16, fallback: 32 } as const

onEach('a sample allocates almost nothing', async (t, backend) => {
  const root = writeFileTree(t, devices(2))
  for (const source of ['sysfs', 'diskstats'] as const) {
    const measured = await answerOfChild(
      ({ Sysfs }, { root, backend, source, ticks }) => {
        const sampler = new Sysfs({ root, backend }).sampler({ readFrom: source })
        /**
         * Bytes on the heap for each run. New objects have enough room, so that nothing is collected during the runs.
         */
        const bytesEach = (run: () => unknown) => {
          let least = Number.POSITIVE_INFINITY
          // The engine compiles from time to time, which takes memory, too.
          for (let tries = 0; tries < 3; tries++) {
            globalThis.gc?.()
            const before = process.memoryUsage()
            for (let i = 0; i < ticks; i++) run()
            const after = process.memoryUsage()
            least = Math.min(least, after.heapUsed - before.heapUsed + after.external - before.external)
          }
          return least / ticks
        }
        const kept: object[] = [{}]
        return {
          tick: bytesEach(() => sampler.sample()),
          smallObject: bytesEach(() => {
            kept[0] = { a: 1 }
          }),
        }
      },
      { root, backend, source, ticks: byRunLength({ usual: 20_000, long: 100_000 }) },
      { nodeArguments: manyNewObjects },
    )
    t.log(`${source}: ${measured.tick.toFixed(2)} bytes`)
    // The measurement notices an object of one field, which has at least 16 bytes.
    t.true(measured.smallObject >= 16, `a small object measures ${measured.smallObject} bytes`)
    t.true(measured.tick < mostBytes[backend], `${source}: ${measured.tick} bytes a tick`)
  }
})

onEach(
  'an hour of samples at 100 a second leaves memory and descriptors unchanged',
  async (t, backend) => {
    const end = await endOf([process.execPath, path.join(packageRoot, 'dist/scripts/soak.js'), '--backend', backend])
    t.is(end.status, 0, howItEnded(end))
    for (const line of end.stdout.trim().split('\n')) t.log(line)
  },
  longTest.serial,
)

onEach(
  'with fewer descriptors than attributes it holds only half of the descriptors, and has the same values',
  async (t, backend) => {
    const count = 200
    const root = writeFileTree(t, devices(count))
    const answer = await answerOfChild(
      ({ Sysfs }, { root, backend }) => {
        const { closeSync, openSync, readdirSync } = process.getBuiltinModule('node:fs')
        const open = () => readdirSync('/proc/self/fd').length - 1
        const before = open()
        const sampler = new Sysfs({ root, backend }).sampler({ attributes: ['stat', 'inflight'] })
        const { needed, held, reopened } = sampler
        const opened = open() - before
        // The process still opens what it needs.
        const free: number[] = []
        try {
          for (;;) free.push(openSync('/dev/null', 'r'))
        } catch {}
        const left = free.length
        // If the process uses all descriptors, the sampler closes one of its own.
        const vanished = sampler.sample()
        const heldThen = sampler.held
        for (const descriptor of free) closeSync(descriptor)
        const valuesThen = [...sampler.values]
        sampler.sample()
        const values = [...sampler.values]
        sampler.close()
        return { needed, held, reopened, opened, left, vanished, heldThen, valuesThen, values, leaked: open() - before }
      },
      { root, backend },
      { mostDescriptors: 128 },
    )
    t.is(answer.needed, 2 * count)
    t.is(answer.opened, answer.held)
    t.is(answer.reopened, answer.needed - answer.held)
    t.true(answer.held > 20 && Math.abs(answer.held - answer.left) <= 3, JSON.stringify(answer).slice(0, 200))
    t.is(answer.vanished, 0)
    t.is(answer.heldThen, answer.held - 1)
    const numbers = [...stat.trim().split(/ +/).map(Number), 1, 2]
    const expected = Array.from({ length: count }, () => numbers).flat()
    t.deepEqual(answer.valuesThen, expected)
    t.deepEqual(answer.values, expected)
    t.is(answer.leaked, 0)
  },
)

onEach('without a free descriptor it throws EMFILE, and the next sample is complete', async (t, backend) => {
  const root = writeFileTree(t, devices(3))
  const answer = await answerOfChild(
    ({ Sysfs }, { root, backend }) => {
      const { closeSync, openSync } = process.getBuiltinModule('node:fs')
      const sysfs = new Sysfs({ root, backend })
      const sampler = sysfs.sampler({ mostHeld: 0 })
      const diskstats = sysfs.sampler({ readFrom: 'diskstats' })
      sampler.sample()
      const taken: number[] = []
      try {
        for (;;) taken.push(openSync('/dev/null', 'r'))
      } catch {}
      const codeOf = (call: () => unknown) => {
        try {
          return String(call())
        } catch (error) {
          const { name, code, syscall, path } = error as NodeJS.ErrnoException
          return [name, code, syscall, path].join(' ')
        }
      }
      const errors = [
        codeOf(() => sampler.sample()),
        codeOf(() => sysfs.sampler({ devices: ['sd0'], mostHeld: 1 })),
        codeOf(() => sysfs.sampler({ devices: [], readFrom: 'diskstats' })),
        codeOf(() => diskstats.sample()),
      ]
      for (const descriptor of taken) closeSync(descriptor)
      return { errors, vanished: sampler.sample(), values: [...sampler.values], same: String(diskstats.values) }
    },
    { root, backend },
    { mostDescriptors: 64 },
  )
  const [again, made, madeOfDiskstats, held] = answer.errors
  t.is(again, `SysfsError EMFILE open ${root}/sys/class/block/sd0/stat`)
  t.regex(made as string, /^SysfsError EMFILE open /)
  t.is(madeOfDiskstats, `SysfsError EMFILE open ${root}/proc/diskstats`)
  t.is(held, '0')
  t.is(answer.vanished, 0)
  t.deepEqual(answer.values, Array.from({ length: 3 }, () => stat.trim().split(/ +/).map(Number)).flat())
  t.is(String(answer.values), answer.same)
})

onEach('a sampler that is not closed is closed when it is collected', async (t, backend) => {
  const root = writeFileTree(t, devices(5))
  const answer = await answerOfChild(
    async ({ Sysfs }, { root, backend }) => {
      const { readdirSync } = process.getBuiltinModule('node:fs')
      const { setTimeout } = process.getBuiltinModule('node:timers/promises')
      const open = () => readdirSync('/proc/self/fd').length
      const sysfs = new Sysfs({ root, backend })
      const before = open()
      let most = 0
      for (let round = 0; round < 20; round++) {
        for (const source of ['sysfs', 'diskstats'] as const) sysfs.sampler({ readFrom: source }).sample()
        most = Math.max(most, open())
      }
      for (let tries = 0; tries < 100 && open() > before; tries++) {
        globalThis.gc?.()
        await setTimeout(10)
      }
      return { opened: most - before, left: open() - before }
    },
    { root, backend },
    { nodeArguments: ['--expose-gc'] },
  )
  t.true(answer.opened >= 6, JSON.stringify(answer))
  t.is(answer.left, 0)
})

onEach('a process with an open sampler ends by itself', async (t, backend) => {
  const root = writeFileTree(t, devices(2))
  const end = await runInChild(
    ({ Sysfs }, { root, backend }) => {
      const sysfs = new Sysfs({ root, backend })
      return (['sysfs', 'diskstats'] as const).map((source) => sysfs.sampler({ readFrom: source }).sample())
    },
    { root, backend },
  )
  t.is(end.status, 0, howItEnded(end))
})

onEach('a thread may be terminated while it samples, and leaves no descriptor', async (t, backend) => {
  const root = writeFileTree(t, devices(5))
  const end = await runInChild(
    async ({ Sysfs }, { root, backend, libraryFile, rounds }) => {
      const { Worker } = process.getBuiltinModule('node:worker_threads')
      const { setTimeout } = process.getBuiltinModule('node:timers/promises')
      const { readdirSync } = process.getBuiltinModule('node:fs')
      const open = () => readdirSync('/proc/self/fd').length
      const source = `
        const { workerData } = require('node:worker_threads')
        const { root, backend, libraryFile, progress } = workerData
        const sysfs = new (require(libraryFile).Sysfs)({ root, backend })
        const samplers = ['sysfs', 'diskstats'].map((source) => sysfs.sampler({ readFrom: source }))
        for (;;) {
          for (const sampler of samplers) { sampler.sample(); sampler.rates(sampler.copy()) }
          if (Math.random() < 0.01) { samplers[0].close(); samplers[0] = sysfs.sampler() }
          Atomics.add(progress, 0, 1)
        }`
      let before = 0
      for (let round = 0; round < rounds; round++) {
        if (round === 1) before = open()
        const progress = new Int32Array(new SharedArrayBuffer(4))
        const workers = [1, 2].map(
          () => new Worker(source, { eval: true, workerData: { root, backend, libraryFile, progress } }),
        )
        while (Atomics.load(progress, 0) < 1 + round * 7) await setTimeout(1)
        await Promise.all(workers.map((worker) => worker.terminate()))
      }
      for (let tries = 0; tries < 100 && open() > before; tries++) await setTimeout(10)
      const sampler = new Sysfs({ root, backend }).sampler()
      return [open() - before - sampler.held, sampler.sample()]
    },
    { root, backend, libraryFile, rounds: byRunLength({ usual: 4, long: 12 }) },
  )
  t.is(end.status, 0, howItEnded(end))
  t.regex(end.stdout, /\[0,0\]$/)
})
