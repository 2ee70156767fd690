import { readFileSync } from 'node:fs'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { Unreadable } from '../../lib/index.js'
import { type Backend, onEveryBackend } from '../support/backends.js'
import {
  addonFile,
  answerOfChild,
  copyPackage,
  howItEnded,
  type Library,
  packageRoot,
  runInChild,
  steadyMemory,
} from '../support/child-process.js'
import { byRunLength, longTest } from '../support/run-length.js'
import { type Machine, machineOfSize, removeMachine, writeMachine } from '../support/sysfs-tree.js'
import { temporaryDirectory } from '../support/temporary.js'
import type { Register } from '../support/test-with.js'

// Queries leave nothing behind, and survive the end of threads and processes. All tests run in
// processes of their own.

const IQN = 'iqn.2003-01.io.example:array0'
const UNICODE_IQN = 'iqn.2003-01.io.example:größe'
const libraryFile = path.join(packageRoot, 'dist/lib/index.js')

/** One at a time: these tests keep the processors busy by themselves. */
function onEach(
  title: string,
  run: (t: ExecutionContext, backend: Backend) => Promise<void>,
  register: Register = test.serial,
): void {
  onEveryBackend(title, run, register)
}

async function onMachine(machine: Machine, use: (root: string) => Promise<void>): Promise<void> {
  const root = temporaryDirectory()
  try {
    writeMachine(root, machine)
    await use(root)
  } finally {
    removeMachine(root)
  }
}

/** Sessions and maps with one fault of each kind. */
function troubledMachine(): Machine {
  const machine = machineOfSize({ sessions: 5, luns: 3, maps: 4 })
  const hosts = machine.hosts.map((host, index) => ({
    ...host,
    sessions: (host.sessions ?? []).map((session) => {
      const connections = session.connections.map((connection) => ({
        ...connection,
        ...(index === 0 && { address: { unreadable: 'EISDIR' } as const, port: { unreadable: 'ELOOP' } as const }),
      }))
      if (index === 1) return { ...session, connections, targetname: { unreadable: 'ELOOP' } as const }
      if (index === 2) return { ...session, connections, targetname: UNICODE_IQN }
      if (index === 3) return { ...session, connections, presence: 'class-device-gone' as const }
      return { ...session, connections }
    }),
  }))
  const links = [
    { path: '/dev/disk/loop-a', text: 'loop-b' },
    { path: '/dev/disk/loop-b', text: 'loop-a' },
    { path: '/dev/disk/volume', text: '/dev/mapper/mpatha' },
    { path: '/dev/disk/outside', text: '../../../../../../etc/passwd' },
  ]
  return { ...machine, hosts, links: [...machine.links, ...links] }
}

