import type { Command } from '../command.js'
import { exitCodes } from '../exit-code.js'
import { writeJson } from '../output.js'

export const snapshot: Command = {
  name: 'snapshot',
  parameters: [],
  options: ['detail'],
  summary: 'everything at once, as JSON',
  description: [
    'DETAIL is how much is read: links (names and links only), basic (sizes, identity',
    'and addresses too; the default) or full. What is not read or not known is null.',
    'JSON: { detail, blockDevices, multipathMaps, iscsiSessions, scsiHosts,',
    '  nvmeSubsystems, fibreChannelHosts }, all as the README and the types say.',
  ],
  run: ({ sysfs, options: { detail = 'basic' } }) => {
    writeJson(sysfs.snapshot({ detail }))
    return exitCodes.found
  },
}
