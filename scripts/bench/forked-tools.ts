import { spawnSync } from 'node:child_process'
import { Sysfs } from '../../lib/index.js'
import type { UdevLoop } from './bare-loop.js'
import { byTheClock, type Contender, type Effort, Samples, type Timing, warmUp } from './measure.js'
import { details } from './snapshot-benchmarks.js'

/** How what is used today compares with one answer of the addon. */
export interface TodayRow {
  readonly name: string
  readonly timing: Timing
  /** How many times as long the forked lsblk takes; of what it is not compared with there is none. */
  readonly lsblkTakes?: number
  /** The target, for the questions that have one answer. */
  readonly atLeast?: number
}

const unknownTarget = 'iqn.1900-01.invalid:none'
const lsblk = 'lsblk -J -O, forked and parsed'

/**
 * What people use today for the block devices of the machine, beside the addon's answers. By the clock, for they wait for
 * processes of their own. Each reads what it reads: lsblk -O and systeminformation more of a device than a snapshot
 * does, and less of the rest.
 *
 * @param device a block device; `undefined` where there is none
 * @param say called with what is left out
 */
export async function measureToday(
  device: string | undefined,
  udev: UdevLoop | undefined,
  effort: Effort,
  say: (leftOut: string) => void,
): Promise<readonly TodayRow[]> {
  const sysfs = new Sysfs({ sysPath: '/sys', devPath: '/dev', backend: 'native' })
  const oneAnswer = [
    byTheClock('devices of a LUN, there is no such target', () => sysfs.findDevicesForIscsiLun(unknownTarget, 1)),
  ]
  if (device !== undefined) {
    oneAnswer.push(byTheClock(`multipath parent of ${device}`, () => sysfs.findMultipathDeviceForDevice(device)))
  }
  const snapshots = details.map((detail) => byTheClock(`snapshot, ${detail}`, () => sysfs.snapshot({ detail })))

  const others: Contender[] = []
  if (spawnSync('lsblk', ['-J', '-O']).status === 0) {
    others.push(byTheClock(lsblk, () => JSON.parse(spawnSync('lsblk', ['-J', '-O'], { encoding: 'utf8' }).stdout)))
  } else {
    say('Without lsblk: it is not there, or fails here.')
  }
  if (udev !== undefined) {
    others.push({ name: 'libudev in C: block devices, size, ro', batch: (lead, count) => runUdev(udev, lead, count) })
  }
  const information = await systemInformation()
  if (information === undefined) say('Without systeminformation: it is not installed.')
  else {
    others.push(byTheClock('systeminformation.blockDevices()', () => information.blockDevices()))
    others.push(byTheClock('systeminformation.diskLayout()', () => information.diskLayout()))
  }

  const paced = []
  for (const contender of [...oneAnswer, ...snapshots, ...others]) paced.push(await warmUp(contender, effort))
  const samples = await Samples.take(paced, effort)
  const rowsOf = (contenders: readonly Contender[], compared: boolean, atLeast?: number): readonly TodayRow[] =>
    contenders.map(({ name }) => ({
      name,
      timing: samples.timing(name),
      ...(compared && samples.has(lsblk) && { lsblkTakes: samples.ratio(lsblk, name) }),
      ...(atLeast !== undefined && { atLeast }),
    }))
  return [...rowsOf(oneAnswer, true, 1000), ...rowsOf(snapshots, true), ...rowsOf(others, false)]
}

async function runUdev(udev: UdevLoop, lead: number, count: number): Promise<number> {
  if (lead > 0) await udev.run(lead)
  return udev.run(count)
}

async function systemInformation() {
  try {
    return await import('systeminformation')
  } catch {
    return undefined
  }
}
