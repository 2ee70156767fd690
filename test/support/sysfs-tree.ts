import { existsSync, mkdirSync, readdirSync, rmdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { posix } from 'node:path'

// A machine is declared as plain data and written to a directory as the kernel would show it:
// real directories under sys/devices, and everything else (class, bus, block, dev) as relative links to them.

/**
 * What one attribute file holds.
 * - a string: the value; it gets the newline the kernel ends attributes with
 * - `bytes`: exactly these, no newline added
 * - `absent`: there is no such file
 * - `unreadable`: opening or reading it fails with this code, for root too. Mode bits would not stop root,
 *   so `EISDIR` puts a directory in the file's place and `ELOOP` a link to itself.
 */
export type Attribute =
  | string
  | { readonly bytes: Uint8Array }
  | { readonly absent: true }
  | { readonly unreadable: 'EISDIR' | 'ELOOP' }

/**
 * How much is left of a session or connection while the kernel removes it. Its device is `hostH/sessionN`, its class
 * device (the one with the attributes) `hostH/sessionN/iscsi_session/sessionN`.
 * - `whole`: everything
 * - `class-device-gone`: the class link dangles, the device and its children are still there
 * - `device-gone`: the class link dangles, nothing else is left
 * - `class-link-gone`: neither class link nor class device; the device and its children are still there
 */
export type Presence = 'whole' | 'class-device-gone' | 'device-gone' | 'class-link-gone'

export interface Partition {
  /** Kernel name: `sda1`, `cciss!c0d0p1`. */
  readonly name: string
  readonly partition: number
  readonly sectors?: number
}

export interface BlockDevice {
  /** Kernel name: `sda`, `cciss!c0d0` (whose node is /dev/cciss/c0d0). */
  readonly name: string
  /** In units of 512 bytes, as sysfs counts. */
  readonly sectors?: number
  readonly readOnly?: boolean
  readonly partitions?: readonly Partition[]
}

export interface ScsiDevice {
  readonly lun: number
  /** INQUIRY's peripheral device type: 0 disk (the default), 12 array controller. */
  readonly type?: number
  /** Children of `H:C:T:L/block`; left out: there is no `block` directory, as for a controller. */
  readonly block?: readonly BlockDevice[]
}

export interface ScsiTarget {
  readonly channel: number
  readonly target: number
  readonly devices: readonly ScsiDevice[]
}

export interface IscsiConnection {
  readonly cid: number
  readonly presence?: Presence
  readonly address: Attribute
  readonly port: Attribute
  readonly persistentAddress: Attribute
  readonly persistentPort: Attribute
}

/** A session and the one SCSI target the kernel makes for it. */
export interface IscsiSession extends ScsiTarget {
  readonly number: number
  readonly presence?: Presence
  readonly targetname: Attribute
  readonly connections: readonly IscsiConnection[]
}

export interface ScsiHost {
  readonly number: number
  /** Where the host hangs under sys/devices: `platform` for iscsi_tcp, `pci0000:00/0000:00:03.0` for a card. */
  readonly parent: string
  /** Name of the low-level driver: `iscsi_tcp`, `ahci`. */
  readonly driver: string
  /** iSCSI hosts have an entry in /sys/class/iscsi_host, with or without sessions. */
  readonly iscsi: boolean
  readonly sessions?: readonly IscsiSession[]
  /** Targets with no session above them: SATA, SAS, virtio-scsi. */
  readonly targets?: readonly ScsiTarget[]
}

/** A disk that is not SCSI: virtio-blk (`vda`), loop. */
export interface OtherDisk {
  /** Its device under sys/devices (`pci0000:00/0000:00:02.0/virtio0`); left out: a virtual one, such as loop. */
  readonly parent?: string
  readonly block: BlockDevice
}

export interface DeviceMap {
  /** N of dm-N. */
  readonly number: number
  readonly name: string
  readonly uuid: string
  readonly suspended?: boolean
  readonly sectors?: number
  /** Kernel names of what it is made of. */
  readonly slaves: readonly string[]
}

/** A software RAID: something else than a map that holds disks. */
export interface Raid {
  /** N of mdN. */
  readonly number: number
  readonly slaves: readonly string[]
}

/** A symbolic link outside sys, such as udev makes. */
export interface NodeLink {
  /** As the machine sees it: `/dev/mapper/mpatha`. */
  readonly path: string
  readonly text: string
}

export interface Machine {
  /** Whether the iSCSI transport is loaded: its classes are there then, even if empty. */
  readonly iscsi: boolean
  readonly hosts: readonly ScsiHost[]
  readonly disks: readonly OtherDisk[]
  readonly maps: readonly DeviceMap[]
  readonly raids: readonly Raid[]
  readonly links: readonly NodeLink[]
}

type Attributes = Readonly<Record<string, Attribute>>

/** The kernel's printf of a string that nobody set. */
const NEVER_SET = '(null)'
const MEBIBYTE_SECTORS = 2048
const STAT =
  '      93        0     4216       44        0        0        0        0        0       60       44        0        0        0        0        0        0'

const DISK_QUEUE: readonly (readonly [string, string])[] = [
  ['add_random', '0'],
  ['dax', '0'],
  ['discard_granularity', '0'],
  ['discard_max_bytes', '0'],
  ['discard_zeroes_data', '0'],
  ['hw_sector_size', '512'],
  ['iostats', '1'],
  ['logical_block_size', '512'],
  ['max_sectors_kb', '1280'],
  ['minimum_io_size', '4096'],
  ['nr_requests', '128'],
  ['optimal_io_size', '0'],
  ['physical_block_size', '4096'],
  ['read_ahead_kb', '128'],
  ['rotational', '1'],
  ['scheduler', '[mq-deadline] none'],
  ['write_cache', 'write back'],
  ['write_same_max_bytes', '0'],
  ['zoned', 'none'],
]

/**
 * Writes what `machine` declares to `directory`/sys and `directory`/dev (its links also elsewhere below `directory`).
 */
export function writeMachine(directory: string, machine: Machine): void {
  new MachineWriter(directory).write(machine)
}

/** Removes `directory` and what is below it; nothing happens if it is not there. */
export function removeMachine(directory: string): void {
  if (existsSync(directory)) removeTree(directory)
}

// fs.rmSync asks for the status of every entry first; a declared tree holds nothing that needs that.
function removeTree(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = `${directory}/${entry.name}`
    if (entry.isDirectory()) removeTree(path)
    else unlinkSync(path)
  }
  rmdirSync(directory)
}