onEach('many queries leave no descriptor open', async (t, backend) => {
  await onMachine(troubledMachine(), async (root) => {
    const { before, after, answers, errors, unreadable } = await answerOfChild(
      ({ Sysfs, query, field: { list, text } }, { root, backend, IQN, UNICODE_IQN, runs }) => {
        const { readdirSync } = process.getBuiltinModule('node:fs')
        const openDescriptors = () => readdirSync('/proc/self/fd').length
        const here = new Sysfs({ root, backend })
        const nowhere = new Sysfs({ root: `${root}/nowhere`, backend })
        const everything = here.prepare(
          query('class/iscsi_session/*', { target: text('targetname'), all: list('device/*', { any: text('nope') }) }),
        )
        const unreadable: Unreadable[] = []
        const count = { answers: 0, errors: 0 }
        const attempt = (ask: () => unknown) => {
          try {
            ask()
            count.answers++
          } catch {
            count.errors++
          }
        }
        const queries = [
          () => here.findMultipathDeviceForDevice('sda'),
          () => here.findMultipathDeviceForDevice('/dev/mapper/mpatha'),
          () => here.findMultipathDeviceForDevice('/dev/disk/volume'),
          () => here.findMultipathDeviceForDevice('/dev/disk/loop-a'),
          () => here.findMultipathDeviceForDevice('/dev/disk/outside'),
          () => here.findMultipathDeviceForDevice('/sys/block/sda/size'),
          () => here.findMultipathDeviceForDevice('sda/../sdb'),
          () => nowhere.findMultipathDeviceForDevice('/dev/sda'),
          () => here.findSlaveDevicesOnMultipath('dm-0'),
          () => here.findSlaveDevicesOnMultipath('/dev/disk/loop-b'),
          () => here.findSlaveDevicesOnMultipath(`/dev/${'x'.repeat(5000)}`),
          () => nowhere.findSlaveDevicesOnMultipath('dm-0'),
          () => here.getIscsiPortalHostMapForTarget(IQN, { onUnreadable: (item) => unreadable.push(item) }),
          () => here.getIscsiPortalHostMapForTarget(UNICODE_IQN),
          () => here.getIscsiPortalHostMapForTarget(''),
          () => nowhere.getIscsiPortalHostMapForTarget(IQN),
          () => here.findDevicesForIscsiLun(IQN, 1),
          () => here.findDevicesForIscsiLun(UNICODE_IQN, 2, { onUnreadable: (item) => unreadable.push(item) }),
          () => here.findDevicesForIscsiLun(IQN, -1),
          () => everything.first(),
        ]
        for (const ask of queries) attempt(ask)
        const before = openDescriptors()
        for (let round = 0; round < runs / queries.length; round++) {
          unreadable.length = 0
          for (const ask of queries) attempt(ask)
        }
        return { before, after: openDescriptors(), ...count, unreadable: unreadable.map(({ code }) => code) }
      },
      { root, backend, IQN, UNICODE_IQN, runs: byRunLength({ usual: 2_000, long: 10_000 }) },
    )
    t.is(after, before)
    t.true(answers > 0 && errors > 0)
    t.true(unreadable.includes('ELOOP') && unreadable.includes('EISDIR'), String(unreadable))
  })
})

onEach('a query without descriptors throws and closes those that it has', async (t, backend) => {
  await onMachine(troubledMachine(), async (root) => {
    const outcomes = await answerOfChild(
      ({ Sysfs, SysfsError, query, field: { list, text } }, { root, backend, IQN }) => {
        const { closeSync, openSync } = process.getBuiltinModule('node:fs')
        const sysfs = new Sysfs({ root, backend })
        const deep = sysfs.prepare(
          query('class/iscsi_session/*', {
            devices: list('device/*', { below: list('*', { attributes: list('*', { value: text('state') }) }) }),
          }),
        )
        const queries = {
          parent: () => sysfs.findMultipathDeviceForDevice('sda'),
          slaves: () => sysfs.findSlaveDevicesOnMultipath('dm-0'),
          portals: () => sysfs.getIscsiPortalHostMapForTarget(IQN),
          lun: () => sysfs.findDevicesForIscsiLun(IQN, 1),
          deep: () => deep.all(),
        }
        const outcomes: Record<string, string[]> = {}
        const taken: number[] = []
        const takeAll = () => {
          try {
            for (;;) taken.push(openSync('/dev/null', 'r'))
          } catch {
            return taken.length
          }
        }
        const most = takeAll()
        for (const [name, ask] of Object.entries(queries)) {
          outcomes[name] = []
          // One descriptor more each time, so that each depth of a query is refused once.
          for (let free = 0; free < 6; free++) {
            for (let i = 0; i < free; i++) closeSync(taken.pop() as number)
            let outcome = 'answered'
            for (let repetition = 0; repetition < 10; repetition++) {
              try {
                ask()
              } catch (error) {
                if (!(error instanceof SysfsError)) throw error
                outcome = `${error.code} ${error.syscall} ${error.path.startsWith(root)}`
              }
            }
            outcomes[name].push(outcome)
            if (takeAll() !== most) throw new Error(`${name}, ${free} free: a descriptor was left open`)
          }
        }
        return outcomes
      },
      { root, backend, IQN },
      { mostDescriptors: 200 },
    )
    for (const [name, [first, ...others]] of Object.entries(outcomes)) {
      t.regex(first ?? '', /^EMFILE (scandir|open) true$/, name)
      t.is(others.at(-1), 'answered', name)
    }
  })
})

