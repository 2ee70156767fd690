import { type BlockDevice, field, query, type Sysfs } from '../../index.js'
import { answering, checkedCall } from '../command.js'
import { Inventory } from '../inventory/inventory.js'
import { columns, columnsOf } from '../list/device-column.js'
import { deviceAsJson, drawDevices } from '../list/device-table.js'

export const list = answering({
  name: 'list',
  parameters: ['[DEVICE...]'],
  options: ['columns', 'bytes'],
  summary: 'list block devices with the columns of your choice',
  description: [
    'DEVICE is a kernel name or a path. The default is all devices in use.',
    'JSON: { blockdevices: [{ name, size, ... }] }, the keys are the columns.',
    '',
    'Columns:',
    ...columns.map((column) => `  ${column.name.padEnd(8)}  ${column.description}`),
  ],
  answer: ({ sysfs, args, options }) => {
    const chosen = columnsOf(options.columns)
    const inBytes = options.bytes ?? false
    const inventory = new Inventory(sysfs.snapshot({ detail: 'full' }))
    const names = args.length === 0 ? undefined : new Set(args.map((device) => kernelNameOf(sysfs, device)))
    const devices: readonly BlockDevice[] =
      names === undefined
        ? inventory.devices
        : inventory.snapshot.blockDevices.filter((device) => names.has(device.name))
    return {
      isFound: devices.length > 0,
      json: { blockdevices: devices.map((device) => deviceAsJson(device, chosen, inventory, inBytes)) },
      draw: (glyphs) => (devices.length === 0 ? [] : drawDevices(devices, chosen, inventory, { glyphs, inBytes })),
      nothing: args.length === 0 ? 'no block devices' : `no such block device: ${args.join(', ')}`,
    }
  },
})

function kernelNameOf(sysfs: Sysfs, device: string): string | undefined {
  const deviceNamed = query('class/block/$device', { name: field.name() }, { device: 'device' })
  const prepared = sysfs.prepare(deviceNamed)
  return checkedCall(() => prepared.first({ device }))?.name
}