class MachineWriter {
  readonly #root: string
  readonly #directories = new Set<string>()
  /** Kernel name -> its directory below sys, for the links between holders and slaves. */
  readonly #blockPaths = new Map<string, string>()
  #diskSequence = 0

  constructor(root: string) {
    this.#root = root
  }

  write(machine: Machine): void {
    this.#directory('dev')
    this.#writeClassDirectories(machine)
    for (const host of machine.hosts) this.#writeHost(host)
    for (const disk of machine.disks) this.#writeOtherDisk(disk)
    for (const map of machine.maps) this.#writeMap(map)
    for (const raid of machine.raids) this.#writeRaid(raid)
    // Only now: a map may be declared before another one it is stacked on.
    for (const map of machine.maps) this.#linkSlaves(`dm-${map.number}`, map.slaves)
    for (const raid of machine.raids) this.#linkSlaves(`md${raid.number}`, raid.slaves)
    for (const { path, text } of machine.links) {
      this.#directory(posix.relative('/', posix.dirname(path)) || '.')
      symlinkSync(text, this.#root + path)
    }
  }

  #writeClassDirectories({ iscsi, hosts }: Machine): void {
    const classes = ['sys/block', 'sys/class/block', 'sys/dev/block', 'sys/devices']
    if (iscsi || hosts.length > 0) {
      classes.push('sys/class/scsi_host', 'sys/class/scsi_device', 'sys/class/scsi_disk', 'sys/bus/scsi/devices')
    }
    if (iscsi) classes.push('sys/class/iscsi_host', 'sys/class/iscsi_session', 'sys/class/iscsi_connection')
    for (const path of classes) this.#directory(path)
  }

