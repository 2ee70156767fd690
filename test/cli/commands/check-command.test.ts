import { findingsOf, Sysfs } from '../../../lib/index.js'
import { onEveryBackend } from '../../support/backends.js'
import { unpackRecording } from '../../support/recordings.js'
import { ended, linesOf, runOn } from '../../support/tool.js'

const alpha = 'iqn.2026-11.io.example:alpha'

onEveryBackend('check exits with 0 if there are no findings', async (t, backend) => {
  t.deepEqual(await runOn('S3', backend, 'check'), ended(0, 'no findings\n', ''))
  t.deepEqual(await runOn('S3', backend, 'check', '--json'), ended(0, '{\n  "findings": []\n}\n', ''))
})

onEveryBackend('check prints the findings and exits with 1', async (t, backend) => {
  const zero = 'its size is 0; mpathb was created for 360000000000000000e00000000010002'
  t.deepEqual(
    await runOn('S6d-path-deleted', backend, 'check'),
    ended(
      1,
      `mpatha  1 working path for 2 sessions; none through session2 (LOGGED_IN)
sdc     phantom LUN 0:0:0:2: ${zero}, but its own WWID is naa.60000000000000000e00000000010000
sdd     phantom LUN 1:0:0:2: ${zero}, but its own WWID is naa.60000000000000000e00000000010000
`,
      '',
    ),
  )
  t.deepEqual(
    await runOn('S7b-transport-offline', backend, 'check'),
    ended(
      1,
      `session1  state FREE, target ${alpha}; connection 0 failed; affects sda, sdc
mpatha    1 working path for 2 sessions; none through session1 (FREE)
mpathb    1 working path for 2 sessions; none through session1 (FREE)
`,
      '',
    ),
  )
  const orphans = await runOn('S4-ipv6', backend, 'check')
  t.is(orphans.status, 1)
  t.is(
    linesOf(orphans.stdout)[0],
    'sda  not in a multipath map; sdb, sde are other paths to naa.60000000000000000e00000000010001',
  )
})

onEveryBackend('check --json prints the findings of the library', async (t, backend) => {
  for (const name of ['S6c-rescanned', 'S7a-blocked']) {
    const { status, stdout } = await runOn(name, backend, 'check', '--json')
    const snapshot = new Sysfs({ root: await unpackRecording(name), backend }).snapshot({ detail: 'full' })
    t.is(status, 1)
    t.deepEqual(JSON.parse(stdout), { findings: findingsOf(snapshot) })
  }
})
