import type { BlockDevice, Change } from '../../index.js'
import { count, formatSize } from './quantity.js'

const signs = { added: '+', removed: '-', changed: '~' } as const

const nouns: Readonly<Record<Change['what'], string>> = {
  blockDevice: 'block device',
  multipathMap: 'multipath map',
  iscsiSession: 'iSCSI session',
  scsiHost: 'SCSI host',
  nvmeSubsystem: 'NVMe subsystem',
  fibreChannelHost: 'Fibre Channel host',
}

/** Describes a change: `+ block device sda: disk 64M`, `~ iSCSI session session1: state LOGGED_IN -> FAILED`. */
export function changeText(change: Change, arrow: string): string {
  const subject = `${signs[change.kind]} ${nouns[change.what]} ${change.name}`
  const details = change.kind === 'changed' ? fieldsText(change, arrow) : itemText(change)
  return details === '' ? subject : `${subject}: ${details}`
}

function fieldsText({ before, after, fields }: Extract<Change, { kind: 'changed' }>, arrow: string): string {
  return fields.map((field) => `${field} ${valueText(before, field)} ${arrow} ${valueText(after, field)}`).join(', ')
}

function itemText(change: Exclude<Change, { kind: 'changed' }>): string {
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

/** The value of a field such as `scsi.state`. An array of objects is shown as its length. */
function valueText(item: object, field: string): string {
  const value = field
    .split('.')
    .reduce<unknown>((inner, key) => (inner as Readonly<Record<string, unknown>>)?.[key], item)
  if (value === null || value === undefined) return 'none'
  if (Array.isArray(value))
    return value.every((one) => typeof one === 'string') ? `[${value.join(' ')}]` : count(value.length, 'item')
  return typeof value === 'object' ? 'present' : String(value)
}