  #writeHost(host: ScsiHost): void {
    const name = `host${host.number}`
    const path = `sys/devices/${host.parent}/${name}`
    this.#busDevice(path, 'DEVTYPE=scsi_host')
    this.#classDevice('scsi_host', path, {
      active_mode: 'Initiator',
      can_queue: '113',
      proc_name: host.driver,
      state: 'running',
      unique_id: String(host.number),
    })
    if (host.iscsi) {
      this.#classDevice('iscsi_host', path, {
        hwaddress: NEVER_SET,
        initiatorname: NEVER_SET,
        ipaddress: '192.168.30.1',
        netdev: NEVER_SET,
      })
    }
    for (const session of host.sessions ?? []) this.#writeSession(host.number, path, session)
    for (const target of host.targets ?? []) this.#writeTarget(host.number, path, target)
  }

  #writeSession(host: number, hostPath: string, session: IscsiSession): void {
    const path = `${hostPath}/session${session.number}`
    this.#removableDevice('iscsi_session', path, session.presence ?? 'whole', {
      ifacename: 'default',
      initiatorname: 'iqn.2003-01.io.example:initiator',
      password: NEVER_SET,
      password_in: NEVER_SET,
      recovery_tmo: '5',
      state: 'LOGGED_IN',
      target_id: String(session.target),
      target_state: 'SCANNED',
      targetname: session.targetname,
      tpgt: '1',
      username: NEVER_SET,
      username_in: NEVER_SET,
    })
    if (session.presence === 'device-gone') return
    for (const connection of session.connections) {
      this.#removableDevice(
        'iscsi_connection',
        `${path}/connection${session.number}:${connection.cid}`,
        connection.presence ?? 'whole',
        {
          address: connection.address,
          local_port: '51074',
          persistent_address: connection.persistentAddress,
          persistent_port: connection.persistentPort,
          port: connection.port,
          state: 'up',
        },
      )
    }
    // The kernel makes the target's directory only when the scan finds a device there.
    if (session.devices.length > 0) this.#writeTarget(host, path, session)
  }

  #writeTarget(host: number, parent: string, { channel, target, devices }: ScsiTarget): void {
    const path = `${parent}/target${host}:${channel}:${target}`
    this.#busDevice(path, 'DEVTYPE=scsi_target')
    for (const device of devices) this.#writeScsiDevice(`${path}/${host}:${channel}:${target}:${device.lun}`, device)
  }

  #writeScsiDevice(path: string, device: ScsiDevice): void {
    const type = device.type ?? 0
    this.#busDevice(path, 'DEVTYPE=scsi_device')
    this.#attributes(path, {
      model: 'VIRTUAL-DISK    ',
      queue_depth: '32',
      rev: '0001',
      scsi_level: '6',
      state: 'running',
      timeout: '30',
      type: String(type),
      vendor: 'IET     ',
      wwid: `naa.60000000000000000e${device.lun.toString(16).padStart(14, '0')}`,
    })
    this.#classDevice('scsi_device', path, {})
    if (type === 0)
      this.#classDevice('scsi_disk', path, { FUA: '1', cache_type: 'write back', provisioning_mode: 'full' })
    if (device.block === undefined) return
    this.#directory(`${path}/block`)
    for (const block of device.block) this.#writeBlockDevice(`${path}/block/${block.name}`, block, path)
  }

  #writeOtherDisk({ parent, block }: OtherDisk): void {
    if (parent === undefined) {
      this.#writeBlockDevice(`sys/devices/virtual/block/${block.name}`, block, undefined)
    } else {
      this.#directory(`sys/devices/${parent}`)
      this.#writeBlockDevice(`sys/devices/${parent}/block/${block.name}`, block, `sys/devices/${parent}`)
    }
  }

  #writeMap(map: DeviceMap): void {
    const name = `dm-${map.number}`
    const path = `sys/devices/virtual/block/${name}`
    this.#writeBlockDevice(path, { name, ...(map.sectors === undefined ? {} : { sectors: map.sectors }) }, undefined)
    this.#directory(`${path}/dm`)
    this.#attributes(`${path}/dm`, {
      name: map.name,
      rq_based_seq_io_merge_deadline: '0',
      suspended: map.suspended === true ? '1' : '0',
      use_blk_mq: '0',
      uuid: map.uuid,
    })
  }

  #writeRaid(raid: Raid): void {
    const path = `sys/devices/virtual/block/md${raid.number}`
    this.#writeBlockDevice(path, { name: `md${raid.number}` }, undefined)
    this.#directory(`${path}/md`)
    this.#attributes(`${path}/md`, { level: 'raid1', raid_disks: String(raid.slaves.length) })
  }

  #writeBlockDevice(path: string, block: BlockDevice, device: string | undefined): void {
    this.#writeBlockCommon(path, block.name, block.sectors, block.readOnly, 'DEVTYPE=disk')
    this.#link(`sys/block/${block.name}`, path)
    if (device !== undefined) this.#link(`${path}/device`, device)
    this.#directory(`${path}/slaves`)
    this.#attributes(path, {
      capability: '0',
      diskseq: String(++this.#diskSequence),
      ext_range: '256',
      hidden: '0',
      range: '16',
      removable: '0',
    })
    this.#directory(`${path}/queue`)
    for (const [name, value] of DISK_QUEUE) this.#attribute(`${path}/queue/${name}`, value)
    for (const partition of block.partitions ?? []) {
      const partitionPath = `${path}/${partition.name}`
      this.#writeBlockCommon(
        partitionPath,
        partition.name,
        partition.sectors,
        block.readOnly,
        `DEVTYPE=partition\nPARTN=${partition.partition}`,
      )
      this.#attributes(partitionPath, {
        partition: String(partition.partition),
        start: String(partition.partition * MEBIBYTE_SECTORS),
      })
    }
  }

  /** What whole disks and partitions have alike. */
  #writeBlockCommon(
    path: string,
    name: string,
    sectors: number | undefined,
    readOnly: boolean | undefined,
    type: string,
  ): void {
    const number = deviceNumber(name)
    const [major, minor] = number.split(':')
    this.#blockPaths.set(name, path)
    this.#directory(`${path}/holders`)
    this.#attributes(path, {
      alignment_offset: '0',
      dev: number,
      discard_alignment: '0',
      inflight: '       0        0',
      ro: readOnly === true ? '1' : '0',
      size: String(sectors ?? 64 * MEBIBYTE_SECTORS),
      stat: STAT,
      uevent: `MAJOR=${major}\nMINOR=${minor}\nDEVNAME=${nodeName(name)}\n${type}`,
    })
    this.#subsystem(path, 'sys/class/block')
    this.#link(`sys/class/block/${name}`, path)
    this.#link(`sys/dev/block/${number}`, path)
    // The nodes themselves need a privilege to make, so a written machine has none, only the directories they are in.
    if (name.includes('!')) this.#directory(posix.dirname(`dev/${nodeName(name)}`))
  }

  #linkSlaves(holder: string, slaves: readonly string[]): void {
    const holderPath = this.#blockPath(holder)
    for (const slave of slaves) {
      const slavePath = this.#blockPath(slave)
      this.#link(`${holderPath}/slaves/${slave}`, slavePath)
      this.#link(`${slavePath}/holders/${holder}`, holderPath)
    }
  }

  #blockPath(name: string): string {
    const path = this.#blockPaths.get(name)
    if (path === undefined) throw new Error(`the machine declares no block device ${name}`)
    return path
  }

  /** A host, target or SCSI device: these are on the scsi bus, not in a class. */
  #busDevice(path: string, uevent: string): void {
    this.#directory(path)
    this.#attribute(`${path}/uevent`, uevent)
    this.#subsystem(path, 'sys/bus/scsi')
    this.#link(`sys/bus/scsi/devices/${posix.basename(path)}`, path)
  }

  /** A session or connection, which comes and goes while the machine runs, with its class device. */
  #removableDevice(className: string, device: string, presence: Presence, attributes: Attributes): void {
    if (presence !== 'device-gone') {
      this.#directory(device)
      this.#attribute(`${device}/uevent`, NOTHING)
    }
    if (presence === 'whole') this.#classDevice(className, device, attributes)
    else if (presence !== 'class-link-gone') this.#classLink(className, device)
  }

  /** The class device DEVICE/CLASS/NAME of the device DEVICE, which has the same name, and the class's link to it. */
  #classDevice(className: string, device: string, attributes: Attributes): void {
    const path = `${device}/${className}/${posix.basename(device)}`
    this.#directory(path)
    this.#attribute(`${path}/uevent`, NOTHING)
    this.#link(`${path}/device`, device)
    this.#subsystem(path, `sys/class/${className}`)
    this.#attributes(path, attributes)
    this.#classLink(className, device)
  }

  #classLink(className: string, device: string): void {
    const name = posix.basename(device)
    this.#link(`sys/class/${className}/${name}`, `${device}/${className}/${name}`)
  }

  #subsystem(path: string, subsystem: string): void {
    this.#link(`${path}/subsystem`, subsystem)
  }

  #attributes(path: string, attributes: Attributes): void {
    for (const name in attributes) {
      const attribute = attributes[name]
      if (attribute !== undefined) this.#attribute(`${path}/${name}`, attribute)
    }
  }

  #attribute(path: string, attribute: Attribute): void {
    const file = `${this.#root}/${path}`
    if (typeof attribute === 'string') writeFileSync(file, `${attribute}\n`)
    else if ('bytes' in attribute) writeFileSync(file, attribute.bytes)
    else if ('absent' in attribute) return
    else if (attribute.unreadable === 'EISDIR') mkdirSync(file)
    else symlinkSync(posix.basename(path), file)
  }

  /**
   * A link with the kernel's text. kernfs climbs from the link's directory to the nearest ancestor of the target's
   * PARENT (fs/kernfs/symlink.c), so the text always ends in the target's own name, even where `..` alone would do.
   */
  #link(path: string, target: string): void {
    const climb = posix.relative(posix.dirname(path), posix.dirname(target))
    symlinkSync(`${climb}/${posix.basename(target)}`, `${this.#root}/${path}`)
  }

  #directory(path: string): void {
    if (this.#directories.has(path)) return
    this.#directories.add(path)
    if (path === '.') {
      mkdirSync(this.#root, { recursive: true })
    } else {
      this.#directory(posix.dirname(path))
      mkdirSync(`${this.#root}/${path}`)
    }
  }
}

