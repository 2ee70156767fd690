import { changeText } from '../../../lib/cli/text/change-text.js'
import { diff, type SnapshotData, Sysfs } from '../../../lib/index.js'
import { onEveryBackend } from '../../support/backends.js'
import { writeFileTree } from '../../support/file-tree.js'

onEveryBackend('changeText describes each kind of change', (t, backend) => {
  const root = writeFileTree(t, {
    'sys/devices/virtual/block/nbd0/size': '2048\n',
    'sys/devices/virtual/block/nbd0/ro': '0\n',
    'sys/dev/block/259:0': { link: '../../devices/virtual/block/nbd0' },
    'sys/class/block/nbd0': { link: '../../devices/virtual/block/nbd0' },
    'sys/devices/platform/host2/session1/iscsi_session/session1/state': 'FAILED\n',
    'sys/devices/platform/host2/session1/iscsi_session/session1/targetname': 'iqn.2026-11.io.example:alpha\n',
    'sys/class/iscsi_session/session1': { link: '../../devices/platform/host2/session1/iscsi_session/session1' },
  })
  const full = new Sysfs({ root, backend }).snapshot({ detail: 'full' })
  const empty: SnapshotData = { ...full, blockDevices: [], iscsiSessions: [] }
  const words = (before: SnapshotData, after: SnapshotData) =>
    diff(before, after).map((change) => changeText(change, '->'))
  t.deepEqual(words(empty, full), [
    '+ block device nbd0: disk 1M',
    '+ iSCSI session session1: iqn.2026-11.io.example:alpha',
  ])
  t.deepEqual(words(full, empty), [
    '- block device nbd0: disk 1M',
    '- iSCSI session session1: iqn.2026-11.io.example:alpha',
  ])
  const changed: SnapshotData = {
    ...full,
    blockDevices: full.blockDevices.map((device) => ({ ...device, readOnly: null, holders: ['dm-0', 'dm-1'] })),
    iscsiSessions: full.iscsiSessions.map((session) => ({ ...session, state: 'LOGGED_IN' })),
  }
  t.deepEqual(words(full, changed), [
    '~ block device nbd0: readOnly false -> none, holders [] -> [dm-0 dm-1]',
    '~ iSCSI session session1: state FAILED -> LOGGED_IN',
  ])
})
