import { answering, checkedCall } from '../command.js'
import { linesOf } from '../terminal/terminal.js'

export const multipath = answering({
  name: 'multipath',
  parameters: ['DEVICE'],
  summary: 'find the multipath map, or other dm device, on a device',
  description: [
    'DEVICE is a kernel name (sda) or the path of a block device (/dev/disk/...).',
    'JSON: { map: "/dev/dm-3" }, or { map: null }',
  ],
  answer: ({ sysfs, args: [device = ''] }) => {
    const map = checkedCall(() => sysfs.findMultipathDeviceForDevice(device))
    return {
      isFound: map !== undefined,
      json: { map: map ?? null },
      draw: () => linesOf(map === undefined ? [] : [map]),
      nothing: `no map is on ${device}`,
    }
  },
})
