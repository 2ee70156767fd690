import { readFileSync } from 'node:fs'
import { type Sampler, Sysfs, statColumns } from '../../lib/index.js'
import { type Backend, onEveryBackend } from '../support/backends.js'
import { loopDevicesFor, missingLoopDevices } from '../support/loop-devices.js'
import { missingBlockDevices } from '../support/requirements.js'
import { byRunLength } from '../support/run-length.js'
import { testWith } from '../support/test-with.js'

// In the machine's own /sys, where a device's files really go away with it.

const width = statColumns.length
const testWithBlockDevices = testWith(missingBlockDevices())
const testWithLoopDevices = testWith(missingLoopDevices())

function rowOf(sampler: Sampler, device: string): readonly number[] {
  const row = sampler.devices.indexOf(device)
  return [...sampler.values.subarray(row * width, (row + 1) * width)]
}

const isGone = (row: readonly number[]) => row.length === width && row.every(Number.isNaN)
const isThere = (row: readonly number[]) => row.length === width && row.slice(0, 11).every((number) => number >= 0)

for (const source of ['sysfs', 'diskstats'] as const) {
  const samplerOf = (backend: Backend, devices?: readonly string[]) =>
    new Sysfs({ root: '/', backend }).sampler({ readFrom: source, ...(devices && { devices }) })

  onEveryBackend(
    `${source}: every block device of this machine has the numbers of its stat`,
    (t, backend) => {
      const sampler = samplerOf(backend)
      t.teardown(() => sampler.close())
      // Other programs may use, add and remove devices. A counter lies between its values before and after.
      const look = () =>
        sampler.devices.map((device) => {
          try {
            return readFileSync(`/sys/class/block/${device}/stat`, 'utf8').trim().split(/\s+/).map(Number)
          } catch {
            return undefined
          }
        })
      const before = look()
      sampler.sample()
      const after = look()
      const countsOnlyUp = ['reads', 'readSectors', 'writes', 'writeSectors', 'discards', 'flushes'] as const
      sampler.devices.forEach((device, row) => {
        const [low, high] = [before[row], after[row]]
        if (low === undefined || high === undefined || sampler.vanished.includes(device)) return
        for (const column of countsOnlyUp) {
          const at = sampler.column(column)
          const value = sampler.value(device, column)
          if (low[at] === undefined) t.is(value, Number.NaN)
          else t.true(value >= low[at] && value <= (high[at] as number), `${device} ${column}: ${value}`)
        }
      })
    },
    testWithBlockDevices.serial,
  )

  onEveryBackend(
    `${source}: a removed device stays NaN, also after its name returns`,
    async (t, backend) => {
      const loops = await loopDevicesFor(t)
      const names = await loops.addFar(4)
      const sampler = samplerOf(backend, names)
      t.teardown(() => sampler.close())
      t.is(sampler.sample(), 0)
      t.true(names.every((name) => isThere(rowOf(sampler, name))))

      const [first, second, third, fourth] = names as [string, string, string, string]
      await loops.remove([second])
      t.is(sampler.sample(), 1)
      t.deepEqual(sampler.vanished, [second])
      t.is(sampler.sample(), 0)
      t.deepEqual(sampler.vanished, [])
      t.true(isGone(rowOf(sampler, second)))
      // A removed device is not held.
      t.is(sampler.held, source === 'sysfs' ? 3 : 1)

      // A device that was removed and added between two samples is another device. The line of the first one in
      // diskstats is now behind the others.
      await loops.remove([first])
      await loops.addAgain([first, second])
      t.is(sampler.sample(), 1)
      t.deepEqual(sampler.vanished, [first])
      for (let i = 0; i < 3; i++) t.is(sampler.sample(), 0)
      t.true(isGone(rowOf(sampler, first)) && isGone(rowOf(sampler, second)))
      t.true(isThere(rowOf(sampler, third)) && isThere(rowOf(sampler, fourth)))

      // A new sampler has them.
      const another = samplerOf(backend, names)
      t.teardown(() => another.close())
      t.is(another.sample(), 0)
      t.true(names.every((name) => isThere(rowOf(another, name))))

      await loops.remove(names)
      t.is(sampler.sample(), 2)
      t.deepEqual([...sampler.vanished].sort(), [third, fourth].sort())
      t.true(sampler.values.every(Number.isNaN))
      t.is(another.sample(), 4)
      t.is(sampler.sample() + another.sample(), 0)
    },
    testWithLoopDevices.serial,
  )

  onEveryBackend(
    `${source}: devices that come and go leave the others unchanged`,
    async (t, backend) => {
      const loops = await loopDevicesFor(t)
      const churned = await loops.add(6)
      const staying = await loops.addFar(3)
      await loops.remove(churned)
      let isChurning = true
      const churn = loops.churn(byRunLength({ usual: 40, long: 400 }), 6).finally(() => {
        isChurning = false
      })
      let samples = 0
      const wrong: string[] = []
      while (isChurning) {
        const fixed = samplerOf(backend, staying)
        const all = samplerOf(backend)
        for (let i = 0; i < 20; i++) {
          samples++
          if (fixed.sample() !== 0) wrong.push(`vanished: ${fixed.vanished}`)
          for (const name of staying) if (!isThere(rowOf(fixed, name))) wrong.push(`${name}: ${rowOf(fixed, name)}`)
          all.sample()
          for (const name of staying) if (!isThere(rowOf(all, name))) wrong.push(`${name} of all: ${rowOf(all, name)}`)
          for (const name of all.vanished) if (!isGone(rowOf(all, name))) wrong.push(`${name} vanished and has numbers`)
          await new Promise(setImmediate)
        }
        fixed.close()
        all.close()
      }
      await churn
      t.deepEqual(wrong, [])
      t.true(samples >= 20, `${samples} samples`)
      t.log(`${samples} samples`)
    },
    testWithLoopDevices.serial,
  )
}

