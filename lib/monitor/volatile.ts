import type { ListDefinition } from '../query/query.js'
import type { VolatileAttribute } from './open-attributes.js'
import type { Part } from './row-store.js'

/**
 * What the kernel changes without a uevent, by the fields of the snapshot's queries. States: scsi_device_set_state, the
 * session's and connection's of scsi_transport_iscsi.c, scsi_host_set_state and fc_remote_port's say nothing; nor does a
 * size that becomes 0 or was (set_capacity_and_notify in block/genhd.c), nor BLKROSET. A portal can be read while its
 * connection has a socket only.
 */
const volatileFields: Readonly<Partial<Record<Part, readonly string[]>>> = {
  blockDevices: ['sectors', 'readOnly'],
  scsiDevices: [
    'state',
    'queueDepth',
    'timeoutSeconds',
    'ioRequests',
    'ioDone',
    'ioErrors',
    'ioTimeouts',
    'accessState',
  ],
  // multipathd writes recovery_tmo some time after a path came
  sessions: ['state', 'recoveryTimeout'],
  iscsiHosts: ['interfaceAddress', 'interfaceHardwareAddress', 'interfaceDevice'],
  connections: ['address', 'port', 'state'],
  scsiHosts: ['state'],
  fibreChannelHosts: ['state', 'speed'],
  remotePorts: ['state', 'roles'],
}

/**
 * Parts with lists below their entries, which are read anew: the slaves of a table that was loaded (dm/suspended: `dmsetup
 * suspend` has no event either) or of an array that got another disk, controllers and paths of NVMe.
 */
export const volatileParts: readonly Part[] = ['maps', 'raids', 'nvmeSubsystems']

/** Those of a part that its query, in the detail it is for, reads. */
export function volatileAttributes(part: Part, list: ListDefinition): readonly VolatileAttribute[] {
  return (volatileFields[part] ?? []).flatMap((key): readonly VolatileAttribute[] => {
    const reading = list.fields[key]?.reading
    return reading?.kind === 'text' || reading?.kind === 'integer'
      ? [{ key, kind: reading.kind, path: reading.path }]
      : []
  })
}
