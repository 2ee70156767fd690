import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as pause, setImmediate } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { ExecutionContext } from 'ava'
import { type Change, type Detail, Monitor, type Snapshot, Sysfs, type Uevent } from '../../lib/index.js'
import { OpenAttributes } from '../../lib/monitor/open-attributes.js'
import { onEveryBackend } from '../support/backends.js'
import { answerOfChild, steadyMemory } from '../support/child-process.js'
import { machineOf } from '../support/library-internals.js'
import { loopDevicesFor, loopDevicesModule, missingLoopDevices, missingLoopNodes } from '../support/loop-devices.js'
import { lastingDifferences, ReplayedChanges } from '../support/replayed-changes.js'
import { missingUevents } from '../support/requirements.js'
import { byRunLength } from '../support/run-length.js'
import { machineOfSize, removeMachine, writeMachine } from '../support/sysfs-tree.js'
import { temporaryDirectory } from '../support/temporary.js'
import { testWith } from '../support/test-with.js'

const details: readonly Detail[] = ['links', 'basic', 'full']

/** The root of a machine of two sessions. It is removed after the test. */
function writtenRoot(t: ExecutionContext): string {
  const root = temporaryDirectory()
  t.teardown(() => removeMachine(root))
  writeMachine(root, machineOfSize({ sessions: 2, luns: 2, maps: 2 }))
  return root
}

function closing<Closable extends { close(): void }>(t: ExecutionContext, closable: Closable): Closable {
  t.teardown(() => closable.close())
  return closable
}

const testWithLoopDevices = testWith(missingLoopDevices())
const testWithUevents = testWith(missingLoopDevices(), missingUevents())
const testWithMedium = testWith(missingLoopDevices(), missingUevents(), missingLoopNodes())

/** A monitor of the machine's own sysfs that receives uevents. */
function ueventMonitor(t: ExecutionContext, detail: Detail, receiveBufferSize?: number): Monitor {
  const monitor = closing(t, new Monitor(machineOf({ sysPath: '/sys' }), { detail }, receiveBufferSize))
  t.is(monitor.source, 'uevents')
  return monitor
}

/**
 * Compares with a new snapshot. Other tests make loop devices, too, and take numbers that became free here: what
 * differs is looked at again, until this machine comes to rest.
 */
async function isCurrent(t: ExecutionContext, monitor: Monitor): Promise<void> {
  const { detail } = monitor
  const sysfs = new Sysfs({ sysPath: '/sys' })
  for (let tries = 0; tries < 200; tries++) {
    const fresh = sysfs.snapshot({ detail })
    if (isDeepStrictEqual(monitor.snapshot(), fresh)) {
      t.pass()
      return
    }
    await pause(20)
  }
  t.deepEqual(monitor.snapshot(), sysfs.snapshot({ detail }))
}

onEveryBackend('without uevents everything is compared, and an equal snapshot is the same object', (t, backend) => {
  const root = writtenRoot(t)
  const sysfs = new Sysfs({ root, backend })
  for (const detail of details) {
    const monitor = closing(t, sysfs.monitor({ detail }))
    t.is(monitor.source, 'polling')
    t.regex(monitor.pollingReason ?? '', backend === 'native' ? /is not the sysfs of the kernel/ : /the fallback/)
    const first = monitor.snapshot()
    t.is(first.detail, detail)
    t.deepEqual(first, sysfs.snapshot({ detail }))
    t.is(monitor.snapshot(), first)
    t.is(monitor.refresh(), first)
    t.is(monitor.reload(), first)
  }
  const monitor = closing(t, sysfs.monitor())
  const before = monitor.snapshot()
  writeFileSync(`${root}/sys/class/block/sda/size`, '8\n')
  const after = monitor.snapshot()
  t.not(after, before)
  t.is(before.device('sda')?.sizeBytes, 64 << 20)
  t.is(after.device('sda')?.sizeBytes, 8 * 512)
  rmSync(`${root}/sys/dev/block/8:0`)
  t.is(monitor.snapshot().device('sda'), undefined)
  t.deepEqual(monitor.snapshot(), sysfs.snapshot())
})

