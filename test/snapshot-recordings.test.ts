import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { type BlockDevice, type Detail, findingsOf, type Snapshot, Sysfs } from '../lib/index.js'
import { type Backend, backends, onEveryBackend } from './backends.js'
import {
  type DmTreeNode,
  type LsblkDevice,
  lsblkByKernelName,
  parseDmsetupInfo,
  parseDmsetupTable,
  parseDmsetupTree,
  parseIscsiadmParameters,
  parseIscsiadmSessions,
  parseLsblk,
  parseLsscsi,
  parseLsscsiTransports,
  parseMultipathdMaps,
  parseMultipathMaps,
  parseMultipathWriteProtection,
} from './recorded-tools.js'
import { recordingNames, reference, unpackRecording } from './recordings.js'

// A snapshot of a recorded machine, value by value against what the tools said of that machine then.

const taken = new Map<string, Snapshot>()

async function snapshotOf(recording: string, backend: Backend, detail: Detail = 'full'): Promise<Snapshot> {
  const key = `${recording} ${backend} ${detail}`
  const known = taken.get(key)
  if (known !== undefined) return known
  const snapshot = new Sysfs({ root: await unpackRecording(recording), backend }).snapshot({ detail })
  taken.set(key, snapshot)
  return snapshot
}

/** On the S8 machines many files were left out, so that the value is not known although lsblk printed it. */
function isRecorded(root: string, attribute: string): boolean {
  return existsSync(path.join(root, 'sys', attribute))
}

function sorted(texts: Iterable<string>): readonly string[] {
  return [...texts].sort()
}

