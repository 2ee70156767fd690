import { answering, checkedCall } from '../command.js'
import { linesOf } from '../terminal/terminal.js'

export const slaves = answering({
  name: 'slaves',
  parameters: ['MAP'],
  summary: 'list the slave devices of a map, such as its paths',
  description: [
    'MAP is a kernel name (dm-3) or the path of a map (/dev/mapper/mpatha).',
    'JSON: { slaves: ["/dev/sda", "/dev/sdb"] }',
  ],
  answer: ({ sysfs, args: [map = ''] }) => {
    const found = checkedCall(() => sysfs.findSlaveDevicesOnMultipath(map))
    return {
      isFound: found.length > 0,
      json: { slaves: found },
      draw: () => linesOf(found),
      nothing: `${map} has no slave devices`,
    }
  },
})