onEveryBackend('a monitor notices a tree that appears later', (t, backend) => {
  const root = temporaryDirectory()
  t.teardown(() => removeMachine(root))
  const monitor = closing(t, new Sysfs({ root, backend }).monitor({ detail: 'full' }))
  t.deepEqual(monitor.snapshot().blockDevices, [])
  writeMachine(root, machineOfSize({ sessions: 1, luns: 1, maps: 1 }))
  t.is(monitor.snapshot().multipathMaps.length, 1)
})

onEveryBackend('wrong options are refused, and nothing is left open', (t, backend) => {
  const sysfs = new Sysfs({ root: '/nowhere', backend })
  // @ts-expect-error
  t.throws(() => sysfs.monitor({ detail: 'all' }), { instanceOf: TypeError, message: /^detail must be/ })
  // @ts-expect-error
  t.throws(() => sysfs.monitor({ intervalMs: '1' }), { instanceOf: TypeError, message: /^intervalMs must be a number/ })
  for (const intervalMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]) {
    t.throws(() => sysfs.watch({ intervalMs }), { instanceOf: RangeError, message: /^intervalMs must be from 1/ })
  }
})

onEveryBackend('a closed monitor throws', (t, backend) => {
  const monitor = new Sysfs({ root: writtenRoot(t), backend }).monitor()
  monitor.snapshot()
  monitor[Symbol.dispose]()
  monitor.close()
  for (const ask of [
    () => monitor.snapshot(),
    () => monitor.refresh(),
    () => monitor.reload(),
    () => monitor.changes(),
  ]) {
    t.throws(ask, { message: 'the monitor is closed' })
  }
  monitor.on('change', () => t.fail())
  monitor.removeAllListeners()
})

onEveryBackend('listeners receive each change once', async (t, backend) => {
  const root = writtenRoot(t)
  const monitor = closing(t, new Sysfs({ root, backend }).monitor({ intervalMs: 5 }))
  const told: string[] = []
  const snapshots: Snapshot[] = []
  const listener = (change: Change, snapshot: Snapshot) => {
    told.push(`${change.kind} ${change.name}`)
    snapshots.push(snapshot)
  }
  monitor.on('change', listener)
  monitor.once('change', (change) => told.push(`once: ${change.name}`))
  writeFileSync(`${root}/sys/class/block/sdb/size`, '8\n')
  while (told.length < 2) await pause(5)
  t.deepEqual(told.sort(), ['changed sdb', 'once: sdb'])
  t.is(snapshots[0], monitor.snapshot())

  monitor.off('change', listener)
  writeFileSync(`${root}/sys/class/block/sdb/size`, '16\n')
  await pause(50)
  t.is(told.length, 2)

  // A direct reading takes no change away from listeners. A new listener starts with the current snapshot.
  monitor.removeAllListeners()
  monitor.on('change', listener)
  writeFileSync(`${root}/sys/class/block/sdb/size`, '24\n')
  monitor.snapshot()
  await setImmediate()
  t.deepEqual(told.slice(2), ['changed sdb'])
})

onEveryBackend('after all listeners are removed nothing waits, and later listeners are called', async (t, backend) => {
  const outcome = await answerOfChild(
    async ({ Sysfs }, { root, backend }) => {
      const { writeFileSync } = process.getBuiltinModule('node:fs')
      const { setTimeout: pause } = process.getBuiltinModule('node:timers/promises')
      const monitor = new Sysfs({ root, backend }).monitor({ intervalMs: 5 })
      const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
      const told: string[] = []
      monitor.on('change', () => told.push('removed'))
      monitor.once('change', () => told.push('removed'))
      monitor.on('error', () => {})
      const waiting = timers()
      monitor.removeAllListeners()
      const left = [timers(), ...(['change', 'uevent', 'error'] as const).map((event) => monitor.listenerCount(event))]

      writeFileSync(`${root}/sys/class/block/sdb/size`, '8\n')
      await pause(20)
      monitor.once('change', (change) => told.push(change.name))
      writeFileSync(`${root}/sys/class/block/sdc/size`, '8\n')
      while (told.length === 0) await pause(5)
      // The process ends by itself, because there is no listener.
      return { waiting, left, told }
    },
    { root: writtenRoot(t), backend },
  )
  t.deepEqual(outcome, { waiting: 1, left: [0, 0, 0, 0], told: ['sdc'] })
})

