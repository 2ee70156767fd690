import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { parseUevents } from '../../lib/executor/uevent.js'
import { type LostUevents, Sysfs, type Uevent } from '../../lib/index.js'
import { ueventsOf } from '../../lib/monitor/uevent-iterator.js'
import { machineOf } from '../support/library-internals.js'
import { loopDevicesFor, missingLoopDevices } from '../support/loop-devices.js'
import { missingUevents } from '../support/requirements.js'
import { testWith } from '../support/test-with.js'

const addOfMap = [
  'add@/devices/virtual/block/dm-3',
  'ACTION=add',
  'DEVPATH=/devices/virtual/block/dm-3',
  'SUBSYSTEM=block',
  'MAJOR=253',
  'MINOR=3',
  'SEQNUM=4711',
]

function messages(...events: readonly (readonly string[])[]): string {
  return events.map((lines) => `${lines.join('\0')}\0\0`).join('')
}

const testWithUevents = testWith(missingLoopDevices(), missingUevents())

test('a message becomes an event with all its properties', (t) => {
  const [uevent, ...others] = parseUevents(messages(addOfMap))
  t.deepEqual(others, [])
  t.is(uevent?.action, 'add')
  t.is(uevent?.devicePath, '/devices/virtual/block/dm-3')
  t.is(uevent?.subsystem, 'block')
  t.is(uevent?.sequenceNumber, 4711)
  t.deepEqual(
    { ...uevent?.properties },
    {
      ACTION: 'add',
      DEVPATH: '/devices/virtual/block/dm-3',
      SUBSYSTEM: 'block',
      MAJOR: '253',
      MINOR: '3',
      SEQNUM: '4711',
    },
  )
})

test('several messages are parsed in order, with any bytes', (t) => {
  const strange = [
    'change@/devices/a',
    'ACTION=change',
    'DEVPATH=/devices/a',
    'SUBSYSTEM=block',
    'DM_NAME=größe=1',
    'SEQNUM=2',
  ]
  const found = parseUevents(Buffer.from(messages(addOfMap, strange), 'utf8'))
  t.deepEqual(
    found.map(({ action, sequenceNumber }) => [action, sequenceNumber]),
    [
      ['add', 4711],
      ['change', 2],
    ],
  )
  t.is(found[1]?.properties['DM_NAME'], 'größe=1')
})

test('messages that are not events are ignored', (t) => {
  const without = (key: string) => addOfMap.filter((line) => !line.startsWith(key))
  const nonsense = [
    without('ACTION'),
    without('DEVPATH'),
    without('SUBSYSTEM'),
    addOfMap.map((line) => line.replace('ACTION=add', 'ACTION=explode')),
    ['libudev', '=', ''],
    [''],
  ]
  t.deepEqual(parseUevents(messages(...nonsense)), [])
  t.deepEqual(parseUevents(''), [])
  t.is(parseUevents(messages(...nonsense, addOfMap)).length, 1)
})

test("a property may have the name of an object's own property", (t) => {
  const [uevent] = parseUevents(messages([...addOfMap, '__proto__=x', 'constructor=y']))
  t.deepEqual(Object.keys(uevent?.properties ?? {}).slice(-2), ['__proto__', 'constructor'])
})

test('the fallback cannot receive uevents and says why', (t) => {
  t.throws(() => new Sysfs({ backend: 'fallback' }).uevents(), { message: /the fallback cannot receive uevents/ })
})

testWithUevents.serial('uevents of loop devices are received', async (t) => {
  const devices = await loopDevicesFor(t)
  const sysfs = new Sysfs({ sysPath: '/sys' })
  const uevents = sysfs.uevents()
  const [name = ''] = await devices.add(1)
  await devices.remove([name])
  const heard: Uevent[] = []
  for await (const uevent of uevents) {
    if (uevent.action === 'lost' || uevent.devicePath !== `/devices/virtual/block/${name}`) continue
    heard.push(uevent)
    if (uevent.action === 'remove') break
  }
  t.deepEqual(
    heard.map((uevent) => uevent.action),
    ['add', 'remove'],
  )
  t.is(heard[0]?.properties['DEVNAME'], name)
  t.true((heard[0]?.sequenceNumber ?? 0) < (heard[1]?.sequenceNumber ?? 0))
  t.deepEqual(await uevents.next(), { done: true, value: undefined })
})

testWithUevents.serial('a pending next ends by an event, the signal and return', async (t) => {
  const devices = await loopDevicesFor(t)
  const sysfs = new Sysfs({ sysPath: '/sys' })
  const controller = new AbortController()
  const aborted = sysfs.uevents({ signal: controller.signal })
  const returned = sysfs.uevents()
  const first = aborted.next()
  await devices.churn(1)
  t.false((await first).done)

  const drain = async (uevents: AsyncIterator<Uevent | LostUevents>) => {
    let count = 0
    while (!(await uevents.next()).done) count++
    return count
  }
  const rest = [drain(aborted), drain(returned)]
  await pause(50)
  controller.abort()
  await returned.return?.()
  t.true((await Promise.all(rest)).every((count) => count >= 0))
  t.deepEqual(await sysfs.uevents({ signal: controller.signal }).next(), { done: true, value: undefined })
})

testWithUevents.serial('an overflow is reported after the events that were kept', async (t) => {
  const devices = await loopDevicesFor(t)
  // The kernel doubles the size that is set, and uses at least two kilobytes.
  const uevents = ueventsOf(machineOf({ sysPath: '/sys', backend: 'native' }), {}, 1)
  await devices.churn(100, 16)
  const [name = ''] = await devices.add(1)
  let lost = 0
  let kept = 0
  for await (const uevent of uevents) {
    if (uevent.action !== 'lost') {
      kept++
      continue
    }
    lost++
    break
  }
  t.is(lost, 1)
  t.true(kept > 0 && kept < 400, `${kept} were kept`)

  // After the buffer is empty, the next event is received.
  const again = ueventsOf(machineOf({ sysPath: '/sys', backend: 'native' }), {}, 1 << 20)
  await devices.remove([name])
  for await (const uevent of again) {
    if (uevent.action === 'lost') t.fail('nothing was lost')
    else if (uevent.devicePath.endsWith(`/${name}`)) break
  }
})
