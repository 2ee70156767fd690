import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { type Backend, onEveryBackend } from '../support/backends.js'
import { answerOfChild, howItEnded, packageRoot, runInChild, steadyMemory } from '../support/child-process.js'
import { LoopDevices, loopDevicesFor, loopDevicesModule, missingLoopDevices } from '../support/loop-devices.js'
import { isEverythingRequired } from '../support/requirements.js'
import { byRunLength } from '../support/run-length.js'
import { type Register, testWith } from '../support/test-with.js'

// Monitors release what they hold, and threads and processes may end at any time, while the kernel sends events. Each
// test runs in a process of its own.

const libraryFile = path.join(packageRoot, 'dist/lib/index.js')

/** One at a time: these tests keep the processors busy by themselves. */
function onEach(
  title: string,
  run: (t: ExecutionContext, backend: Backend) => Promise<void>,
  register: Register = test.serial,
): void {
  onEveryBackend(title, run, register)
}

const testWithLoopDevices = testWith(missingLoopDevices())

/** Runs a function while devices are added and removed. If no device can be made, it runs without events. */
async function amidEvents(t: ExecutionContext, use: () => Promise<void>): Promise<void> {
  const started = await LoopDevices.start()
  if ('missing' in started) {
    if (isEverythingRequired) t.fail(started.missing)
    t.log(`without events: ${started.missing}`)
    await use()
    return
  }
  const { devices } = started
  let isOver = false
  const churning = (async () => {
    while (!isOver) await devices.churn(20, 2)
  })()
  try {
    await use()
  } finally {
    isOver = true
    await churning
    await devices.close()
  }
}

onEach('closed monitors leave no descriptor, no thread and no memory', async (t, backend) => {
  await amidEvents(t, async () => {
    const { before, after, early, late } = await answerOfChild(
      async ({ Sysfs }, { backend, lateRounds }) => {
        const { readdirSync } = process.getBuiltinModule('node:fs')
        const { setImmediate } = process.getBuiltinModule('node:timers/promises')
        const counts = () => ({
          descriptors: readdirSync('/proc/self/fd').length,
          threads: readdirSync('/proc/self/task').length,
        })
        const sysfs = new Sysfs({ sysPath: '/sys', backend })
        const rounds = async (count: number) => {
          for (let round = 0; round < count; round++) {
            const monitor = sysfs.monitor({ intervalMs: 1 })
            monitor.on('change', () => {})
            monitor.on('uevent', () => {})
            monitor.refresh()
            const changes = monitor.changes()
            const pending = changes.next()
            const watched = sysfs.watch()
            const awaited = watched.next()
            if (round % 3 === 0) await setImmediate()
            if (round % 5 === 0) monitor.removeAllListeners()
            if (round % 2 === 0) await changes.return?.()
            monitor.close()
            monitor.close()
            await watched.return?.()
            await Promise.all([pending, awaited])
          }
          globalThis.gc?.()
          await setImmediate()
          return process.memoryUsage.rss()
        }
        await rounds(10)
        const before = counts()
        const early = await rounds(20)
        const late = await rounds(lateRounds)
        return { before, after: counts(), early, late }
      },
      { backend, lateRounds: byRunLength({ usual: 20, long: 200 }) },
      { nodeArguments: steadyMemory },
    )
    t.deepEqual(after, before)
    t.true(late < early * 1.5, `${early} bytes became ${late}`)
  })
})

onEach('monitors that are not closed are collected, with their descriptors and threads', async (t, backend) => {
  await amidEvents(t, async () => {
    const { before, most, after } = await answerOfChild(
      async ({ Sysfs }, { backend }) => {
        const { readdirSync } = process.getBuiltinModule('node:fs')
        const { setTimeout: pause } = process.getBuiltinModule('node:timers/promises')
        const open = () => readdirSync('/proc/self/fd').length + readdirSync('/proc/self/task').length
        const sysfs = new Sysfs({ sysPath: '/sys', backend })
        const leave = async (count: number) => {
          for (let i = 0; i < count; i++) {
            const monitor = sysfs.monitor()
            monitor.refresh()
            // The thread of a removed listener serves the next one.
            monitor.once('change', () => {})
            monitor.removeAllListeners()
            sysfs.watch()
          }
        }
        const settle = async () => {
          for (let tries = 0; tries < 20; tries++) {
            globalThis.gc?.()
            await pause(10)
          }
          return open()
        }
        await leave(1)
        const before = await settle()
        await leave(20)
        const most = open()
        return { before, most, after: await settle() }
      },
      { backend },
      { nodeArguments: ['--expose-gc'] },
    )
    t.true(most >= after)
    t.true(after <= before + 2, `${before} became ${after}, ${most} at the most`)
  })
})

onEach(
  'a monitor with a listener or a pending iteration is not collected',
  async (t, backend) => {
    const found = await answerOfChild(
      async ({ Sysfs }, { backend, file }) => {
        const { setTimeout: pause } = process.getBuiltinModule('node:timers/promises')
        const { createRequire } = process.getBuiltinModule('node:module')
        const { LoopDevices } = createRequire(file)(file) as typeof import('../support/loop-devices.js')
        const started = await LoopDevices.start()
        if ('missing' in started) throw new Error(started.missing)
        const { devices } = started
        const found: string[] = []
        const follow = async () => {
          for await (const change of new Sysfs({ sysPath: '/sys', backend }).watch({ intervalMs: 100 })) {
            found.push(`${change.kind} ${change.name}`)
            break
          }
        }
        const following = follow()
        new Sysfs({ sysPath: '/sys', backend })
          .monitor({ intervalMs: 100 })
          .unref()
          .on('change', () => found.push('told'))
        for (let i = 0; i < 10; i++) {
          globalThis.gc?.()
          await pause(10)
        }
        await devices.add(1)
        await following
        while (!found.includes('told')) await pause(10)
        await devices.close()
        return found.length >= 2
      },
      { backend, file: loopDevicesModule },
      { nodeArguments: ['--expose-gc'] },
    )
    t.true(found)
  },
  testWithLoopDevices.serial,
)

