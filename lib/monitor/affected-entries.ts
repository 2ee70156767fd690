import { placeOf } from '../snapshot/place.js'
import type { Part } from './row-store.js'
import type { Uevent } from '../executor/uevent.js'

/** An entry of a part, or all of them, that an event is about. */
export interface NamedEntry {
  readonly part: Part
  /** `undefined`: all of the part. */
  readonly entry: string | undefined
  /**
   * Whether the kernel goes on changing it after the event, without another one, so that it is read again for a while:
   * - attributes of transport classes are made after the device was announced (attribute_container_add_class_device in
   *   drivers/base/attribute_container.c), and iscsid sets those of a session one by one
   * - a map is announced before its slaves and dm/name are there (dm_setup_md_queue in drivers/md/dm.c), and the slaves
   *   of the table that a new one replaced go after the `change` (do_resume in drivers/md/dm-ioctl.c)
   */
  readonly isSettling: boolean
}

export type Named = readonly NamedEntry[] | 'everything'

const nothing: readonly NamedEntry[] = []

/** What of a snapshot an event is about. It says nothing of what became of it: that is read. */
export function namedBy(uevent: Uevent): Named {
  const entries = entriesOf(uevent)
  // All that is below has another path, too.
  return uevent.action === 'move' && entries.length > 0 ? 'everything' : entries
}

function entriesOf({ subsystem, devicePath, properties }: Uevent): readonly NamedEntry[] {
  const name = devicePath.slice(devicePath.lastIndexOf('/') + 1)
  switch (subsystem) {
    case 'block':
      return [...blockDevice(devicePath, name, properties), ...scsiOf(devicePath)]
    case 'scsi':
    case 'scsi_device':
    case 'scsi_host':
      return scsiOf(devicePath)
    case 'iscsi_session':
      return [settling('sessions', name), ...scsiOf(devicePath)]
    case 'iscsi_host':
      return [settling('iscsiHosts', name)]
    case 'iscsi_connection':
      return [settling('connections', name), ...scsiOf(devicePath)]
    case 'nvme':
    case 'nvme-subsystem':
      return [settling('nvmeSubsystems', undefined)]
    case 'fc_host':
      return [settling('fibreChannelHosts', name), ...scsiOf(devicePath)]
    case 'fc_remote_ports':
      return [settling('remotePorts', name)]
    default:
      return nothing
  }
}

function* blockDevice(
  devicePath: string,
  name: string,
  { MAJOR: major, MINOR: minor }: Uevent['properties'],
): Generator<NamedEntry> {
  const isVirtual = devicePath === `/devices/virtual/block/${name}`
  const isMap = isVirtual && name.startsWith('dm-')
  const isRaid = isVirtual && name.startsWith('md')
  if (major !== undefined && minor !== undefined) {
    yield { part: 'blockDevices', entry: `${major}:${minor}`, isSettling: isMap || isRaid }
  }
  if (isMap) yield settling('maps', name)
  if (isRaid) yield settling('raids', name)
  // The paths of one that several controllers lead to are hidden devices, which no event is about.
  if (name.startsWith('nvme')) yield settling('nvmeSubsystems', undefined)
}

/** The SCSI device, host and session that a path leads through. */
function scsiOf(devicePath: string): readonly NamedEntry[] {
  const { scsi, hostNumber, sessionId } = placeOf(devicePath)
  const entries: NamedEntry[] = []
  if (scsi !== null) entries.push({ part: 'scsiDevices', entry: scsi.hctl, isSettling: false })
  else if (hostNumber !== null) entries.push({ part: 'scsiHosts', entry: `host${hostNumber}`, isSettling: false })
  if (sessionId !== null) entries.push(settling('sessions', `session${sessionId}`))
  return entries
}

function settling(part: Part, entry: string | undefined): NamedEntry {
  return { part, entry, isSettling: true }
}
