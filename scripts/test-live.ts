// Compares the four queries with what iscsiadm, multipath and dmsetup say of the machine this runs on, on both
// backends: as root, where there are iSCSI sessions or maps.
//
//     npm run test:live                 on this machine
//     npm run test:live -- sudo         through a command, which is given the command line to run
//
// Nothing is changed on the machine. Exit codes: 0 all agree, 1 something does not, 2 it could not be tried.

import { spawnSync } from 'node:child_process'
import { readdirSync, readlinkSync, statSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import path from 'node:path'
import { inspect, isDeepStrictEqual } from 'node:util'
import { Sysfs } from '../lib/index.js'
import {
  type DmDevice,
  type DmTableLine,
  type IscsiadmSession,
  type IscsiPortal,
  type MultipathMap,
  parseDmsetupInfo,
  parseDmsetupTable,
  parseIscsiadmSessions,
  parseMultipathMaps,
} from '../test/recorded-tools.js'

const tools = {
  sessions: ['iscsiadm', '-m', 'session', '-P', '3'],
  multipath: ['multipath', '-ll'],
  dmDevices: ['dmsetup', 'info', '-c'],
  dmTables: ['dmsetup', 'table'],
} as const

type ToolOutputs = Readonly<Record<keyof typeof tools, string>>

/** What the tools and the nodes in /dev say. */
interface Machine {
  readonly sessions: readonly IscsiadmSession[]
  readonly multipath: readonly MultipathMap[]
  readonly dmDevices: readonly DmDevice[]
  readonly dmTables: readonly DmTableLine[]
  /** `8:0` -> `/dev/sda` */
  readonly nodes: ReadonlyMap<string, string>
}

interface Check {
  readonly question: string
  readonly expected: unknown
  readonly ask: (sysfs: Sysfs) => unknown
}

interface Outcome {
  readonly backend: string
  readonly check: Check
  readonly actual: unknown
}

function main(command: readonly string[]): number {
  const [program, ...args] = command
  if (program !== undefined) {
    const { status, error } = spawnSync(program, [...args, process.execPath, __filename], { stdio: 'inherit' })
    if (error !== undefined) console.error(`${program}: ${error.message}`)
    return status ?? 2
  }
  const obstacle = whyNot()
  if (obstacle !== undefined) {
    console.error(`not tested: ${obstacle}`)
    return 2
  }
  const outcomes = compare()
  if (outcomes === undefined) {
    console.error('not tested: the machine does not stay the same while it is asked')
    return 2
  }
  let failed = 0
  for (const { backend, check, actual } of outcomes) {
    if (isDeepStrictEqual(actual, check.expected)) {
      console.log(`ok    ${backend.padEnd(8)} ${check.question}`)
    } else {
      failed++
      console.log(`FAIL  ${backend.padEnd(8)} ${check.question}: ${inspect(actual)}, not ${inspect(check.expected)}`)
    }
  }
  console.log(`${outcomes.length - failed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

function whyNot(): string | undefined {
  if (process.platform !== 'linux') return `this is no Linux but ${process.platform}`
  if (process.getuid?.() !== 0) return 'iscsiadm, multipath and dmsetup answer root only (npm run test:live -- sudo)'
  const missing = [...new Set(Object.values(tools).map(([tool]) => tool))].filter(isMissing)
  if (missing.length > 0) return `${missing.join(', ')} not found (of open-iscsi, multipath-tools, dmsetup)`
  const native = new Sysfs().nativeLoadError
  if (native !== undefined) return native.message
  const { sessions, dmDevices } = machineOf(askTools())
  if (sessions.length === 0 && dmDevices.length === 0) return 'there is no iSCSI session and no map to ask about'
  return undefined
}

function isMissing(tool: string): boolean {
  const { error } = spawnSync(tool, ['--version'], { stdio: 'ignore' })
  return error !== undefined && 'code' in error && error.code === 'ENOENT'
}

function askTools(): ToolOutputs {
  const outputs = Object.entries(tools).map(([name, [tool, ...args]]) => {
    const { stdout, stderr } = spawnSync(tool, args, { encoding: 'utf8', timeout: 60_000, maxBuffer: 64 << 20 })
    // iscsiadm says on standard error that there are no sessions.
    return [name, stdout.trim() === '' ? stderr : stdout]
  })
  return Object.fromEntries(outputs) as ToolOutputs
}

/** Asks between two calls of the tools that say the same; `undefined` where there are no such two. */
function compare(): readonly Outcome[] | undefined {
  let before = askTools()
  for (let attempt = 0; attempt < 10; attempt++) {
    const checks = checksOf(machineOf(before))
    const outcomes = (['native', 'fallback'] as const).flatMap((backend) => {
      const sysfs = new Sysfs({ backend })
      return checks.map((check) => ({ backend, check, actual: answerOf(() => check.ask(sysfs)) }))
    })
    const after = askTools()
    if (isDeepStrictEqual(before, after)) return outcomes
    before = after
  }
  return undefined
}

function answerOf(ask: () => unknown): unknown {
  try {
    return ask()
  } catch (error) {
    return error
  }
}

function machineOf(outputs: ToolOutputs): Machine {
  return {
    sessions: parseIscsiadmSessions(outputs.sessions),
    multipath: parseMultipathMaps(outputs.multipath),
    dmDevices: parseDmsetupInfo(outputs.dmDevices),
    dmTables: parseDmsetupTable(outputs.dmTables),
    nodes: blockNodes(),
  }
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

function checksOf(machine: Machine): readonly Check[] {
  return [...portalChecks(machine), ...lunChecks(machine), ...slaveChecks(machine), ...parentChecks(machine)]
}

function byTarget(sessions: readonly IscsiadmSession[]): ReadonlyMap<string, readonly IscsiadmSession[]> {
  const inOrder = sessions.toSorted(
    (a, b) => byBytes(`${a.hostNumber}`, `${b.hostNumber}`) || byBytes(`${a.sessionId}`, `${b.sessionId}`),
  )
  return new Map(sessions.map(({ target }) => [target, inOrder.filter((session) => session.target === target)]))
}

function* portalChecks({ sessions }: Machine): Generator<Check> {
  for (const [target, ofTarget] of byTarget(sessions)) {
    const hosts = new Map<string, number>()
    for (const { currentPortal, persistentPortal, hostNumber } of ofTarget) {
      for (const portal of [currentPortal, persistentPortal]) hosts.set(portalKey(portal), hostNumber)
    }
    yield {
      question: `portals of ${target}`,
      expected: sorted(hosts),
      ask: (sysfs) => {
        const answer = sysfs.getIscsiPortalHostMapForTarget(target)
        // An IPv6 portal stands there in several forms, which must not disagree.
        const canonical = new Map([...answer].map(([key, host]) => [canonicalKey(key), host]))
        const disagreeing = [...answer].filter(([key, host]) => canonical.get(canonicalKey(key)) !== host)
        return disagreeing.length > 0 ? disagreeing : sorted(canonical)
      },
    }
  }
  yield { question: 'portals of a target that is not there', expected: [], ask: portalsOfNothing }
}

function portalsOfNothing(sysfs: Sysfs): unknown {
  return [...sysfs.getIscsiPortalHostMapForTarget('iqn.2003-01.io.example:not-there')]
}

function* lunChecks({ sessions }: Machine): Generator<Check> {
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

function* slaveChecks({ multipath, dmDevices, dmTables, nodes }: Machine): Generator<Check> {
  for (const map of multipath) {
    const expected = map.paths.map((path) => `/dev/${path.device}`).sort(byBytes)
    // A map that multipath shows no paths of may have some that it does not know.
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

function* parentChecks({ dmDevices, dmTables, nodes }: Machine): Generator<Check> {
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

function portalKey({ address, port }: IscsiPortal): string {
  return canonicalKey(`${address}:${port}`)
}

/** `::1:3260`, `0000:...:0001:3260` and `[::1]:3260` are one portal. */
function canonicalKey(key: string): string {
  const colon = key.lastIndexOf(':')
  const address = key.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  return `${isIPv6(address) ? new URL(`http://[${address}]`).hostname : address}:${key.slice(colon + 1)}`
}

function sorted(hosts: ReadonlyMap<string, number>): readonly (readonly [string, number])[] {
  return [...hosts].sort(([a], [b]) => byBytes(a, b))
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

process.exitCode = main(process.argv.slice(2))
