/*
 * Readers for what the storage tools printed on the recorded machines. They are the tests' second opinion, so a line
 * they do not know is an error rather than skipped.
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
  readonly name: string
  /** `253:0` */
  readonly deviceNumber: string
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
  /** Rounded for people: `64M`, `1.5G`. */
  readonly size: string
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
      ;[target = ''] = captures('iscsiadm', /^Target: (\S+)/, part)
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

/** Whether `multipath -ll` says of each of its maps, in their order, that it cannot be written. */
export function parseMultipathWriteProtection(text: string): readonly boolean[] {
  return outputLines(text)
    .filter((line) => line.startsWith('size='))
    .map((line) => captures('multipath', / wp=(rw|ro)$/, line)[0] === 'ro')
}

/** `multipathd show maps json`; where the daemon does not run, an empty list. */
export function parseMultipathdMaps(text: string): readonly MultipathdMap[] {
  const lines = outputLines(text)
  if (lines.length === 0) return []
  const { maps } = JSON.parse(lines.join('\n')) as { readonly maps: readonly MultipathdMap[] }
  return maps
}

/** `multipath -ll`; the kernel without device-mapper multipath is an empty list. */
export function parseMultipathMaps(text: string): readonly MultipathMap[] {
  const maps: (MultipathMap & { size: string; paths: MultipathPath[] })[] = []
  let groupState = ''
  for (const line of outputLines(text)) {
    // a log line has the time first: "409.141664 | path ... doesn't match"
    if (/^\d+\.\d+ \| /.test(line)) continue
    const heading = /^(\S+) (?:\((\S+)\) )?(dm-\d+) (.*)$/.exec(line)
    if (heading !== null) {
      // a map named after its WWID is not told twice
      const [, name = '', wwid = name, device = '', product = ''] = heading
      maps.push({ name, wwid, device, product, size: '', paths: [] })
      continue
    }
    const map = maps.at(-1)
    if (map === undefined) return unknownLine('multipath', line)
    const size = /^size=(\S+) features=/.exec(line)
    const group = /^[|`]-\+- policy=.* status=(\S+)$/.exec(line)
    if (size !== null) map.size = size[1] ?? ''
    else if (group !== null) groupState = group[1] ?? ''
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

/** `dmsetup info -c` */
export function parseDmsetupInfo(text: string): readonly DmDevice[] {
  const row = /^(\S+) +(\d+) +(\d+) ([L-][I-][s-][rw]) +(\d+) +\d+ +\d+ (\S*) *$/
  return dmsetupLines(text)
    .filter((line) => !line.startsWith('Name '))
    .map((line) => {
      const [name = '', major, minor, state, openCount, uuid = ''] = captures('dmsetup info', row, line)
      return {
        name,
        deviceNumber: `${major}:${minor}`,
        suspended: state?.[2] === 's',
        readOnly: state?.[3] === 'r',
        openCount: Number(openCount),
        uuid,
      }
    })
}

/** `dmsetup table` */
export function parseDmsetupTable(text: string): readonly DmTableLine[] {
  return dmsetupLines(text).map((line) => {
    const row = /^(\S+): (\d+) (\d+) (\S+) ?(.*)$/
    const [name = '', startSector, sectors, target = '', rest = ''] = captures('dmsetup table', row, line)
    const deviceNumbers = rest.split(' ').filter((word) => /^\d+:\d+$/.test(word))
    return { name, startSector: Number(startSector), sectors: Number(sectors), target, deviceNumbers }
  })
}

/** `dmsetup ls --tree`: the devices that nothing is built on, each with what it is built on. */
export function parseDmsetupTree(text: string): readonly DmTreeNode[] {
  const roots: DmTreeNode[] = []
  const open: { dependencies: DmTreeNode[] }[] = [{ dependencies: roots }]
  for (const line of dmsetupLines(text)) {
    const [branch = '', name = '', deviceNumber = ''] = captures(
      'dmsetup tree',
      /^([ │├└]*─)?(\S*) \((\d+:\d+)\)$/,
      line,
    )
    // three columns a level: " ├─", " │  └─"
    const depth = branch.length / 3
    const node = { name: name === '' ? null : name, deviceNumber, dependencies: [] }
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

/** `lsscsi -g` */
export function parseLsscsi(text: string): readonly LsscsiDevice[] {
  // vendor, model and revision have the fixed widths of an INQUIRY, and spaces inside
  const row = /^\[(\d+:\d+:\d+:\d+)\] +(\S+) +(.{8}) (.{16}) (.{4}) {2}(\S+) *(\S*) *$/
  return outputLines(text).map((line) => {
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

/** `lsscsi -tv`; a kernel without SCSI is an empty list. */
export function parseLsscsiTransports(text: string): readonly LsscsiTransport[] {
  // its complaints go to standard error, unbuffered, so they stand in the middle of the list, even of a line of it
  const complaint = /(?:list_[sn]devices: scandir: .*|(?:SCSI mid level|NVMe) module may not be loaded)\n/g
  const lines = outputLines(text.replace(complaint, ''))
  const devices: LsscsiTransport[] = []
  for (let i = 0; i < lines.length; i += 2) {
    const row = /^\[(\d+:\d+:\d+:\d+)\] +\S+ +(.*?) *(\/dev\/\S+|-) *$/
    const [hctl = '', transport = '', device] = captures('lsscsi', row, lines[i] ?? '')
    const [directory = ''] = captures('lsscsi', /^ {2}dir: \S+ {2}\[(\S+)\]$/, lines[i + 1] ?? '')
    devices.push({ hctl, transport, device: devicePath(device), directory })
  }
  return devices
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
