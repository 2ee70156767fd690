import type { Detail } from '../../lib/index.js'

/** One list of a snapshot: attributes of every entry of a directory, and the names in a subdirectory of the entry. */
interface Part {
  readonly directory: string
  /** The prefix of the entries' names. */
  readonly prefix?: string
  readonly hasLink: boolean
  /** A directory below the entry that is opened once, because many attributes are read relative to it. */
  readonly base?: string
  readonly attributes: readonly string[]
  readonly listing?: string
}

/** One entry in the output of bare-loop.c. */
export interface Entry {
  readonly name: string
  readonly link: string
  /** By attribute. The value of a missing or unreadable attribute is empty. */
  readonly values: Readonly<Record<string, string>>
  readonly names: readonly string[]
}

export type PartName =
  | 'devices'
  | 'maps'
  | 'raids'
  | 'scsi'
  | 'sessions'
  | 'connections'
  | 'hosts'
  | 'nvme'
  | 'fc'
  | 'ports'

const block = 'devices/virtual/block'

/** The lists of each detail, in the order of reading. A binary attribute begins with `#`. */
export const partsOf: Readonly<Record<Detail, Readonly<Partial<Record<PartName, Part>>>>> = {
  links: {
    devices: { directory: 'dev/block', hasLink: true, attributes: [] },
    maps: { directory: block, prefix: 'dm-', hasLink: false, attributes: [], listing: 'slaves' },
    sessions: { directory: 'class/iscsi_session', prefix: 'session', hasLink: true, attributes: [] },
    connections: { directory: 'class/iscsi_connection', prefix: 'connection', hasLink: false, attributes: [] },
    hosts: { directory: 'class/scsi_host', prefix: 'host', hasLink: true, attributes: [] },
  },
  basic: {
    devices: { directory: 'dev/block', hasLink: true, attributes: ['size', 'ro'] },
    maps: { directory: block, prefix: 'dm-', hasLink: false, attributes: ['dm/name', 'dm/uuid'], listing: 'slaves' },
    sessions: {
      directory: 'class/iscsi_session',
      prefix: 'session',
      hasLink: true,
      attributes: ['targetname', 'state'],
    },
    connections: {
      directory: 'class/iscsi_connection',
      prefix: 'connection',
      hasLink: false,
      attributes: ['address', 'port', 'persistent_address', 'persistent_port'],
    },
    hosts: { directory: 'class/scsi_host', prefix: 'host', hasLink: true, attributes: [] },
  },
  full: {
    devices: {
      directory: 'dev/block',
      hasLink: true,
      base: '.',
      attributes: [
        ...['size', 'ro', 'diskseq', 'removable', 'queue/rotational', 'queue/logical_block_size'],
        'queue/physical_block_size',
      ],
    },
    maps: {
      directory: block,
      prefix: 'dm-',
      hasLink: false,
      attributes: ['dm/name', 'dm/uuid', 'dm/suspended'],
      listing: 'slaves',
    },
    raids: { directory: block, prefix: 'md', hasLink: false, attributes: ['md/level'], listing: 'slaves' },
    scsi: {
      directory: 'class/scsi_device',
      hasLink: true,
      base: 'device',
      attributes: [
        ...['type', 'vendor', 'model', 'rev', 'wwid', '#vpd_pg80', '#vpd_pg83', 'state', 'queue_depth', 'timeout'],
        ...['iorequest_cnt', 'iodone_cnt', 'ioerr_cnt', 'iotmo_cnt', 'access_state'],
      ],
    },
    sessions: {
      directory: 'class/iscsi_session',
      prefix: 'session',
      hasLink: true,
      base: '.',
      attributes: [
        ...['targetname', 'state', 'targetalias', 'initiatorname', 'ifacename', 'tpgt', 'recovery_tmo', 'abort_tmo'],
        ...['lu_reset_tmo', 'tgt_reset_tmo', 'fast_abort', 'first_burst_len', 'max_burst_len', 'immediate_data'],
        ...['initial_r2t', 'max_outstanding_r2t', 'erl'],
      ],
    },
    connections: {
      directory: 'class/iscsi_connection',
      prefix: 'connection',
      hasLink: false,
      base: '.',
      attributes: [
        ...['address', 'port', 'persistent_address', 'persistent_port', 'state', 'header_digest', 'data_digest'],
        ...['max_recv_dlength', 'max_xmit_dlength', 'ping_tmo', 'recv_tmo'],
      ],
    },
    hosts: { directory: 'class/scsi_host', prefix: 'host', hasLink: true, attributes: ['proc_name', 'state'] },
    // bare-loop.c is not measured on a machine with a subsystem.
    nvme: { directory: 'class/nvme-subsystem', hasLink: false, attributes: [] },
    fc: {
      directory: 'class/fc_host',
      prefix: 'host',
      hasLink: false,
      attributes: ['port_name', 'port_state', 'speed'],
    },
    ports: {
      directory: 'class/fc_remote_ports',
      prefix: 'rport-',
      hasLink: false,
      attributes: ['port_name', 'port_state', 'roles'],
    },
  },
}

/** The query of bare-loop.c that makes the system calls of a snapshot. */
export function bareSnapshotQuery(sys: string, detail: Detail): readonly string[] {
  return [
    ...['snapshot', sys],
    ...Object.values(partsOf[detail]).flatMap(
      ({ directory, prefix = '-', hasLink, attributes, listing = '-', base = '-' }) => [
        ...['+', directory, prefix, hasLink ? 'link' : '-', listing, base],
        ...attributes,
      ],
    ),
  ]
}

/** Parses the output of that query. */
export function entriesOf(
  values: readonly string[],
  detail: Detail,
): Readonly<Partial<Record<PartName, readonly Entry[]>>> {
  let at = 0
  const next = (): string => values[at++] ?? ''
  const namesUntilEmpty = (): readonly string[] => {
    const names: string[] = []
    for (let name = next(); name !== ''; name = next()) names.push(name)
    return names
  }
  const entries: Partial<Record<PartName, readonly Entry[]>> = {}
  for (const [part, { hasLink, attributes, listing }] of Object.entries(partsOf[detail])) {
    const ofPart: Entry[] = []
    for (let name = next(); name !== ''; name = next()) {
      const link = hasLink ? next() : ''
      const read = Object.fromEntries(attributes.map((attribute) => [attribute, next()]))
      ofPart.push({ name, link, values: read, names: listing === undefined ? [] : namesUntilEmpty() })
    }
    entries[part as PartName] = ofPart
  }
  return entries
}
