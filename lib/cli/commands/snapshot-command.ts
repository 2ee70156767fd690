import { type Command, exitCodes } from '../command.js'
import { writeJson } from '../terminal/output.js'

export const snapshot: Command = {
  name: 'snapshot',
  parameters: [],
  options: ['detail'],
  summary: 'print everything as JSON',
  description: [
    'DETAIL is links (names and links only), basic (also sizes, identities and',
    'addresses; the default) or full. Values that are not read or unknown are null.',
    'JSON: { detail, blockDevices, multipathMaps, iscsiSessions, scsiHosts,',
    '  nvmeSubsystems, fibreChannelHosts }; the types of the library describe them.',
  ],
  run: ({ sysfs, options: { detail = 'basic' } }) => {
    writeJson(sysfs.snapshot({ detail }))
    return exitCodes.found
  },
}