/** What an attribute that is only written to reads as. */
const NOTHING: Attribute = { bytes: new Uint8Array(0) }

/** Path of a device's node below /dev: the kernel cannot have a slash in a name and shows `!` for it. */
function nodeName(kernelName: string): string {
  return kernelName.replaceAll('!', '/')
}

/** `major:minor` as the kernel numbers a device of this name. */
function deviceNumber(name: string): string {
  let match = /^sd([a-z]+)(\d*)$/.exec(name)
  if (match) return scsiDiskNumber(diskIndex(match[1] ?? ''), Number(match[2]))
  match = /^vd([a-z]+)(\d*)$/.exec(name)
  if (match) return `254:${diskIndex(match[1] ?? '') * 16 + Number(match[2])}`
  match = /^cciss!c(\d+)d(\d+)(?:p(\d+))?$/.exec(name)
  if (match) return `${104 + Number(match[1])}:${Number(match[2]) * 16 + Number(match[3] ?? 0)}`
  match = /^dm-(\d+)$/.exec(name)
  if (match) return `253:${match[1]}`
  match = /^md(\d+)$/.exec(name)
  if (match) return `9:${match[1]}`
  match = /^loop(\d+)$/.exec(name)
  if (match) return `7:${match[1]}`
  throw new Error(`no driver is known to name a block device ${name}`)
}

