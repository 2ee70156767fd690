import { posix } from 'node:path'
import fc from 'fast-check'
import {
  type Attribute,
  type BlockDevice,
  type DeviceMap,
  type IscsiConnection,
  type IscsiSession,
  lettered,
  type Machine,
  type NodeLink,
  type OtherDisk,
  type Presence,
  type Raid,
  type ScsiDevice,
  type ScsiHost,
} from './sysfs-tree.js'

// Machines in the layout of the kernel, with cases that a healthy machine rarely has. A machine is drawn
// as a plan, in which references are natural numbers. The plan is then made consistent, so that every
// plan is a machine and fast-check can shrink it.

/** Most members are ordinary, so that a machine has only a few unusual ones. */
function mostly<T>(ordinary: T, ...odd: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 5, arbitrary: fc.constant(ordinary) },
    { weight: 1, arbitrary: fc.constantFrom(ordinary, ...odd) },
  )
}

// ---- Attributes

const ABSENT: Attribute = { absent: true }

/** An attribute that is sometimes missing, empty, never set or unreadable. */
function attribute(value: fc.Arbitrary<string>): fc.Arbitrary<Attribute> {
  return fc.oneof(
    { weight: 12, arbitrary: value },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Attribute>(
        ABSENT,
        '',
        ' ',
        { bytes: Buffer.alloc(0) },
        '(null)',
        { unreadable: 'EISDIR' },
        { unreadable: 'ELOOP' },
      ),
    },
    { weight: 1, arbitrary: value.map((text): Attribute => ({ bytes: Buffer.from(text) })) },
    { weight: 1, arbitrary: value.map((text) => ` \t${text} `) },
  )
}

const IQN = 'iqn.2004-04.com.example:a'

/** Names that are easily confused: prefixes, another case, characters that a pattern or a decoder could change. */
const TARGET_NAMES = [
  IQN,
  `${IQN}b`,
  `${IQN}b.c`,
  IQN.toUpperCase(),
  'iqn.2004-04.com.example:',
  'eui.02004567A425678D',
  `${IQN}*`,
  `${IQN}  inner\tspace`,
  `${IQN}\u0001\u007f`,
  `${IQN}/../b`,
  `${IQN}:größe-磁盘-💾`,
  `${IQN}:${'x'.repeat(223 - IQN.length - 1)}`, // as long as RFC 7143 allows
]

const targetname: fc.Arbitrary<Attribute> = fc.oneof(
  // Often the same one, because several sessions lead to a target.
  { weight: 8, arbitrary: fc.constantFrom<Attribute>(IQN, IQN, `${IQN}b`) },
  { weight: 3, arbitrary: fc.constantFrom<Attribute>(...TARGET_NAMES) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom('', ' ', '\n', '\t\v\f\r '),
        fc.constantFrom(...TARGET_NAMES),
        fc.constantFrom('', ' ', '\n\n', ' \r\n'),
      )
      .map(([before, name, after]): Attribute => ({ bytes: Buffer.from(before + name + after) })),
  },
  // Not UTF-8: a byte that never occurs in it, and a character cut short.
  {
    weight: 1,
    arbitrary: fc.constantFrom<Attribute>(
      { bytes: Buffer.from(`${IQN}\xff\n`, 'latin1') },
      { bytes: Buffer.from(`${IQN}\xc3`, 'latin1') },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Attribute>(
      ABSENT,
      '',
      ' \n ',
      '(null)',
      { unreadable: 'EISDIR' },
      { unreadable: 'ELOOP' },
    ),
  },
)

// ---- Portals

type Groups = readonly number[]

