import test from 'ava'
import { ascii } from '../../../lib/cli/terminal/terminal.js'
import { drawActivities, sorted, sortWords, summaryOf } from '../../../lib/cli/top/activity-table.js'
import type { Activity } from '../../../lib/cli/top/disk-activity.js'

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

test('drawActivities draws a sorted table with bars', (t) => {
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

test('the summary does not count stacked devices', (t) => {
  t.is(summaryOf(activities), '120 r/s  3.0 w/s  481.6K read/s  12K written/s  sdb 100% busy')
  t.is(summaryOf([]), '0.0 r/s  0.0 w/s  0B read/s  0B written/s')
})
