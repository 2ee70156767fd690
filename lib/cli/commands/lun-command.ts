import { UsageError } from '../arguments.js'
import { answering, checkedCall } from '../command.js'
import { linesOf } from '../terminal/terminal.js'

export const lun = answering({
  name: 'lun',
  parameters: ['IQN', 'LUN'],
  summary: 'list the disks of a LUN, one per session',
  description: [
    'IQN is the name of the target. LUN is the number in host:channel:target:LUN.',
    'JSON: { devices: ["sda", "sdb"] }',
  ],
  answer: ({ sysfs, args: [iqn = '', number = ''] }) => {
    if (!/^\d+$/.test(number)) throw new UsageError(`LUN must be a number, not '${number}'`)
    const devices = checkedCall(() => sysfs.findDevicesForIscsiLun(iqn, Number(number)))
    return {
      isFound: devices.length > 0,
      json: { devices },
      draw: () => linesOf(devices),
      nothing: `no disk for LUN ${number} of ${iqn}`,
    }
  },
})
