import { getEventListeners } from 'node:events'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { field, param, query, Sysfs, SysfsError, type Unreadable } from '../../lib/index.js'
import { type Backend, onEveryBackend } from '../support/backends.js'
import { answerOfChild, howItEnded, packageRoot, runInChild, steadyMemory } from '../support/child-process.js'
import { writeFileTree } from '../support/file-tree.js'
import { recordingNames, unpackRecording } from '../support/recordings.js'
import { byRunLength, testOnRecording } from '../support/run-length.js'
import { machineOfSize, removeMachine, writeMachine } from '../support/sysfs-tree.js'
import { temporaryDirectory } from '../support/temporary.js'

const { integer, link, list, name, text } = field

// The asynchronous methods give the answers of the synchronous ones. Blocked calls are tested in
// async-hanging.test.ts.

const IQN = 'iqn.2003-01.io.example:array0'
const libraryFile = path.join(packageRoot, 'dist/lib/index.js')

for (const recording of recordingNames) {
  const compare = async (t: ExecutionContext, backend: Backend) => {
    const sysfs = new Sysfs({ root: await unpackRecording(recording), backend })
    for (const detail of ['links', 'basic', 'full'] as const) {
      const unreadable: Unreadable[] = []
      const unreadableAsync: Unreadable[] = []
      const snapshot = sysfs.snapshot({ detail, onUnreadable: (item) => unreadable.push(item) })
      t.deepEqual(await sysfs.async.snapshot({ detail, onUnreadable: (item) => unreadableAsync.push(item) }), snapshot)
      t.deepEqual(unreadableAsync, unreadable)
    }
    const { blockDevices, iscsiSessions } = sysfs.snapshot()
    for (const { name, devicePath } of blockDevices) {
      for (const device of [name, devicePath, `/sys/block/${name}/size`]) {
        t.is(await sysfs.async.findMultipathDeviceForDevice(device), sysfs.findMultipathDeviceForDevice(device))
      }
      t.deepEqual(await sysfs.async.findSlaveDevicesOnMultipath(name), sysfs.findSlaveDevicesOnMultipath(name))
    }
    for (const target of new Set(iscsiSessions.map(({ targetName }) => targetName ?? 'none'))) {
      const portals = sysfs.getIscsiPortalHostMapForTarget(target)
      t.deepEqual(await sysfs.async.getIscsiPortalHostMapForTarget(target), portals)
      for (const lun of [0, 1, 2, 9]) {
        t.deepEqual(await sysfs.async.findDevicesForIscsiLun(target, lun), sysfs.findDevicesForIscsiLun(target, lun))
      }
    }
  }
  onEveryBackend(`${recording}: the results are those of the synchronous methods`, compare, testOnRecording(recording))
}

function smallTree(t: ExecutionContext): string {
  return writeFileTree(t, {
    'sys/a/1/v': '1\n',
    'sys/a/1/größe': 'ä\n',
    'sys/a/1/directory': null,
    'sys/a/2/v': '2\n',
    'sys/a/2/link': { link: '../1' },
    'sys/a/3/v': Uint8Array.of(0xff, 0x0a),
  })
}

const everything = query('a/*', {
  name: name(),
  v: text('v'),
  number: integer('v'),
  size: text('größe'),
  directory: text('directory'),
  link: link('link'),
  below: list('*', { name: name() }),
})

onEveryBackend('own queries return all rows, the first row, no row and the rows of parameters', async (t, backend) => {
  const root = smallTree(t)
  const sysfs = new Sysfs({ root, backend })
  const prepared = sysfs.async.prepare(everything)
  const unreadable: Unreadable[] = []
  t.deepEqual(
    await prepared.all({}, { onUnreadable: (item) => unreadable.push(item) }),
    sysfs.prepare(everything).all(),
  )
  t.deepEqual(unreadable, [{ path: `${root}/sys/a/1/directory`, code: 'EISDIR' }])
  t.deepEqual(await prepared.first(), sysfs.prepare(everything).first())
  const one = sysfs.async.prepare(query('a/*', { name: name(), v: text('v').equals(param('v')) }))
  t.deepEqual(await one.all({ v: '2' }), [{ name: '2', v: '2' }])
  t.is(await one.first({ v: 'none' }), undefined)
})