// drivers/scsi/sd.c: 16 majors of 16 disks each, and from the 257th disk on minors above 255.
function scsiDiskNumber(index: number, partition: number): string {
  const majorIndex = (index & 0xf0) >> 4
  const major = majorIndex === 0 ? 8 : majorIndex < 8 ? 64 + majorIndex : 120 + majorIndex
  return `${major}:${(((index & 0xf) << 4) | (index & 0xfff00)) + partition}`
}

/** 0 for `a`, 25 for `z`, 26 for `aa`. */
function diskIndex(letters: string): number {
  let index = 0
  for (const letter of letters) index = index * 26 + letter.charCodeAt(0) - 96
  return index - 1
}

/**
 * The name of the SCSI disk, or with the prefix `mpath` of the multipath map, of that index: a .. z, aa .. zz, aaa ..
 */
export function lettered(prefix: string, index: number): string {
  let letters = ''
  for (let rest = index; rest >= 0; rest = Math.floor(rest / 26) - 1) {
    letters = String.fromCharCode(97 + (rest % 26)) + letters
  }
  return prefix + letters
}

export interface MachineSize {
  /** Storage arrays the sessions are shared out to in turn; 1 if left out. */
  readonly targets?: number
  readonly sessions: number
  /** Disks of each session: LUNs 1 .. luns, beside the controller at LUN 0. */
  readonly luns: number
  readonly maps: number
}