const ipv6Groups: fc.Arbitrary<Groups> = fc.oneof(
  fc.constantFrom<Groups>(
    [0, 0, 0, 0, 0, 0, 0, 1],
    [0xfe80, 0, 0, 0, 0x204, 0x61ff, 0xfe9d, 0xf156],
    [0x2001, 0xdb8, 0, 1, 0, 0, 0, 1],
    [0, 0, 0, 0, 0, 0xffff, 0xc0a8, 0x1e07], // an IPv4 address, mapped
  ),
  // The first group is never 0. RFC 5952 does not define the form of ::/96, and libraries differ.
  fc
    .tuple(
      fc.constantFrom(0x2001, 0xfd00),
      fc.array(fc.constantFrom(0, 0, 0, 1, 0xa, 0xdb8), { minLength: 7, maxLength: 7 }),
    )
    .map(([first, rest]) => [first, ...rest]),
)

/** How the kernel prints an address (`%pI6`). */
function longForm(groups: Groups): string {
  return groups.map((group) => group.toString(16).padStart(4, '0')).join(':')
}

/**
 * How an administrator may type one: two groups or more of zeros left out, from the first place where that is possible.
 */
function shortForm(groups: Groups): string {
  const texts = groups.map((group) => group.toString(16))
  const start = groups.findIndex((group, index) => group === 0 && groups[index + 1] === 0)
  if (start === -1) return texts.join(':')
  let end = start
  while (end < 8 && groups[end] === 0) end++
  return `${texts.slice(0, start).join(':')}::${texts.slice(end).join(':')}`
}

interface Portal {
  /** The form that the kernel prints for the socket. */
  readonly current: string
  /** The form that the kernel was given at login. */
  readonly persistent: string
}

const portalAddress: fc.Arbitrary<Portal> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .constantFrom('192.168.30.7', '192.168.30.70', '10.0.0.1')
      .map((address) => ({ current: address, persistent: address })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        ipv6Groups,
        fc.constantFrom(shortForm, longForm, (groups: Groups) => shortForm(groups).toUpperCase()),
      )
      .map(([groups, spell]) => ({ current: longForm(groups), persistent: spell(groups) })),
  },
  { weight: 1, arbitrary: fc.constant({ current: '192.168.30.7', persistent: 'storage.example.com' }) },
)

const portNumber = mostly('3260', '3261', '32600', '0')

const presence: fc.Arbitrary<Presence> = mostly<Presence>(
  'whole',
  'class-device-gone',
  'device-gone',
  'class-link-gone',
)

const connection: fc.Arbitrary<IscsiConnection> = fc
  .record({
    cid: mostly(0, 1, 2, 7, 10, 11),
    presence,
    portal: portalAddress,
    // A target may redirect the initiator to another portal at login.
    redirect: fc.option(portalAddress, { freq: 4 }),
    port: portNumber,
  })
  .chain(({ cid, presence, portal, redirect, port }) =>
    fc.record({
      cid: fc.constant(cid),
      presence: fc.constant(presence),
      address: attribute(fc.constant((redirect ?? portal).current)),
      port: attribute(redirect === null ? fc.constant(port) : portNumber),
      persistentAddress: attribute(fc.constant(portal.persistent)),
      persistentPort: attribute(fc.constant(port)),
    }),
  )

// ---- SCSI

interface BlockPlan {
  readonly smartArray: boolean
  readonly partitions: number
}

interface DevicePlan {
  readonly lun: number
  /** null: no `block` directory at all. */
  readonly block: readonly BlockPlan[] | null
}

const block: fc.Arbitrary<BlockPlan> = fc.record({ smartArray: mostly(false, true), partitions: mostly(0, 1, 2) })

const device: fc.Arbitrary<DevicePlan> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      lun: fc.constantFrom(0, 1, 1, 2, 2, 7, 10, 11, 100, 255, 256, 300, 16640),
      block: fc.oneof(
        { weight: 6, arbitrary: fc.tuple(block) },
        { weight: 1, arbitrary: fc.array(block, { maxLength: 3 }) },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom<DevicePlan>({ lun: 0, block: null }, { lun: 1, block: null }) },
)

const devices = fc.uniqueArray(device, { selector: ({ lun }) => lun, maxLength: 4 })

interface SessionPlan {
  readonly presence: Presence
  readonly channel: number
  readonly target: number
  readonly targetname: Attribute
  readonly connections: readonly IscsiConnection[]
  readonly devices: readonly DevicePlan[]
}

