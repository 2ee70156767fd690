import { rmdirSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import type { Unreadable } from '../../lib/index.js'
import { type Backend, onEveryBackend } from '../support/backends.js'
import { howItEnded, packageRoot, runInChild } from '../support/child-process.js'
import {
  answerOnHangingTree,
  HangingTree,
  type HangingTreeParts,
  hangingTreeModule,
  hangingTreeParts,
  isMounted,
  missingHangingTree,
} from '../support/hanging-tree.js'
import { testWith } from '../support/test-with.js'

// A file system that blocks its reads, as a driver does that waits for a
// dead device (see hanging-tree.c). Each test runs in a process of its own with a pool of four threads, two of which
// are for queries.

const devices = Object.fromEntries(
  Array.from({ length: 6 }, (_, index) => [
    [`sys/a/${index}/v`, `${index}\n`],
    [`sys/a/${index}/link`, { link: `../${index}` }],
  ]).flat(),
)
const machine = {
  ...devices,
  'sys/class/block/sda/holders/dm-0': null,
  'sys/class/block/dm-0/slaves/sda': null,
  'dev/disk/volume': { link: '../sda' },
}

const testWithHangingTree = testWith(missingHangingTree())

/** One test at a time, because they wait for blocked calls. */
function onEach(title: string, run: (t: ExecutionContext, parts: HangingTreeParts, backend: Backend) => Promise<void>) {
  onEveryBackend(title, (t, backend) => run(t, hangingTreeParts(t, machine), backend), testWithHangingTree.serial)
}

/** Describes a rejection, here and in the children. */
interface Rejection {
  readonly name: string
  readonly code: string
  readonly syscall?: string
  readonly path?: string
}

onEach('a hanging attribute blocks neither the event loop nor other queries', async (t, parts, backend) => {
  const outcome = await answerOnHangingTree(
    parts,
    async ({ Sysfs, query, field: { name, text } }, tree, { backend }) => {
      const { readFile } = process.getBuiltinModule('node:fs/promises')
      const { root } = tree
      const sysfs = new Sysfs({ root, backend })
      const all = sysfs.async.prepare(query('a/*', { name: name(), v: text('v') }))
      const fails = (promise: Promise<unknown>): Promise<Rejection> =>
        promise.then(
          () => ({ name: 'none', code: 'it was answered' }),
          ({ name, code, syscall, path }) => ({ name, code, syscall, path: path?.replace(root, '') }),
        )
      await tree.hang('sys/a/3/v')

      let ticks = 0
      const clock = setInterval(() => ticks++, 1)
      const first = await fails(all.all({}, { timeoutMs: 100 }))
      const atFirst = ticks
      // This run gets a thread as soon as the first one is known to be blocked.
      const parent = await sysfs.async.findMultipathDeviceForDevice('/dev/disk/volume')
      const unreadable: Unreadable[] = []
      const rows = await all.all({}, { onUnreadable: (item) => unreadable.push(item) })
      clearInterval(clock)
      for (let i = 0; i < 20; i++) await all.all()
      const file = await readFile(`${root}/sys/a/1/v`, 'utf8')
      const reads = await tree.count('sys/a/3/v')
      const answered = await tree.answer()
      let again = await all.all()
      // The blocked thread may have to return first.
      while (again[3]?.v === null) again = await all.all()
      return {
        first,
        ticked: atFirst > 0 && ticks > atFirst,
        parent,
        rows: rows.map(({ v }) => v),
        unreadable: unreadable.map(({ path, code }) => [path.replace(root, ''), code]),
        file,
        reads,
        answered,
        again: again.map(({ v }) => v),
      }
    },
    { backend },
  )
  t.deepEqual(outcome, {
    first: { name: 'SysfsError', code: 'ETIMEDOUT', syscall: 'read', path: '/sys/a/3/v' },
    ticked: true,
    parent: '/dev/dm-0',
    rows: ['0', '1', '2', null, '4', '5'],
    unreadable: [['/sys/a/3/v', 'ETIMEDOUT']],
    file: '1\n',
    reads: 1,
    answered: 1,
    again: ['0', '1', '2', '3', '4', '5'],
  })
})

onEach('many runs on one hanging path block one thread', async (t, parts, backend) => {
  const outcome = await answerOnHangingTree(
    parts,
    async ({ Sysfs, query, field: { text, list } }, tree, { backend }) => {
      const { readFile } = process.getBuiltinModule('node:fs/promises')
      const sysfs = new Sysfs({ root: tree.root, backend })
      const attribute = sysfs.async.prepare(query('a/3', { v: text('v') }))
      const other = sysfs.async.prepare(query('a', { all: list('*', { v: text('v') }) }))
      await tree.hang('sys/a/3/v')
      const first = attribute.all()
      const later = Promise.all(
        Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? attribute.first() : other.first())),
      )
      const file = await readFile(`${tree.root}/sys/a/1/v`, 'utf8')
      const rows = await later
      const reads = await tree.count('sys/a/3/v')
      await tree.answer()
      const nulls = rows.map((row) => (row === undefined ? 'none' : 'v' in row ? row.v : row.all[3]?.v))
      return { file, nulls: [...new Set(nulls)], reads, first: await first }
    },
    { backend },
  )
  t.deepEqual(outcome, { file: '1\n', nulls: [null], reads: 1, first: [{ v: '3' }] })
})

