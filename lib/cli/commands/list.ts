import { type BlockDevice, field, query, type Sysfs } from '../../index.js'
import { columns, columnsOf } from '../column.js'
import { answering, asked } from '../command.js'
import { deviceAsJson, drawDevices } from '../device-list.js'
import { Inventory } from '../inventory.js'

export const list = answering({
  name: 'list',
  parameters: ['[DEVICE...]'],
  options: ['columns', 'bytes'],
  summary: 'block devices with the columns you name, as lsblk does',
  description: [
    'DEVICE is a kernel name or a path; without any, all devices that are in use.',
    'JSON: { blockdevices: [{ name, size, ... }] }, the columns in lower case.',
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
      nothing: args.length === 0 ? 'no block device' : `no block device ${args.join(', ')}`,
    }
  },
})

function kernelNameOf(sysfs: Sysfs, device: string): string | undefined {
  const deviceNamed = query('class/block/$device', { name: field.name() }, { device: 'device' })
  return asked(() => sysfs.prepare(deviceNamed).first({ device }))?.name
}
