import { onEveryBackend } from '../../support/backends.js'
import { parseIscsiadmSessions } from '../../support/recorded-tools.js'
import { reference } from '../../support/recordings.js'
import { outputOn } from '../../support/tool.js'

const target = 'iqn.2026-11.io.example:alpha'

onEveryBackend('portals prints each portal with its host', async (t, backend) => {
  t.is(await outputOn('S3', backend, 'portals', target), '127.0.0.2:3260  host0\n127.0.0.1:3260  host1\n')
  const { portals } = JSON.parse(await outputOn('S4-ipv6', backend, 'portals', target, '--json'))
  const hosts = Object.fromEntries(portals.map((one: { portal: string; host: number }) => [one.portal, one.host]))
  const sessions = parseIscsiadmSessions(reference('S4-ipv6', 'iscsiadm-session.txt'))
  for (const { persistentPortal, currentPortal, hostNumber } of sessions) {
    // Two sessions have the same portal. The host of the later one counts.
    const expected = persistentPortal.address === '127.0.0.1' ? 2 : hostNumber
    t.is(hosts[`${persistentPortal.address}:3260`], expected)
    t.is(hosts[`${currentPortal.address}:3260`], expected)
  }
  t.is(hosts['[::1]:3260'], 1)
})
