import type { BlockDevice, Change } from '../index.js'
import { formatSize } from './quantity.js'

const signs = { added: '+', removed: '-', changed: '~' } as const
/** What people call the parts of a snapshot. */
const nouns: Readonly<Record<Change['what'], string>> = {
  blockDevice: 'block device',
  multipathMap: 'multipath map',
  iscsiSession: 'iSCSI session',
  scsiHost: 'SCSI host',
  nvmeSubsystem: 'NVMe subsystem',
  fibreChannelHost: 'Fibre Channel host',
}

/** `+ block device sda: disk 64M`, `~ iSCSI session session1: state LOGGED_IN -> FAILED`. */
export function changeText(change: Change, arrow: string): string {
  const subject = `${signs[change.kind]} ${nouns[change.what]} ${change.name}`
  const more = change.kind === 'changed' ? fieldsOf(change, arrow) : what(change)
  return more === '' ? subject : `${subject}: ${more}`
}

function fieldsOf({ before, after, fields }: Extract<Change, { kind: 'changed' }>, arrow: string): string {
  return fields.map((field) => `${field} ${valueIn(before, field)} ${arrow} ${valueIn(after, field)}`).join(', ')
}

function what(change: Exclude<Change, { kind: 'changed' }>): string {
  const item = change.kind === 'added' ? change.after : change.before
  switch (change.what) {
    case 'blockDevice': {
      const { type, sizeBytes } = item as BlockDevice
      return [type, formatSize(sizeBytes)].filter((word) => word !== '').join(' ')
    }
    case 'iscsiSession':
      return 'targetName' in item ? (item.targetName ?? '') : ''
    default:
      return ''
  }
}

/** The value of `scsi.state`, short: of a list how many it has, unless they are names. */
function valueIn(item: object, field: string): string {
  const value = field
    .split('.')
    .reduce<unknown>((inner, key) => (inner as Readonly<Record<string, unknown>>)?.[key], item)
  if (value === null || value === undefined) return 'none'
  if (Array.isArray(value))
    return value.every((one) => typeof one === 'string') ? `[${value.join(' ')}]` : `${value.length} of them`
  return typeof value === 'object' ? 'some' : String(value)
}