/** What a thread or process is doing when it ends. */
const occupations = {
  'making monitors': `for (;;) { sysfs.monitor(); step() }`,
  'asking a monitor': `const monitor = sysfs.monitor(); for (;;) { monitor.snapshot(); monitor.refresh(); step() }`,
  listening: `const monitor = sysfs.monitor({ intervalMs: 1 }); monitor.on('change', () => {}); setInterval(step, 1)`,
  'beginning and ending to listen': `const monitor = sysfs.monitor({ intervalMs: 1 })
    setInterval(() => { monitor.on('uevent', () => {}); if (Math.random() < 0.5) monitor.removeAllListeners(); step() }, 0)`,
  'watching again and again': `(async () => {
    for (;;) {
      const changes = sysfs.watch({ intervalMs: 1 })
      changes.next()
      await new Promise((resolve) => setTimeout(resolve, 1))
      await changes.return()
      step()
    }
  })()`,
  'waiting for changes': `(async () => { for await (const change of sysfs.watch({ intervalMs: 1 })) globalThis.last = change })()
    setInterval(step, 1)`,
}

for (const [occupation, statement] of Object.entries(occupations)) {
  onEach(`a thread is terminated, or exits, while it is ${occupation}`, async (t, backend) => {
    await amidEvents(t, async () => {
      const end = await runInChild(
        async ({ Sysfs }, { backend, libraryFile, statement, rounds, workerCount }) => {
          const { Worker } = process.getBuiltinModule('node:worker_threads')
          const { setTimeout: pause } = process.getBuiltinModule('node:timers/promises')
          const { readdirSync } = process.getBuiltinModule('node:fs')
          const counts = () => [readdirSync('/proc/self/fd').length, readdirSync('/proc/self/task').length]
          const source = `
            const { workerData } = require('node:worker_threads')
            const { backend, libraryFile, progress, last } = workerData
            const sysfs = new (require(libraryFile).Sysfs)({ sysPath: '/sys', backend })
            const step = () => { if (Atomics.add(progress, 0, 1) === last) process.exit() }
            ${statement}`
          let before: number[] = []
          for (let round = 0; round < rounds; round++) {
            if (round === 2) before = counts()
            const progress = new Int32Array(new SharedArrayBuffer(4))
            const steps = 1 + 3 * round
            const workerData = { backend, libraryFile, progress, last: round % 2 === 0 ? steps : -1 }
            const workers = Array.from({ length: workerCount }, () => new Worker(source, { eval: true, workerData }))
            const exits = workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)))
            if (round % 2 === 0) await Promise.race(exits)
            while (Atomics.load(progress, 0) < steps) await pause(1)
            await Promise.all(workers.map((worker) => worker.terminate()))
          }
          const after = counts()
          const left = after.map((count, index) => count - (before[index] ?? 0))
          const monitor = new Sysfs({ sysPath: '/sys', backend }).monitor()
          return [...left, monitor.snapshot() !== undefined]
        },
        {
          ...{ backend, libraryFile, statement },
          rounds: byRunLength({ usual: 4, long: 12 }),
          workerCount: byRunLength({ usual: 1, long: 2 }),
        },
      )
      t.is(end.status, 0, howItEnded(end))
      t.regex(end.stdout, /\[0,0,true\]$/)
    })
  })

  onEach(`a process exits while it is ${occupation}`, async (t, backend) => {
    await amidEvents(t, async () => {
      for (const steps of [0, 5]) {
        const end = await runInChild(
          (_, { backend, libraryFile, statement, steps }) => {
            const { runInThisContext } = process.getBuiltinModule('node:vm')
            const { createRequire } = process.getBuiltinModule('node:module')
            const { Sysfs } = createRequire(libraryFile)(libraryFile) as typeof import('../../lib/index.js')
            let count = 0
            const step = () => {
              if (count++ === steps) process.exit(7)
            }
            runInThisContext(`(sysfs, step) => { ${statement} }`)(new Sysfs({ sysPath: '/sys', backend }), step)
          },
          { backend, libraryFile, statement, steps },
        )
        t.is(end.status, 7, howItEnded(end))
      }
    })
  })
}

onEach(
  'an exception of a listener ends the process with exit code 1',
  async (t, backend) => {
    const devices = await loopDevicesFor(t)
    const ending = runInChild(
      ({ Sysfs }, { backend }) => {
        const monitor = new Sysfs({ sysPath: '/sys', backend }).monitor({ intervalMs: 50 })
        monitor.on('change', () => {
          throw new Error('nobody catches this')
        })
      },
      { backend },
    )
    let hasEnded = false
    const end = ending.then((end) => {
      hasEnded = true
      return end
    })
    while (!hasEnded) {
      const names = await devices.add(1)
      await new Promise((resolve) => setTimeout(resolve, 100))
      await devices.remove(names)
    }
    const { status, stderr } = await end
    t.is(status, 1)
    t.regex(stderr, /nobody catches this/)
  },
  testWithLoopDevices.serial,
)
