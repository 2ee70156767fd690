import { writeFileSync } from 'node:fs'
import { type Detail, Sysfs } from '../../lib/index.js'
import { type Machine, type MachineSize, machineOfSize, writeMachine } from '../../test/support/sysfs-tree.js'
import {
  type BareLoops,
  type Benchmark,
  benchmark,
  groups,
  largeResult,
  smallResult,
  type Targets,
} from './benchmark.js'
import { blockDevices, entriesBenchmark } from './entries-benchmark.js'
import { multipathParentBenchmark } from './multipath-parent.js'
import { ReferenceQueries } from './reference-queries.js'
import { snapshotBenchmark } from './snapshot-benchmarks.js'

export type SizeName = 'small' | 'medium' | 'large'

export const sizes: Readonly<Record<SizeName, MachineSize>> = {
  small: { sessions: 2, luns: 2, maps: 2 },
  medium: { sessions: 8, luns: 16, maps: 16 },
  large: { sessions: 64, luns: 64, maps: 1024 },
}

/** The approximate memory of a generated disk and its links: tmpfs takes a page for each attribute. */
const bytesPerDisk = 256 * 1024

/** The approximate size of a generated tree. */
export function bytesOf({ sessions, luns }: MachineSize): number {
  return sessions * luns * bytesPerDisk
}

/** Writes a tree to an empty directory. */
export function writeGeneratedTree(root: string, size: SizeName): void {
  const machine = machineOfSize(sizes[size])
  writeMachine(root, machine)
  // The reference implementation looks for the device node, which a generated tree does not have.
  writeFileSync(root + subjectsOf(machine).node, '')
}

/** The benchmarks on a generated tree: the four functions of the library, a query for all block devices, snapshots. */
export function generatedTreeBenchmarks(
  root: string,
  size: SizeName,
  snapshotDetails: readonly Detail[],
  loops: BareLoops | undefined,
): readonly Benchmark[] {
  const machine = machineOfSize(sizes[size])
  const { disk, map, node, byPath, unusedDisk, iqn, lun } = subjectsOf(machine)
  const sys = `${root}/sys`
  const addon = new Sysfs({ root, backend: 'native' })
  const fallback = new Sysfs({ root, backend: 'fallback' })
  const tree = { addon, fallback, sys }
  const reference = new ReferenceQueries(root)
  const bySize: Targets = size === 'small' ? smallResult : largeResult
  const referenceTarget: Readonly<Record<SizeName, Partial<Targets>>> = {
    small: {},
    medium: { reference: 14 },
    large: { reference: 400 },
  }
  const parentTargets = { ...smallResult, ...referenceTarget[size] }

  return [
    multipathParentBenchmark(
      tree,
      reference,
      { title: 'multipath parent', device: disk, targets: parentTargets, bareArguments: [disk] },
      loops,
    ),
    multipathParentBenchmark(
      tree,
      reference,
      {
        title: 'multipath parent of an unused disk',
        device: unusedDisk,
        targets: parentTargets,
        bareArguments: [unusedDisk],
      },
      loops,
    ),
    multipathParentBenchmark(
      tree,
      reference,
      {
        title: 'multipath parent by /dev/disk/by-path',
        device: byPath,
        targets: smallResult,
        bareArguments: [disk, ...pathPrefixes(byPath).map((path) => root + path), root + node],
      },
      loops,
    ),
    benchmark<readonly string[]>(
      {
        title: 'slaves of a map',
        targets: smallResult,
        addon: () => addon.findSlaveDevicesOnMultipath(map),
        fallback: () => fallback.findSlaveDevicesOnMultipath(map),
        reference: () => reference.findSlaveDevicesOnMultipath(map),
        bareQuery: ['list', `${sys}/class/block/${map}/slaves`],
        bareLines: (names) => names.map((name) => `/dev/${name}`),
        lines: (devices) => devices,
      },
      loops,
    ),
    benchmark<ReadonlyMap<string, number>>(
      {
        title: 'portal map of a target',
        targets: { ...bySize, reference: 2.3 },
        addon: () => addon.getIscsiPortalHostMapForTarget(iqn),
        fallback: () => fallback.getIscsiPortalHostMapForTarget(iqn),
        reference: () => reference.getIscsiPortalHostMapForTarget(iqn),
        bareQuery: ['portals', sys, iqn],
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
    benchmark<readonly string[]>(
      {
        title: 'devices of a LUN',
        targets: { ...bySize, reference: 3.3 },
        addon: () => addon.findDevicesForIscsiLun(iqn, lun),
        fallback: () => fallback.findDevicesForIscsiLun(iqn, lun),
        reference: () => reference.findDevicesForIscsiLun(iqn, lun),
        bareQuery: ['lun', sys, iqn, String(lun)],
        bareLines: (names) => names,
        lines: (devices) => devices,
      },
      loops,
    ),
    entriesBenchmark(tree, blockDevices, bySize, loops),
    ...snapshotDetails.map((detail) => snapshotBenchmark(tree, detail, bySize, loops)),
  ]
}

/**
 * The arguments of the queries. The map is in the middle of the byte order, so a search of all maps finds it halfway.
 */
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

/** The paths below /dev that can be links: ['/dev/a', '/dev/a/b'] for '/dev/a/b'. */
function pathPrefixes(path: string): readonly string[] {
  const [, dev, ...components] = path.split('/')
  return components.map((_, index) => `/${dev}/${components.slice(0, index + 1).join('/')}`)
}

function defined<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the generated tree lacks what the benchmarks use')
  return value
}
