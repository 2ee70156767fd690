import { onEveryBackend } from '../../support/backends.js'
import { parseIscsiadmSessions } from '../../support/recorded-tools.js'
import { reference } from '../../support/recordings.js'
import { linesOf, outputOn } from '../../support/tool.js'

const target = 'iqn.2026-11.io.example:alpha'

onEveryBackend('lun prints the disk of each session', async (t, backend) => {
  const sessions = parseIscsiadmSessions(reference('S3', 'iscsiadm-session.txt'))
  for (const lun of [1, 7]) {
    const disks = sessions
      .filter((session) => session.target === target)
      .flatMap((session) => session.disks.filter((disk) => disk.lun === lun).map((disk) => disk.name))
    t.is(disks.length, 2)
    const text = await outputOn('S3', backend, 'lun', target, String(lun))
    t.deepEqual(linesOf(text).toSorted(), disks.toSorted())
    t.deepEqual(JSON.parse(await outputOn('S3', backend, 'lun', target, String(lun), '--json')), {
      devices: linesOf(text),
    })
  }
})