onEach('results larger than the first array of cells are complete', async (t, backend) => {
  const luns = byRunLength({ usual: 80, long: 400 })
  await onMachine(machineOfSize({ sessions: 8, luns, maps: 1 }), async (root) => {
    const counts = await answerOfChild(
      ({ Sysfs, query, field: { list, name, text, integer, link } }, { root, backend }) => {
        const sysfs = new Sysfs({ root, backend })
        const unreadable: Unreadable[] = []
        const blocks = sysfs.prepare(query('class/block/*', { name: name(), size: integer('size'), at: link() }))
        const refused = sysfs.prepare(query('class/block/*', { nothing: text('holders') }))
        const nested = sysfs.prepare(
          query('class/block/*', { name: name(), attributes: list('queue/*', { name: name(), at: link() }) }),
        )
        const one = blocks.first()
        const all = blocks.all()
        const again = blocks.first()
        refused.all({}, { onUnreadable: (item) => unreadable.push(item) })
        const rows = nested.all()
        const attributes = rows.flatMap((row) => row.attributes)
        return {
          one,
          again,
          all: all.length,
          ordered: all.every((row, index) => index === 0 || (all[index - 1]?.name ?? '') < row.name),
          complete: all.every((row) => row.size !== null && row.at?.endsWith(`/${row.name}`)),
          unreadable: unreadable.filter(({ path, code }) => path.endsWith('/holders') && code === 'EISDIR').length,
          rows: rows.length,
          attributes: attributes.length,
          kinds: [...new Set(attributes.map((attribute) => attribute.name))].length,
        }
      },
      { root, backend },
    )
    const blocks = 8 * luns + 1 + 2 // the disks, the map, vda and its partition
    t.like(counts, { all: blocks, ordered: true, complete: true, unreadable: blocks, rows: blocks })
    t.deepEqual(counts.again, counts.one)
    // A partition has no queue of its own.
    t.is(counts.attributes, (blocks - 1) * counts.kinds)
  })
})

onEach(
  'memory does not grow with the number of runs',
  async (t, backend) => {
    await onMachine(troubledMachine(), async (root) => {
      const { early, late } = await answerOfChild(
        ({ Sysfs }, { root, backend, IQN, UNICODE_IQN }) => {
          const sysfs = new Sysfs({ root, backend })
          const run = (times: number) => {
            for (let i = 0; i < times; i++) {
              const unreadable: Unreadable[] = []
              sysfs.findMultipathDeviceForDevice('/dev/disk/volume')
              sysfs.findSlaveDevicesOnMultipath('/dev/mapper/mpatha')
              sysfs.getIscsiPortalHostMapForTarget(UNICODE_IQN, { onUnreadable: (item) => unreadable.push(item) })
              sysfs.findDevicesForIscsiLun(IQN, 1, { onUnreadable: (item) => unreadable.push(item) })
            }
            globalThis.gc?.()
            return process.memoryUsage.rss()
          }
          const early = run(1000)
          return { early, late: run(9000) }
        },
        { root, backend, IQN, UNICODE_IQN },
        { nodeArguments: steadyMemory },
      )
      t.true(late < early * 1.5, `${early} bytes became ${late}`)
    })
  },
  longTest.serial,
)

onEach(
  'prepared queries are collected',
  async (t, backend) => {
    await onMachine(troubledMachine(), async (root) => {
      const { early, late } = await answerOfChild(
        async ({ Sysfs, query, param, field: { list, name, text } }, { root, backend, IQN }) => {
          const { setImmediate } = process.getBuiltinModule('node:timers/promises')
          const sysfs = new Sysfs({ root, backend })
          const prepare = async (count: number) => {
            for (let i = 0; i < count; i++) {
              const prepared = sysfs.prepare(
                query('class/iscsi_session/session{id}', {
                  target: text('targetname').equals(param('iqn')),
                  devices: list('device/target*', { name: name(), unique: text(`${i}`) }),
                }),
              )
              if (i % 100 !== 0) continue
              prepared.all({ iqn: IQN })
              // Node-API frees the memory of the addon in a later turn of the event loop.
              await setImmediate()
            }
            globalThis.gc?.()
            await setImmediate()
            return { heap: process.memoryUsage().heapUsed, rss: process.memoryUsage.rss() }
          }
          const early = await prepare(10_000)
          return { early, late: await prepare(40_000) }
        },
        { root, backend, IQN },
        { nodeArguments: steadyMemory },
      )
      t.true(late.heap < early.heap * 1.5, `a heap of ${early.heap} bytes became ${late.heap}`)
      t.true(late.rss < early.rss * 1.5, `${early.rss} resident bytes became ${late.rss}`)
    })
  },
  longTest.serial,
)

