/*
 * Readers for what the storage tools print, and printed on the recorded machines. They are the tests' second opinion,
 * so a line they do not know is an error rather than skipped.
 */

export interface IscsiPortal {
  /** Bare, as in sysfs: an IPv6 address has lost its brackets. */
  readonly address: string
  readonly port: number
  readonly portalGroup: number
}

export interface AttachedDisk {
  readonly channel: number
  readonly id: number
  readonly lun: number
  /** `sda` */
  readonly name: string
  /** `running`, `blocked`, `transport-offline`... */
  readonly state: string
}

export interface IscsiadmSession {
  readonly target: string
  readonly sessionId: number
  /** Where the connection leads, which a redirect by the target may have changed. */
  readonly currentPortal: IscsiPortal
  /** What the initiator was told to log in to. */
  readonly persistentPortal: IscsiPortal
  readonly interfaceName: string
  /** `default`, in brackets too, where it is not known, as it is of the two below. */
  readonly interfaceAddress: string
  readonly interfaceHardwareAddress: string
  readonly interfaceDevice: string
  readonly transport: string
  readonly initiatorName: string
  /** `LOGGED IN`, `TRANSPORT WAIT`... as iscsid says */
  readonly connectionState: string
  /** `LOGGED_IN`, `FAILED`, `FREE` as sysfs says */
  readonly sessionState: string
  readonly hostNumber: number
  readonly hostState: string
  readonly disks: readonly AttachedDisk[]
  /** LUNs that are no disk, such as the controller that tgt shows as LUN 0. */
  readonly otherLuns: readonly number[]
}

/** What iscsiadm prints of a session besides: its time-outs, and what initiator and target agreed on. */
export interface IscsiadmParameters {
  readonly sessionId: number
  /** In seconds. */
  readonly recoveryTimeout: number
  readonly targetResetTimeout: number
  readonly logicalUnitResetTimeout: number
  readonly abortTimeout: number
  readonly headerDigest: boolean
  readonly dataDigest: boolean
  readonly maxRecvDataSegmentLength: number
  readonly maxXmitDataSegmentLength: number
  readonly firstBurstLength: number
  readonly maxBurstLength: number
  readonly immediateData: boolean
  readonly initialR2T: boolean
  readonly maxOutstandingR2T: number
}

export interface MultipathPath {
  readonly hctl: string
  /** `sda` */
  readonly device: string
  /** `8:0` */
  readonly deviceNumber: string
  /** What the kernel's map thinks of the path: `active` or `failed`. */
  readonly mapState: string
  /** What multipathd's checker found: `ready`, `faulty`, `i/o pending`... */
  readonly checkerState: string
  readonly deviceState: string
  /** State of the path group it is in: `active`, `enabled`. */
  readonly groupState: string
}

export interface MultipathMap {
  readonly name: string
  readonly wwid: string
  /** `dm-0` */
  readonly device: string
  /** `IET,VIRTUAL-DISK`, or `##,##` for a map without paths */
  readonly product: string
  /** `48M` */
  readonly size: string
  readonly readOnly: boolean
  /** In the order of the path groups. */
  readonly paths: readonly MultipathPath[]
}

/** What multipathd's daemon says of a map, as far as it is not in `multipath -ll`. */
export interface MultipathdMap {
  readonly name: string
  /** The WWID. */
  readonly uuid: string
  /** `dm-0` */
  readonly sysfs: string
  readonly write_prot: string
  readonly dm_st: string
  readonly vend: string
  readonly prod: string
  readonly rev: string
  readonly path_groups: readonly {
    readonly paths: readonly {
      readonly dev: string
      readonly dev_t: string
      /** For iSCSI the target's name. */
      readonly target_wwnn: string
      /** In the eight bytes of SAM, `0x0007000000000000`. */
      readonly lun_hex: string
    }[]
  }[]
}