for (const name of recordingNames) {
  onEveryBackend(`${name}: block devices are as lsblk says`, async (t, backend) => {
    const root = await unpackRecording(name)
    const snapshot = await snapshotOf(name, backend)
    const expected = lsblkByKernelName(parseLsblk(reference(name, 'lsblk.json')))
    const names = snapshot.blockDevices.map((device) => device.name)
    t.deepEqual(names, sorted(expected.keys()))

    const kibibytes = kibibytesByName(root)
    for (const device of snapshot.blockDevices) {
      const lsblk = expected.get(device.name)
      if (lsblk === undefined) continue
      t.is(`${device.major}:${device.minor}`, lsblk['maj:min'])
      t.is(snapshot.deviceByPath(lsblk.path), device, lsblk.path)
      t.is(snapshot.deviceByNumber(device.major, device.minor), device)
      t.is(device.type, lsblk.type, device.name)
      t.is(roundedAsLsblkDoes(device.sizeBytes ?? -1), lsblk.size, device.name)
      // The kernel's list leaves out what has no size.
      t.is(device.sizeBytes, (kibibytes.get(device.name) ?? 0) * 1024, device.name)
      t.is(device.readOnly, lsblk.ro)

      const disk = `class/block/${device.parent ?? device.name}`
      const compare = (attribute: string, value: unknown, printed: unknown) =>
        t.deepEqual(value, isRecorded(root, `${disk}/${attribute}`) ? printed : null, `${attribute} of ${device.name}`)
      compare('removable', device.removable, lsblk.rm)
      compare('queue/rotational', device.rotational, lsblk.rota)
      compare('queue/logical_block_size', device.logicalBlockSize, lsblk['log-sec'])
      compare('queue/physical_block_size', device.physicalBlockSize, lsblk['phy-sec'])

      compareScsi(t, device, lsblk, hasUdevData(root, lsblk['maj:min']))
      if (device.dm !== null) t.is(lsblk.state, device.dm.suspended ? 'suspended' : 'running')
    }
    compareTree(t, snapshot, parseLsblk(reference(name, 'lsblk.json')), null)
  })

  onEveryBackend(`${name}: SCSI devices and hosts are as lsscsi says`, async (t, backend) => {
    const snapshot = await snapshotOf(name, backend)
    const luns = new Map(snapshot.iscsiSessions.flatMap((session) => session.luns).map((lun) => [lun.hctl, lun]))
    const disks = new Map<string, BlockDevice>()
    for (const device of snapshot.blockDevices) {
      if (device.scsi !== null && device.parent === null) disks.set(device.scsi.hctl, device)
    }

    const devices = parseLsscsi(reference(name, 'lsscsi-g.txt'))
    t.deepEqual(
      sorted(Array.from(disks.values(), (disk) => disk.devicePath)),
      sorted(devices.flatMap(({ device }) => device ?? [])),
    )
    for (const { hctl, type, vendor, model, revision, device } of devices) {
      const disk = disks.get(hctl)
      t.is(disk?.devicePath ?? null, device)
      if (disk === undefined) t.like(luns.get(hctl), { device: null, lun: Number(hctl.split(':')[3]) })
      else t.like(disk, { type, scsi: { vendor, model, revision } })
    }

    const hosts = new Map(snapshot.scsiHosts.map((host) => [host.number, host]))
    for (const { hctl, transport, directory } of parseLsscsiTransports(reference(name, 'lsscsi-tv.txt'))) {
      const components = directory.split('/')
      const host = hosts.get(Number(hctl.split(':')[0]))
      t.true(components.includes(`host${host?.number}`))
      const { iscsi, scsi } = disks.get(hctl) ?? {}
      const [targetName, , portalGroup] = transport.split(',')
      if (transport.startsWith('iqn.')) {
        t.is(host?.kind, 'iscsi')
        const session = snapshot.iscsiSessions.find((one) => components.includes(`session${one.id}`))
        t.like(session, { targetName, targetPortalGroup: Number(portalGroup), hostNumber: host?.number })
        if (iscsi !== undefined) t.deepEqual(iscsi, sessionInDisk(session))
        t.is(luns.get(hctl)?.device ?? null, disks.get(hctl)?.name ?? null)
      } else {
        t.is(iscsi ?? null, null)
        t.is(luns.get(hctl), undefined)
        // lsscsi has a word for a SATA disk's serial number in here: `sata:ATA     QEMU HARDDISK   ...  ATA0001`.
        t.is(scsi?.transport ?? null, transport.startsWith('sata:') ? 'sata' : null)
        if (transport.startsWith('sata:')) t.true(transport.endsWith(scsi?.serial ?? '?'))
      }
    }
  })

  onEveryBackend(`${name}: iSCSI sessions are as iscsiadm says`, async (t, backend) => {
    const snapshot = await snapshotOf(name, backend)
    const text = reference(name, 'iscsiadm-session.txt')
    const expected = parseIscsiadmSessions(text)
    t.deepEqual(
      sorted(snapshot.iscsiSessions.map((session) => `session${session.id}`)),
      sorted(expected.map((session) => `session${session.sessionId}`)),
    )
    for (const printed of expected) {
      const session = snapshot.session(printed.sessionId)
      if (session === undefined) continue
      t.like(session, {
        targetName: printed.target,
        hostNumber: printed.hostNumber,
        state: printed.sessionState,
        interfaceName: printed.interfaceName,
        initiatorName: printed.initiatorName,
        targetPortalGroup: printed.persistentPortal.portalGroup,
      })
      t.like(
        snapshot.scsiHosts.find((host) => host.number === printed.hostNumber),
        { kind: 'iscsi', state: printed.hostState, driver: `iscsi_${printed.transport}` },
      )

      // The word for the connection's state is iscsid's own, the kernel has others; the CHAP names and passwords are
      // never read; the interface's addresses are the host's, which the snapshot has not.
      const isUp = printed.connectionState === 'LOGGED IN'
      t.is(session.connections.length, 1)
      const [connection] = session.connections
      t.is(connection?.state, isUp ? 'up' : 'failed')
      t.is(connection?.persistentAddress, printed.persistentPortal.address)
      t.is(connection?.persistentPort, printed.persistentPortal.port)
      // Where the kernel has no address, iscsiadm prints the persistent one.
      t.is(connection?.address, isUp ? printed.currentPortal.address : null)
      t.is(connection?.port, isUp ? printed.currentPortal.port : null)

      t.deepEqual(
        session.luns.filter((lun) => lun.device !== null),
        printed.disks
          .map((disk) => ({
            lun: disk.lun,
            hctl: `${printed.hostNumber}:${disk.channel}:${disk.id}:${disk.lun}`,
            device: disk.name,
            state: disk.state,
          }))
          .sort((a, b) => a.lun - b.lun),
      )
      t.deepEqual(
        session.luns.filter((lun) => lun.device === null).map((lun) => lun.lun),
        [...printed.otherLuns],
      )
      for (const disk of printed.disks) {
        const device = snapshot.device(disk.name)
        t.is(device?.scsi?.state, disk.state)
        t.is(device && snapshot.sessionOf(device), session)
        t.true(snapshot.disksOfLun(printed.target, disk.lun).some((other) => other === device))
      }
      t.true(snapshot.sessionsTo(printed.target).includes(session))
    }

    const parameters = parseIscsiadmParameters(text)
    t.is(parameters.length, expected.length)
    for (const printed of parameters) {
      const session = snapshot.session(printed.sessionId)
      t.like(session, {
        recoveryTimeoutSeconds: printed.recoveryTimeout,
        targetResetTimeoutSeconds: printed.targetResetTimeout,
        logicalUnitResetTimeoutSeconds: printed.logicalUnitResetTimeout,
        abortTimeoutSeconds: printed.abortTimeout,
        firstBurstLength: printed.firstBurstLength,
        maxBurstLength: printed.maxBurstLength,
        immediateData: printed.immediateData,
        initialR2T: printed.initialR2T,
        maxOutstandingR2T: printed.maxOutstandingR2T,
      })
      t.like(session?.connections[0], {
        headerDigest: printed.headerDigest,
        dataDigest: printed.dataDigest,
        maxReceiveDataSegmentLength: printed.maxRecvDataSegmentLength,
        maxTransmitDataSegmentLength: printed.maxXmitDataSegmentLength,
      })
    }
  })

  onEveryBackend(`${name}: multipath maps are as multipath and multipathd say`, async (t, backend) => {
    const snapshot = await snapshotOf(name, backend)
    const text = reference(name, 'multipath-ll.txt')
    const expected = parseMultipathMaps(text)
    t.deepEqual(
      snapshot.multipathMaps.map((map) => [map.device, map.name, map.wwid]),
      expected.map((map) => [map.device, map.name, map.wwid]).sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
    )
    const writeProtection = parseMultipathWriteProtection(text)
    for (const [index, printed] of expected.entries()) {
      const map = snapshot.multipathMaps.find((one) => one.device === printed.device)
      const device = snapshot.device(printed.name)
      t.is(device?.name, printed.device)
      t.is(device?.readOnly, writeProtection[index])
      t.is(roundedAsMultipathDoes(map?.sizeBytes ?? -1), printed.size)
      // S8b: multipath, asked for the first time, found other WWIDs than its own and printed the maps without paths.
      if (printed.paths.length === 0) continue
      const paths = printed.paths.map((path) => path.device)
      t.deepEqual(
        map?.paths.map((path) => path.device),
        sorted(paths),
      )
      t.is(snapshot.mapOfPaths(paths), map)
      const [vendor, model] = printed.product.split(',')
      for (const { device: path, hctl, deviceNumber } of printed.paths) {
        const disk = snapshot.device(path)
        t.like(
          map?.paths.find((one) => one.device === path),
          { hctl, state: disk?.scsi?.state ?? null },
        )
        t.like(disk, { scsi: { hctl, vendor, model } })
        t.is(`${disk?.major}:${disk?.minor}`, deviceNumber)
        t.true(disk !== undefined && map !== undefined && snapshot.mapsOver(disk).includes(map))
      }
      // What the kernel's map and multipathd's checker think of a path is not in sysfs: multipath prints `running` as
      // the state of a device that is `transport-offline`. Where a session is lost they come to the same.
      const lost = printed.paths.filter(({ device: path }) => isLost(snapshot, path))
      t.is(map?.pathsFailed, lost.length)
      t.is(map?.pathsActive, printed.paths.length - lost.length)
      for (const path of lost) t.regex(path.checkerState, /^(faulty|i\/o pending)$/)
    }

    for (const printed of parseMultipathdMaps(reference(name, 'multipathd-maps.json'))) {
      const map = snapshot.multipathMaps.find((one) => one.device === printed.sysfs)
      t.like(map, { name: printed.name, wwid: printed.uuid, suspended: printed.dm_st !== 'active' })
      t.is(snapshot.device(printed.sysfs)?.readOnly, printed.write_prot === 'ro')
      const paths = printed.path_groups.flatMap((group) => group.paths)
      t.deepEqual(
        map?.paths.map((path) => path.device),
        sorted(paths.map((path) => path.dev)),
      )
      for (const path of paths) {
        const disk = snapshot.device(path.dev)
        t.like(disk?.scsi, { vendor: printed.vend, model: printed.prod, revision: printed.rev })
        t.is(`${disk?.major}:${disk?.minor}`, path.dev_t)
        t.is(disk?.iscsi?.targetName, path.target_wwnn)
        t.is(samLunOf(disk?.scsi?.lun ?? -1), path.lun_hex)
      }
    }
  })

  onEveryBackend(`${name}: device-mapper devices are as dmsetup says`, async (t, backend) => {
    const snapshot = await snapshotOf(name, backend)
    const byNumber = new Map(snapshot.blockDevices.map((device) => [`${device.major}:${device.minor}`, device]))
    const devices = snapshot.blockDevices.filter((device) => device.dm !== null)
    const expected = parseDmsetupInfo(reference(name, 'dmsetup-info.txt'))
    const table = parseDmsetupTable(reference(name, 'dmsetup-table.txt'))
    t.is(devices.length, expected.length)
    for (const printed of expected) {
      const device = byNumber.get(printed.deviceNumber)
      t.like(device, {
        dm: { name: printed.name, uuid: printed.uuid || null, suspended: printed.suspended },
        readOnly: printed.readOnly,
      })
      t.is(snapshot.deviceByPath(`/dev/mapper/${printed.name}`), device)
      const lines = table.filter((line) => line.name === printed.name)
      t.is(device?.sizeBytes, lines.reduce((sectors, line) => sectors + line.sectors, 0) * 512)
      const numbers = [...new Set(lines.flatMap((line) => line.deviceNumbers))]
      t.deepEqual(device?.slaves, sorted(numbers.map((number) => byNumber.get(number)?.name ?? '')))
    }
    for (const node of parseDmsetupTree(reference(name, 'dmsetup-tree.txt'))) compareDependencies(t, byNumber, node)
  })

  onEveryBackend(`${name}: less detail is the same with less in it, and JSON keeps all`, async (t, backend) => {
    const full = await snapshotOf(name, backend, 'full')
    const basic = await snapshotOf(name, backend, 'basic')
    const links = await snapshotOf(name, backend, 'links')
    t.deepEqual(differences(basic, full), [])
    t.deepEqual(differences(links, basic), [])
    t.deepEqual(JSON.parse(JSON.stringify(full)), { ...full })
    t.is(links.multipathMaps.length, 0)
    t.is(basic.multipathMaps.length, full.multipathMaps.length)
    for (const device of links.blockDevices) {
      t.like(device, { sizeBytes: null, readOnly: null, diskSequence: null, rotational: null })
      t.is(device.scsi?.vendor ?? null, null)
      t.is(device.dm?.name ?? null, null)
    }
    for (const { targetName, state } of links.iscsiSessions) t.deepEqual([targetName, state], [null, null])
  })
}