/**
 * A machine of iscsi_tcp sessions, each with a host and a portal of its own, and multipath maps over their disks. The
 * maps of one LUN share its disks, one disk of each session, out among them. Example: 64 sessions of 64 LUNs with 1024
 * maps give each LUN 16 maps of 4 paths.
 */
export function machineOfSize({ targets = 1, sessions, luns, maps }: MachineSize): Machine {
  if (maps > sessions * luns) throw new RangeError(`${sessions * luns} disks cannot make ${maps} maps that share none`)

  const links: NodeLink[] = []
  /** Paths of the volumes: [target, LUN] flattened -> kernel names in the order of the sessions. */
  const volumes: string[][] = Array.from({ length: targets * luns }, () => [])
  let disks = 0

  const hosts = Array.from({ length: sessions }, (_, session): ScsiHost => {
    const target = session % targets
    const targetname = `iqn.2003-01.io.example:array${target}`
    const address = `10.${session >> 16}.${(session >> 8) & 0xff}.${session & 0xff}`
    const devices: ScsiDevice[] = [{ lun: 0, type: 12 }]
    for (let lun = 1; lun <= luns; lun++) {
      const name = lettered('sd', disks++)
      devices.push({ lun, block: [{ name }] })
      volumes[target * luns + lun - 1]?.push(name)
      links.push({ path: `/dev/disk/by-path/ip-${address}:3260-iscsi-${targetname}-lun-${lun}`, text: `../../${name}` })
    }
    return {
      number: session,
      parent: 'platform',
      driver: 'iscsi_tcp',
      iscsi: true,
      sessions: [
        {
          number: session + 1,
          channel: 0,
          target: 0,
          targetname,
          connections: [{ cid: 0, address, port: '3260', persistentAddress: address, persistentPort: '3260' }],
          devices,
        },
      ],
    }
  })

  // With fewer sessions than targets some volumes have no path at all.
  const reachable = volumes.filter((paths) => paths.length > 0)
  return {
    iscsi: true,
    hosts,
    disks: [
      {
        parent: 'pci0000:00/0000:00:02.0/virtio0',
        block: { name: 'vda', partitions: [{ name: 'vda1', partition: 1 }] },
      },
    ],
    maps: mapsOver(reachable, maps, links),
    raids: [],
    links,
  }
}

function mapsOver(volumes: readonly (readonly string[])[], count: number, links: NodeLink[]): DeviceMap[] {
  /** How many maps each volume's paths are shared out to. */
  const shares = volumes.map(() => 0)
  for (let given = 0; given < count; ) {
    for (let volume = 0; volume < volumes.length && given < count; volume++) {
      // Volumes have unequal numbers of paths when the sessions do not divide evenly by the targets.
      if ((shares[volume] ?? 0) === volumes[volume]?.length) continue
      shares[volume] = (shares[volume] ?? 0) + 1
      given++
    }
  }

  const maps: DeviceMap[] = []
  for (const [volume, paths] of volumes.entries()) {
    const share = shares[volume] ?? 0
    for (let part = 0; part < share; part++) {
      const number = maps.length
      const name = lettered('mpath', number)
      const slaves = paths.slice(
        Math.floor((part * paths.length) / share),
        Math.floor(((part + 1) * paths.length) / share),
      )
      maps.push({ number, name, uuid: `mpath-360000000000000000e${number.toString(16).padStart(14, '0')}`, slaves })
      links.push({ path: `/dev/mapper/${name}`, text: `../dm-${number}` })
    }
  }
  return maps
}
