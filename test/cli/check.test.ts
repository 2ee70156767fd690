import test from 'ava'
import { subjectOf, textOf } from '../../lib/cli/finding-text.js'
import { type Finding, findingsOf, Sysfs } from '../../lib/index.js'
import { onEveryBackend } from '../support/backends.js'
import { unpackRecording } from '../support/recordings.js'
import { ended, linesOf, runOn } from '../support/tool.js'

const alpha = 'iqn.2026-11.io.example:alpha'

onEveryBackend('check ends with 0 where there is nothing to look at', async (t, backend) => {
  t.deepEqual(await runOn('S3', backend, 'check'), ended(0, 'no findings\n', ''))
  t.deepEqual(await runOn('S3', backend, 'check', '--json'), ended(0, '{\n  "findings": []\n}\n', ''))
})

onEveryBackend('check says what is wrong and ends with 1', async (t, backend) => {
  const zero = 'it has no size; mpathb was made for 360000000000000000e00000000010002'
  t.deepEqual(
    await runOn('S6d-path-deleted', backend, 'check'),
    ended(
      1,
      `mpatha  1 path that works for 2 sessions; none by session2 (LOGGED_IN)
sdc     phantom LUN 0:0:0:2: ${zero}, and it is naa.60000000000000000e00000000010000
sdd     phantom LUN 1:0:0:2: ${zero}, and it is naa.60000000000000000e00000000010000
`,
      '',
    ),
  )
  t.deepEqual(
    await runOn('S7b-transport-offline', backend, 'check'),
    ended(
      1,
      `session1  FREE, to ${alpha}; connection 0 is failed; sda, sdc are behind it
mpatha    1 path that works for 2 sessions; none by session1 (FREE)
mpathb    1 path that works for 2 sessions; none by session1 (FREE)
`,
      '',
    ),
  )
  const orphans = await runOn('S4-ipv6', backend, 'check')
  t.is(orphans.status, 1)
  t.is(linesOf(orphans.stdout)[0], 'sda  in no map, though sdb, sde lead to naa.60000000000000000e00000000010001 too')
})

onEveryBackend("check --json has the library's findings", async (t, backend) => {
  for (const name of ['S6c-rescanned', 'S7a-blocked']) {
    const { status, stdout } = await runOn(name, backend, 'check', '--json')
    const snapshot = new Sysfs({ root: await unpackRecording(name), backend }).snapshot({ detail: 'full' })
    t.is(status, 1)
    t.deepEqual(JSON.parse(stdout), { findings: findingsOf(snapshot) })
  }
})

test('each kind of finding in words', (t) => {
  const wwid = 'naa.6001'
  const cases: readonly (readonly [Finding, string])[] = [
    [
      { kind: 'sessionDown', sessionId: 3, targetName: null, state: null, connections: [], disks: ['sda'] },
      'session3: no state, to (no target name); sda is behind it',
    ],
    [
      { kind: 'degradedMap', map: 'mpatha', device: 'dm-0', livePaths: 0, sessions: 0, without: [] },
      'mpatha: 0 paths that work',
    ],
    [
      { kind: 'orphanPath', device: 'sdb', unit: wwid, otherPaths: ['sda'], map: 'mpatha' },
      `sdb: in no map, though sda leads to ${wwid} too (in mpatha)`,
    ],
    [
      {
        kind: 'phantomLun',
        device: 'sdc',
        hctl: '2:0:0:2',
        evidence: [
          { kind: 'state', state: 'offline' },
          { kind: 'wwidOfAnotherLun', wwid, device: 'sdd', lun: 3 },
          { kind: 'sizeDiffers', wwid, device: 'sde', sizeBytes: 1048576 },
        ],
      },
      `sdc: phantom LUN 2:0:0:2: the kernel gave it up (offline); LUN 3 (sdd) of the same target has its WWID ${wwid}; sde is the same unit with 1M`,
    ],
    [{ kind: 'diskDown', device: 'sda', hctl: '1:0:0:1', state: 'blocked' }, 'sda: blocked (1:0:0:1)'],
    [
      {
        kind: 'mapSizeDiffers',
        map: 'mpatha',
        device: 'dm-0',
        sizeBytes: 1048576,
        paths: [{ device: 'sda', sizeBytes: 2097152 }],
      },
      'mpatha: is of 1M, but sda has 2M',
    ],
    [{ kind: 'mapSuspended', map: 'vg-lv', device: 'dm-1' }, 'vg-lv: suspended (dm-1): I/O waits'],
    [
      {
        kind: 'controllerDown',
        controller: 'nvme1',
        subsystem: 'nvme-subsys0',
        address: 'traddr=::1',
        state: 'connecting',
      },
      'nvme1: connecting (nvme-subsys0, traddr=::1)',
    ],
    [
      { kind: 'remotePortDown', port: 'rport-2:0-1', hostNumber: 2, portName: '0x50', state: 'Blocked' },
      'rport-2:0-1: Blocked (0x50), behind host2',
    ],
  ]
  for (const [finding, text] of cases) t.is(`${subjectOf(finding)}: ${textOf(finding)}`, text)
})