test('backends agree on every recording', async (t) => {
  for (const name of recordingNames) {
    for (const detail of ['links', 'basic', 'full'] as const) {
      const [first, ...others] = await Promise.all(backends.map((backend) => snapshotOf(name, backend, detail)))
      for (const other of others) t.deepEqual({ ...other }, { ...first }, name)
    }
  }
  // Without a compiler there is only one.
  t.pass()
})

test('S8b: a thousand disks of two ports each, of which multipath has taken over sixteen', async (t) => {
  const findings = findingsOf(await snapshotOf('S8b-1024disks', backends[0] ?? 'fallback'))
  t.deepEqual(sorted(new Set(findings.map((finding) => finding.kind))), ['orphanPath'])
  t.is(findings.length, 1024 - 2 * 16)
})

test('credentials are in no snapshot', async (t) => {
  const root = await unpackRecording('S2L-lio-chap')
  const session = path.join(root, 'sys/class/iscsi_session/session1')
  const secrets = ['username', 'password', 'username_in', 'password_in'].map((attribute) =>
    readFileSync(path.join(session, attribute), 'utf8').trim(),
  )
  t.deepEqual(sorted(secrets), ['in_secret_12345', 'in_user', 'out_secret_1234', 'out_user'])
  for (const backend of backends) {
    for (const detail of ['links', 'basic', 'full'] as const) {
      const json = JSON.stringify(await snapshotOf('S2L-lio-chap', backend, detail))
      for (const secret of secrets) t.false(json.includes(secret), secret)
    }
  }
})