onEach('several threads run queries at once', async (t, backend) => {
  const workerCount = byRunLength({ usual: 3, long: 6 })
  await onMachine(troubledMachine(), async (root) => {
    const wrong = await answerOfChild(
      async (library, { root, backend, libraryFile, IQN, workerCount, runs }) => {
        const { Worker } = process.getBuiltinModule('node:worker_threads')
        const answers = ({ Sysfs }: Library, root: string, backend: Backend, IQN: string) => {
          const sysfs = new Sysfs({ root, backend })
          return JSON.stringify([
            sysfs.findMultipathDeviceForDevice('/dev/sda'),
            sysfs.findSlaveDevicesOnMultipath('dm-1'),
            [...sysfs.getIscsiPortalHostMapForTarget(IQN)],
            sysfs.findDevicesForIscsiLun(IQN, 2),
          ])
        }
        const expected = answers(library, root, backend, IQN)
        const source = `
          const { parentPort, workerData } = require('node:worker_threads')
          const { root, backend, libraryFile, IQN, expected, runs } = workerData
          const library = require(libraryFile)
          let wrong = 0
          for (let i = 0; i < runs; i++) if ((${answers})(library, root, backend, IQN) !== expected) wrong++
          parentPort.postMessage(wrong)`
        const workerData = { root, backend, libraryFile, IQN, expected, runs }
        const workers = Array.from({ length: workerCount }, () => new Worker(source, { eval: true, workerData }))
        const counts = workers.map(
          (worker) => new Promise<number>((resolve, reject) => worker.on('message', resolve).on('error', reject)),
        )
        let wrong = 0
        for (let i = 0; i < runs; i++) if (answers(library, root, backend, IQN) !== expected) wrong++
        return [wrong, ...(await Promise.all(counts))]
      },
      { root, backend, libraryFile, IQN, workerCount, runs: byRunLength({ usual: 60, long: 600 }) },
    )
    t.deepEqual(wrong, Array(1 + workerCount).fill(0))
  })
})

/** How often a thread is terminated. The fallback has nothing of its own that could be left behind. */
const terminations = {
  native: byRunLength({ usual: 4, long: 32 }),
  fallback: byRunLength({ usual: 2, long: 4 }),
}

/** What a worker is doing again and again while it is terminated. */
const occupations = {
  answering: `sysfs.findDevicesForIscsiLun(IQN, 1)`,
  'answering with bytes that are not ASCII': `sessions.all()`,
  'preparing queries': `sysfs.prepare(library.query('class/*', { name: library.field.name() }))`,
  throwing: `try { new library.Sysfs({ root, backend }).prepare(1) } catch {}
    try { sysfs.findDevicesForIscsiLun(IQN, -1) } catch {}`,
}

