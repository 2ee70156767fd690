import { spawn } from 'node:child_process'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { type Backend, onEveryBackend } from '../../support/backends.js'
import type { EndOfChild } from '../../support/child-process.js'
import { type FileTree, writeFileTree } from '../../support/file-tree.js'
import { linesOf, runAlone, tool } from '../../support/tool.js'

/** A virtual disk with its entry in dev/block. */
function disk(name: string, minor: number, sectors: string): FileTree {
  const link = { link: `../../devices/virtual/block/${name}` }
  return {
    [`sys/devices/virtual/block/${name}/size`]: `${sectors}\n`,
    [`sys/devices/virtual/block/${name}/ro`]: '0\n',
    [`sys/dev/block/259:${minor}`]: link,
    [`sys/class/block/${name}`]: link,
  }
}

/** Runs `watch` until it exits, and calls `change` repeatedly in the meantime. */
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

/** Replaces an attribute atomically, as the kernel does. */
function write(root: string, attribute: string, value: string): void {
  const file = path.join(root, attribute)
  writeFileSync(`${file}.new`, value)
  renameSync(`${file}.new`, file)
}

onEveryBackend('watch prints one line for each change', async (t, backend) => {
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

onEveryBackend('watch --json prints one line of JSON for each change', async (t, backend) => {
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

/** Creates a new link to nbd1, which a rename moves to its place. */
function writeLink(t: ExecutionContext): string {
  const name = `link${links++}`
  const made = writeFileTree(t, { [name]: { link: '../../devices/virtual/block/nbd1' } })
  return path.join(made, name)
}

onEveryBackend('an interrupt ends watch and top with exit code 0', async (t, backend) => {
  const root = writeFileTree(t, disk('nbd0', 0, '2048'))
  for (const [command, signal] of [
    ['watch', 'SIGINT'],
    ['top', 'SIGTERM'],
  ] as const) {
    const args = [tool, command, '--root', root, '--backend', backend, '--interval', '0.02', '--json']
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    // Waits for the first output. `watch` prints only if something changes.
    const firstOutput = new Promise((resolve) => child.stdout.once('data', resolve))
    let hasOutput = false
    firstOutput.then(() => {
      hasOutput = true
    })
    for (let turn = 0; !hasOutput; turn++) {
      write(root, 'sys/devices/virtual/block/nbd0/size', turn % 2 === 0 ? '4096' : '2048')
      await setTimeout(50)
    }
    const ended = new Promise((resolve) => child.once('close', (...end) => resolve(end)))
    child.kill(signal)
    t.deepEqual(await ended, [0, null], command)
  }
})
