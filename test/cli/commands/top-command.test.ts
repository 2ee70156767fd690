import type { Activity } from '../../../lib/cli/top/disk-activity.js'
import { onEveryBackend } from '../../support/backends.js'
import { type FileTree, writeFileTree } from '../../support/file-tree.js'
import { endOf, linesOf, runAlone, testOnTerminal, tool } from '../../support/tool.js'

const counted = '100 0 800 50 10 0 80 5 0 40 55 0 0 0 0 0 0\n'

function device(name: string, minor: number, stat = counted): FileTree {
  const link = { link: `../../devices/virtual/block/${name}` }
  const directory = `sys/devices/virtual/block/${name}`
  return {
    [`${directory}/size`]: '2048\n',
    [`${directory}/ro`]: '0\n',
    [`${directory}/stat`]: stat,
    [`sys/dev/block/259:${minor}`]: link,
    [`sys/class/block/${name}`]: link,
  }
}

onEveryBackend('top --batch prints one line per interval', async (t, backend) => {
  const root = writeFileTree(t, { ...device('nbd0', 0), ...device('nbd1', 1) })
  const args = ['top', '--root', root, '--backend', backend, '--interval', '0.02', '-n', '3']
  for (const more of [['--batch'], []]) {
    const { status, stdout, stderr } = await runAlone([...args, ...more])
    t.deepEqual([status, stderr], [0, ''])
    t.is(linesOf(stdout).length, 3)
    for (const line of linesOf(stdout)) {
      t.regex(line, /^\d\d:\d\d:\d\d {2}0\.0 r\/s {2}0\.0 w\/s {2}0B read\/s {2}0B written\/s {2}nbd0 0% busy$/)
    }
  }
})

onEveryBackend('top --json prints all rates of the given devices', async (t, backend) => {
  const root = writeFileTree(t, { ...device('nbd0', 0), ...device('nbd1', 1), ...device('nbd2', 2, 'nothing\n') })
  const args = ['top', '--root', root, '--backend', backend, '--interval', '0.02', '-n', '2', '--json']
  const named = async (...devices: readonly string[]) => {
    const lines = linesOf((await runAlone([...args, ...devices])).stdout).map((line) => JSON.parse(line))
    t.is(lines.length, 2)
    return lines[1].devices.map((one: Activity) => {
      t.is(one.utilization, 0)
      return one.device
    })
  }
  // The counters of the third device are not readable.
  t.deepEqual(await named(), ['nbd0', 'nbd1'])
  t.deepEqual(await named('/dev/nbd1', 'nothing'), ['nbd1'])
})

testOnTerminal('top reads keys and restores the terminal (needs script of util-linux)', async (t) => {
  const root = writeFileTree(t, { ...device('nbd0', 0), ...device('nbd1', 1) })
  const command = `stty cols 100 rows 20; '${process.execPath}' '${tool}' top --root '${root}' --interval 0.05`
  // The keys are typed after the first output.
  const typing = `{ sleep 2; printf s; sleep 1; printf q; sleep 1; } | script -qec "${command}" /dev/null`
  const { status, stdout } = await endOf('/bin/sh', ['-c', typing])
  t.is(status, 0)
  t.true(stdout.startsWith('\x1b[?1049h\x1b[?25l'), JSON.stringify(stdout.slice(0, 40)))
  t.true(stdout.trimEnd().endsWith('\x1b[?25h\x1b[?1049l'))
  // The first sort column is busy, the next one is r/s.
  t.true(stdout.includes('\x1b[1mbusy\x1b[22m'))
  t.true(stdout.includes('\x1b[1mr/s\x1b[22m'))
  t.true(stdout.includes('nbd1'))
})
