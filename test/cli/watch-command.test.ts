import { spawn } from 'node:child_process'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { changeText } from '../../lib/cli/change-text.js'
import { diff, type SnapshotData, Sysfs } from '../../lib/index.js'
import { type Backend, onEveryBackend } from '../support/backends.js'
import type { EndOfChild } from '../support/child-process.js'
import { type FileTree, writeFileTree } from '../support/file-tree.js'
import { linesOf, runAlone, tool } from '../support/tool.js'

/** A disk of no bus, with its entry in dev/block. */
function disk(name: string, minor: number, sectors: string): FileTree {
  const link = { link: `../../devices/virtual/block/${name}` }
  return {
    [`sys/devices/virtual/block/${name}/size`]: `${sectors}\n`,
    [`sys/devices/virtual/block/${name}/ro`]: '0\n',
    [`sys/dev/block/259:${minor}`]: link,
    [`sys/class/block/${name}`]: link,
  }
}

/** Runs `watch` until it ends by itself, while what it watches is changed again and again. */
async function watchWhile(
  change: (turn: number) => void,
  args: readonly string[],
  backend: Backend,
): Promise<EndOfChild> {
  let hasEnded = false
  const end = runAlone(['watch', '--interval', '0.02', '--backend', backend, ...args]).finally(() => {
    hasEnded = true
  })
  for (let turn = 0; !hasEnded; turn++) {
    change(turn)
    await setTimeout(50)
  }
  return end
}

/** As the kernel changes an attribute: it is the old or the new, and never between. */
function write(root: string, attribute: string, value: string): void {
  const file = path.join(root, attribute)
  writeFileSync(`${file}.new`, value)
  renameSync(`${file}.new`, file)
}

onEveryBackend('watch says what changes, in lines', async (t, backend) => {
  const root = writeFileTree(t, disk('nbd0', 0, '2048'))
  const resize = (turn: number) => write(root, 'sys/devices/virtual/block/nbd0/size', turn % 2 === 0 ? '4096' : '2048')
  const { status, stdout, stderr } = await watchWhile(resize, ['--root', root, '-n', '2'], backend)
  t.deepEqual([status, stderr], [0, ''])
  const lines = linesOf(stdout)
  t.is(lines.length, 2)
  for (const line of lines) {
    t.regex(line, /^\d\d:\d\d:\d\d ~ block device nbd0: sizeBytes (1048576 → 2097152|2097152 → 1048576)$/)
  }
})

onEveryBackend('watch --json has a line for each change', async (t, backend) => {
  const root = writeFileTree(t, { ...disk('nbd0', 0, '2048'), 'sys/devices/virtual/block/nbd1/size': '2048\n' })
  const entry = path.join(root, 'sys/dev/block/259:1')
  const comeAndGo = (turn: number) => {
    rmSync(entry, { force: true })
    if (turn % 2 === 0) renameSync(writeLink(t), entry)
  }
  const { status, stdout } = await watchWhile(comeAndGo, ['--root', root, '-n', '2', '--json'], backend)
  t.is(status, 0)
  const changes = linesOf(stdout).map((line) => JSON.parse(line))
  t.is(changes.length, 2)
  t.deepEqual(changes.map(({ kind }) => kind).sort(), ['added', 'removed'])
  for (const { time, what, name } of changes) {
    t.deepEqual([what, name], ['blockDevice', 'nbd1'])
    t.is(new Date(time).toISOString(), time)
  }
})

let links = 0

/** A new link to nbd1, to be put in its place. */
function writeLink(t: ExecutionContext): string {
  const name = `link${links++}`
  const made = writeFileTree(t, { [name]: { link: '../../devices/virtual/block/nbd1' } })
  return path.join(made, name)
}

onEveryBackend('an interrupt ends watch and top, which is no failure', async (t, backend) => {
  const root = writeFileTree(t, disk('nbd0', 0, '2048'))
  for (const [command, signal] of [
    ['watch', 'SIGINT'],
    ['top', 'SIGTERM'],
  ] as const) {
    const args = [tool, command, '--root', root, '--backend', backend, '--interval', '0.02', '--json']
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    // Until it says something; watch is given something to say.
    const speaks = new Promise((resolve) => child.stdout.once('data', resolve))
    let isSpeaking = false
    speaks.then(() => {
      isSpeaking = true
    })
    for (let turn = 0; !isSpeaking; turn++) {
      write(root, 'sys/devices/virtual/block/nbd0/size', turn % 2 === 0 ? '4096' : '2048')
      await setTimeout(50)
    }
    const ended = new Promise((resolve) => child.once('close', (...end) => resolve(end)))
    child.kill(signal)
    t.deepEqual(await ended, [0, null], command)
  }
})

onEveryBackend('each kind of change in words', (t, backend) => {
  const root = writeFileTree(t, {
    ...disk('nbd0', 0, '2048'),
    'sys/devices/platform/host2/session1/iscsi_session/session1/state': 'FAILED\n',
    'sys/devices/platform/host2/session1/iscsi_session/session1/targetname': 'iqn.2026-11.io.example:alpha\n',
    'sys/class/iscsi_session/session1': { link: '../../devices/platform/host2/session1/iscsi_session/session1' },
  })
  const full = new Sysfs({ root, backend }).snapshot({ detail: 'full' })
  const empty: SnapshotData = { ...full, blockDevices: [], iscsiSessions: [] }
  const words = (before: SnapshotData, after: SnapshotData) =>
    diff(before, after).map((change) => changeText(change, '->'))
  t.deepEqual(words(empty, full), [
    '+ block device nbd0: disk 1M',
    '+ iSCSI session session1: iqn.2026-11.io.example:alpha',
  ])
  t.deepEqual(words(full, empty), [
    '- block device nbd0: disk 1M',
    '- iSCSI session session1: iqn.2026-11.io.example:alpha',
  ])
  const changed: SnapshotData = {
    ...full,
    blockDevices: full.blockDevices.map((device) => ({ ...device, readOnly: null, holders: ['dm-0', 'dm-1'] })),
    iscsiSessions: full.iscsiSessions.map((session) => ({ ...session, state: 'LOGGED_IN' })),
  }
  t.deepEqual(words(full, changed), [
    '~ block device nbd0: readOnly false -> none, holders [] -> [dm-0 dm-1]',
    '~ iSCSI session session1: state FAILED -> LOGGED_IN',
  ])
})

test('misused', async (t) => {
  for (const [args, problem] of [
    [['watch', '--interval', '0'], "--interval must be a number of seconds from 0.001, not '0'"],
    [['watch', '--interval', '1s'], "--interval must be a number of seconds from 0.001, not '1s'"],
    [['top', '-n', '0'], "--count must be a number from 1, not '0'"],
    [
      ['top', '--sort', 'size'],
      "--sort must be one of busy, reads, writes, read, written, wait, queue, name, not 'size'",
    ],
    [['watch', '--batch'], 'watch takes no --batch'],
  ] as const) {
    const end = await runAlone(args)
    t.deepEqual([end.status, end.stderr], [2, `fast-sysfs: ${problem} (see fast-sysfs --help)\n`])
  }
})