const session: fc.Arbitrary<SessionPlan> = fc.record({
  presence,
  channel: mostly(0, 1, 10),
  target: mostly(0, 1, 2, 10),
  targetname,
  connections: fc.oneof(
    { weight: 3, arbitrary: fc.tuple(connection) },
    { weight: 1, arbitrary: fc.uniqueArray(connection, { selector: ({ cid }) => cid, maxLength: 3 }) },
  ),
  devices,
})

interface HostPlan {
  readonly number: number
  readonly hardware:
    | { readonly kind: 'iscsi_tcp'; readonly session: SessionPlan }
    | { readonly kind: 'offload'; readonly sessions: readonly SessionPlan[] }
    | { readonly kind: 'ahci'; readonly devices: readonly DevicePlan[] }
}

const host: fc.Arbitrary<HostPlan> = fc.record({
  number: fc.nat(24),
  hardware: fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('iscsi_tcp' as const), session }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('offload' as const), sessions: fc.array(session, { maxLength: 3 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('ahci' as const), devices }) },
  ),
})

// ---- Maps and links

/** Any natural number: an index modulo the length of a list. */
const pick = fc.nat(1000)

interface MapPlan {
  readonly number: number
  readonly kind: 'mpath' | 'part1' | 'LVM' | 'CRYPT' | 'none'
  readonly slaves: readonly number[]
  readonly suspended: boolean
  readonly absoluteNode: boolean
}

const map: fc.Arbitrary<MapPlan> = fc.record({
  number: fc.nat(20),
  kind: fc.constantFrom('mpath', 'mpath', 'part1', 'LVM', 'CRYPT', 'none'),
  slaves: fc.array(pick, { maxLength: 4 }),
  suspended: mostly(false, true),
  absoluteNode: mostly(false, true),
})

// From 11 maps on there is a dm-10 or higher among low numbers, for sure.
const maps = fc.oneof(
  { withCrossShrink: true },
  { weight: 2, arbitrary: fc.uniqueArray(map, { selector: ({ number }) => number, maxLength: 6 }) },
  { weight: 1, arbitrary: fc.uniqueArray(map, { selector: ({ number }) => number, minLength: 13, maxLength: 16 }) },
)

interface LinkPlan {
  readonly directory: string
  /** The target. `link` makes chains, and loops if it picks itself or a later link. */
  readonly to: 'device' | 'link' | 'dev-directory' | 'missing'
  readonly pick: number
  readonly text: 'relative' | 'absolute' | 'escaping' | 'through-directory'
}

const link: fc.Arbitrary<LinkPlan> = fc.record({
  directory: fc.constantFrom('/dev/mapper', '/dev/disk/by-id', '/dev', '/var/lib/volumes', '/'),
  to: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('device' as const, 'link' as const) },
    { weight: 1, arbitrary: fc.constantFrom('dev-directory' as const, 'missing' as const) },
  ),
  pick,
  text: fc.constantFrom('relative', 'absolute', 'escaping', 'through-directory'),
})

interface MachinePlan {
  readonly hosts: readonly HostPlan[]
  /** Assigned to the sessions in turn, independent of the hosts' numbers. */
  readonly sessionNumbers: readonly number[]
  readonly diskOffset: number
  readonly virtio: readonly BlockPlan[]
  readonly iscsi: boolean
  readonly maps: readonly MapPlan[]
  readonly raids: readonly (readonly number[])[]
  readonly links: readonly LinkPlan[]
}

const plan: fc.Arbitrary<MachinePlan> = fc.record({
  hosts: fc.uniqueArray(host, { selector: ({ number }) => number, maxLength: 6 }),
  sessionNumbers: fc.uniqueArray(fc.integer({ min: 1, max: 120 }), { minLength: 18, maxLength: 18 }),
  diskOffset: fc.nat(210),
  virtio: fc.array(block, { maxLength: 2 }),
  iscsi: fc.boolean(),
  maps,
  raids: fc.array(fc.array(pick, { maxLength: 2 }), { maxLength: 1 }),
  links: fc.array(link, { maxLength: 8 }),
})