export interface DmDevice {
  /** As the kernel has it: `odd\\x20name`. */
  readonly name: string
  /** `253:0` */
  readonly deviceNumber: string
  /** A map that has no table yet; current kernels make its block device only with its first table. */
  readonly hasTable: boolean
  readonly suspended: boolean
  readonly readOnly: boolean
  readonly openCount: number
  /** Empty if it was created without one. */
  readonly uuid: string
}

export interface DmTableLine {
  readonly name: string
  readonly startSector: number
  readonly sectors: number
  /** `multipath`, `linear`, `crypt`... */
  readonly target: string
  /** Numbers of the devices this part of the map is on, in the order of the table. */
  readonly deviceNumbers: readonly string[]
}

export interface DmTreeNode {
  /** `null` for a device that is not device-mapper's. */
  readonly name: string | null
  readonly deviceNumber: string
  readonly dependencies: readonly DmTreeNode[]
}

/** The columns of `lsblk --json --output-all` that say something about the device rather than about its content. */
export interface LsblkDevice {
  readonly name: string
  readonly kname: string
  readonly path: string
  readonly 'maj:min': string
  readonly pkname: string | null
  readonly type: string
  readonly tran: string | null
  readonly subsystems: string
  readonly hctl: string | null
  readonly state: string | null
  /** Rounded for people, `64M`, `1.5G`; with --bytes a number. */
  readonly size: string | number
  readonly ro: boolean
  readonly rm: boolean
  readonly hotplug: boolean
  readonly rota: boolean
  readonly rand: boolean
  readonly dax: boolean
  readonly vendor: string | null
  readonly model: string | null
  readonly rev: string | null
  readonly serial: string | null
  readonly wwn: string | null
  readonly start: number | null
  readonly alignment: number
  readonly 'min-io': number
  readonly 'opt-io': number
  readonly 'phy-sec': number
  readonly 'log-sec': number
  readonly sched: string | null
  readonly 'rq-size': number
  readonly ra: number
  readonly zoned: string
  readonly fstype: string | null
  readonly mountpoints: readonly (string | null)[]
  readonly children?: readonly LsblkDevice[]
}

export interface LsscsiDevice {
  readonly hctl: string
  /** `disk`, `storage`... */
  readonly type: string
  readonly vendor: string
  readonly model: string
  readonly revision: string
  /** `/dev/sda`, or `null` if there is no block device. */
  readonly device: string | null
  /** `/dev/sg0` */
  readonly generic: string | null
}

export interface LsscsiTransport {
  readonly hctl: string
  /** `iqn...,t,0x1` for iSCSI; empty where lsscsi knows of no transport */
  readonly transport: string
  readonly device: string | null
  /** `/sys/devices/platform/host0/session1/target0:0:0/0:0:0:1` */
  readonly directory: string
}

/** A line of `lsscsi -tv` about NVMe: a namespace on one of the controllers that lead to it. */
export interface LsscsiNvmePath {
  /** `nvme0c1n1`; `nvme0n1` where the kernel makes no path of its own */
  readonly name: string
  /** `nvme1` */
  readonly controller: string
  /** `tcp`, `pcie`... */
  readonly transport: string
}

/** What `nvme list -v -o json` says of a subsystem. */
export interface NvmeListSubsystem {
  readonly Subsystem: string
  readonly SubsystemNQN: string
  readonly Controllers: readonly {
    readonly Controller: string
    readonly Transport: string
    readonly Address: string
    /** Namespaces that hang on this controller alone. */
    readonly Namespaces: readonly { readonly NameSpace: string }[]
    /** Of all namespaces that several controllers may lead to, those without a path that works included. */
    readonly Paths: readonly { readonly Path: string; readonly ANAState: string }[]
  }[]
  readonly Namespaces: readonly {
    readonly NameSpace: string
    readonly PhysicalSize: number
    readonly SectorSize: number
  }[]
}

/** What `nvme list-subsys -o json` says of a controller. */
export interface NvmeControllerState {
  readonly Name: string
  readonly State: string
}

export interface UnreadableAttribute {
  /** `/sys/devices/...` */
  readonly path: string
  readonly mode: number
  /** `EINVAL`, `ENOTCONN`...; `WRITE-ONLY` for an attribute that no one may read */
  readonly reason: string
}