onEveryBackend('many runs of several kinds at once have their own results', async (t, backend) => {
  const sysfs = new Sysfs({ root: smallTree(t), backend })
  const one = sysfs.async.prepare(query('a/*', { name: name(), v: text('v').equals(param('v')) }))
  const answers = await Promise.all(
    Array.from({ length: 600 }, (_, i) => (i % 3 === 0 ? sysfs.async.snapshot() : one.all({ v: String(i % 3) }))),
  )
  const empty = sysfs.snapshot()
  answers.forEach((answer, i) => {
    t.deepEqual(answer, i % 3 === 0 ? empty : [{ name: String(i % 3), v: String(i % 3) }])
  })
})

onEveryBackend('a run reads after it was called', async (t, backend) => {
  const { writeFileSync } = await import('node:fs')
  const root = smallTree(t)
  const one = new Sysfs({ root, backend }).async.prepare(query('a/2', { v: text('v') }))
  const earlier: Promise<unknown>[] = []
  for (let i = 0; i < 50; i++) {
    writeFileSync(`${root}/sys/a/2/v`, String(i))
    // Other runs of the query are still waiting. Their result would be too old.
    earlier.push(one.first())
    t.true(Number((await one.first())?.v) >= i)
  }
  await Promise.all(earlier)
})

onEveryBackend('asynchronous methods reject with what synchronous methods throw', async (t, backend) => {
  const sysfs = new Sysfs({ root: '/nonexistent', backend })
  const calls: ((all: Sysfs | Sysfs['async']) => unknown)[] = [
    (all) => all.findMultipathDeviceForDevice(''),
    (all) => all.findMultipathDeviceForDevice(7 as never),
    (all) => all.findSlaveDevicesOnMultipath('../x'),
    (all) => all.getIscsiPortalHostMapForTarget(''),
    (all) => all.findDevicesForIscsiLun('a\0', 1),
    (all) => all.findDevicesForIscsiLun('a', '1' as never),
    (all) => all.findDevicesForIscsiLun('a', -1),
    (all) => all.snapshot({ detail: 'everything' as never }),
    (all) => all.prepare(query('a/*', { v: text('v').equals(param('v')) })).all({} as never),
    (all) => all.prepare(query('a/*', { v: text('v') })).first(1 as never),
  ]
  for (const call of calls) {
    const { name, message } = t.throws(() => call(sysfs)) ?? { name: 'nothing', message: '' }
    await t.throwsAsync(async () => call(sysfs.async), { name, message })
  }
  t.throws(() => sysfs.async.prepare(1 as never), {
    instanceOf: TypeError,
    message: 'prepare takes a query, not number',
  })
})

onEveryBackend('a wrong signal and a wrong timeout are refused', async (t, backend) => {
  const sysfs = new Sysfs({ root: smallTree(t), backend })
  const refused = (options: object, type: typeof TypeError | typeof RangeError, message: string) =>
    t.throwsAsync(sysfs.async.snapshot(options), { instanceOf: type, message })
  await refused({ signal: 1 }, TypeError, 'signal must be an AbortSignal, not number')
  await refused({ signal: {} }, TypeError, 'signal must be an AbortSignal, not object')
  await refused({ timeoutMs: '1' }, TypeError, 'timeoutMs must be a number, not string')
  for (const timeoutMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]) {
    await refused({ timeoutMs }, RangeError, `timeoutMs must be more than 0 and at most 2147483647, not ${timeoutMs}`)
  }
  t.is((await sysfs.async.snapshot({ timeoutMs: 2 ** 31 - 1 })).detail, 'basic')
})