/** Random machines. */
export const randomMachine: fc.Arbitrary<Machine> = plan.map(machineOf)

/** Random paths in such a machine. Some lead to a device. */
export const randomPath: fc.Arbitrary<string> = fc
  .array(
    fc.constantFrom(
      '',
      '.',
      '..',
      '..',
      'dev',
      'dev',
      'mapper',
      'disk/by-id',
      'var/lib/volumes',
      'link 0',
      'link 1',
      'link 2',
      'sys',
      'block',
      'dm-1',
      'missing',
    ),
    { minLength: 1, maxLength: 7 },
  )
  .map((components) => `/${components.join('/')}`)

// ---- From the plan to the machine

function machineOf(plan: MachinePlan): Machine {
  const names = new DiskNames(plan.diskOffset)
  const sessionNumbers = [...plan.sessionNumbers]
  const hosts = plan.hosts.map((host) => hostOf(host, sessionNumbers, names))
  const disks: OtherDisk[] = plan.virtio.map((block, index) => ({
    parent: `pci0000:00/0000:00:0${index + 2}.0/virtio${index}`,
    block: partitioned(lettered('vd', index), '', block.partitions),
  }))

  const blockNames = [...hosts.flatMap(blockDevicesOf), ...disks.map(({ block }) => block)].flatMap(namesOf)
  const raids = plan.raids.map((slaves, number): Raid => ({ number, slaves: picked(slaves, blockNames) }))
  // A map can only be on devices that existed before it, whatever its number is.
  const underlying = [...blockNames, ...raids.map(({ number }) => `md${number}`)]
  const maps = plan.maps.map((map): DeviceMap => {
    const slaves = picked(map.slaves, underlying)
    underlying.push(`dm-${map.number}`)
    return { number: map.number, ...identityOf(map), suspended: map.suspended, slaves }
  })

  return {
    iscsi: plan.iscsi || hosts.some((host) => host.iscsi),
    hosts,
    disks,
    maps,
    raids,
    links: [...plan.maps.map(mapperLink), ...linksOf(plan.links, underlying)],
  }
}

/** Assigns names to disks. The letters do not follow hosts or LUNs, as on a machine that scans them at once. */
class DiskNames {
  #given = 0
  readonly #offset: number

  constructor(offset: number) {
    this.#offset = offset
  }