/** A tool's text as lines, without the note on its exit code that the recorder put at the end. */
function outputLines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '' && !/^# exit \d+$/.test(line))
}

function unknownLine(tool: string, line: string): never {
  throw new Error(`${tool} printed a line that the tests cannot read: ${JSON.stringify(line)}`)
}

/** The captures of `pattern`, all of which are mandatory. */
function captures(tool: string, pattern: RegExp, line: string): string[] {
  const match = pattern.exec(line)
  if (match === null) return unknownLine(tool, line)
  return match.slice(1).map((capture) => capture ?? '')
}

/** Without an address, as of a session that was never given one, iscsiadm prints `[]:0,0`. */
function parsePortal(text: string): IscsiPortal {
  const [address = '', port, portalGroup] = captures('iscsiadm', /^(.+):(\d+),(-?\d+)$/, text)
  return { address: address.replace(/^\[(.*)\]$/, '$1'), port: Number(port), portalGroup: Number(portalGroup) }
}

/** `iscsiadm -m session -P 3`; no session is an empty list. */
export function parseIscsiadmSessions(text: string): readonly IscsiadmSession[] {
  if (outputLines(text).join('\n') === 'iscsiadm: No active sessions.') return []
  const sessions: IscsiadmSession[] = []
  let target = ''
  // a target's sessions each begin with their current portal
  for (const part of text.split(/^(?=Target: |\tCurrent Portal: )/m)) {
    if (part.startsWith('Target: ')) {
      ;[target = ''] = captures('iscsiadm', /^Target: (\S*) \(/, part)
      continue
    }
    if (!part.startsWith('\tCurrent Portal: ')) continue
    const field = (name: string): string => {
      const line = part.split('\n').find((candidate) => candidate.trim().startsWith(`${name}: `))
      if (line === undefined) return unknownLine('iscsiadm', `(no ${name} in the session at ${part.slice(0, 60)}...)`)
      return line.trim().slice(name.length + 2)
    }
    const [hostNumber, hostState = ''] = captures('iscsiadm', /^(\d+)\s+State: (.*)$/, field('Host Number'))
    const disks: AttachedDisk[] = []
    const otherLuns: number[] = []
    const device =
      /^\t\tscsi\d+ Channel (\d+) Id (\d+) Lun: (\d+)$(?:\n\t\t\tAttached scsi disk (\S+)\s+State: (.*)$)?/gm
    for (const [, channel, id, lun, name, state = ''] of part.matchAll(device)) {
      if (name === undefined) otherLuns.push(Number(lun))
      else disks.push({ channel: Number(channel), id: Number(id), lun: Number(lun), name, state })
    }
    sessions.push({
      target,
      sessionId: Number(field('SID')),
      currentPortal: parsePortal(field('Current Portal')),
      persistentPortal: parsePortal(field('Persistent Portal')),
      interfaceName: field('Iface Name'),
      interfaceAddress: field('Iface IPaddress').replace(/^\[(.*)\]$/, '$1'),
      interfaceHardwareAddress: field('Iface HWaddress'),
      interfaceDevice: field('Iface Netdev'),
      transport: field('Iface Transport'),
      initiatorName: field('Iface Initiatorname'),
      connectionState: field('iSCSI Connection State'),
      sessionState: field('iSCSI Session State'),
      hostNumber: Number(hostNumber),
      hostState,
      disks,
      otherLuns,
    })
  }
  return sessions
}

/** The parameters in `iscsiadm -m session -P 3`, for each session. */
export function parseIscsiadmParameters(text: string): readonly IscsiadmParameters[] {
  return text
    .split(/^\tCurrent Portal: /m)
    .slice(1)
    .map((part) => {
      const field = (name: string, form: RegExp): string => {
        const line = part.split('\n').find((candidate) => candidate.trim().startsWith(`${name}: `)) ?? `no ${name}`
        const [value = ''] = captures('iscsiadm', new RegExp(`^\\s*${name}: (${form.source})$`), line)
        return value
      }
      const count = (name: string) => Number(field(name, /-?\d+/))
      const yes = (name: string) => field(name, /Yes|No/) === 'Yes'
      const digest = (name: string) => field(name, /None|CRC32C/) === 'CRC32C'
      return {
        sessionId: count('SID'),
        recoveryTimeout: count('Recovery Timeout'),
        targetResetTimeout: count('Target Reset Timeout'),
        logicalUnitResetTimeout: count('LUN Reset Timeout'),
        abortTimeout: count('Abort Timeout'),
        headerDigest: digest('HeaderDigest'),
        dataDigest: digest('DataDigest'),
        maxRecvDataSegmentLength: count('MaxRecvDataSegmentLength'),
        maxXmitDataSegmentLength: count('MaxXmitDataSegmentLength'),
        firstBurstLength: count('FirstBurstLength'),
        maxBurstLength: count('MaxBurstLength'),
        immediateData: yes('ImmediateData'),
        initialR2T: yes('InitialR2T'),
        maxOutstandingR2T: count('MaxOutstandingR2T'),
      }
    })
}

/** `multipathd show maps json`; where the daemon does not run, an empty list. */
export function parseMultipathdMaps(text: string): readonly MultipathdMap[] {
  const lines = outputLines(text)
  if (lines.length === 0) return []
  const { maps } = JSON.parse(lines.join('\n')) as { readonly maps: readonly MultipathdMap[] }
  // Field by field: the daemon counts its checks and faults in others.
  return maps.map(({ name, uuid, sysfs, write_prot, dm_st, vend, prod, rev, path_groups }) => ({
    ...{ name, uuid, sysfs, write_prot, dm_st, vend, prod, rev },
    path_groups: path_groups.map(({ paths }) => ({
      paths: paths.map(({ dev, dev_t, target_wwnn, lun_hex }) => ({ dev, dev_t, target_wwnn, lun_hex })),
    })),
  }))
}

/** `multipath -ll`; the kernel without device-mapper multipath is an empty list. */
export function parseMultipathMaps(text: string): readonly MultipathMap[] {
  const maps: (MultipathMap & { size: string; readOnly: boolean; paths: MultipathPath[] })[] = []
  let groupState = ''
  for (const line of outputLines(text)) {
    // a log line has the time first: "409.141664 | path ... doesn't match"
    if (/^\d+\.\d+ \| /.test(line)) continue
    const heading = /^(\S+) (?:\((\S+)\) )?(dm-\d+) (.*)$/.exec(line)
    if (heading !== null) {
      // a map named after its WWID is not told twice
      const [, name = '', wwid = name, device = '', product = ''] = heading
      maps.push({ name, wwid, device, product, size: '', readOnly: false, paths: [] })
      continue
    }
    const map = maps.at(-1)
    if (map === undefined) return unknownLine('multipath', line)
    const size = /^size=(\S+) features=.* wp=(rw|ro)$/.exec(line)
    const group = /^[|`]-\+- policy=.* status=(\S+)$/.exec(line)
    if (size !== null) {
      map.size = size[1] ?? ''
      map.readOnly = size[2] === 'ro'
    } else if (group !== null) groupState = group[1] ?? ''
    else {
      const path = /^[| ] [|`]- (\S+) +(\S+) +(\d+:\d+) +(\S+) +(\S.*?) +(\S+)$/
      const [hctl = '', device = '', deviceNumber = '', mapState = '', checkerState = '', deviceState = ''] = captures(
        'multipath',
        path,
        line,
      )
      map.paths.push({ hctl, device, deviceNumber, mapState, checkerState, deviceState, groupState })
    }
  }
  return maps
}

