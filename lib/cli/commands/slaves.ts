import { answering, asked } from '../command.js'
import { linesOf } from '../terminal.js'

export const slaves = answering({
  name: 'slaves',
  parameters: ['MAP'],
  summary: "the devices that a dm device is made of, a map's paths",
  description: [
    'MAP is a kernel name (dm-3) or the path of a map (/dev/mapper/mpatha).',
    'JSON: { slaves: ["/dev/sda", "/dev/sdb"] }',
  ],
  answer: ({ sysfs, args: [map = ''] }) => {
    const found = asked(() => sysfs.findSlaveDevicesOnMultipath(map))
    return {
      isFound: found.length > 0,
      json: { slaves: found },
      draw: () => linesOf(found),
      nothing: `nothing is under ${map}`,
    }
  },
})
