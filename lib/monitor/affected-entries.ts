import type { Uevent } from '../executor/uevent.js'
import { locationOf } from '../snapshot/device-location.js'
import type { Part } from '../snapshot/parts.js'

/** An entry of a part, or a whole part, that a uevent affects. */
export interface AffectedEntry {
  readonly part: Part
  /** The name of the entry. `undefined` for the whole part. */
  readonly entry: string | undefined
  /**
   * Whether the entry may change after the event without another event. Such an entry is read again for some time.
   * - The kernel adds the attributes of transport classes after the event (attribute_container_add_class_device in
   * drivers/base/attribute_container.c). iscsid sets the attributes of a session one after another.
   * - The kernel adds the slaves and dm/name of a map after the event (dm_setup_md_queue in drivers/md/dm.c). It
   * removes the slaves of a replaced table after the `change` event (do_resume in drivers/md/dm-ioctl.c).
   */
  readonly isSettling: boolean
}

/** The entries that a uevent affects, or everything. */
export type Affected = readonly AffectedEntry[] | 'everything'

const nothing: readonly AffectedEntry[] = []

/** The entries of a snapshot that a uevent affects. The event does not contain their values. So they must be read. */
export function affectedBy(uevent: Uevent): Affected {
  const entries = entriesOf(uevent)
  // The paths of all devices below the moved device change, too.
  return uevent.action === 'move' && entries.length > 0 ? 'everything' : entries
}

function entriesOf({ subsystem, devicePath, properties }: Uevent): readonly AffectedEntry[] {
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
): Generator<AffectedEntry> {
  const isVirtual = devicePath === `/devices/virtual/block/${name}`
  const isMap = isVirtual && name.startsWith('dm-')
  const isRaid = isVirtual && name.startsWith('md')
  if (major !== undefined && minor !== undefined) {
    yield { part: 'blockDevices', entry: `${major}:${minor}`, isSettling: isMap || isRaid }
  }
  if (isMap) yield settling('maps', name)
  if (isRaid) yield settling('raids', name)
  // The paths of a shared namespace are hidden block devices. The kernel sends no uevents for them.
  if (name.startsWith('nvme')) yield settling('nvmeSubsystems', undefined)
}

/** The SCSI device, host and session on a device path. */
function scsiOf(devicePath: string): readonly AffectedEntry[] {
  const { scsi, hostNumber, sessionId } = locationOf(devicePath)
  const entries: AffectedEntry[] = []
  if (scsi !== null) entries.push({ part: 'scsiDevices', entry: scsi.hctl, isSettling: false })
  else if (hostNumber !== null) entries.push({ part: 'scsiHosts', entry: `host${hostNumber}`, isSettling: false })
  if (sessionId !== null) entries.push(settling('sessions', `session${sessionId}`))
  return entries
}

function settling(part: Part, entry: string | undefined): AffectedEntry {
  return { part, entry, isSettling: true }
}