onEach(
  'when every thread that queries have hangs, they are refused, and the pool goes on',
  async (t, parts, backend) => {
    const outcome = await answerOnHangingTree(
      parts,
      async ({ Sysfs, query, field: { name, text } }, tree, { backend }) => {
        const { readFile } = process.getBuiltinModule('node:fs/promises')
        const { root } = tree
        const sysfs = new Sysfs({ root, backend })
        const attribute = [0, 1, 2, 3, 4, 5].map((i) =>
          sysfs.async.prepare(query(`a/${i}`, { name: name(), v: text('v') })),
        )
        for (let i = 0; i < 6; i++) await tree.hang(`sys/a/${i}/v`)
        const asked = Array.from({ length: 60 }, (_, i) =>
          attribute[i % 6]?.first().catch(({ code, path }) => `${code} ${path.replace(root, '')}`),
        )
        const refused = await Promise.all(asked.slice(2))
        const atOnce = await attribute[5]?.first().catch(({ code }) => code)
        const files = await Promise.all(
          Array.from({ length: 20 }, () => readFile(`${root}/sys/a/nothing`).catch(({ code }) => code)),
        )
        await tree.held(2)
        const held = await tree.answer()
        const kept = await Promise.all(asked.slice(0, 2))
        const again = await Promise.all(attribute.map((one) => one.first()))
        return { refused: [...new Set(refused)], atOnce, files: [...new Set(files)], held, kept, again }
      },
      { backend },
    )
    t.deepEqual(outcome, {
      refused: ['ETIMEDOUT /sys/a/1/v'],
      atOnce: 'ETIMEDOUT',
      files: ['ENOENT'],
      held: 2,
      kept: [
        { name: '0', v: '0' },
        { name: '1', v: '1' },
      ],
      again: [0, 1, 2, 3, 4, 5].map((i) => ({ name: String(i), v: String(i) })),
    })
  },
)

onEach('hanging directories, links and paths are named', async (t, parts, backend) => {
  const outcome = await answerOnHangingTree(
    parts,
    async ({ Sysfs, query, field: { name, link, exists } }, tree, { backend }) => {
      const { root } = tree
      const sysfs = new Sysfs({ root, backend })
      const queries = {
        'sys/a': sysfs.async.prepare(query('a/*', { name: name() })),
        'sys/a/1/link': sysfs.async.prepare(query('a/1', { link: link('link') })),
        'sys/a/2/v/': sysfs.async.prepare(query('a/2', { isThere: exists('v') })),
      }
      const outcomes: unknown[] = []
      for (const [hanging, asked] of Object.entries(queries)) {
        await tree.hang(hanging)
        const first = await asked.all({}, { timeoutMs: 50 }).catch((error) => error)
        const unreadable: Unreadable[] = []
        const later = await asked.all({}, { onUnreadable: (item) => unreadable.push(item) }).catch((error) => error)
        outcomes.push([first.code, first.syscall, first.path.replace(root, '')])
        outcomes.push(
          later instanceof Error ? [later.message.replace(root, '')] : [later, unreadable.map(({ code }) => code)],
        )
        await tree.answer()
      }
      await tree.hang('dev/disk/volume')
      const device = await sysfs.async
        .findMultipathDeviceForDevice('/dev/disk/volume', { timeoutMs: 50 })
        .catch((error) => error)
      outcomes.push([device.code, device.syscall, device.path.replace(root, '')])
      await tree.answer()
      outcomes.push(await sysfs.async.findMultipathDeviceForDevice('/dev/disk/volume'))
      return outcomes
    },
    { backend },
  )
  t.deepEqual(outcome, [
    ['ETIMEDOUT', 'scandir', '/sys/a'],
    ["ETIMEDOUT: connection timed out, scandir '/sys/a'"],
    ['ETIMEDOUT', 'readlink', '/sys/a/1/link'],
    [[{ link: null }], ['ETIMEDOUT']],
    ['ETIMEDOUT', 'access', '/sys/a/2/v'],
    [[{ isThere: false }], ['ETIMEDOUT']],
    ['ETIMEDOUT', 'readlink', '/dev/disk/volume'],
    '/dev/dm-0',
  ])
})

