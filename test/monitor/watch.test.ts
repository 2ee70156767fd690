import { rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { type Change, Sysfs } from '../../lib/index.js'
import { onEveryBackend } from '../support/backends.js'
import { answerOfChild, howItEnded, runInChild } from '../support/child-process.js'
import { loopDevicesFor, missingLoopDevices } from '../support/loop-devices.js'
import { lastingDifferences, ReplayedChanges } from '../support/replayed-changes.js'
import { machineOfSize, removeMachine, writeMachine } from '../support/sysfs-tree.js'
import { temporaryDirectory } from '../support/temporary.js'
import { testWith } from '../support/test-with.js'

function writtenRoot(t: ExecutionContext): string {
  const root = temporaryDirectory()
  t.teardown(() => removeMachine(root))
  writeMachine(root, machineOfSize({ sessions: 2, luns: 2, maps: 2 }))
  return root
}

function resize(root: string, device: string, sectors: number): void {
  writeFileSync(`${root}/sys/class/block/${device}/size`, `${sectors}\n`)
}

function lineOf(change: Change): string {
  const { kind, what, name } = change
  return `${kind} ${what} ${name}${change.kind === 'changed' ? `: ${change.fields.join(' ')}` : ''}`
}

onEveryBackend('changes arrive as they happen, each once, in the order of a comparison', async (t, backend) => {
  const root = writtenRoot(t)
  const changes = new Sysfs({ root, backend }).watch({ intervalMs: 5 })
  const first = changes.next()
  await pause(30)
  resize(root, 'sda', 8)
  t.is(lineOf((await first).value), 'changed blockDevice sda: sizeBytes')

  const link = '../../devices/virtual/block/dm-1'
  const second = changes.next()
  rmSync(`${root}/sys/dev/block/253:1`)
  t.is(lineOf((await second).value), 'removed blockDevice dm-1')
  t.is(lineOf((await changes.next()).value), 'removed multipathMap mpathb')
  const third = changes.next()
  symlinkSync(link, `${root}/sys/dev/block/253:1`)
  t.is(lineOf((await third).value), 'added blockDevice dm-1')
  t.is(lineOf((await changes.next()).value), 'added multipathMap mpathb')
  await changes.return?.()
})

onEveryBackend('an iteration begins at the call, and a slow consumer gets a combined diff', async (t, backend) => {
  const root = writtenRoot(t)
  const changes = new Sysfs({ root, backend }).watch({ intervalMs: 5 })
  for (let sectors = 1; sectors < 100; sectors++) resize(root, 'sda', sectors)
  const { value } = await changes.next()
  t.is(value.kind === 'changed' && value.what === 'blockDevice' && value.after.sizeBytes, 99 * 512)
  // A device that came and went between two calls is not reported.
  resize(root, 'sdb', 1)
  resize(root, 'sdb', 131072)
  resize(root, 'sdc', 5)
  t.is(lineOf((await changes.next()).value), 'changed blockDevice sdc: sizeBytes')
  await changes.return?.()
})

onEveryBackend('several next calls may be pending', async (t, backend) => {
  const root = writtenRoot(t)
  const changes = new Sysfs({ root, backend }).watch({ intervalMs: 5 })
  const asked = [changes.next(), changes.next(), changes.next()]
  await pause(20)
  resize(root, 'sda', 8)
  resize(root, 'sdb', 8)
  const [first, second] = await Promise.all(asked.slice(0, 2))
  t.deepEqual([first?.value.name, second?.value.name], ['sda', 'sdb'])
  await changes.return?.()
  t.true((await asked[2])?.done)
})

onEveryBackend('an iteration ends by the signal, by return and by break, without an error', async (t, backend) => {
  const root = writtenRoot(t)
  const sysfs = new Sysfs({ root, backend })
  const controller = new AbortController()
  const { signal } = controller
  const aborted = (async () => {
    const seen: string[] = []
    for await (const change of sysfs.watch({ signal, intervalMs: 5 })) seen.push(change.name)
    return seen
  })()
  const changes = sysfs.watch({ intervalMs: 5 })
  const pending = changes.next()
  await pause(20)
  resize(root, 'sda', 8)
  t.is((await pending).value.name, 'sda')
  await pause(30)
  controller.abort()
  t.deepEqual(await aborted, ['sda'])

  const never = changes.next()
  t.deepEqual(await changes.return?.(), { done: true, value: undefined })
  t.deepEqual(await never, { done: true, value: undefined })
  t.deepEqual(await changes.next(), { done: true, value: undefined })
  for await (const _ of sysfs.watch({ signal, intervalMs: 5 })) t.fail()

  setTimeout(() => resize(root, 'sda', 16), 20)
  for await (const change of sysfs.watch({ intervalMs: 5 })) {
    t.is(change.name, 'sda')
    break
  }
})

onEveryBackend('closing a monitor ends its iterations', async (t, backend) => {
  const monitor = new Sysfs({ root: writtenRoot(t), backend }).monitor({ intervalMs: 5 })
  const waiting = monitor.changes()
  const idle = monitor.changes()
  const pending = waiting.next()
  await pause(20)
  monitor.close()
  t.true((await pending).done)
  t.true((await idle.next()).done)
})

onEveryBackend('an iteration that cannot read rejects and ends', async (t, backend) => {
  const code = await answerOfChild(
    async ({ Sysfs, SysfsError }, { root, backend }) => {
      const { closeSync, openSync } = process.getBuiltinModule('node:fs')
      const changes = new Sysfs({ root, backend }).watch({ intervalMs: 5 })
      const pending = changes.next()
      const taken: number[] = []
      try {
        for (;;) taken.push(openSync('/dev/null', 'r'))
      } catch {}
      const code = await pending.then(
        () => 'answered',
        (error) => (error instanceof SysfsError ? error.code : String(error)),
      )
      for (const descriptor of taken) closeSync(descriptor)
      return [code, (await changes.next()).done]
    },
    { root: writtenRoot(t), backend },
    { mostDescriptors: 100 },
  )
  t.deepEqual(code, ['EMFILE', true])
})

onEveryBackend(
  'who does not ask keeps no process alive; who waits does, unless unref was called',
  async (t, backend) => {
    const root = writtenRoot(t)
    const end = await runInChild(
      ({ Sysfs }, { root, backend }) => {
        const sysfs = new Sysfs({ root, backend })
        sysfs.watch()
        sysfs.monitor().snapshot()
        const monitor = sysfs.monitor({ intervalMs: 5 }).unref()
        monitor.on('change', () => {})
        monitor.changes().next()
        const start = performance.now()
        const awaited = sysfs.watch({ intervalMs: 5, signal: AbortSignal.timeout(300) })
        awaited.next().then(({ done }) => console.log(done, performance.now() - start > 200))
      },
      { root, backend },
    )
    t.is(end.status, 0, howItEnded(end))
    t.regex(end.stdout, /true true/)
  },
)

testWith(missingLoopDevices()).serial('loop devices that come and go are reported as changes', async (t) => {
  const devices = await loopDevicesFor(t)
  const controller = new AbortController()
  const sysfs = new Sysfs({ sysPath: '/sys' })
  const monitor = sysfs.monitor({ detail: 'full', intervalMs: 50 })
  t.teardown(() => monitor.close())
  const { replayed, following: changes } = ReplayedChanges.from(
    monitor,
    () => monitor.changes({ signal: controller.signal }),
    (early) => early.return?.(),
  )
  const seen: string[] = []
  const misfits: string[] = []
  const watching = (async () => {
    for await (const change of changes) {
      seen.push(`${change.kind} ${change.name}`)
      const misfit = replayed.apply(change)
      if (misfit !== undefined) misfits.push(misfit)
    }
  })()
  const until = async (line: string) => {
    while (!seen.includes(line)) await pause(5)
  }
  const names = await devices.add(10)
  for (const name of names) await until(`added ${name}`)
  await devices.churn(500, 16)
  await devices.remove(names)
  for (const name of names) await until(`removed ${name}`)
  t.deepEqual(await lastingDifferences(replayed, monitor), [])
  controller.abort()
  await watching
  t.deepEqual(misfits, [])
  t.log(`${seen.length} changes, source: ${monitor.source}`)
})