onEveryBackend('a failed reading is reported and repeated', async (t, backend) => {
  const outcome = await answerOfChild(
    async ({ Sysfs }, { root, backend }) => {
      const { closeSync, openSync, writeFileSync } = process.getBuiltinModule('node:fs')
      const { setTimeout: pause } = process.getBuiltinModule('node:timers/promises')
      const monitor = new Sysfs({ root, backend }).monitor({ intervalMs: 5 })
      const errors: string[] = []
      const changes: string[] = []
      monitor.on('error', (error) => errors.push('code' in error ? String(error.code) : String(error)))
      monitor.on('change', (change) => changes.push(change.name))
      writeFileSync(`${root}/sys/class/block/sdb/size`, '40\n')
      const taken: number[] = []
      try {
        for (;;) taken.push(openSync('/dev/null', 'r'))
      } catch {}
      while (errors.length === 0) await pause(5)
      for (const descriptor of taken) closeSync(descriptor)
      while (changes.length === 0) await pause(5)
      monitor.close()
      return { errors: [...new Set(errors)], changes }
    },
    { root: writtenRoot(t), backend },
    { mostDescriptors: 100 },
  )
  t.deepEqual(outcome, { errors: ['EMFILE'], changes: ['sdb'] })
})

onEveryBackend('with few descriptors a refresh opens the other attributes again', async (t, backend) => {
  const root = temporaryDirectory()
  t.teardown(() => removeMachine(root))
  writeMachine(root, machineOfSize({ sessions: 4, luns: 16, maps: 4 }))
  const { held, isHeld } = await answerOfChild(
    async ({ Sysfs }, { root, backend }) => {
      const { readdirSync, writeFileSync } = process.getBuiltinModule('node:fs')
      const { OpenAttributes } = process.getBuiltinModule('node:module').createRequire(`${process.cwd()}/`)(
        './dist/lib/monitor/open-attributes.js',
      ) as typeof import('../../lib/monitor/open-attributes.js')
      const openDescriptors = () => readdirSync('/proc/self/fd').length
      const held = new OpenAttributes()
      const rows = new Sysfs({ root, backend })
        .snapshot()
        .blockDevices.map(({ name }) => `${root}/sys/class/block/${name}`)
      const attributes = [
        { key: 'sectors', kind: 'integer', path: 'size' },
        { key: 'nothing', kind: 'text', path: 'nothing' },
      ] as const
      const before = openDescriptors()
      const read = () => rows.map((entry) => held.read(entry, { sectors: 0, nothing: null }, attributes)['sectors'])
      const first = read()
      const isHeld = openDescriptors() - before
      writeFileSync(`${rows.at(-1)}/size`, '7\n')
      writeFileSync(`${rows[0]}/size`, '9\n')
      const second = read()
      const count = held.count
      held.close()
      if (openDescriptors() !== before) throw new Error('something is still open')
      if (first.some((sectors) => sectors !== 131072)) throw new Error(String(first))
      if (second[0] !== 9 || second.at(-1) !== 7) throw new Error(String(second))
      return { held: count, isHeld }
    },
    { root, backend },
    { mostDescriptors: 60 },
  )
  t.is(held.attributes, 2 * (64 + 4 + 2))
  t.is(held.held, isHeld)
  t.true(held.held > 0 && held.held < 30, String(held.held))
})

