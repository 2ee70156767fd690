import test from 'ava'
import { ascii } from '../../lib/cli/terminal.js'
import { drawActivities, sorted, sortWords, summaryOf } from '../../lib/cli/top/activity-table.js'
import type { Activity } from '../../lib/cli/top/disk-activity.js'
import { onEveryBackend } from '../support/backends.js'
import { type FileTree, writeFileTree } from '../support/file-tree.js'
import { endOf, linesOf, runAlone, testOnTerminal, tool } from '../support/tool.js'

function activity(title: string, some: Partial<Activity>): Activity {
  return {
    title,
    device: title,
    isStacked: false,
    readsPerSecond: 0,
    writesPerSecond: 0,
    discardsPerSecond: 0,
    flushesPerSecond: 0,
    requestsPerSecond: 0,
    readMergesPerSecond: 0,
    writeMergesPerSecond: 0,
    discardMergesPerSecond: 0,
    readBytesPerSecond: 0,
    writeBytesPerSecond: 0,
    discardBytesPerSecond: 0,
    readWaitMilliseconds: 0,
    writeWaitMilliseconds: 0,
    discardWaitMilliseconds: 0,
    flushWaitMilliseconds: 0,
    waitMilliseconds: 0,
    readRequestBytes: 0,
    writeRequestBytes: 0,
    discardRequestBytes: 0,
    requestBytes: 0,
    queueDepth: 0,
    utilization: 0,
    ...some,
  }
}

const activities = [
  activity('sda', { readsPerSecond: 120.4, readBytesPerSecond: 493158.4, utilization: 0.53, waitMilliseconds: 4.25 }),
  activity('sdb', { writesPerSecond: 3, writeBytesPerSecond: 12288, queueDepth: 1.5, utilization: 1.02 }),
  activity('sdc', {}),
  activity('mpatha', { readsPerSecond: 120.4, readBytesPerSecond: 493158.4, utilization: 0.53, isStacked: true }),
]

test('a table with bars, what is sorted by first', (t) => {
  const lines = drawActivities(sorted(activities, 'busy'), 'busy', ascii).map((line) =>
    line.map(({ text }) => text).join(''),
  )
  t.deepEqual(lines, [
    'name    r/s  w/s    rB/s  wB/s  wait ms  queue  busy',
    'sdb     0.0  3.0      0B   12K      0.0    1.5  100%  ##########',
    'mpatha  120  0.0  481.6K    0B      0.0    0.0   53%  #####.....',
    'sda     120  0.0  481.6K    0B      4.3    0.0   53%  #####.....',
    'sdc     0.0  0.0      0B    0B      0.0    0.0    0%  ..........',
  ])
  const first = (word: string) => sorted(activities, word)[0]?.title
  t.deepEqual(sortWords.map(first), ['sdb', 'mpatha', 'sdb', 'mpatha', 'sdb', 'sda', 'sdb', 'mpatha'])
})

test('the summary counts no work twice', (t) => {
  t.is(summaryOf(activities), '120 r/s  3.0 w/s  481.6K read/s  12K written/s  sdb 100% busy')
  t.is(summaryOf([]), '0.0 r/s  0.0 w/s  0B read/s  0B written/s')
})

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

onEveryBackend('top --batch has a line for each look', async (t, backend) => {
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

onEveryBackend('top --json has all rates of the devices that are asked for', async (t, backend) => {
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
  // Of the third no numbers can be read.
  t.deepEqual(await named(), ['nbd0', 'nbd1'])
  t.deepEqual(await named('/dev/nbd1', 'nothing'), ['nbd1'])
})

testOnTerminal(
  'top on a terminal: keys, and what was there before comes back (needs script of util-linux)',
  async (t) => {
    const root = writeFileTree(t, { ...device('nbd0', 0), ...device('nbd1', 1) })
    const command = `stty cols 100 rows 20; '${process.execPath}' '${tool}' top --root '${root}' --interval 0.05`
    // The keys are typed when there is something to see.
    const typing = `{ sleep 2; printf s; sleep 1; printf q; sleep 1; } | script -qec "${command}" /dev/null`
    const { status, stdout } = await endOf('/bin/sh', ['-c', typing])
    t.is(status, 0)
    t.true(stdout.startsWith('\x1b[?1049h\x1b[?25l'), JSON.stringify(stdout.slice(0, 40)))
    t.true(stdout.trimEnd().endsWith('\x1b[?25h\x1b[?1049l'))
    // First by how busy they are, then by the next column.
    t.true(stdout.includes('\x1b[1mbusy\x1b[22m'))
    t.true(stdout.includes('\x1b[1mr/s\x1b[22m'))
    t.true(stdout.includes('nbd1'))
  },
)
