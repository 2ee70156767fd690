import type { BlockDevice, IscsiSession } from '../index.js'
import { UsageError } from './arguments.js'
import { type Inventory, nameOf } from './inventory.js'
import { portalOf } from './portal.js'

/** What stands in a column for a device. Bytes are numbers that may be written short. */
export type Value = string | number | boolean | null | { readonly bytes: number }

export interface Column {
  /** As lsblk calls it where lsblk has it; in JSON in lower case. */
  readonly name: string
  readonly description: string
  readonly isNumber: boolean
  readonly valueIn: (device: BlockDevice, inventory: Inventory) => Value
}

type ValueIn = Column['valueIn']

/** All columns, in the order of the help. */
export const columns: readonly Column[] = [
  text('NAME', 'the name in /dev/mapper or /dev', nameOf),
  text('KNAME', "the kernel's name", ({ name }) => name),
  text('PATH', 'the device node; of a map, its link in /dev/mapper', ({ dm, devicePath }) =>
    dm?.name == null ? devicePath : `/dev/mapper/${dm.name}`,
  ),
  text('MAJ:MIN', 'the device number', ({ major, minor }) => `${major}:${minor}`),
  text('TYPE', 'disk, part, mpath, lvm, crypt, loop, rom, raid1...', ({ type }) => type),
  number('SIZE', 'the size', ({ sizeBytes }) => bytes(sizeBytes)),
  number('RO', 'read-only', ({ readOnly }) => readOnly),
  number('RM', 'removable', ({ removable }) => removable),
  number('ROTA', 'rotational', ({ rotational }) => rotational),
  number('LOG-SEC', 'the logical block size', ({ logicalBlockSize }) => bytes(logicalBlockSize)),
  number('PHY-SEC', 'the physical block size', ({ physicalBlockSize }) => bytes(physicalBlockSize)),
  text('PKNAME', "a partition's disk, or what it is made of", ({ parent, slaves }) => parent ?? joined(slaves)),
  number('PARTN', 'the number of a partition', ({ partitionNumber }) => partitionNumber),
  text('HOLDERS', 'what is made of it', ({ holders }) => joined(holders)),
  text('STATE', 'of the SCSI disk, NVMe controller or map', stateOf),
  text(
    'HCTL',
    'host, channel, target and LUN',
    ofDisk(({ scsi }) => scsi?.hctl ?? null),
  ),
  text('TRAN', 'iscsi, fc, sas, sata, usb, nvme...', ofDisk(transportOf)),
  text(
    'VENDOR',
    "the disk's vendor",
    ofDisk(({ scsi }) => scsi?.vendor ?? null),
  ),
  text(
    'MODEL',
    "the disk's model",
    ofDisk((device, inventory) => inventory.modelOf(device)),
  ),
  text(
    'REV',
    "the disk's revision",
    ofDisk((device, inventory) => inventory.revisionOf(device)),
  ),
  text(
    'SERIAL',
    "the disk's serial number",
    ofDisk((device, inventory) => inventory.serialOf(device)),
  ),
  text('WWID', "the unit's name, as multipath knows it or as the kernel does", wwidOf),
  text('UUID', "a map's uuid in the device mapper", ({ dm }) => dm?.uuid ?? null),
  number('DISK-SEQ', 'its sequence number since boot', ({ diskSequence }) => diskSequence),
  text('MAP', 'the multipath map over it', (device, inventory) => inventory.multipathMapOver(device)?.name ?? null),
  text(
    'ACCESS',
    'the ALUA state of the path',
    ofDisk(({ scsi }) => scsi?.accessState ?? null),
  ),
  number(
    'QDEPTH',
    'commands at once',
    ofDisk(({ scsi }) => scsi?.queueDepth ?? null),
  ),
  number(
    'TIMEOUT',
    'of a command, in seconds',
    ofDisk(({ scsi }) => scsi?.timeoutSeconds ?? null),
  ),
  number(
    'ERRORS',
    'commands that ended in an error',
    ofDisk(({ scsi }) => scsi?.ioErrors ?? null),
  ),
  number(
    'LUN',
    'the number of the LUN',
    ofDisk(({ scsi }) => scsi?.lun ?? null),
  ),
  text(
    'TARGET',
    "the iSCSI target's name",
    ofDisk(({ iscsi }) => iscsi?.targetName ?? null),
  ),
  text(
    'PORTAL',
    'where the iSCSI session leads',
    ofSession((session) => joined(session.connections.map(portalOf))),
  ),
  number(
    'SESSION',
    'the number of the iSCSI session',
    ofSession(({ id }) => id),
  ),
]

const usual = ['NAME', 'MAJ:MIN', 'TYPE', 'SIZE', 'RO', 'STATE', 'TRAN', 'HCTL', 'MAP', 'MODEL']

/** The columns that `NAME,SIZE` asks for; `+WWID` asks for the usual ones and more; nothing, for the usual ones. */
export function columnsOf(list: string | undefined): readonly Column[] {
  const isMore = list === undefined || list.startsWith('+')
  const words = (list ?? '+')
    .replace(/^\+/, '')
    .split(',')
    .filter((word, _, all) => word !== '' || all.length > 1)
  const names = isMore ? [...usual, ...words] : words
  if (names.length === 0) throw new UsageError('--columns must name some')
  return names.map((name) => {
    const found = columns.find((column) => column.name === name.toUpperCase())
    if (found === undefined) throw new UsageError(`no column '${name}'; list --help names them`)
    return found
  })
}

function text(name: string, description: string, valueIn: ValueIn): Column {
  return { name, description, isNumber: false, valueIn }
}

function number(name: string, description: string, valueIn: ValueIn): Column {
  return { name, description, isNumber: true, valueIn }
}

function bytes(size: number | null): Value {
  return size === null ? null : { bytes: size }
}

/** Names that stand side by side; `null` for none. */
function joined(names: readonly string[]): string | null {
  return names.length === 0 ? null : names.join(' ')
}

/** As lsblk: what is a disk's is not told of its partitions. */
function ofDisk(valueIn: ValueIn): ValueIn {
  return (device, inventory) => (device.parent === null ? valueIn(device, inventory) : null)
}

function ofSession(valueIn: (session: IscsiSession) => Value): ValueIn {
  return ofDisk((device, inventory) => {
    const session = inventory.sessionOf(device)
    return session === undefined ? null : valueIn(session)
  })
}

function stateOf(device: BlockDevice, inventory: Inventory): Value {
  if (device.dm?.suspended != null) return device.dm.suspended ? 'suspended' : 'running'
  return inventory.stateOf(device)
}

function transportOf({ scsi, nvme }: BlockDevice): Value {
  return nvme === null ? (scsi?.transport ?? null) : 'nvme'
}

function wwidOf(device: BlockDevice, inventory: Inventory): Value {
  if (device.parent !== null) return null
  return inventory.snapshot.multipathMaps.find((map) => map.device === device.name)?.wwid ?? device.scsi?.wwid ?? null
}