for (const [occupation, statement] of Object.entries(occupations)) {
  onEach(`a thread may be terminated while it is ${occupation}`, async (t, backend) => {
    await onMachine(troubledMachine(), async (root) => {
      const end = await runInChild(
        async ({ Sysfs }, { root, backend, libraryFile, IQN, statement, rounds }) => {
          const { Worker } = process.getBuiltinModule('node:worker_threads')
          const { setTimeout: pause } = process.getBuiltinModule('node:timers/promises')
          const { readdirSync } = process.getBuiltinModule('node:fs')
          const openDescriptors = () => readdirSync('/proc/self/fd').length
          const source = `
            const { workerData } = require('node:worker_threads')
            const { root, backend, libraryFile, IQN, progress } = workerData
            const library = require(libraryFile)
            const sysfs = new library.Sysfs({ root, backend })
            const sessions = sysfs.prepare(library.query('class/iscsi_session/*', { target: library.field.text('targetname') }))
            for (;;) { ${statement}; Atomics.add(progress, 0, 1) }`
          let before = 0
          for (let round = 0; round < rounds; round++) {
            if (round === 1) before = openDescriptors()
            const progress = new Int32Array(new SharedArrayBuffer(4))
            const workerData = { root, backend, libraryFile, IQN, progress }
            const workers = [1, 2].map(() => new Worker(source, { eval: true, workerData }))
            // In the middle of a call, another one in each round.
            while (Atomics.load(progress, 0) < 1 + round * 23) await pause(1)
            await Promise.all(workers.map((worker) => worker.terminate()))
          }
          const leaked = openDescriptors() - before
          return [leaked, ...new Sysfs({ root, backend }).findDevicesForIscsiLun(IQN, 1)]
        },
        { root, backend, libraryFile, IQN, statement, rounds: terminations[backend] },
      )
      t.is(end.status, 0, howItEnded(end))
      t.regex(end.stdout, /\[0,"sda","sdm"\]$/)
    })
  })
}

