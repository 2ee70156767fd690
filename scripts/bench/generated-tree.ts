import { writeFileSync } from 'node:fs'
import { type Detail, Sysfs } from '../../lib/index.js'
import { type Machine, type MachineSize, machineOfSize, writeMachine } from '../../test/support/sysfs-tree.js'
import { type BareLoops, groups, largeAnswer, type Question, question, smallAnswer, type Targets } from './benchmark.js'
import { Naive2018 } from './reference-queries.js'
import { snapshotQuestion } from './snapshot-benchmarks.js'
import { blockDevices, walk } from './walk.js'

export type SizeName = 'small' | 'medium' | 'large'

export const sizes: Readonly<Record<SizeName, MachineSize>> = {
  small: { sessions: 2, luns: 2, maps: 2 },
  medium: { sessions: 8, luns: 16, maps: 16 },
  large: { sessions: 64, luns: 64, maps: 1024 },
}

/** About what a written disk takes with all that hangs on it: a page for each of its attributes. */
export const bytesPerDisk = 256 * 1024

/** The questions about a machine that is written for them: the four of the library, a query of one's own, snapshots. */
export function questionsOfWrittenMachine(
  root: string,
  size: SizeName,
  loops: BareLoops | undefined,
  snapshotDetails: readonly Detail[],
): readonly Question[] {
  const machine = machineOfSize(sizes[size])
  writeMachine(root, machine)
  const { disk, map, node, byPath, unusedDisk, iqn, lun } = subjectsOf(machine)
  // The naive way asks for the node, which a written machine does not have.
  writeFileSync(root + node, '')

  const addon = new Sysfs({ root, backend: 'native' })
  const fallback = new Sysfs({ root, backend: 'fallback' })
  const naive = new Naive2018(root)
  const sys = `${root}/sys`
  const byAnswerSize: Targets = size === 'small' ? smallAnswer : largeAnswer
  const leastOfParent: Readonly<Record<SizeName, Partial<Targets>>> = {
    small: {},
    medium: { naive: 14 },
    large: { naive: 400 },
  }
  const parentTargets = { ...smallAnswer, ...leastOfParent[size] }

  function parentOf(title: string, device: string, targets: Targets, bare: readonly string[]): Question {
    return question<string | undefined>(
      {
        title,
        targets,
        addon: () => addon.findMultipathDeviceForDevice(device),
        fallback: () => fallback.findMultipathDeviceForDevice(device),
        naive: () => naive.findMultipathDeviceForDevice(device),
        bare: ['holders', sys, ...bare],
        bareLines: (names) => names.map((name) => `/dev/${name}`),
        lines: (parent) => (parent === undefined ? [] : [parent]),
      },
      loops,
    )
  }

  return [
    parentOf(`multipath parent (${machine.maps.length} maps)`, disk, parentTargets, [disk]),
    parentOf('multipath parent, there is none', unusedDisk, parentTargets, [unusedDisk]),
    parentOf('multipath parent by /dev/disk/by-path', byPath, smallAnswer, [
      disk,
      ...pathsOnTheWay(byPath).map((path) => root + path),
      root + node,
    ]),
    question<readonly string[]>(
      {
        title: 'slaves of a map',
        targets: smallAnswer,
        addon: () => addon.findSlaveDevicesOnMultipath(map),
        fallback: () => fallback.findSlaveDevicesOnMultipath(map),
        naive: () => naive.findSlaveDevicesOnMultipath(map),
        bare: ['list', `${sys}/class/block/${map}/slaves`],
        bareLines: (names) => names.map((name) => `/dev/${name}`),
        lines: (devices) => devices,
      },
      loops,
    ),
    question<ReadonlyMap<string, number>>(
      {
        title: 'portal map of a target',
        targets: { ...byAnswerSize, naive: 2.3 },
        addon: () => addon.getIscsiPortalHostMapForTarget(iqn),
        fallback: () => fallback.getIscsiPortalHostMapForTarget(iqn),
        naive: () => naive.getIscsiPortalHostMapForTarget(iqn),
        bare: ['portals', sys, iqn],
        bareLines: (values) => [
          ...new Set(
            groups(values, 5).flatMap(([address, port, persistentAddress, persistentPort, host]) => [
              `${address}:${port} ${host}`,
              `${persistentAddress}:${persistentPort} ${host}`,
            ]),
          ),
        ],
        lines: (portals) => Array.from(portals, ([portal, host]) => `${portal} ${host}`),
      },
      loops,
    ),
    question<readonly string[]>(
      {
        title: 'devices of a LUN',
        targets: { ...byAnswerSize, naive: 3.3 },
        addon: () => addon.findDevicesForIscsiLun(iqn, lun),
        fallback: () => fallback.findDevicesForIscsiLun(iqn, lun),
        naive: () => naive.findDevicesForIscsiLun(iqn, lun),
        bare: ['lun', sys, iqn, String(lun)],
        bareLines: (names) => names,
        lines: (devices) => devices,
      },
      loops,
    ),
    walk({ addon, fallback, sys }, blockDevices, byAnswerSize, loops),
    ...snapshotDetails.map((detail) => snapshotQuestion({ addon, fallback, sys }, detail, byAnswerSize, loops)),
  ]
}

/** Whom to ask about: a map in the middle of the order in which a search would come by it, and what belongs to it. */
function subjectsOf(machine: Machine) {
  const maps = machine.maps.toSorted((a, b) => (`dm-${a.number}` < `dm-${b.number}` ? -1 : 1))
  const map = defined(maps[maps.length >> 1])
  const disk = defined(map.slaves[0])
  const session = defined(machine.hosts[0]?.sessions?.[0])
  const { targetname } = session
  if (typeof targetname !== 'string') throw new Error('the first session has no target name')
  const link = machine.links.find(({ path, text }) => path.includes('/by-path/') && text.endsWith(`/${disk}`))
  return {
    disk,
    map: `dm-${map.number}`,
    node: `/dev/${disk}`,
    byPath: defined(link).path,
    unusedDisk: defined(machine.disks[0]).block.name,
    iqn: targetname,
    lun: defined(session.devices[session.devices.length >> 1]).lun,
  }
}

/** The paths below /dev that a search for links looks at: ['/dev/a', '/dev/a/b'] for '/dev/a/b'. */
function pathsOnTheWay(path: string): readonly string[] {
  const [, dev, ...components] = path.split('/')
  return components.map((_, index) => `/${dev}/${components.slice(0, index + 1).join('/')}`)
}

function defined<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the machine is not as expected')
  return value
}