onEveryBackend('an aborted signal rejects with its reason, and no listener is left', async (t, backend) => {
  const sysfs = new Sysfs({ root: smallTree(t), backend })
  const aborted = AbortSignal.abort('too late')
  const error = await t.throwsAsync(sysfs.async.snapshot({ signal: aborted }), {
    name: 'AbortError',
    code: 'ABORT_ERR',
  })
  t.is(error?.message, 'The operation was aborted')
  t.is(error?.cause, 'too late')

  const controller = new AbortController()
  const { signal } = controller
  const asked = Array.from({ length: 30 }, () => sysfs.async.snapshot({ signal, timeoutMs: 60_000 }))
  // Node warns of more than ten listeners of an object.
  t.is(getEventListeners(signal, 'abort').length, 1)
  controller.abort()
  for (const outcome of await Promise.allSettled(asked)) {
    t.is(outcome.status === 'rejected' && outcome.reason.cause, signal.reason)
  }
  t.is(getEventListeners(signal, 'abort').length, 0)

  const later = new AbortController()
  t.is((await sysfs.async.snapshot({ signal: later.signal, timeoutMs: 60_000 })).detail, 'basic')
  t.is(getEventListeners(later.signal, 'abort').length, 0)
  later.abort()
})

onEveryBackend('a run without descriptors rejects, and a later one succeeds', async (t, backend) => {
  const root = smallTree(t)
  const outcome = await answerOfChild(
    async ({ Sysfs, query, field: { text } }, { root, backend }) => {
      const { closeSync, openSync } = process.getBuiltinModule('node:fs')
      const prepared = new Sysfs({ root, backend }).async.prepare(query('a/*', { v: text('v') }))
      await prepared.all()
      const taken: number[] = []
      try {
        for (;;) taken.push(openSync('/dev/null', 'r'))
      } catch {}
      const error = await prepared.all().catch((error) => error)
      closeSync(taken.pop() as number)
      const second = await prepared.all().catch((error) => error)
      for (const descriptor of taken) closeSync(descriptor)
      const { name, code, errno, syscall, path } = error
      return {
        error: { name, code, errno, syscall, path },
        second: second.syscall ?? 'none',
        all: await prepared.all(),
      }
    },
    { root, backend },
    { mostDescriptors: 100 },
  )
  t.deepEqual(outcome.error, {
    name: 'SysfsError',
    code: 'EMFILE',
    errno: -24,
    syscall: 'scandir',
    path: `${root}/sys/a`,
  })
  // The addon keeps the directory open while it reads what is in it.
  t.is(outcome.second, backend === 'native' ? 'open' : 'none')
  t.is(outcome.all.length, 3)
  t.is(new SysfsError(-24, 'open', '/').code, 'EMFILE')
})

/** Tests that keep the processors busy run one after the other. */
function onMachine(title: string, run: (t: ExecutionContext, root: string, backend: Backend) => Promise<void>): void {
  onEveryBackend(
    title,
    async (t, backend) => {
      const root = temporaryDirectory()
      try {
        writeMachine(root, machineOfSize({ sessions: 3, luns: 2, maps: 2 }))
        await run(t, root, backend)
      } finally {
        removeMachine(root)
      }
    },
    test.serial,
  )
}

onMachine('many runs, aborted ones among them, leave no descriptor and no memory behind', async (t, root, backend) => {
  const runs = byRunLength({ usual: 1_000, long: 10_000 })
  const { before, after, early, late, answers } = await answerOfChild(
    async ({ Sysfs }, { root, backend, IQN, runs }) => {
      const { readdirSync } = process.getBuiltinModule('node:fs')
      const { setImmediate } = process.getBuiltinModule('node:timers/promises')
      const sysfs = new Sysfs({ root, backend })
      let answers = 0
      const run = async (times: number) => {
        for (let i = 0; i < times; i += 10) {
          const controller = new AbortController()
          const { signal } = controller
          const asked = Array.from({ length: 10 }, (_, k) =>
            k % 2 === 0
              ? sysfs.async.findDevicesForIscsiLun(IQN, 1, k === 4 ? { signal, timeoutMs: 60_000 } : {})
              : sysfs.async.findSlaveDevicesOnMultipath('/dev/mapper/mpatha', k === 5 ? { signal } : {}),
          )
          if (i % 20 === 0) controller.abort()
          else if (i % 30 === 0) setImmediate().then(() => controller.abort())
          for (const { status } of await Promise.allSettled(asked)) if (status === 'fulfilled') answers++
        }
        globalThis.gc?.()
        await setImmediate()
        return process.memoryUsage.rss()
      }
      const early = await run(runs * 0.3)
      const before = readdirSync('/proc/self/fd').length
      const late = await run(runs * 0.7)
      return { before, after: readdirSync('/proc/self/fd').length, early, late, answers }
    },
    { root, backend, IQN, runs },
    { nodeArguments: steadyMemory },
  )
  t.is(after, before)
  t.true(late < early * 1.5, `${early} bytes became ${late}`)
  t.true(answers > runs * 0.8)
})

