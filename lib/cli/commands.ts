import { readSessions, readTopology } from '../storage/topology.js'
import type { Sysfs } from '../sysfs.js'
import { UsageError } from './arguments.js'
import { Inventory } from './inventory.js'
import { drawSessions } from './session-list.js'
import { layOut } from './table.js'
import type { Glyphs, Line } from './terminal.js'
import { drawTree } from './tree.js'

export interface Command {
  /** `null` for what is done without a command. */
  readonly name: string | null
  readonly parameters: readonly string[]
  /** Ends the sentence 'Prints ...'. */
  readonly summary: string
  /** What else there is to know, and the keys of the JSON. */
  readonly description: readonly string[]
  /** Takes as many arguments as there are parameters. */
  readonly run: (sysfs: Sysfs, args: readonly string[]) => Answer
}

export interface Answer {
  readonly isFound: boolean
  /** What --json prints. */
  readonly json: Readonly<Record<string, unknown>>
  readonly draw: (glyphs: Glyphs) => readonly Line[]
  /** What to say where that draws nothing; the tree has a line for it. */
  readonly nothing?: string
}

/** All there is to do: dispatch and help are made of this. */
export const commands: readonly Command[] = [
  command({
    name: null,
    parameters: [],
    summary: 'all there is: iSCSI targets, multipath maps, disks',
    description: [
      'Faults are marked !. That a path fails whose disk is running, multipathd knows',
      'but sysfs does not.',
      'JSON: { sessions, devices }. Sessions are as in `fast-sysfs sessions --json`, a',
      'device is one of',
      '  { kind: "disk", name, size, readOnly, slaves, holders,',
      '    scsi: { hctl, host, lun, session }, state, vendor, model }',
      '  { kind: "partition", name, size, readOnly, slaves, holders, disk }',
      '  { kind: "map", name, size, readOnly, slaves, holders,',
      '    type: "mpath" | "lvm" | "crypt" | "part" | "dm", mapName, uuid, suspended }',
      'Sizes are in bytes. What is not known is null.',
    ],
    run: (sysfs) => {
      const topology = readTopology(sysfs)
      return {
        isFound: !new Inventory(topology).isEmpty,
        json: { ...topology },
        draw: (glyphs) => drawTree(topology, glyphs),
      }
    },
  }),
  command({
    name: 'multipath',
    parameters: ['DEVICE'],
    summary: 'the multipath map (or other dm device) over a device',
    description: [
      'DEVICE is a kernel name (sda) or the path of a block device (/dev/disk/...).',
      'JSON: { map: "/dev/dm-3" }, or { map: null }',
    ],
    run: (sysfs, device) => {
      const map = sysfs.findMultipathDeviceForDevice(device)
      return {
        isFound: map !== undefined,
        json: { map: map ?? null },
        draw: () => linesOf(map === undefined ? [] : [map]),
        nothing: `nothing is over ${device}`,
      }
    },
  }),
  command({
    name: 'slaves',
    parameters: ['MAP'],
    summary: "the devices that a dm device is made of, a map's paths",
    description: [
      'MAP is a kernel name (dm-3) or the path of a map (/dev/mapper/mpatha).',
      'JSON: { slaves: ["/dev/sda", "/dev/sdb"] }',
    ],
    run: (sysfs, map) => {
      const slaves = sysfs.findSlaveDevicesOnMultipath(map)
      return {
        isFound: slaves.length > 0,
        json: { slaves },
        draw: () => linesOf(slaves),
        nothing: `nothing is under ${map}`,
      }
    },
  }),
  command({
    name: 'portals',
    parameters: ['IQN'],
    summary: 'the portals of a target, each with its SCSI host',
    description: [
      'They are those of the sessions to the target, as they are now and as they were',
      'asked for. IPv6 ones are there as the kernel writes them and as [::1]:3260.',
      'JSON: { portals: [{ portal: "192.168.30.7:3260", host: 2 }] }',
    ],
    run: (sysfs, iqn) => {
      const portals = [...sysfs.getIscsiPortalHostMapForTarget(iqn)].map(([portal, host]) => ({ portal, host }))
      const rows = portals.map(({ portal, host }) => ({ cells: [{ text: portal }, { text: `host${host}` }] }))
      return {
        isFound: portals.length > 0,
        json: { portals },
        draw: (glyphs) => layOut(rows, glyphs),
        nothing: `no portal of ${iqn}`,
      }
    },
  }),
  command({
    name: 'lun',
    parameters: ['IQN', 'LUN'],
    summary: "the disks of a target's LUN, one a session",
    description: ['LUN is the number in H:C:T:LUN.', 'JSON: { devices: ["sda", "sdb"] }'],
    run: (sysfs, iqn, lun) => {
      if (!/^\d+$/.test(lun)) throw new UsageError(`LUN must be a number, not '${lun}'`)
      const devices = sysfs.findDevicesForIscsiLun(iqn, Number(lun))
      return {
        isFound: devices.length > 0,
        json: { devices },
        draw: () => linesOf(devices),
        nothing: `no disk for LUN ${lun} of ${iqn}`,
      }
    },
  }),
  command({
    name: 'sessions',
    parameters: [],
    summary: 'the iSCSI sessions: host, state, portal, target, LUNs',
    description: [
      'JSON: { sessions: [{ id, target, state, host,',
      '    connections: [{ cid, state, portal, persistentPortal }],',
      '    luns: [{ lun, disk }] }] }',
      'The portal of a connection that is down is null, and where it was asked to go',
      'is shown for it; faults are marked !.',
    ],
    run: (sysfs) => {
      const sessions = readSessions(sysfs)
      return {
        isFound: sessions.length > 0,
        json: { sessions },
        draw: (glyphs) => drawSessions(sessions, glyphs),
        nothing: 'no iSCSI session',
      }
    },
  }),
]

/** The command that the first word names. */
export function findCommand(words: readonly string[]): Command {
  const name = words[0] ?? null
  const found = commands.find((candidate) => candidate.name === name)
  if (found === undefined) throw new UsageError(`unknown command '${name}'`)
  return found
}

type Arguments<Parameters extends readonly string[]> = { readonly [K in keyof Parameters]: string }

/** Gives `run` its arguments one by one, if they are as many as there are parameters. */
function command<const Parameters extends readonly string[]>(
  definition: Omit<Command, 'run'> & {
    readonly parameters: Parameters
    readonly run: (sysfs: Sysfs, ...args: Arguments<Parameters>) => Answer
  },
): Command {
  const { name, parameters, run } = definition
  const isComplete = (args: readonly string[]): args is Arguments<Parameters> => args.length === parameters.length
  return {
    ...definition,
    run: (sysfs, args) => {
      if (isComplete(args)) return withUsageErrors(() => run(sysfs, ...args))
      const missing = parameters.slice(args.length)
      const problem = missing.length > 0 ? `missing ${missing.join(' ')}` : `unexpected '${args[parameters.length]}'`
      throw new UsageError(`${name}: ${problem}`)
    },
  }
}

/** Arguments that make no sense are found by the library itself. */
function withUsageErrors(run: () => Answer): Answer {
  try {
    return run()
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw new UsageError(error.message)
    throw error
  }
}

function linesOf(texts: readonly string[]): readonly Line[] {
  return texts.map((text) => [{ text }])
}