for (const detail of details) {
  testWithUevents.serial(`${detail}: loop devices that appear and disappear are noticed`, async (t) => {
    const devices = await loopDevicesFor(t)
    const monitor = ueventMonitor(t, detail)
    await isCurrent(t, monitor)
    const names = await devices.add(5)
    for (const name of names) t.is(monitor.snapshot().device(name)?.type, 'loop')
    await isCurrent(t, monitor)
    await devices.remove(names.slice(1))
    t.not(monitor.snapshot().device(names[0] ?? ''), undefined)
    await isCurrent(t, monitor)
    // The free numbers are used again.
    const again = await devices.add(4)
    for (const name of again) t.not(monitor.snapshot().device(name), undefined)
    await isCurrent(t, monitor)
  })
}

testWithMedium.serial('a medium that is inserted, grows and is removed is noticed', async (t) => {
  const devices = await loopDevicesFor(t)
  const monitor = ueventMonitor(t, 'full')
  const directory = mkdtempSync(path.join(tmpdir(), 'fast-sysfs-medium-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const file = path.join(directory, 'medium')
  writeFileSync(file, '')
  truncateSync(file, 1 << 20)
  const [name = ''] = await devices.add(1)
  const sequence = monitor.snapshot().device(name)?.diskSequence
  await devices.attach(name, file)
  t.is(monitor.snapshot().device(name)?.sizeBytes, 1 << 20)
  t.not(monitor.snapshot().device(name)?.diskSequence, sequence)
  await isCurrent(t, monitor)
  await devices.detach(name)
  // What opened it last may still be closing it.
  for (let tries = 0; tries < 100 && monitor.refresh().device(name)?.sizeBytes !== 0; tries++) await pause(20)
  t.is(monitor.snapshot().device(name)?.sizeBytes, 0)
  await isCurrent(t, monitor)
})

testWithUevents.serial('without events a snapshot is the same object and costs one system call', async (t) => {
  const devices = await loopDevicesFor(t)
  const monitor = ueventMonitor(t, 'basic')
  await devices.add(20)
  await isCurrent(t, monitor)
  // Other tests may make loop devices at the same time.
  const snapshots = new Set<Snapshot>()
  for (let i = 0; i < 1000; i++) snapshots.add(monitor.snapshot())
  t.true(snapshots.size < 10, `${snapshots.size} in 1000`)
})

testWithUevents.serial("an overflow of the kernel's buffer loses no change", async (t) => {
  const devices = await loopDevicesFor(t)
  const monitor = ueventMonitor(t, 'basic', 1)
  await isCurrent(t, monitor)
  for (let round = 0; round < 5; round++) {
    const names = await devices.add(20)
    await isCurrent(t, monitor)
    for (const name of names) t.not(monitor.snapshot().device(name), undefined)
    await devices.remove(names)
    await isCurrent(t, monitor)
  }
})

testWithUevents.serial('listeners receive uevents and changes', async (t) => {
  const devices = await loopDevicesFor(t)
  const monitor = ueventMonitor(t, 'basic')
  const uevents: Uevent[] = []
  const misfits: string[] = []
  let added = 0
  const listener = (change: Change) => {
    const misfit = replayed.apply(change)
    if (misfit !== undefined) misfits.push(misfit)
    if (change.kind === 'added') added++
  }
  const { replayed } = ReplayedChanges.from(
    monitor,
    () => monitor.on('change', listener),
    () => monitor.off('change', listener),
  )
  monitor.on('uevent', (uevent) => uevents.push(uevent))
  for (let round = 0; round < 5; round++) {
    const names = await devices.add(2)
    while (names.some((name) => monitor.snapshot().device(name) === undefined)) await pause(5)
    await devices.remove(names)
  }
  await isCurrent(t, monitor)
  const differences = await lastingDifferences(replayed, monitor)
  t.deepEqual(misfits, [])
  t.true(added >= 10, String(added))
  t.true(uevents.filter(({ action, subsystem }) => action === 'add' && subsystem === 'block').length >= 10)
  t.deepEqual(differences, [])
})

testWithLoopDevices.serial('an open attribute of a removed device is opened again when the name returns', async (t) => {
  const devices = await loopDevicesFor(t)
  const attributes = [{ key: 'sectors', kind: 'integer', path: 'size' }] as const
  const held = closing(t, new OpenAttributes())
  const [name = ''] = await devices.addFar(1)
  const read = () => held.read(`/sys/class/block/${name}`, { sectors: 1 }, attributes)['sectors']
  t.is(read(), 0)
  t.is(held.count.held, 1)
  await devices.remove([name])
  t.is(read(), null)
  await devices.addAgain([name])
  t.is(read(), 0)
})

/** Takes snapshots while devices are added and removed: what each must show, and what must not grow. */
onEveryBackend(
  'many devices come and go while snapshots are made',
  async (t, backend) => {
    t.timeout(150_000)
    const outcome = await answerOfChild(
      async ({ Sysfs }, { backend, file, count }) => {
        const { readdirSync } = process.getBuiltinModule('node:fs')
        const { setImmediate, setTimeout: pause } = process.getBuiltinModule('node:timers/promises')
        const { createRequire } = process.getBuiltinModule('node:module')
        const { LoopDevices } = createRequire(file)(file) as typeof import('../support/loop-devices.js')
        const openDescriptors = () => readdirSync('/proc/self/fd').length
        const started = await LoopDevices.start()
        if ('missing' in started) throw new Error(started.missing)
        const { devices } = started
        const kept = await devices.add(3)
        const sysfs = new Sysfs({ sysPath: '/sys', backend })
        const monitor = sysfs.monitor()
        const wrong: string[] = []
        const check = ({ blockDevices }: Snapshot) => {
          const names = new Set<string>()
          for (const { name, minor, major, type, sizeBytes } of blockDevices) {
            if (names.has(name)) wrong.push(`${name} twice`)
            names.add(name)
            if (type !== 'loop') continue
            if (`loop${minor}` !== name || major !== 7) wrong.push(`${name} is ${major}:${minor}`)
            if (sizeBytes !== null && sizeBytes % 512 !== 0) wrong.push(`${name} has ${sizeBytes}`)
          }
          for (const name of kept) if (!names.has(name)) wrong.push(`${name} is missing`)
        }
        monitor.snapshot()
        sysfs.snapshot()
        const run = async (count: number) => {
          let isDone = false
          let snapshots = 0
          const done = devices.churn(count, 32).then(() => {
            isDone = true
          })
          while (!isDone) {
            check(monitor.snapshot())
            if (snapshots++ % 4 === 0) check(sysfs.snapshot())
            if (snapshots % 16 === 0) await pause(1)
            await setImmediate()
          }
          await done
          globalThis.gc?.()
          await setImmediate()
          return { snapshots, descriptors: openDescriptors(), rss: process.memoryUsage.rss() }
        }
        const early = await run(count / 4)
        const late = await run((count / 4) * 3)
        const last = monitor.snapshot()
        await devices.close()
        const source = monitor.source
        monitor.close()
        return {
          early,
          late,
          wrong: wrong.slice(0, 10),
          source,
          last: last.blockDevices.length,
          end: openDescriptors(),
        }
      },
      { backend, file: loopDevicesModule, count: byRunLength({ usual: 400, long: 10_000 }) },
      { nodeArguments: steadyMemory },
    )
    t.log(`${outcome.early.snapshots + outcome.late.snapshots} snapshots, source: ${outcome.source}`)
    t.deepEqual(outcome.wrong, [])
    t.true(outcome.late.snapshots > 10)
    t.is(outcome.late.descriptors, outcome.early.descriptors)
    t.true(outcome.late.rss < outcome.early.rss * 1.5, `${outcome.early.rss} bytes became ${outcome.late.rss}`)
  },
  testWithLoopDevices.serial,
)
