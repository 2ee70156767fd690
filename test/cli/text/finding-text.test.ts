import test from 'ava'
import { subjectOf, textOf } from '../../../lib/cli/text/finding-text.js'
import type { Finding } from '../../../lib/index.js'

test('textOf describes each kind of finding', (t) => {
  const wwid = 'naa.6001'
  const cases: readonly (readonly [Finding, string])[] = [
    [
      { kind: 'sessionDown', sessionId: 3, targetName: null, state: null, connections: [], disks: ['sda'] },
      'session3: state unknown, target (no target name); affects sda',
    ],
    [
      { kind: 'degradedMap', map: 'mpatha', device: 'dm-0', livePaths: 0, sessions: 0, without: [] },
      'mpatha: 0 working paths',
    ],
    [
      { kind: 'orphanPath', device: 'sdb', unit: wwid, otherPaths: ['sda'], map: 'mpatha' },
      `sdb: not in a multipath map; sda is another path to ${wwid}, in mpatha`,
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
      `sdc: phantom LUN 2:0:0:2: its state is offline; LUN 3 (sdd) of the same target has the same WWID ${wwid}; sde has the same WWID, but its size is 1M`,
    ],
    [{ kind: 'diskDown', device: 'sda', hctl: '1:0:0:1', state: 'blocked' }, 'sda: state blocked (1:0:0:1)'],
    [
      {
        kind: 'mapSizeDiffers',
        map: 'mpatha',
        device: 'dm-0',
        sizeBytes: 1048576,
        paths: [{ device: 'sda', sizeBytes: 2097152 }],
      },
      'mpatha: size 1M, but the size of sda is 2M',
    ],
    [
      { kind: 'mapSuspended', map: 'vg-lv', device: 'dm-1' },
      'vg-lv: suspended (dm-1); I/O waits until the map is resumed',
    ],
    [
      {
        kind: 'controllerDown',
        controller: 'nvme1',
        subsystem: 'nvme-subsys0',
        address: 'traddr=::1',
        state: 'connecting',
      },
      'nvme1: state connecting (nvme-subsys0, traddr=::1)',
    ],
    [
      { kind: 'remotePortDown', port: 'rport-2:0-1', hostNumber: 2, portName: '0x50', state: 'Blocked' },
      'rport-2:0-1: state Blocked (host2, 0x50)',
    ],
  ]
  for (const [finding, text] of cases) t.is(`${subjectOf(finding)}: ${textOf(finding)}`, text)
})
