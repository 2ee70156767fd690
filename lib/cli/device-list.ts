import type { BlockDevice } from '../index.js'
import type { Column, Value } from './column.js'
import type { Inventory } from './inventory.js'
import { formatSize } from './quantity.js'
import { layOut } from './table.js'
import type { Glyphs, Line } from './terminal.js'

/** A row for each device, after one with the names of the columns. */
export function drawDevices(
  devices: readonly BlockDevice[],
  columns: readonly Column[],
  inventory: Inventory,
  { glyphs, inBytes }: { readonly glyphs: Glyphs; readonly inBytes: boolean },
): readonly Line[] {
  const rows = [
    columns.map(({ name }) => name),
    ...devices.map((device) => columns.map(({ valueIn }) => textOf(valueIn(device, inventory), inBytes))),
  ]
  const alignOf = (index: number) => (columns[index]?.isNumber ? { align: 'right' as const } : {})
  return layOut(
    rows.map((texts) => ({ cells: texts.map((text, index) => ({ text, ...alignOf(index) })) })),
    glyphs,
  )
}

/** What --json prints of a device: lsblk's keys, sizes as text unless they are wanted in bytes. */
export function deviceAsJson(
  device: BlockDevice,
  columns: readonly Column[],
  inventory: Inventory,
  inBytes: boolean,
): Readonly<Record<string, string | number | boolean | null>> {
  return Object.fromEntries(
    columns.map(({ name, valueIn }) => {
      const value = valueIn(device, inventory)
      const isBytes = typeof value === 'object' && value !== null
      return [name.toLowerCase(), isBytes ? (inBytes ? value.bytes : formatSize(value.bytes)) : value]
    }),
  )
}

function textOf(value: Value, inBytes: boolean): string {
  if (value === null) return ''
  if (typeof value === 'object') return inBytes ? String(value.bytes) : formatSize(value.bytes)
  return typeof value === 'boolean' ? String(Number(value)) : String(value)
}