  next({ smartArray, partitions }: BlockPlan): BlockDevice {
    const given = this.#given++
    if (smartArray) return partitioned(`cciss!c${given % 2}d${given >> 1}`, 'p', partitions)
    // 89 and 211 are prime, so all names from sda to sdhc are different.
    return partitioned(lettered('sd', (given * 89 + this.#offset) % 211), '', partitions)
  }
}

function partitioned(name: string, separator: string, count: number): BlockDevice {
  const partitions = Array.from({ length: count }, (_, index) => ({
    name: `${name}${separator}${index + 1}`,
    partition: index + 1,
  }))
  return { name, partitions }
}

function hostOf({ number, hardware }: HostPlan, sessionNumbers: number[], names: DiskNames): ScsiHost {
  switch (hardware.kind) {
    case 'iscsi_tcp':
      return {
        number,
        parent: 'platform',
        driver: 'iscsi_tcp',
        iscsi: true,
        sessions: [sessionOf(hardware.session, 0, sessionNumbers, names)],
      }
    case 'offload':
      return {
        number,
        parent: `pci0000:00/0000:00:1${(number % 16).toString(16)}.0`,
        driver: 'qla4xxx',
        iscsi: true,
        // The sessions of one host have targets of different numbers.
        sessions: hardware.sessions.map((session, index) => sessionOf(session, index * 16, sessionNumbers, names)),
      }
    case 'ahci':
      return {
        number,
        parent: `pci0000:00/0000:00:1${(number % 16).toString(16)}.0/ata${number + 1}`,
        driver: 'ahci',
        iscsi: false,
        targets: [{ channel: 0, target: 0, devices: devicesOf(hardware.devices, names) }],
      }
  }
}

function sessionOf(
  session: SessionPlan,
  firstTarget: number,
  sessionNumbers: number[],
  names: DiskNames,
): IscsiSession {
  const number = sessionNumbers.pop()
  if (number === undefined) throw new Error('more sessions than numbers for them')
  const { presence, channel, targetname } = session
  const gone = presence === 'device-gone'
  return {
    number,
    presence,
    channel,
    target: firstTarget + session.target,
    targetname,
    connections: gone ? [] : session.connections,
    devices: gone ? [] : devicesOf(session.devices, names),
  }
}

function devicesOf(devices: readonly DevicePlan[], names: DiskNames): ScsiDevice[] {
  return devices.map(({ lun, block }) =>
    block === null ? { lun, type: 12 } : { lun, block: block.map((plan) => names.next(plan)) },
  )
}

function blockDevicesOf({ sessions = [], targets = [] }: ScsiHost): BlockDevice[] {
  return [...sessions, ...targets].flatMap(({ devices }) => devices).flatMap(({ block = [] }) => block)
}

function namesOf({ name, partitions = [] }: BlockDevice): string[] {
  return [name, ...partitions.map((partition) => partition.name)]
}

function picked(picks: readonly number[], names: readonly string[]): string[] {
  if (names.length === 0) return []
  return [...new Set(picks.map((pick) => names[pick % names.length] ?? ''))]
}

function identityOf({ kind, number }: MapPlan): { readonly name: string; readonly uuid: string } {
  const wwid = `360000000000000000e${number.toString(16).padStart(14, '0')}`
  switch (kind) {
    case 'mpath':
      return { name: lettered('mpath', number), uuid: `mpath-${wwid}` }
    case 'part1':
      return { name: `${lettered('mpath', number)}-part1`, uuid: `part1-mpath-${wwid}` }
    case 'LVM':
      return { name: `vg--vault-lv${number}`, uuid: `LVM-${wwid}${wwid}` }
    case 'CRYPT':
      return { name: `secret${number}`, uuid: `CRYPT-LUKS2-${wwid}-secret${number}` }
    case 'none':
      return { name: `odd\\x20name\\x20${number}`, uuid: '' }
  }
}

function mapperLink(map: MapPlan): NodeLink {
  return {
    path: `/dev/mapper/${identityOf(map).name}`,
    text: map.absoluteNode ? `/dev/dm-${map.number}` : `../dm-${map.number}`,
  }
}

function linksOf(plans: readonly LinkPlan[], kernelNames: readonly string[]): NodeLink[] {
  const paths = plans.map(({ directory }, index) => posix.join(directory, `link ${index}`))
  return plans.map((plan, index) => ({ path: paths[index] ?? '', text: linkText(plan, paths, kernelNames) }))
}

function linkText(
  { directory, to, pick, text }: LinkPlan,
  paths: readonly string[],
  kernelNames: readonly string[],
): string {
  const target = linkTarget(to, pick, paths, kernelNames)
  switch (text) {
    case 'absolute':
      return target
    case 'relative':
      return posix.relative(directory, target) || '.'
    case 'escaping':
      return '../'.repeat(20) + target.slice(1)
    case 'through-directory':
      // The last `..` leads to where the linked directory is, not to where the link is.
      return `${paths[pick % paths.length] ?? ''}/..${target}`
  }
}

function linkTarget(
  to: LinkPlan['to'],
  pick: number,
  paths: readonly string[],
  kernelNames: readonly string[],
): string {
  const name = kernelNames[pick % Math.max(1, kernelNames.length)]
  if (to === 'dev-directory') return '/dev'
  if (to === 'link') return paths[pick % paths.length] ?? ''
  if (to === 'missing' || name === undefined) return '/dev/missing'
  return `/dev/${name.replaceAll('!', '/')}`
}
