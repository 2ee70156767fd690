// Compares the four queries with the output of iscsiadm, multipath and dmsetup on this machine.

import { readdirSync, readlinkSync, statSync } from 'node:fs'
import path from 'node:path'
import type { Sysfs } from '../../lib/index.js'
import type { DmDevice, DmTableLine, IscsiadmSession, MultipathMap } from './recorded-tools.js'
import { canonicalPortal, type ToolsSaid } from './snapshot-against-tools.js'

/** The output of the tools, and the nodes in /dev. */
interface Machine {
  readonly sessions: readonly IscsiadmSession[]
  readonly multipath: readonly MultipathMap[]
  readonly dmDevices: readonly DmDevice[]
  readonly dmTables: readonly DmTableLine[]
  /** `8:0` -> `/dev/sda` */
  readonly nodes: ReadonlyMap<string, string>
}

export interface Question {
  readonly question: string
  readonly expected: unknown
  readonly ask: (sysfs: Sysfs) => unknown
}

/** A tool without output gives no query. */
export function questionsFor({ iscsiadm, multipath = [], dmsetup }: ToolsSaid): readonly Question[] {
  const machine: Machine = {
    // A session without a target name cannot be queried.
    sessions: iscsiadm?.sessions.filter((session) => session.target !== '') ?? [],
    multipath,
    dmDevices: dmsetup?.devices.filter((device) => device.hasTable) ?? [],
    dmTables: dmsetup?.table ?? [],
    nodes: blockNodes(),
  }
  return [
    ...portalQuestions(machine),
    ...lunQuestions(machine),
    ...slaveQuestions(machine),
    ...(dmsetup === undefined ? [] : parentQuestions(machine)),
  ]
}

/** Block devices as the kernel itself (devtmpfs) names them under /dev, by their numbers. */
function blockNodes(): ReadonlyMap<string, string> {
  const nodes = new Map<string, string>()
  for (const entry of readdirSync('/dev', { withFileTypes: true })) {
    if (!entry.isBlockDevice()) continue
    const node = `/dev/${entry.name}`
    const { rdev } = statSync(node)
    nodes.set(`${(rdev >>> 8) & 0xfff}:${(rdev & 0xff) | ((rdev >>> 12) & 0xfff00)}`, node)
  }
  return nodes
}

function byTarget(sessions: readonly IscsiadmSession[]): ReadonlyMap<string, readonly IscsiadmSession[]> {
  const inOrder = sessions.toSorted(
    (a, b) => byBytes(`${a.hostNumber}`, `${b.hostNumber}`) || byBytes(`${a.sessionId}`, `${b.sessionId}`),
  )
  return new Map(sessions.map(({ target }) => [target, inOrder.filter((session) => session.target === target)]))
}

function* portalQuestions({ sessions }: Machine): Generator<Question> {
  for (const [target, ofTarget] of byTarget(sessions)) {
    const hosts = new Map<string, number>()
    for (const { currentPortal, persistentPortal, hostNumber } of ofTarget) {
      for (const portal of [currentPortal, persistentPortal]) hosts.set(canonicalPortal(portal), hostNumber)
    }
    yield {
      question: `portals of ${target}`,
      expected: sorted(hosts),
      ask: (sysfs) => {
        const answer = sysfs.getIscsiPortalHostMapForTarget(target)
        // An IPv6 portal is in the map in several forms, which must agree.
        const canonical = new Map([...answer].map(([key, host]) => [canonicalPortal(portalOf(key)), host]))
        const disagreeing = [...answer].filter(([key, host]) => canonical.get(canonicalPortal(portalOf(key))) !== host)
        return disagreeing.length > 0 ? disagreeing : sorted(canonical)
      },
    }
  }
  yield { question: 'portals of a target that is not there', expected: [], ask: portalsOfNothing }
}

function portalsOfNothing(sysfs: Sysfs): unknown {
  return [...sysfs.getIscsiPortalHostMapForTarget('iqn.2003-01.io.example:not-there')]
}

function* lunQuestions({ sessions }: Machine): Generator<Question> {
  for (const [target, ofTarget] of byTarget(sessions)) {
    const disks = ofTarget.flatMap((session) => session.disks)
    const luns = new Set([...disks.map((disk) => disk.lun), ...ofTarget.flatMap((session) => session.otherLuns)])
    for (const lun of [...luns, Math.max(0, ...luns) + 1]) {
      yield {
        question: `LUN ${lun} of ${target}`,
        expected: disks.filter((disk) => disk.lun === lun).map((disk) => disk.name),
        ask: (sysfs) => sysfs.findDevicesForIscsiLun(target, lun),
      }
    }
  }
}

function* slaveQuestions({ multipath, dmDevices, dmTables, nodes }: Machine): Generator<Question> {
  for (const map of multipath) {
    const expected = map.paths.map((path) => `/dev/${path.device}`).sort(byBytes)
    // A map without paths in the output of multipath may have paths that multipath does not know.
    if (expected.length === 0) continue
    for (const device of [map.device, `/dev/${map.device}`, `/dev/mapper/${map.name}`]) {
      yield { question: `slaves of ${device}`, expected, ask: (sysfs) => sysfs.findSlaveDevicesOnMultipath(device) }
    }
  }
  for (const { name, deviceNumber } of dmDevices) {
    const under = numbersUnder(name, dmTables).map((number) => nodes.get(number) ?? number)
    yield {
      question: `what the table of ${name} is on`,
      expected: under.sort(byBytes),
      ask: (sysfs) => sysfs.findSlaveDevicesOnMultipath(nodes.get(deviceNumber) ?? `/dev/mapper/${name}`),
    }
  }
}

function numbersUnder(map: string, dmTables: readonly DmTableLine[]): readonly string[] {
  return [...new Set(dmTables.filter((line) => line.name === map).flatMap((line) => line.deviceNumbers))]
}

function* parentQuestions({ dmDevices, dmTables, nodes }: Machine): Generator<Question> {
  for (const [number, node] of nodes) {
    const over = dmDevices.filter((map) => numbersUnder(map.name, dmTables).includes(number))
    const expected = over.map((map) => nodes.get(map.deviceNumber) ?? map.name).sort(byBytes)[0]
    for (const device of [node, path.basename(node), ...linksTo(node)]) {
      yield { question: `map over ${device}`, expected, ask: (sysfs) => sysfs.findMultipathDeviceForDevice(device) }
    }
  }
}

/** The names that udev gives a device by the way it is attached. */
function linksTo(node: string): readonly string[] {
  const directory = '/dev/disk/by-path'
  try {
    const links = readdirSync(directory).map((name) => `${directory}/${name}`)
    return links.filter((link) => path.resolve(directory, readlinkSync(link)) === node)
  } catch {
    return []
  }
}

function portalOf(key: string): { address: string; port: string } {
  const colon = key.lastIndexOf(':')
  return { address: key.slice(0, colon), port: key.slice(colon + 1) }
}

function sorted(hosts: ReadonlyMap<string, number>): readonly (readonly [string, number])[] {
  return [...hosts].sort(([a], [b]) => byBytes(a, b))
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