function compareScsi(t: ExecutionContext, device: BlockDevice, lsblk: LsblkDevice, isInUdev: boolean): void {
  const { scsi } = device
  // lsblk prints what is the disk's for the disk only.
  if (device.parent !== null) return
  t.is(scsi?.hctl ?? null, lsblk.hctl)
  t.is(scsi?.transport ?? null, lsblk.tran)
  if (scsi === null) {
    // A virtio disk has a PCI vendor, which is no SCSI vendor.
    if (device.dm === null) t.is(lsblk.state, null)
    return
  }
  t.is(scsi.state, lsblk.state)
  t.is(scsi.vendor, lsblk.vendor?.trimEnd() ?? null)
  t.is(scsi.model, lsblk.model?.trimEnd() ?? null)
  t.is(scsi.revision, lsblk.rev?.trimEnd() ?? null)
  // These two lsblk has from udev, which does not notice that the unit behind a disk has gone, and to which S8b was too
  // large to know every disk.
  if (!isInUdev || device.sizeBytes === 0) return
  t.is(scsi.serial, lsblk.serial)
  t.is(scsi.wwid?.startsWith('naa.') ? scsi.wwid.replace('naa.', '0x') : null, lsblk.wwn)
}

function hasUdevData(root: string, deviceNumber: string): boolean {
  return existsSync(path.join(root, `run/udev/data/b${deviceNumber}`))
}