onEach('an abort ends the waiting, before and during a hanging read', async (t, parts, backend) => {
  const outcome = await answerOnHangingTree(
    parts,
    async ({ Sysfs, query, field: { text } }, tree, { backend }) => {
      const sysfs = new Sysfs({ root: tree.root, backend })
      const attribute = sysfs.async.prepare(query('a/3', { v: text('v') }))
      await tree.hang('sys/a/3/v')
      const during = new AbortController()
      const waiting = new AbortController()
      const asked = [
        attribute.first({}, { signal: during.signal }),
        attribute.first({}, { signal: waiting.signal }),
      ].map((promise) => promise.catch(({ name, code, cause }) => [name, code, cause]))
      await tree.held(1)
      waiting.abort('no longer of interest')
      during.abort('this one neither')
      const aborted = await Promise.all(asked)
      const reads = await tree.count('sys/a/3/v')
      await tree.answer()
      return { aborted, reads, later: await attribute.first() }
    },
    { backend },
  )
  t.deepEqual(outcome, {
    aborted: [
      ['AbortError', 'ABORT_ERR', 'this one neither'],
      ['AbortError', 'ABORT_ERR', 'no longer of interest'],
    ],
    reads: 1,
    later: { v: '3' },
  })
})

onEach('a blocked run continues when the kernel returns, beside a later run', async (t, parts, backend) => {
  const outcome = await answerOnHangingTree(
    parts,
    async ({ Sysfs, query, field: { text } }, tree, { backend }) => {
      const sysfs = new Sysfs({ root: tree.root, backend })
      const all = sysfs.async.prepare(query('a/*', { v: text('v') }))
      await tree.hang('sys/a/2/v')
      await tree.hang('sys/a/4/v')
      const first = all.all()
      // Skips the second attribute and is then blocked at the fourth.
      const second = all.all()
      await tree.held(2)
      const held = await tree.answer()
      const [whole, partly] = await Promise.all([first, second])
      return { held, whole: whole.map(({ v }) => v), partly: partly.map(({ v }) => v) }
    },
    { backend },
  )
  t.deepEqual(outcome, { held: 2, whole: ['0', '1', '2', '3', '4', '5'], partly: ['0', '1', null, '3', '4', '5'] })
})

onEach(
  'a worker that is terminated while it hangs ends with its read, and nothing else does',
  async (t, parts, backend) => {
    const outcome = await answerOnHangingTree(
      parts,
      async (_library, tree, { backend, packageRoot }) => {
        const { Worker } = process.getBuiltinModule('node:worker_threads')
        await tree.hang('sys/a/3/v')
        const source = `
        const { workerData } = require('node:worker_threads')
        const { Sysfs, query, field: { text } } = require(workerData.packageRoot + '/dist/lib/index.js')
        const sysfs = new Sysfs(workerData)
        sysfs.async.prepare(query('a/3', { v: text('v') })).all({}, { timeoutMs: 10 }).catch(() => {})
        sysfs.async.prepare(query('a/3', { v: text('v') })).all()`
        const worker = new Worker(source, { eval: true, workerData: { packageRoot, root: tree.root, backend } })
        await tree.held(1)
        const terminated = worker.terminate()
        await tree.answer()
        return terminated
      },
      { backend, packageRoot },
    )
    t.is(outcome, 1)
  },
)

onEach('a process that exits during a hanging read ends when the read returns', async (t, parts, backend) => {
  const tree = await HangingTree.mount(parts)
  try {
    await tree.hang('sys/a/3/v')
    const ended = runInChild(
      async ({ Sysfs, query, field: { text } }, { root, backend }) => {
        const asked = new Sysfs({ root, backend }).async.prepare(query('a/3', { v: text('v') }))
        const error = await asked.all({}, { timeoutMs: 50 }).catch(({ code }) => code)
        process.on('exit', () => process.getBuiltinModule('node:fs').writeSync(1, `exits after ${error}`))
        process.exit(7)
      },
      { root: tree.root, backend },
    )
    await tree.held(1)
    // Usually long enough for the run to proceed as far as it can. The result does not depend on it.
    await setTimeout(1000)
    await tree.answer()
    const end = await ended
    t.is(end.status, 7, howItEnded(end))
    t.is(end.stdout, 'exits after ETIMEDOUT')
  } finally {
    await tree.close()
  }
  t.false(isMounted(tree.root))
})

onEach('a process that is killed during a hanging read ends and leaves nothing mounted', async (t, parts, backend) => {
  const end = await runInChild(
    async ({ Sysfs, query, field: { text } }, { parts, module, backend }) => {
      const { createRequire } = process.getBuiltinModule('node:module')
      const { HangingTree: Tree } = createRequire(module)(module) as typeof import('../support/hanging-tree.js')
      const tree = await Tree.mount(parts)
      await tree.hang('sys/a/3/v')
      const asked = new Sysfs({ root: tree.root, backend }).async.prepare(query('a/3', { v: text('v') }))
      asked.all().catch(() => {})
      await tree.held(1)
      process.getBuiltinModule('node:fs').writeSync(1, tree.root)
      process.kill(process.pid, 'SIGKILL')
    },
    { parts, module: hangingTreeModule, backend },
  )
  t.is(end.signal, 'SIGKILL', howItEnded(end))
  while (isMounted(end.stdout)) await setTimeout(5)
  rmdirSync(end.stdout)
  t.pass()
})