onEveryBackend(
  'an attribute that is opened for every sample is not read from another device',
  async (t, backend) => {
    const loops = await loopDevicesFor(t)
    const names = await loops.addFar(2)
    const [first, second] = names as [string, string]
    const sampler = new Sysfs({ root: '/', backend }).sampler({ devices: names, mostHeld: 0 })
    t.teardown(() => sampler.close())
    t.is(sampler.sample(), 0)
    t.true(names.every((name) => isThere(rowOf(sampler, name))))
    await loops.remove([first])
    await loops.addAgain([first])
    t.is(sampler.sample(), 1)
    t.deepEqual(sampler.vanished, [first])
    t.is(sampler.sample(), 0)
    t.true(isGone(rowOf(sampler, first)) && isThere(rowOf(sampler, second)))
    t.is(sampler.held, 0)
  },
  testWithLoopDevices.serial,
)

onEveryBackend(
  'diskstats: no device is left out while devices before it are removed',
  async (t, backend) => {
    const loops = await loopDevicesFor(t)
    // The kernel returns a page of lines at a time, and finds the next line by counting devices.
    const older = await loops.addFar(50)
    const staying = await loops.addFar(80)
    const sampler = new Sysfs({ root: '/', backend }).sampler({ readFrom: 'diskstats', devices: staying })
    t.teardown(() => sampler.close())
    t.is(sampler.sample(), 0)
    let isRemoving = true
    const removal = loops.remove(older).finally(() => {
      isRemoving = false
    })
    let samples = 0
    const wrong: string[] = []
    for (; isRemoving; samples++) {
      if (sampler.sample() !== 0) wrong.push(`vanished: ${sampler.vanished}`)
      for (const name of staying) if (!isThere(rowOf(sampler, name))) wrong.push(`${name}: ${rowOf(sampler, name)}`)
      await new Promise(setImmediate)
    }
    await removal
    t.deepEqual(wrong, [])
    t.log(`${samples} samples`)
  },
  testWithLoopDevices.serial,
)