/** lsblk's children of a device are its partitions and its holders. */
function compareTree(
  t: ExecutionContext,
  snapshot: Snapshot,
  nodes: readonly LsblkDevice[],
  above: BlockDevice | null,
): void {
  for (const node of nodes) {
    const device = snapshot.device(node.kname)
    t.not(device, undefined, node.kname)
    if (device === undefined) continue
    if (device.parent !== null) t.is(node.pkname, device.parent)
    else if (above === null) t.deepEqual(device.slaves, [])
    else t.true(device.slaves.includes(above.name), `${above.name} under ${device.name}`)
    const partitions = snapshot.blockDevices.filter((other) => other.parent === device.name)
    const children = [...partitions.map((partition) => partition.name), ...device.holders]
    t.deepEqual(sorted(children), sorted((node.children ?? []).map((child) => child.kname)))
    compareTree(t, snapshot, node.children ?? [], device)
  }
}

function compareDependencies(t: ExecutionContext, byNumber: ReadonlyMap<string, BlockDevice>, node: DmTreeNode): void {
  const device = byNumber.get(node.deviceNumber)
  t.is(device?.dm?.name ?? null, node.name)
  // Of a partition under a map dmsetup goes no further.
  t.deepEqual(
    device?.slaves,
    sorted(node.dependencies.map((dependency) => byNumber.get(dependency.deviceNumber)?.name ?? '')),
  )
  for (const dependency of node.dependencies) compareDependencies(t, byNumber, dependency)
}

/** Where the one with less detail says anything else than the one with more: `blockDevices.3.name`. */
function differences(less: unknown, more: unknown, at = ''): readonly string[] {
  // These are told more exactly with more detail; LUNs without a device are in 'full' only.
  if (less === null || /^(detail|blockDevices\.\d+\.type)$/.test(at)) return []
  if (Array.isArray(less) && Array.isArray(more)) {
    const comparable = at.endsWith('.luns') ? more.filter((lun) => lun.device !== null) : more
    if (less.length === 0 && at === 'multipathMaps') return []
    if (less.length !== comparable.length) return [at]
    return less.flatMap((item, index) => differences(item, comparable[index], `${at}.${index}`))
  }
  if (typeof less !== 'object' || typeof more !== 'object' || more === null) return less === more ? [] : [at]
  const members = new Map<string, unknown>(Object.entries(more))
  return Object.entries(less).flatMap(([key, value]) =>
    differences(value, members.get(key), at === '' ? key : `${at}.${key}`),
  )
}

function isLost(snapshot: Snapshot, disk: string): boolean {
  const device = snapshot.device(disk)
  return device !== undefined && snapshot.sessionOf(device)?.state !== 'LOGGED_IN'
}

function sessionInDisk(session: Snapshot['iscsiSessions'][number] | undefined): BlockDevice['iscsi'] {
  if (session === undefined) return null
  return { sessionId: session.id, hostNumber: session.hostNumber, targetName: session.targetName }
}

/** The eight bytes of a LUN (SAM-5, 4.7.6): below 256 the number is in the second. */
function samLunOf(lun: number): string {
  return `0x${lun.toString(16).padStart(4, '0')}000000000000`
}

const units = ['B', 'K', 'M', 'G', 'T']

/** One decimal where it is not 0. */
function roundedAsLsblkDoes(bytes: number): string {
  const unit = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  return `${Math.round((bytes / 1024 ** unit) * 10) / 10}${units[unit]}`
}

/** One decimal below ten. */
function roundedAsMultipathDoes(bytes: number): string {
  const unit = Math.floor(Math.log2(Math.max(1, bytes)) / 10)
  const value = bytes / 1024 ** unit
  return `${value.toFixed(value < 10 ? 1 : 0)}${units[unit]}`
}

function kibibytesByName(root: string): ReadonlyMap<string, number> {
  const rows = readFileSync(path.join(root, 'proc/partitions'), 'utf8').trim().split('\n').slice(2)
  return new Map(rows.map((row) => row.trim().split(/ +/)).map(([, , blocks, name = '']) => [name, Number(blocks)]))
}
