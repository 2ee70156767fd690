import type { BlockDevice } from '../../index.js'
import type { Inventory } from '../inventory/inventory.js'
import { layOutRows } from '../terminal/table.js'
import type { Glyphs, Line } from '../terminal/terminal.js'
import { formatSize } from '../text/quantity.js'
import type { Column, Value } from './device-column.js'

/** Draws a heading and one row for each device. */
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
  return layOutRows(
    rows.map((texts) => ({ cells: texts.map((text, index) => ({ text, ...alignOf(index) })) })),
    glyphs,
  )
}

/** Returns a device with the keys of lsblk's JSON. Sizes are text, or numbers if `inBytes` is true. */
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