onMachine('threads may be terminated, and may end, with runs under way', async (t, root, backend) => {
  const end = await runInChild(
    async ({ Sysfs }, { root, backend, libraryFile, IQN, rounds }) => {
      const { Worker } = process.getBuiltinModule('node:worker_threads')
      const { setTimeout: pause } = process.getBuiltinModule('node:timers/promises')
      const source = `
        const { workerData } = require('node:worker_threads')
        const { root, backend, libraryFile, IQN, progress, ending } = workerData
        const { Sysfs } = require(libraryFile)
        const { async } = new Sysfs({ root, backend })
        const ask = () => Promise.all([async.snapshot({ detail: 'full' }), async.findDevicesForIscsiLun(IQN, 1)])
        const go = async () => { for (;;) { await ask(); Atomics.add(progress, 0, 1) } }
        go()
        go()
        if (ending === 'exit') setTimeout(() => process.exit(), 5)
        if (ending === 'exception') setTimeout(() => { throw new Error('the end') }, 5)`
      for (let round = 0; round < rounds; round++) {
        const ending = ['terminated', 'exit', 'exception'][round % 3]
        const progress = new Int32Array(new SharedArrayBuffer(4))
        const workerData = { root, backend, libraryFile, IQN, progress, ending }
        const workers = [1, 2].map(() => new Worker(source, { eval: true, workerData }))
        const ended = workers.map(
          (worker) => new Promise((resolve) => worker.on('error', () => {}).on('exit', resolve)),
        )
        if (ending === 'terminated') {
          while (Atomics.load(progress, 0) < 1 + round) await pause(1)
          for (const worker of workers) worker.terminate()
        }
        await Promise.all(ended)
      }
      return new Sysfs({ root, backend }).async.findDevicesForIscsiLun(IQN, 1)
    },
    { root, backend, libraryFile, IQN, rounds: byRunLength({ usual: 3, long: 12 }) },
  )
  t.is(end.status, 0, howItEnded(end))
  t.regex(end.stdout, /\["sda"/)
})

onMachine('a process may exit with runs under way', async (t, root, backend) => {
  for (const turns of [0, 1, 2, 5]) {
    const end = await runInChild(
      async ({ Sysfs }, { root, backend, turns }) => {
        const { setImmediate } = process.getBuiltinModule('node:timers/promises')
        const { async } = new Sysfs({ root, backend })
        for (let i = 0; i < 20; i++) async.snapshot({ detail: 'full' })
        for (let turn = 0; turn < turns; turn++) await setImmediate()
        process.exit(3)
      },
      { root, backend, turns },
    )
    t.is(end.status, 3, howItEnded(end))
  }
})

onMachine('runs under way keep the process until they are over, a time-out does not', async (t, root, backend) => {
  const end = await runInChild(
    ({ Sysfs }, { root, backend }) => {
      const { async } = new Sysfs({ root, backend })
      async.snapshot({ timeoutMs: 2 ** 31 - 1 }).then((snapshot) => {
        process.getBuiltinModule('node:fs').writeSync(1, `${snapshot.multipathMaps.length} maps`)
      })
    },
    { root, backend },
  )
  t.is(end.status, 0, howItEnded(end))
  t.regex(end.stdout, /2 maps/)
})

onMachine('an answer that came while the event loop was held up is no time-out', async (t, root, backend) => {
  const asked = new Sysfs({ root, backend }).async.findSlaveDevicesOnMultipath('dm-0', { timeoutMs: 20 })
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
  t.deepEqual(await asked, ['/dev/sda', '/dev/sdc', '/dev/sde'])
})
