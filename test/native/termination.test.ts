import { field, query } from '../../lib/index.js'
import { loadAddon } from '../../lib/native/addon.js'
import { encodeProgram } from '../../lib/native/encode-program.js'
import { compile } from '../../lib/query/compile.js'
import { howItEnded, requiredAddonFile, runInChild } from '../support/child-process.js'
import { byRunLength } from '../support/run-length.js'
import { machineOfSize, removeMachine, writeMachine } from '../support/sysfs-tree.js'
import { temporaryDirectory } from '../support/temporary.js'
import { testWithAddon } from '../support/test-with.js'

const { integer, list, name, text } = field

// After worker.terminate() every Node-API call that runs JavaScript or throws fails, also in the middle of a function
// of the addon. These tests terminate workers that call the addon without a pause. The process must survive, and no
// descriptor may stay open. test/native/lifecycle.test.ts does the same with the functions of the library.

const terminationsPerWork = byRunLength({ usual: 8, long: 60 })

const program = query('class/iscsi_session/*', {
  name: name(),
  target: text('targetname'),
  all: list('device/*', { name: name(), size: integer('size') }),
})

interface Work {
  /** Whether the work needs the event loop. Otherwise it is repeated without returning to it. */
  readonly isAsynchronous: boolean
  /** The body of a function, which is called repeatedly with what `source` declares. */
  readonly statements: string
}

const works: Readonly<Record<string, Work>> = {
  'makes synchronous runs': {
    isAsynchronous: false,
    statements: `
      prepared.run(cells, 100)
      addon.copyResult(cells)
      addon.lastFailure()`,
  },
  'passes wrong arguments': {
    isAsynchronous: false,
    statements: `
      const attempts = [
        () => addon.PreparedProgram(),
        () => new addon.PreparedProgram(),
        () => new addon.PreparedProgram(new Uint8Array(9), '', '', ''),
        () => new (class extends addon.PreparedProgram {})(1, 2, 3, 4),
        () => prepared.run(),
        () => prepared.run(1, 2),
        () => prepared.run.call({}, cells, 1),
        () => addon.copyResult(new Uint8Array(9)),
        () => new addon.AsyncRun(prepared, 1),
        () => new addon.AsyncRun(Object.create(prepared), 1, () => {}),
        () => new addon.AttributeSampler(directory, 'sda', '', new Uint32Array(0), 1),
        () => new addon.DiskstatsSampler(1, 2, 3),
        () => new addon.UeventSocket().open('1'),
        () => new addon.UeventSocket().listen({}),
      ]
      for (const attempt of attempts) {
        try {
          attempt()
        } catch {}
      }`,
  },
  'makes asynchronous runs': {
    isAsynchronous: true,
    statements: `
      for (let i = 0; i < 8; i++) {
        const run = new addon.AsyncRun(prepared, 100, () => {
          for (let j = 0; j < 1000; j++) Math.sqrt(j)
          if (i === 6) throw new Error('in a callback')
          if (i === 7) throw 'not an Error'
        })
        run.currentCall()
        if (i % 3 === 0) run.cancel()
      }`,
  },
  samples: {
    isAsynchronous: false,
    statements: `
      const attributes = new addon.AttributeSampler(directory, 'sda\\0sdb\\0', 'stat\\0size\\0', Uint32Array.of(17, 1), 3)
      const diskstats = new addon.DiskstatsSampler(directory, 'sda\\0', '/proc/diskstats')
      for (const [sampler, cells] of [[attributes, new Float64Array(39)], [diskstats, new Float64Array(19)]]) {
        sampler.open()
        for (let i = 0; i < 10; i++) sampler.sample(cells)
        sampler.held()
        sampler.lastFailure()
      }
      diskstats.close()
      kept = attributes`,
  },
  'listens for uevents': {
    isAsynchronous: true,
    statements: `
      const socket = new addon.UeventSocket()
      addon.receivesUevents()
      socket.open(65536)
      socket.listen(() => socket.drain())
      socket.unref()
      socket.drain()
      socket.overflowCount()
      socket.ref()
      kept?.close()
      kept = socket`,
  },
}

/** The source of a worker that loads the addon and then works until it is terminated. */
function source({ isAsynchronous, statements }: Work): string {
  return `
    const { workerData } = require('node:worker_threads')
    const { root, addonFile, program, progress } = workerData
    const loading = { exports: {} }
    process.dlopen(loading, addonFile)
    process.on('uncaughtException', () => {})
    const addon = loading.exports
    const directory = root + '/sys/class/block'
    const prepared = new addon.PreparedProgram(program, root + '/sys', root + '/dev', root)
    const cells = new Float64Array(4096)
    let kept
    function work() {${statements}
      Atomics.add(progress, 0, 1)
      ${isAsynchronous ? 'setImmediate(work)' : ''}
    }
    ${isAsynchronous ? 'work()' : 'for (;;) work()'}`
}

for (const [title, work] of Object.entries(works)) {
  testWithAddon(`a worker that ${title} may be terminated at any time`, async (t) => {
    const addonFile = requiredAddonFile()
    const addon = loadAddon(undefined)
    if (addon instanceof Error) throw addon
    const root = temporaryDirectory()
    try {
      writeMachine(root, machineOfSize({ sessions: 2, luns: 2, maps: 1 }))
      const end = await runInChild(
        async (_library, { addonFile, root, program, source, terminations }) => {
          const { Worker } = process.getBuiltinModule('node:worker_threads')
          const { setTimeout } = process.getBuiltinModule('node:timers/promises')
          const { readdirSync } = process.getBuiltinModule('node:fs')
          const openDescriptors = () => readdirSync('/proc/self/fd').length
          const startAndTerminate = async (steps: number) => {
            const progress = new Int32Array(new SharedArrayBuffer(4))
            const workerData = { root, addonFile, program: Uint8Array.from(program), progress }
            const worker = new Worker(source, { eval: true, workerData })
            let failure: unknown
            worker.on('error', (error) => {
              failure = error
            })
            while (Atomics.load(progress, 0) <= steps && failure === undefined) await setTimeout(1)
            await worker.terminate()
            if (failure !== undefined) throw failure
          }
          await startAndTerminate(0)
          const before = openDescriptors()
          const remaining = Array.from({ length: terminations - 1 }, (_, index) => index)
          let count = 1
          const terminateAll = async () => {
            for (let index = remaining.pop(); index !== undefined; index = remaining.pop()) {
              await startAndTerminate(index % 7)
              count++
            }
          }
          await Promise.all([terminateAll(), terminateAll()])
          return { count, leaked: openDescriptors() - before }
        },
        {
          addonFile,
          root,
          program: [...encodeProgram(compile(program), addon.programKinds)],
          source: source(work),
          terminations: terminationsPerWork,
        },
      )
      t.is(end.signal, null, howItEnded(end))
      t.is(end.status, 0, howItEnded(end))
      t.is(end.stdout.trim(), JSON.stringify({ count: terminationsPerWork, leaked: 0 }))
    } finally {
      removeMachine(root)
    }
  })
}
