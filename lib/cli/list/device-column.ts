import type { BlockDevice, IscsiSession } from '../../index.js'
import { UsageError } from '../arguments.js'
import type { Inventory } from '../inventory/inventory.js'
import { nameOf, portalOf } from '../inventory/names.js'

/** The value of a column for a device. `bytes` may be printed with a unit. */
export type Value = string | number | boolean | null | { readonly bytes: number }

export interface Column {
  /** The name that lsblk uses, if lsblk has the column. The key in JSON is the name in lower case. */
  readonly name: string
  readonly description: string
  readonly isNumber: boolean
  readonly valueIn: (device: BlockDevice, inventory: Inventory) => Value
}

type ValueIn = Column['valueIn']

/** All columns, in the order of the help. */
export const columns: readonly Column[] = [
  text('NAME', 'device name in /dev/mapper or /dev', nameOf),
  text('KNAME', 'kernel device name', ({ name }) => name),
  text('PATH', 'path of the device node, or of the map in /dev/mapper', ({ dm, devicePath }) =>
    dm?.name == null ? devicePath : `/dev/mapper/${dm.name}`,
  ),
  text('MAJ:MIN', 'major and minor device number', ({ major, minor }) => `${major}:${minor}`),
  text('TYPE', 'device type: disk, part, mpath, lvm, crypt, loop, rom...', ({ type }) => type),
  number('SIZE', 'size of the device', ({ sizeBytes }) => bytes(sizeBytes)),
  number('RO', 'read-only device', ({ readOnly }) => readOnly),
  number('RM', 'removable device', ({ removable }) => removable),
  number('ROTA', 'rotational device', ({ rotational }) => rotational),
  number('LOG-SEC', 'logical block size', ({ logicalBlockSize }) => bytes(logicalBlockSize)),
  number('PHY-SEC', 'physical block size', ({ physicalBlockSize }) => bytes(physicalBlockSize)),
  text('PKNAME', 'disk of a partition, or slave devices', ({ parent, slaves }) => parent ?? joined(slaves)),
  number('PARTN', 'partition number', ({ partitionNumber }) => partitionNumber),
  text('HOLDERS', 'devices that hold the device', ({ holders }) => joined(holders)),
  text('STATE', 'state of the SCSI disk, NVMe controller or map', stateOf),
  text(
    'HCTL',
    'SCSI address: host:channel:target:LUN',
    ofDisk(({ scsi }) => scsi?.hctl ?? null),
  ),
  text('TRAN', 'transport: iscsi, fc, sas, sata, usb, nvme...', ofDisk(transportOf)),
  text(
    'VENDOR',
    'vendor of the disk',
    ofDisk(({ scsi }) => scsi?.vendor ?? null),
  ),
  text(
    'MODEL',
    'model of the disk',
    ofDisk((device, inventory) => inventory.modelOf(device)),
  ),
  text(
    'REV',
    'firmware revision of the disk',
    ofDisk((device, inventory) => inventory.revisionOf(device)),
  ),
  text(
    'SERIAL',
    'serial number of the disk',
    ofDisk((device, inventory) => inventory.serialOf(device)),
  ),
  text('WWID', 'WWID of the multipath map, or of the SCSI disk', wwidOf),
  text('UUID', 'device-mapper UUID of a map', ({ dm }) => dm?.uuid ?? null),
  number('DISK-SEQ', 'disk sequence number', ({ diskSequence }) => diskSequence),
  text('MAP', 'multipath map on the device', (device, inventory) => inventory.multipathMapOver(device)?.name ?? null),
  text(
    'ACCESS',
    'ALUA access state of the path',
    ofDisk(({ scsi }) => scsi?.accessState ?? null),
  ),
  number(
    'QDEPTH',
    'queue depth',
    ofDisk(({ scsi }) => scsi?.queueDepth ?? null),
  ),
  number(
    'TIMEOUT',
    'command timeout in seconds',
    ofDisk(({ scsi }) => scsi?.timeoutSeconds ?? null),
  ),
  number(
    'ERRORS',
    'number of commands that failed',
    ofDisk(({ scsi }) => scsi?.ioErrors ?? null),
  ),
  number(
    'LUN',
    'logical unit number',
    ofDisk(({ scsi }) => scsi?.lun ?? null),
  ),
  text(
    'TARGET',
    'name of the iSCSI target',
    ofDisk(({ iscsi }) => iscsi?.targetName ?? null),
  ),
  text(
    'PORTAL',
    'portals of the iSCSI session',
    ofSession((session) => joined(session.connections.map(portalOf))),
  ),
  number(
    'SESSION',
    'number of the iSCSI session',
    ofSession(({ id }) => id),
  ),
]

const defaultNames = ['NAME', 'MAJ:MIN', 'TYPE', 'SIZE', 'RO', 'STATE', 'TRAN', 'HCTL', 'MAP', 'MODEL']

/**
 * Returns the columns of a list such as `NAME,SIZE`. `+WWID` adds to the default columns; `undefined` stands for them.
 *
 * @throws {UsageError} if the list is empty or names an unknown column
 */
export function columnsOf(list: string | undefined): readonly Column[] {
  const isAddition = list === undefined || list.startsWith('+')
  const words = (list ?? '+')
    .replace(/^\+/, '')
    .split(',')
    .filter((word, _, all) => word !== '' || all.length > 1)
  const names = isAddition ? [...defaultNames, ...words] : words
  if (names.length === 0) throw new UsageError('--columns must not be empty')
  return names.map((name) => {
    const found = columns.find((column) => column.name === name.toUpperCase())
    if (found === undefined) {
      throw new UsageError(`unknown column '${name}'; fast-sysfs list --help lists the columns`)
    }
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

/** Joins names by spaces. Returns `null` for an empty array. */
function joined(names: readonly string[]): string | null {
  return names.length === 0 ? null : names.join(' ')
}

/** A partition has no value in columns about its disk, as in lsblk. */
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
