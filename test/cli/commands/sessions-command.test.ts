import { onEveryBackend } from '../../support/backends.js'
import { parseIscsiadmSessions } from '../../support/recorded-tools.js'
import { reference } from '../../support/recordings.js'
import { linesOf, outputOn } from '../../support/tool.js'

for (const name of ['S3', 'S4-ipv6', 'S7b-transport-offline', 'S9b-redirect']) {
  onEveryBackend(`sessions prints the sessions that iscsiadm prints, on ${name}`, async (t, backend) => {
    const expected = parseIscsiadmSessions(reference(name, 'iscsiadm-session.txt'))
    const { sessions } = JSON.parse(await outputOn(name, backend, 'sessions', '--json'))
    const rows = linesOf(await outputOn(name, backend, 'sessions'))
    t.is(rows.length, expected.length)
    for (const [index, session] of expected.toSorted((a, b) => a.sessionId - b.sessionId).entries()) {
      t.like(
        sessions.find(({ id }: { id: number }) => id === session.sessionId),
        {
          targetName: session.target,
          state: session.sessionState,
          hostNumber: session.hostNumber,
        },
      )
      const words = rows[index]?.split(/[ !,]+/) ?? []
      t.is(words[0], `session${session.sessionId}`)
      const { address, port } = session.persistentPortal
      const portal = `${address.includes(':') ? `[${address}]` : address}:${port}`
      for (const word of [session.sessionState, `host${session.hostNumber}`, session.target, portal]) {
        t.true(words.includes(word), `${word} in ${rows[index]}`)
      }
    }
  })
}