onEach('a thread may be terminated while it loads the library', async (t, backend) => {
  await onMachine(troubledMachine(), async (root) => {
    const end = await runInChild(
      async ({ Sysfs }, { root, backend, libraryFile, addonFile, rounds }) => {
        const { Worker } = process.getBuiltinModule('node:worker_threads')
        const { setTimeout: pause } = process.getBuiltinModule('node:timers/promises')
        // A single load is too short to be interrupted, so the worker loads the addon repeatedly.
        const source = `
          const { workerData } = require('node:worker_threads')
          const { root, backend, libraryFile, addonFile, progress } = workerData
          new (require(libraryFile).Sysfs)({ root, backend })
          for (;;) {
            for (const file of Object.keys(require.cache)) delete require.cache[file]
            if (addonFile) process.dlopen({ exports: {} }, addonFile)
            new (require(libraryFile).Sysfs)({ root, backend })
            Atomics.add(progress, 0, 1)
          }`
        for (let round = 0; round < rounds; round++) {
          const progress = new Int32Array(new SharedArrayBuffer(4))
          const workerData = { root, backend, libraryFile, addonFile, progress }
          const workers = [1, 2].map(() => new Worker(source, { eval: true, workerData }))
          while (Atomics.load(progress, 0) < round % 8) await pause(1)
          await Promise.all(workers.map((worker) => worker.terminate()))
        }
        return new Sysfs({ root, backend }).findSlaveDevicesOnMultipath('dm-0')
      },
      {
        ...{ root, backend, libraryFile, rounds: terminations[backend] },
        addonFile: backend === 'native' ? addonFile() : undefined,
      },
    )
    t.is(end.status, 0, howItEnded(end))
    t.regex(end.stdout, /\["\/dev\/sda"/)
  })
})

onEach('a process may exit during queries', async (t, backend) => {
  await onMachine(troubledMachine(), async (root) => {
    const end = await runInChild(
      ({ Sysfs }, { root, backend, IQN }) => {
        const sysfs = new Sysfs({ root, backend })
        process.on('exit', () => process.stdout.write(JSON.stringify(sysfs.findDevicesForIscsiLun(IQN, 3))))
        setInterval(() => sysfs.findMultipathDeviceForDevice('sda'), 0)
        for (let i = 0; ; i++) {
          sysfs.getIscsiPortalHostMapForTarget(IQN)
          if (i === 500) process.exit(7)
        }
      },
      { root, backend, IQN },
    )
    t.is(end.status, 7, howItEnded(end))
    t.is(end.stdout, '["sdc","sdo"]')
  })
})

onEach('an exception between queries ends the process with code 1', async (t, backend) => {
  await onMachine(troubledMachine(), async (root) => {
    const end = await runInChild(
      ({ Sysfs }, { root, backend, IQN }) => {
        const sysfs = new Sysfs({ root, backend })
        setImmediate(() => {
          sysfs.findDevicesForIscsiLun(IQN, 1)
          throw new Error('nobody catches this')
        })
        for (let i = 0; i < 100; i++) sysfs.findDevicesForIscsiLun(IQN, 1)
      },
      { root, backend, IQN },
    )
    t.is(end.status, 1, howItEnded(end))
    t.regex(end.stderr, /nobody catches this/)
  })
})

onEach('the end of a thread does not affect other threads', async (t, backend) => {
  const rounds = byRunLength({ usual: 2, long: 10 })
  await onMachine(troubledMachine(), async (root) => {
    const ends = await answerOfChild(
      async ({ Sysfs }, { root, backend, libraryFile, IQN, rounds }) => {
        const { Worker } = process.getBuiltinModule('node:worker_threads')
        const sysfs = new Sysfs({ root, backend })
        const source = `
          const { workerData } = require('node:worker_threads')
          const { root, backend, libraryFile, IQN, ending } = workerData
          const sysfs = new (require(libraryFile).Sysfs)({ root, backend })
          process.on('exit', () => sysfs.findDevicesForIscsiLun(IQN, 1))
          for (let i = 0; ; i++) {
            sysfs.getIscsiPortalHostMapForTarget(IQN)
            if (i < 20) continue
            if (ending === 'exit') process.exit(3)
            throw new Error('the end of this thread')
          }`
        const ends: (string | number)[] = []
        for (let round = 0; round < rounds; round++) {
          for (const ending of ['exit', 'exception']) {
            const workerData = { root, backend, libraryFile, IQN, ending }
            const worker = new Worker(source, { eval: true, workerData })
            const end = await new Promise<string | number>((resolve) => {
              worker.on('exit', resolve).on('error', (error: Error) => resolve(error.message))
            })
            ends.push(end, sysfs.findDevicesForIscsiLun(IQN, 1).join())
          }
        }
        return ends
      },
      { root, backend, libraryFile, IQN, rounds },
    )
    const round = [3, 'sda,sdm', 'the end of this thread', 'sda,sdm']
    t.deepEqual(ends, Array(rounds).fill(round).flat())
  })
})

onEach('the library may be loaded several times in a process', async (t, backend) => {
  const addon = addonFile()
  const copy = () => copyPackage(addon === undefined ? {} : { 'build/Release/fast_sysfs.node': readFileSync(addon) })
  await onMachine(troubledMachine(), async (root) => {
    const { answers, backendsUsed, classes } = await answerOfChild(
      (library, { root, backend, IQN, packages }) => {
        const { createRequire } = process.getBuiltinModule('node:module')
        const require = createRequire(`${packages[0]}/package.json`)
        const load = (directory: string): Library => require(directory) as Library
        const libraries = [library, ...packages.map(load)]
        // Loads JavaScript and the addon once more, beside those in use.
        for (const file of Object.keys(require.cache)) delete require.cache[file]
        libraries.push(...packages.map(load))

        const machines = libraries.map(({ Sysfs }) => new Sysfs({ root, backend }))
        const answers = new Set<string>()
        for (let i = 0; i < 20; i++) {
          for (const sysfs of machines) {
            answers.add(
              JSON.stringify([sysfs.findDevicesForIscsiLun(IQN, 1), sysfs.findSlaveDevicesOnMultipath('dm-0')]),
            )
          }
        }
        return {
          answers: [...answers],
          backendsUsed: [...new Set(machines.map((sysfs) => sysfs.backend))],
          classes: new Set(libraries.map(({ Sysfs }) => Sysfs)).size,
        }
      },
      { root, backend, IQN, packages: [copy(), copy()] },
    )
    t.is(answers.length, 1)
    t.deepEqual(backendsUsed, [backend])
    t.is(classes, 5)
  })
})

test.serial('a process that only loads the library ends by itself', async (t) => {
  const end = await runInChild(({ Sysfs }) => new Sysfs({ root: '/nowhere' }).backend, null)
  t.is(end.status, 0, howItEnded(end))
})