function dmsetupLines(text: string): string[] {
  return outputLines(text).filter((line) => line !== 'No devices found')
}

/** dmsetup prints `odd name (x)` where the kernel's name is `odd\\x20name\\x20\\x28x\\x29` (libdm's "mangling"). */
function kernelNameOf(printed: string): string {
  return printed.replace(/[^\w#+\-.:=@\\]/g, (character) =>
    [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  )
}

/** `dmsetup info -c` */
export function parseDmsetupInfo(text: string): readonly DmDevice[] {
  const row = /^(.+?) +(\d+) +(\d+) ([L-][I-][s-][rw]) +(\d+) +\d+ +\d+ (\S*) *$/
  return dmsetupLines(text)
    .filter((line) => !line.startsWith('Name '))
    .map((line) => {
      const [name = '', major, minor, state, openCount, uuid = ''] = captures('dmsetup info', row, line)
      return {
        name: kernelNameOf(name),
        deviceNumber: `${major}:${minor}`,
        hasTable: state?.[0] === 'L',
        suspended: state?.[2] === 's',
        readOnly: state?.[3] === 'r',
        openCount: Number(openCount),
        uuid,
      }
    })
}

/** `dmsetup table`; of a map without one there is no line. */
export function parseDmsetupTable(text: string): readonly DmTableLine[] {
  return dmsetupLines(text)
    .filter((line) => !line.endsWith(': '))
    .map((line) => {
      const row = /^(.+?): (\d+) (\d+) (\S+) ?(.*)$/
      const [name = '', startSector, sectors, target = '', rest = ''] = captures('dmsetup table', row, line)
      const deviceNumbers = rest.split(' ').filter((word) => /^\d+:\d+$/.test(word))
      return {
        name: kernelNameOf(name),
        startSector: Number(startSector),
        sectors: Number(sectors),
        target,
        deviceNumbers,
      }
    })
}

/** `dmsetup ls --tree`: the devices that nothing is built on, each with what it is built on. */
export function parseDmsetupTree(text: string): readonly DmTreeNode[] {
  const roots: DmTreeNode[] = []
  const open: { dependencies: DmTreeNode[] }[] = [{ dependencies: roots }]
  for (const line of dmsetupLines(text)) {
    const [branch = '', name = '', deviceNumber = ''] = captures(
      'dmsetup tree',
      /^([ │├└]*─)?(.*) \((\d+:\d+)\)$/,
      line,
    )
    // three columns a level: " ├─", " │  └─"
    const depth = branch.length / 3
    const node = { name: name === '' ? null : kernelNameOf(name), deviceNumber, dependencies: [] }
    const parent = open[depth]
    if (parent === undefined) return unknownLine('dmsetup tree', line)
    parent.dependencies.push(node)
    open.splice(depth + 1)
    open.push(node)
  }
  return roots
}

/** `lsblk --json --output-all`: disks, with the partitions and maps on them as children, a map once below each path. */
export function parseLsblk(text: string): readonly LsblkDevice[] {
  const { blockdevices } = JSON.parse(text) as { readonly blockdevices: readonly LsblkDevice[] }
  return blockdevices
}

/** Every device in a tree of lsblk's, by its kernel name. */
export function lsblkByKernelName(devices: readonly LsblkDevice[]): ReadonlyMap<string, LsblkDevice> {
  const all = new Map<string, LsblkDevice>()
  const visit = (device: LsblkDevice): void => {
    all.set(device.kname, device)
    device.children?.forEach(visit)
  }
  devices.forEach(visit)
  return all
}

function devicePath(text: string | undefined): string | null {
  return text === undefined || text === '' || text === '-' ? null : text
}

/**
 * The lines of lsscsi. Its complaints go to standard error, unbuffered, so they stand in the middle of a recorded list,
 * even of a line of it.
 */
function lsscsiLines(text: string): string[] {
  const complaint =
    /(?:list_[sn]devices: scandir: .*|(?:SCSI mid level|NVMe) module may not be loaded|sdev_scandir_sort: .*)\n/g
  return outputLines(text.replace(complaint, ''))
}

/** A namespace of NVMe stands in the same list, as `[N:0:1:1]`. */
function isNvme(line: string): boolean {
  return line.startsWith('[N:')
}

/** `lsscsi -g`, the SCSI devices in it; what it says of NVMe is in `lsscsi -tv` as well. */
export function parseLsscsi(text: string): readonly LsscsiDevice[] {
  // vendor, model and revision have the fixed widths of an INQUIRY, and spaces inside
  const row = /^\[(\d+:\d+:\d+:\d+)\] +(\S+) +(.{8}) (.{16}) (.{4}) {2}(\S+) *(\S*) *$/
  return lsscsiLines(text)
    .filter((line) => !isNvme(line))
    .map((line) => {
      const [hctl = '', type = '', vendor = '', model = '', revision = '', device, generic] = captures(
        'lsscsi',
        row,
        line,
      )
      return {
        hctl,
        type,
        vendor: vendor.trimEnd(),
        model: model.trimEnd(),
        revision: revision.trimEnd(),
        device: devicePath(device),
        generic: devicePath(generic),
      }
    })
}

/** Two lines each: the device, and its directory. */
function lsscsiPairs(text: string): readonly (readonly [string, string])[] {
  const lines = lsscsiLines(text)
  const pairs: (readonly [string, string])[] = []
  for (let i = 0; i < lines.length; i += 2) pairs.push([lines[i] ?? '', lines[i + 1] ?? ''])
  return pairs
}

function lsscsiDirectory(line: string): string {
  const [directory = ''] = captures('lsscsi', /^ {2}dir: \S+ {2}\[(\S+)\]$/, line)
  return directory
}

/** `lsscsi -tv`, the SCSI devices in it; a kernel without SCSI is an empty list. */
export function parseLsscsiTransports(text: string): readonly LsscsiTransport[] {
  return lsscsiPairs(text)
    .filter(([line]) => !isNvme(line))
    .map(([line, below]) => {
      const row = /^\[(\d+:\d+:\d+:\d+)\] +\S+ +(.*?) *(\/dev\/\S+|-) *$/
      const [hctl = '', transport = '', device] = captures('lsscsi', row, line)
      return { hctl, transport, device: devicePath(device), directory: lsscsiDirectory(below) }
    })
}

/** `lsscsi -tv`, what it says of NVMe. */
export function parseLsscsiNvmePaths(text: string): readonly LsscsiNvmePath[] {
  return lsscsiPairs(text)
    .filter(([line]) => isNvme(line))
    .map(([line, below]) => {
      const [transport = ''] = captures('lsscsi', /^\[N:\d+:\d+:\d+\] +\S+ +(\S+)/, line)
      const [controller = '', name = ''] = lsscsiDirectory(below).split('/').slice(-2)
      return { name, controller, transport }
    })
}

interface NvmeHost<Subsystem> {
  readonly Subsystems: readonly Subsystem[]
}

/** `nvme list -v -o json`; a machine without NVMe is an empty list. */
export function parseNvmeList(text: string): readonly NvmeListSubsystem[] {
  if (text.trim() === '') return []
  const { Devices } = JSON.parse(text) as { readonly Devices: readonly NvmeHost<NvmeListSubsystem>[] }
  return Devices.flatMap((host) => host.Subsystems)
}

/** `nvme list-subsys -o json`: its controllers, which it calls paths. */
export function parseNvmeControllerStates(text: string): readonly NvmeControllerState[] {
  if (text.trim() === '') return []
  const hosts = JSON.parse(text) as readonly NvmeHost<{ readonly Paths: readonly NvmeControllerState[] }>[]
  return hosts.flatMap((host) => host.Subsystems).flatMap((subsystem) => subsystem.Paths)
}

/** `errors.txt`: the attributes that the recorder, as root, could not read. */
export function parseUnreadableAttributes(text: string): readonly UnreadableAttribute[] {
  return outputLines(text)
    .filter((line) => !line.startsWith('#'))
    .map((line) => {
      const [path = '', mode = '', reason = ''] = captures('errors.txt', /^(\/.+) ([0-7]{4}) (\S+)$/, line)
      return { path, mode: Number.parseInt(mode, 8), reason }
    })
}
