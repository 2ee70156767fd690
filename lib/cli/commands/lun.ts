import { UsageError } from '../arguments.js'
import { answering, asked } from '../command.js'
import { linesOf } from '../terminal.js'

export const lun = answering({
  name: 'lun',
  parameters: ['IQN', 'LUN'],
  summary: "the disks of a target's LUN, one a session",
  description: ['LUN is the number in H:C:T:LUN.', 'JSON: { devices: ["sda", "sdb"] }'],
  answer: ({ sysfs, args: [iqn = '', number = ''] }) => {
    if (!/^\d+$/.test(number)) throw new UsageError(`LUN must be a number, not '${number}'`)
    const devices = asked(() => sysfs.findDevicesForIscsiLun(iqn, Number(number)))
    return {
      isFound: devices.length > 0,
      json: { devices },
      draw: () => linesOf(devices),
      nothing: `no disk for LUN ${number} of ${iqn}`,
    }
  },
})
