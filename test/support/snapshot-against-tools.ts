// Compares a snapshot with the output of the storage tools, value by value: the recorded output of a recorded machine,
// or the current output on a running one.

import { existsSync, readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { BlockDevice, IscsiSession, Snapshot } from '../../lib/index.js'
import {
  type DmDevice,
  type DmTableLine,
  type DmTreeNode,
  type IscsiadmParameters,
  type IscsiadmSession,
  type LsblkDevice,
  type LsscsiDevice,
  type LsscsiNvmePath,
  type LsscsiTransport,
  lsblkByKernelName,
  type MultipathdMap,
  type MultipathMap,
  type NvmeControllerState,
  type NvmeListSubsystem,
  parseDmsetupInfo,
  parseDmsetupTable,
  parseDmsetupTree,
  parseIscsiadmParameters,
  parseIscsiadmSessions,
  parseLsblk,
  parseLsscsi,
  parseLsscsiNvmePaths,
  parseLsscsiTransports,
  parseMultipathdMaps,
  parseMultipathMaps,
  parseNvmeControllerStates,
  parseNvmeList,
} from './recorded-tools.js'

/** The output of a tool, by the name of its file in a recording. */
export type ToolOutput =
  | 'dmsetup-info.txt'
  | 'dmsetup-table.txt'
  | 'dmsetup-tree.txt'
  | 'iscsiadm-session.txt'
  | 'lsblk.json'
  | 'lsscsi-g.txt'
  | 'lsscsi-tv.txt'
  | 'multipath-ll.txt'
  | 'multipathd-maps.json'
  | 'nvme-list.json'
  | 'nvme-list-subsys.json'

/** The output of the tools on a machine. A missing tool has no output. */
export interface ToolsSaid {
  readonly lsblk: readonly LsblkDevice[] | undefined
  readonly lsscsi:
    | {
        readonly devices: readonly LsscsiDevice[]
        readonly transports: readonly LsscsiTransport[]
        readonly nvmePaths: readonly LsscsiNvmePath[]
      }
    | undefined
  readonly iscsiadm:
    | { readonly sessions: readonly IscsiadmSession[]; readonly parameters: readonly IscsiadmParameters[] }
    | undefined
  readonly multipath: readonly MultipathMap[] | undefined
  readonly multipathd: readonly MultipathdMap[] | undefined
  readonly dmsetup:
    | {
        readonly devices: readonly DmDevice[]
        readonly table: readonly DmTableLine[]
        readonly tree: readonly DmTreeNode[]
      }
    | undefined
  readonly nvme:
    | { readonly subsystems: readonly NvmeListSubsystem[]; readonly controllers: readonly NvmeControllerState[] }
    | undefined
}

/** Reads the outputs there are. */
export function toolsSaid(output: (file: ToolOutput) => string | undefined): ToolsSaid {
  const parsed = <Said>(file: ToolOutput, parse: (text: string) => Said): Said | undefined => {
    const text = output(file)
    return text === undefined ? undefined : parse(text)
  }
  const [devices, transports] = [parsed('lsscsi-g.txt', parseLsscsi), parsed('lsscsi-tv.txt', parseLsscsiTransports)]
  const nvmePaths = parsed('lsscsi-tv.txt', parseLsscsiNvmePaths)
  const sessions = parsed('iscsiadm-session.txt', parseIscsiadmSessions)
  const parameters = parsed('iscsiadm-session.txt', parseIscsiadmParameters)
  const [info, table] = [parsed('dmsetup-info.txt', parseDmsetupInfo), parsed('dmsetup-table.txt', parseDmsetupTable)]
  const tree = parsed('dmsetup-tree.txt', parseDmsetupTree)
  const subsystems = parsed('nvme-list.json', parseNvmeList)
  const controllers = parsed('nvme-list-subsys.json', parseNvmeControllerStates)
  return {
    lsblk: parsed('lsblk.json', parseLsblk),
    lsscsi: devices && transports && nvmePaths && { devices, transports, nvmePaths },
    iscsiadm: sessions && parameters && { sessions, parameters },
    multipath: parsed('multipath-ll.txt', parseMultipathMaps),
    multipathd: parsed('multipathd-maps.json', parseMultipathdMaps),
    dmsetup: info && table && tree && { devices: info, table, tree },
    nvme: subsystems && controllers && { subsystems, controllers },
  }
}

/** One value, of the two. */
export interface Comparison {
  /** `logicalBlockSize of sda` */
  readonly what: string
  readonly snapshot: unknown
  readonly tool: unknown
}

export function isDifferent({ snapshot, tool }: Comparison): boolean {
  return !isDeepStrictEqual(snapshot, tool)
}

type Both = readonly [snapshot: unknown, tool: unknown]

function* compared(subject: string, values: Readonly<Record<string, Both>>): Generator<Comparison> {
  for (const [key, [snapshot, tool]] of Object.entries(values)) yield { what: `${key} of ${subject}`, snapshot, tool }
}

/**
 * Compares a snapshot of detail 'full' with each tool.
 *
 * @param root the directory that has the machine's sys/, proc/ and run/
 */
export function compareWithTools(
  snapshot: Snapshot,
  said: ToolsSaid,
  root: string,
): ReadonlyMap<keyof ToolsSaid, readonly Comparison[]> {
  const { lsblk, lsscsi, iscsiadm, multipath, multipathd, dmsetup, nvme } = said
  const all = new Map<keyof ToolsSaid, readonly Comparison[]>()
  if (lsblk) all.set('lsblk', [...withLsblk(snapshot, lsblk, root)])
  if (lsscsi) all.set('lsscsi', [...withLsscsi(snapshot, lsscsi)])
  if (iscsiadm) all.set('iscsiadm', [...withIscsiadm(snapshot, iscsiadm)])
  if (multipath) all.set('multipath', [...withMultipath(snapshot, multipath, lsblk)])
  if (multipathd) all.set('multipathd', [...withMultipathd(snapshot, multipathd)])
  if (dmsetup) all.set('dmsetup', [...withDmsetup(snapshot, dmsetup)])
  if (nvme) all.set('nvme', [...withNvme(snapshot, nvme)])
  return all
}

// ---- lsblk

function* withLsblk(snapshot: Snapshot, tree: readonly LsblkDevice[], root: string): Generator<Comparison> {
  const printed = lsblkByKernelName(tree)
  yield* compared('lsblk', { devices: [namesOf(snapshot.blockDevices), sorted(printed.keys())] })
  const kibibytes = kibibytesByName(root)
  for (const device of snapshot.blockDevices) {
    const lsblk = printed.get(device.name)
    if (lsblk === undefined) continue
    const disk = `sys/class/block/${device.parent ?? device.name}`
    // The largest recordings lack many files, so that a value is unknown although lsblk printed it.
    const recorded = (attribute: string, value: unknown) =>
      existsSync(path.join(root, disk, attribute)) ? value : null
    yield* compared(device.name, {
      number: [`${device.major}:${device.minor}`, lsblk['maj:min']],
      'device at the path': [snapshot.deviceByPath(lsblk.path)?.name, device.name],
      'device at the number': [snapshot.deviceByNumber(device.major, device.minor)?.name, device.name],
      type: [device.type, lsblk.type],
      size: [
        typeof lsblk.size === 'number' ? device.sizeBytes : roundedAsLsblkDoes(device.sizeBytes ?? -1),
        lsblk.size,
      ],
      readOnly: [device.readOnly, lsblk.ro],
      removable: [device.removable, recorded('removable', lsblk.rm)],
      rotational: [device.rotational, recorded('queue/rotational', lsblk.rota)],
      logicalBlockSize: [device.logicalBlockSize, recorded('queue/logical_block_size', lsblk['log-sec'])],
      physicalBlockSize: [device.physicalBlockSize, recorded('queue/physical_block_size', lsblk['phy-sec'])],
    })
    // The kernel's list is in KiB; what has no size is not in it.
    const listed = kibibytes.get(device.name) ?? 0
    yield* compared(device.name, { kibibytes: [Math.floor((device.sizeBytes ?? -1) / 1024), listed] })
    if (device.dm !== null) {
      yield* compared(device.name, { state: [device.dm.suspended ? 'suspended' : 'running', lsblk.state] })
    }
    // lsblk prints the values of a disk for the disk only.
    if (device.parent === null) yield* withLsblkDisk(snapshot, device, lsblk, root)
  }
  yield* withLsblkTree(snapshot, tree, null)
}

function* withLsblkDisk(
  snapshot: Snapshot,
  device: BlockDevice,
  lsblk: LsblkDevice,
  root: string,
): Generator<Comparison> {
  const { name, scsi, nvme } = device
  yield* compared(name, { hctl: [scsi?.hctl ?? null, lsblk.hctl] })
  if (nvme !== null) {
    const controllers = snapshot.nvmeSubsystems.flatMap((subsystem) => subsystem.controllers)
    const controller = controllers.find((one) => one.name === nvme.controller)
    // Newer versions of lsblk print another word than `nvme` for NVMe over a network.
    yield* compared(name, { state: [controller?.state ?? null, lsblk.state], isNvme: [true, lsblk.tran !== null] })
  }
  // The vendor of a virtio disk is a PCI vendor, not a SCSI vendor.
  if (scsi === null) return
  yield* compared(name, {
    address: [`${scsi.host}:${scsi.channel}:${scsi.target}:${scsi.lun}`, lsblk.hctl],
    transport: [scsi.transport, lsblk.tran],
    state: [scsi.state, lsblk.state],
    vendor: [scsi.vendor, lsblk.vendor?.trimEnd() ?? null],
    model: [scsi.model, lsblk.model?.trimEnd() ?? null],
    revision: [scsi.revision, lsblk.rev?.trimEnd() ?? null],
  })
  // These two lsblk has from udev, which does not notice that the unit behind a disk has gone, and to which the largest
  // recorded machine was too large to know every disk.
  if (!existsSync(path.join(root, `run/udev/data/b${lsblk['maj:min']}`)) || device.sizeBytes === 0) return
  yield* compared(name, {
    serial: [scsi.serial, lsblk.serial],
    wwn: [scsi.wwid?.startsWith('naa.') ? scsi.wwid.replace('naa.', '0x') : null, lsblk.wwn],
  })
}

/** lsblk's children of a device are its partitions and its holders. */
function* withLsblkTree(
  snapshot: Snapshot,
  nodes: readonly LsblkDevice[],
  above: BlockDevice | null,
): Generator<Comparison> {
  for (const node of nodes) {
    const device = snapshot.device(node.kname)
    if (device === undefined) continue
    if (device.parent !== null) yield* compared(device.name, { parent: [device.parent, node.pkname] })
    else if (above === null) yield* compared(device.name, { slaves: [device.slaves, []] })
    else yield* compared(device.name, { [`slave ${above.name}`]: [device.slaves.includes(above.name), true] })
    const partitions = snapshot.blockDevices.filter((other) => other.parent === device.name)
    const children = sorted([...namesOf(partitions), ...device.holders])
    yield* compared(device.name, { children: [children, sorted((node.children ?? []).map((child) => child.kname))] })
    yield* withLsblkTree(snapshot, node.children ?? [], device)
  }
}

function kibibytesByName(root: string): ReadonlyMap<string, number> {
  const rows = readFileSync(path.join(root, 'proc/partitions'), 'utf8').trim().split('\n').slice(2)
  const columns = rows.map((row) => row.trim().split(/ +/))
  return new Map(columns.map(([, , blocks, name = '']) => [name.replaceAll('/', '!'), Number(blocks)]))
}

const units = ['B', 'K', 'M', 'G', 'T', 'P']

/** One decimal where it is not 0. */
function roundedAsLsblkDoes(bytes: number): string {
  const unit = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  return `${Math.round((bytes / 1024 ** unit) * 10) / 10}${units[unit]}`
}

// ---- lsscsi

/** lsscsi's words for the types of SCSI devices that have a block device, and lsblk's. */
const blockDeviceTypes: ReadonlyMap<string, string> = new Map([
  ['disk', 'disk'],
  ['zbc', 'disk'],
  ['cd/dvd', 'rom'],
  ['worm', 'worm'],
  ['optical', 'mo-disk'],
])

function* withLsscsi(
  snapshot: Snapshot,
  { devices, transports, nvmePaths }: NonNullable<ToolsSaid['lsscsi']>,
): Generator<Comparison> {
  const luns = new Map(snapshot.iscsiSessions.flatMap((session) => session.luns).map((lun) => [lun.hctl, lun]))
  const disks = new Map<string, BlockDevice>()
  for (const device of snapshot.blockDevices) {
    if (device.scsi !== null && device.parent === null) disks.set(device.scsi.hctl, device)
  }
  // The device of a tape is not a block device.
  const withBlock = devices.filter(({ type }) => blockDeviceTypes.has(type))
  yield* compared('lsscsi', {
    disks: [
      sorted(Array.from(disks.values(), (disk) => disk.devicePath)),
      sorted(withBlock.flatMap(({ device }) => device ?? [])),
    ],
  })
  for (const { hctl, type, vendor, model, revision, device } of withBlock) {
    const disk = disks.get(hctl)
    yield* compared(hctl, { device: [disk?.devicePath ?? null, device] })
    if (disk === undefined) continue
    yield* compared(hctl, {
      type: [disk.type, blockDeviceTypes.get(type)],
      vendor: [disk.scsi?.vendor ?? '', vendor],
      model: [disk.scsi?.model ?? '', model],
      revision: [disk.scsi?.revision ?? '', revision],
    })
  }

  const hosts = new Map(snapshot.scsiHosts.map((host) => [host.number, host]))
  for (const { hctl, transport, directory } of transports) {
    const components = directory.split('/')
    const host = hosts.get(Number(hctl.split(':')[0]))
    yield* compared(hctl, { host: [components.includes(`host${host?.number}`), true] })
    const { iscsi = null, scsi = null, name = null } = disks.get(hctl) ?? {}
    const [targetName, , portalGroup] = transport.split(',')
    if (transport.startsWith('iqn.')) {
      const session = snapshot.iscsiSessions.find((one) => components.includes(`session${one.id}`))
      const lun = luns.get(hctl)
      yield* compared(hctl, {
        'kind of host': [host?.kind, 'iscsi'],
        targetName: [session?.targetName, targetName],
        targetPortalGroup: [session?.targetPortalGroup, Number(portalGroup)],
        hostNumber: [session?.hostNumber, host?.number],
        lun: [lun?.lun, Number(hctl.split(':')[3])],
        'device of the LUN': [lun?.device ?? null, name],
        // Other devices have none.
        session: [iscsi, name === null ? null : sessionInDisk(session)],
      })
    } else {
      // lsscsi has a word for a SATA disk's serial number in here: `sata:ATA     QEMU HARDDISK   ...  ATA0001`.
      const [, word = null, address = ''] = /^(sata|ata|sas|fc|usb):(.*)$/.exec(transport) ?? []
      yield* compared(hctl, { session: [iscsi, null], 'LUN of a session': [luns.get(hctl) ?? null, null] })
      if (name !== null) yield* compared(hctl, { transport: [scsi?.transport ?? null, word] })
      if (word === 'sata') yield* compared(hctl, { serial: [address.trimEnd().endsWith(scsi?.serial ?? '?'), true] })
    }
  }

  const paths = snapshot.nvmeSubsystems.flatMap((one) => one.namespaces).flatMap((namespace) => namespace.paths)
  const controllers = snapshot.nvmeSubsystems.flatMap((subsystem) => subsystem.controllers)
  // A namespace whose every path is inaccessible has no device that a snapshot could show it by.
  const shown = nvmePaths.filter(({ name }) => paths.some((path) => path.name === name))
  yield* compared('lsscsi', { NVMe: [sorted(paths.map((path) => path.name)), sorted(shown.map((path) => path.name))] })
  for (const { name, controller, transport } of nvmePaths) {
    const found = paths.find((path) => path.name === name)
    if (found !== undefined) yield* compared(name, { controller: [found.controller, controller] })
    yield* compared(name, { transport: [controllers.find((one) => one.name === controller)?.transport, transport] })
  }
}

function sessionInDisk(session: IscsiSession | undefined): BlockDevice['iscsi'] {
  if (session === undefined) return null
  return { sessionId: session.id, hostNumber: session.hostNumber, targetName: session.targetName }
}

// ---- iscsiadm

function* withIscsiadm(
  snapshot: Snapshot,
  { sessions, parameters }: NonNullable<ToolsSaid['iscsiadm']>,
): Generator<Comparison> {
  // iscsiadm does not list a session without connections.
  const connected = snapshot.iscsiSessions.filter((session) => session.connections.length > 0)
  yield* compared('iscsiadm', {
    sessions: [
      sorted(connected.map((session) => `session${session.id}`)),
      sorted(sessions.map((session) => `session${session.sessionId}`)),
    ],
  })
  for (const printed of sessions) {
    const session = snapshot.session(printed.sessionId)
    if (session !== undefined) yield* withIscsiadmSession(snapshot, session, printed)
  }
  for (const printed of parameters) {
    const session = snapshot.session(printed.sessionId)
    const connection = session?.connections[0]
    yield* compared(`session${printed.sessionId}`, {
      recoveryTimeoutSeconds: [session?.recoveryTimeoutSeconds, printed.recoveryTimeout],
      targetResetTimeoutSeconds: [session?.targetResetTimeoutSeconds, printed.targetResetTimeout],
      logicalUnitResetTimeoutSeconds: [session?.logicalUnitResetTimeoutSeconds, printed.logicalUnitResetTimeout],
      abortTimeoutSeconds: [session?.abortTimeoutSeconds, printed.abortTimeout],
      headerDigest: [connection?.headerDigest, printed.headerDigest],
      dataDigest: [connection?.dataDigest, printed.dataDigest],
      maxReceiveDataSegmentLength: [connection?.maxReceiveDataSegmentLength, printed.maxRecvDataSegmentLength],
      maxTransmitDataSegmentLength: [connection?.maxTransmitDataSegmentLength, printed.maxXmitDataSegmentLength],
      firstBurstLength: [session?.firstBurstLength, printed.firstBurstLength],
      maxBurstLength: [session?.maxBurstLength, printed.maxBurstLength],
      immediateData: [session?.immediateData, printed.immediateData],
      initialR2T: [session?.initialR2T, printed.initialR2T],
      maxOutstandingR2T: [session?.maxOutstandingR2T, printed.maxOutstandingR2T],
    })
  }
}

// Not compared: iscsid has its own words for the state of a connection. CHAP names and passwords are
// never read.
function* withIscsiadmSession(
  snapshot: Snapshot,
  session: IscsiSession,
  printed: IscsiadmSession,
): Generator<Comparison> {
  const { currentPortal, persistentPortal, hostNumber } = printed
  const subject = `session${session.id}`
  const host = snapshot.scsiHosts.find((one) => one.number === hostNumber)
  const isUp = printed.connectionState === 'LOGGED IN'
  const [connection] = session.connections
  const known = (text: string) => (text === '' || text === '<empty>' ? null : text)
  yield* compared(subject, {
    targetName: [session.targetName, known(printed.target)],
    state: [session.state, printed.sessionState],
    // iscsiadm fills in values of the interface that are not set.
    interfaceName: [session.interfaceName ?? 'default', printed.interfaceName],
    interfaceAddress: [session.interfaceAddress ?? 'default', printed.interfaceAddress],
    interfaceHardwareAddress: [session.interfaceHardwareAddress ?? 'default', printed.interfaceHardwareAddress],
    interfaceDevice: [session.interfaceDevice ?? 'default', printed.interfaceDevice],
    initiatorName: [session.initiatorName, known(printed.initiatorName)],
    targetPortalGroup: [session.targetPortalGroup, persistentPortal.portalGroup],
    hostNumber: [session.hostNumber, hostNumber],
    'kind of host': [host?.kind, 'iscsi'],
    'state of the host': [host?.state, printed.hostState],
    'whether the connection is up': [connection?.state === 'up', isUp],
    persistentAddress: [connection?.persistentAddress, known(persistentPortal.address)],
    persistentPort: [connection?.persistentPort, persistentPortal.port],
    // Where the kernel has no address, iscsiadm prints the persistent one.
    address: [connection?.address, isUp ? currentPortal.address : null],
    port: [connection?.port, isUp ? currentPortal.port : null],
    'current portal group': [session.targetPortalGroup, currentPortal.portalGroup],
    sessionsTo: [session.targetName === null || snapshot.sessionsTo(session.targetName).includes(session), true],
  })
  // The drivers of offload cards have names of their own.
  if (printed.transport === 'tcp') yield* compared(subject, { driver: [host?.driver, 'iscsi_tcp'] })

  const byLun = <Lun extends { readonly lun: number }>(luns: readonly Lun[]) => luns.toSorted((a, b) => a.lun - b.lun)
  yield* compared(subject, {
    disks: [
      byLun(session.luns.filter((lun) => lun.device !== null)),
      byLun(
        printed.disks.map(({ lun, channel, id, name, state }) => ({
          lun,
          hctl: `${hostNumber}:${channel}:${id}:${lun}`,
          device: name,
          state,
        })),
      ),
    ],
    'other LUNs': [
      byLun(session.luns.filter((lun) => lun.device === null)).map((lun) => lun.lun),
      printed.otherLuns.toSorted((a, b) => a - b),
    ],
  })
  for (const { name, state, lun } of printed.disks) {
    const device = snapshot.device(name)
    yield* compared(name, {
      state: [device?.scsi?.state, state],
      session: [device && snapshot.sessionOf(device)?.id, session.id],
      disksOfLun: [namesOf(snapshot.disksOfLun(printed.target, lun)).includes(name), true],
      iscsi: [device?.iscsi, { sessionId: session.id, hostNumber, targetName: known(printed.target) }],
    })
    for (const map of snapshot.mapsOfPath(name)) {
      const path = map.paths.find((one) => one.device === name)
      yield* compared(`${name} in ${map.name}`, {
        sessionId: [path?.sessionId, session.id],
        portal: [path?.portal, canonicalPortal(persistentPortal)],
      })
    }
  }
}

/** `192.168.30.7:3260`, and `[::1]:3260` for `::1`, `0000:...:0001` and `[::1]`. */
export function canonicalPortal(portal: { readonly address: string; readonly port: number | string }): string {
  const address = portal.address.replace(/^\[(.*)\]$/, '$1')
  return `${isIPv6(address) ? new URL(`http://[${address}]`).hostname : address}:${portal.port}`
}

// ---- multipath

function* withMultipath(
  snapshot: Snapshot,
  maps: readonly MultipathMap[],
  lsblk: readonly LsblkDevice[] | undefined,
): Generator<Comparison> {
  const identity = ({ device, name, wwid }: Pick<MultipathMap, 'device' | 'name' | 'wwid'>) =>
    `${device} ${name} ${wwid}`
  yield* compared('multipath', { maps: [sorted(snapshot.multipathMaps.map(identity)), sorted(maps.map(identity))] })
  const states = lsblk && lsblkByKernelName(lsblk)
  for (const printed of maps) {
    const map = snapshot.multipathMaps.find((one) => one.device === printed.device)
    const device = snapshot.device(printed.name)
    yield* compared(printed.name, {
      device: [device?.name, printed.device],
      readOnly: [device?.readOnly, printed.readOnly],
      size: [roundedAsMultipathDoes(map?.sizeBytes ?? -1), printed.size],
    })
    // On the largest recorded machine, multipath finds other WWIDs than those that the
    // maps were made with, and prints the maps without paths.
    if (printed.paths.length === 0) continue
    const paths = printed.paths.map((path) => path.device)
    yield* compared(printed.name, {
      paths: [map?.paths.map((path) => path.device), sorted(paths)],
      mapOfPaths: [snapshot.mapOfPaths(paths)?.name, printed.name],
    })
    const [vendor, model] = printed.product.split(',')
    for (const { device: path, hctl, deviceNumber } of printed.paths) {
      const disk = snapshot.device(path)
      yield* compared(`${path} in ${printed.name}`, {
        hctl: [map?.paths.find((one) => one.device === path)?.hctl, hctl],
        'hctl of the disk': [disk?.scsi?.hctl, hctl],
        vendor: [disk?.scsi?.vendor, vendor],
        model: [disk?.scsi?.model, model],
        number: [`${disk?.major}:${disk?.minor}`, deviceNumber],
        mapsOver: [disk !== undefined && namesOf(snapshot.mapsOver(disk)).includes(printed.name), true],
      })
    }
    // What the kernel's map and multipathd's checker think of a path is not in sysfs, and multipath prints `running` as
    // the state of a device that is `transport-offline`. So lsblk says how many are.
    if (states === undefined) continue
    const running = paths.filter((path) => states.get(path)?.state === 'running')
    yield* compared(printed.name, {
      pathsActive: [map?.pathsActive, running.length],
      pathsFailed: [map?.pathsFailed, paths.length - running.length],
      'states of the paths': [
        map?.paths.map((path) => path.state),
        sorted(paths).map((path) => states.get(path)?.state ?? null),
      ],
    })
  }
}

function* withMultipathd(snapshot: Snapshot, maps: readonly MultipathdMap[]): Generator<Comparison> {
  for (const printed of maps) {
    const map = snapshot.multipathMaps.find((one) => one.device === printed.sysfs)
    const paths = printed.path_groups.flatMap((group) => group.paths)
    yield* compared(printed.sysfs, {
      name: [map?.name, printed.name],
      wwid: [map?.wwid, printed.uuid],
      suspended: [map?.suspended, printed.dm_st !== 'active'],
      readOnly: [snapshot.device(printed.sysfs)?.readOnly, printed.write_prot === 'ro'],
      paths: [map?.paths.map((path) => path.device), sorted(paths.map((path) => path.dev))],
    })
    for (const path of paths) {
      const disk = snapshot.device(path.dev)
      yield* compared(`${path.dev} in ${printed.name}`, {
        vendor: [disk?.scsi?.vendor, printed.vend],
        model: [disk?.scsi?.model, printed.prod],
        revision: [disk?.scsi?.revision, printed.rev],
        number: [`${disk?.major}:${disk?.minor}`, path.dev_t],
        lun: [samLunOf(disk?.scsi?.lun ?? -1), path.lun_hex],
      })
      if (disk?.iscsi) yield* compared(path.dev, { targetName: [disk.iscsi.targetName, path.target_wwnn] })
    }
  }
}

/** The eight bytes of a LUN, as the kernel makes them of its number (int_to_scsilun). */
function samLunOf(lun: number): string {
  return `0x${lun.toString(16).padStart(4, '0')}000000000000`
}

/** One decimal below ten. */
function roundedAsMultipathDoes(bytes: number): string {
  const unit = Math.floor(Math.log2(Math.max(1, bytes)) / 10)
  const value = bytes / 1024 ** unit
  return `${value.toFixed(value < 10 ? 1 : 0)}${units[unit]}`
}

// ---- dmsetup

function* withDmsetup(
  snapshot: Snapshot,
  { devices, table, tree }: NonNullable<ToolsSaid['dmsetup']>,
): Generator<Comparison> {
  const byNumber = new Map(snapshot.blockDevices.map((device) => [`${device.major}:${device.minor}`, device]))
  const nameOf = (number: string) => byNumber.get(number)?.name ?? number
  // A map without a table is not a block device yet.
  const withTable = devices.filter((printed) => printed.hasTable || byNumber.has(printed.deviceNumber))
  yield* compared('dmsetup', {
    devices: [
      namesOf(snapshot.blockDevices.filter((device) => device.dm !== null)),
      sorted(withTable.map((printed) => nameOf(printed.deviceNumber))),
    ],
  })
  for (const printed of withTable) {
    const device = byNumber.get(printed.deviceNumber)
    const lines = table.filter((line) => line.name === printed.name)
    const numbers = [...new Set(lines.flatMap((line) => line.deviceNumbers))]
    yield* compared(printed.name, {
      name: [device?.dm?.name, printed.name],
      uuid: [device?.dm?.uuid, printed.uuid || null],
      suspended: [device?.dm?.suspended, printed.suspended],
      readOnly: [device?.readOnly, printed.readOnly],
      'device at the path': [snapshot.deviceByPath(`/dev/mapper/${printed.name}`)?.name, device?.name],
      sizeBytes: [device?.sizeBytes, lines.reduce((sectors, line) => sectors + line.sectors, 0) * 512],
      slaves: [device?.slaves, sorted(numbers.map(nameOf))],
    })
  }
  yield* withDependencies(byNumber, tree)
}

function* withDependencies(
  byNumber: ReadonlyMap<string, BlockDevice>,
  nodes: readonly DmTreeNode[],
): Generator<Comparison> {
  for (const { name, deviceNumber, dependencies } of nodes) {
    const device = byNumber.get(deviceNumber)
    // A map without a table.
    if (device === undefined && dependencies.length === 0) continue
    const below = sorted(dependencies.map((one) => byNumber.get(one.deviceNumber)?.name ?? one.deviceNumber))
    yield* compared(deviceNumber, {
      name: [device?.dm?.name ?? null, name],
      // dmsetup does not go further than a partition under a map.
      dependencies: [device?.slaves, below],
    })
    yield* withDependencies(byNumber, dependencies)
  }
}

// ---- nvme

function* withNvme(
  snapshot: Snapshot,
  { subsystems, controllers: states }: NonNullable<ToolsSaid['nvme']>,
): Generator<Comparison> {
  yield* compared('nvme', {
    subsystems: [
      snapshot.nvmeSubsystems.map((subsystem) => `${subsystem.name} ${subsystem.nqn}`),
      sorted(subsystems.map((printed) => `${printed.Subsystem} ${printed.SubsystemNQN}`)),
    ],
  })
  for (const printed of subsystems) {
    const subsystem = snapshot.nvmeSubsystems.find((one) => one.name === printed.Subsystem)
    const stateOf = (name: string) => states.find((one) => one.Name === name)?.State
    yield* compared(printed.Subsystem, {
      controllers: [
        subsystem?.controllers,
        printed.Controllers.map(({ Controller: name, Transport: transport, Address: address }) => ({
          name,
          transport,
          address,
          state: stateOf(name),
        })).sort((a, b) => (a.name < b.name ? -1 : 1)),
      ],
      namespaces: [
        subsystem?.namespaces.map((namespace) => namespace.device),
        sorted(
          [...printed.Namespaces, ...printed.Controllers.flatMap((one) => one.Namespaces)].map((one) => one.NameSpace),
        ),
      ],
    })
    for (const { device, paths } of subsystem?.namespaces ?? []) {
      const below = printed.Controllers.flatMap(({ Controller: controller, Paths, Namespaces }) => [
        ...Paths.filter(({ Path: name }) => name.replace(/c\d+n/, 'n') === device).map(({ Path: name, ANAState }) => ({
          name,
          controller,
          anaState: ANAState,
        })),
        ...Namespaces.filter((one) => one.NameSpace === device).map(() => ({
          name: device,
          controller,
          anaState: null,
        })),
      ])
      yield* compared(device, { paths: [paths, below.sort((a, b) => (a.name < b.name ? -1 : 1))] })
      const own = snapshot.device(device)?.nvme
      if (own?.controller === null) yield* compared(device, { subsystem: [own.subsystem, printed.Subsystem] })
    }
    for (const { NameSpace: name, PhysicalSize: sizeBytes, SectorSize: sector } of printed.Namespaces) {
      const device = snapshot.device(name)
      yield* compared(name, {
        sizeBytes: [device?.sizeBytes, sizeBytes],
        logicalBlockSize: [device?.logicalBlockSize, sector],
      })
    }
  }
}

// ---- Snapshots beside each other

/** The paths at which the snapshot with less detail differs from the one with more: `blockDevices.3.name`. */
export function contradictions(less: unknown, more: unknown, at = ''): readonly string[] {
  // These are more exact with more detail. LUNs without a device are in 'full' only.
  if (less === null || /^(detail|blockDevices\.\d+\.type)$/.test(at)) return []
  if (Array.isArray(less) && Array.isArray(more)) {
    const comparable = at.endsWith('.luns') ? more.filter((lun) => lun.device !== null) : more
    if (less.length === 0 && /^(multipathMaps|nvmeSubsystems|fibreChannelHosts)$/.test(at)) return []
    if (less.length !== comparable.length) return [at]
    return less.flatMap((item, index) => contradictions(item, comparable[index], `${at}.${index}`))
  }
  if (typeof less !== 'object' || typeof more !== 'object' || more === null) return less === more ? [] : [at]
  const members = new Map<string, unknown>(Object.entries(more))
  return Object.entries(less).flatMap(([key, value]) =>
    contradictions(value, members.get(key), at === '' ? key : `${at}.${key}`),
  )
}

function namesOf(devices: readonly { readonly name: string }[]): readonly string[] {
  return devices.map((device) => device.name)
}

function sorted(texts: Iterable<string>): readonly string[] {
  return [...texts].sort()
}
