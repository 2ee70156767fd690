import test from 'ava'
import { Sysfs } from '../../lib/index.js'
import { list, name } from '../../lib/query/fields.js'
import { query } from '../../lib/query/query.js'
import { backends } from '../support/backends.js'
import {
  type DmTreeNode,
  lsblkByKernelName,
  parseDmsetupInfo,
  parseDmsetupTree,
  parseIscsiadmSessions,
  parseLsblk,
  parseMultipathMaps,
} from '../support/recorded-tools.js'
import { recordingNames, reference, unpackRecording } from '../support/recordings.js'
import { testOnRecording } from '../support/run-length.js'

// The four queries on a recorded machine agree with the output of iscsiadm, multipath, dmsetup and lsblk.

function everyNode(nodes: readonly DmTreeNode[]): readonly DmTreeNode[] {
  return nodes.flatMap((node) => [node, ...everyNode(node.dependencies)])
}

for (const recording of recordingNames) {
  testOnRecording(recording)(`${recording}: the four queries agree with the tools`, async (t) => {
    const root = await unpackRecording(recording)
    // A session without a target name cannot be queried.
    const sessions = parseIscsiadmSessions(reference(recording, 'iscsiadm-session.txt')).filter(
      (session) => session.target !== '',
    )
    const maps = parseMultipathMaps(reference(recording, 'multipath-ll.txt'))
    const dmDevices = parseDmsetupInfo(reference(recording, 'dmsetup-info.txt')).filter((device) => device.hasTable)
    const tree = parseDmsetupTree(reference(recording, 'dmsetup-tree.txt'))
    const disks = lsblkByKernelName(parseLsblk(reference(recording, 'lsblk.json')))
    const byNumber = new Map([...disks.values()].map((disk) => [disk['maj:min'], disk.kname]))

    for (const backend of backends) {
      const sysfs = new Sysfs({ root, backend })
      for (const target of new Set(sessions.map((session) => session.target))) {
        const ofTarget = sessions.filter((session) => session.target === target)

        const portals = sysfs.getIscsiPortalHostMapForTarget(target)
        for (const { currentPortal, persistentPortal } of ofTarget) {
          const hosts = ofTarget
            .filter(({ persistentPortal: other }) => other.address === persistentPortal.address)
            .map((session) => session.hostNumber)
          for (const portal of [currentPortal, persistentPortal]) {
            // iscsiadm shows the persistent address where a lost connection has no current one.
            const host = portals.get(`${portal.address}:${portal.port}`)
            t.true(host !== undefined && hosts.includes(host), `${portal.address} is not at host ${host}`)
          }
        }

        const luns = new Set(ofTarget.flatMap((session) => session.disks.map((disk) => disk.lun)))
        for (const lun of luns) {
          const expected = ofTarget.flatMap(({ disks: attached }) =>
            attached.filter((disk) => disk.lun === lun).map((disk) => disk.name),
          )
          t.deepEqual([...sysfs.findDevicesForIscsiLun(target, lun)].sort(), expected.sort(), `${target} LUN ${lun}`)
        }
        const without = new Set(ofTarget.flatMap((session) => session.otherLuns))
        for (const lun of without) {
          if (!luns.has(lun)) t.deepEqual(sysfs.findDevicesForIscsiLun(target, lun), [], `${target} LUN ${lun}`)
        }
      }

      for (const map of maps) {
        const paths = map.paths.map((path) => `/dev/${path.device}`).sort()
        if (paths.length > 0) t.deepEqual(sysfs.findSlaveDevicesOnMultipath(`/dev/mapper/${map.name}`), paths, map.name)
        for (const path of paths) t.is(sysfs.findMultipathDeviceForDevice(path), `/dev/${map.device}`, path)
      }

      for (const { deviceNumber, dependencies } of everyNode(tree).filter((node) => node.name !== null)) {
        // A map without a table is not a block device yet.
        if (!byNumber.has(deviceNumber)) continue
        const under = dependencies.map((node) => `/dev/${byNumber.get(node.deviceNumber)}`).sort()
        t.deepEqual(sysfs.findSlaveDevicesOnMultipath(byNumber.get(deviceNumber) ?? ''), under, deviceNumber)
      }
      for (const { name: mapName, deviceNumber } of dmDevices) {
        const kernelName = byNumber.get(deviceNumber) ?? ''
        const byName = sysfs.findSlaveDevicesOnMultipath(`/dev/mapper/${mapName}`)
        t.deepEqual(byName, sysfs.findSlaveDevicesOnMultipath(kernelName), mapName)
      }

      const devices = sysfs.prepare(
        query('class/block/*', { name: name(), holders: list('holders/dm-*', { name: name() }) }),
      )
      // An NVMe namespace has a hidden device for each path.
      const shown = devices.all().filter((device) => !/^nvme\d+c/.test(device.name))
      for (const device of shown) {
        const first = device.holders[0]
        t.is(sysfs.findMultipathDeviceForDevice(device.name), first && `/dev/${first.name}`, device.name)
      }
      t.is(shown.length, disks.size)
    }
  })
}

test('most recordings have a session, and half of them have a map', (t) => {
  const withSessions = recordingNames.filter(
    (recording) => parseIscsiadmSessions(reference(recording, 'iscsiadm-session.txt')).length > 0,
  )
  const withMaps = recordingNames.filter(
    (recording) => parseMultipathMaps(reference(recording, 'multipath-ll.txt')).length > 0,
  )
  t.true(withSessions.length >= 12, withSessions.join())
  t.true(withMaps.length >= 8, withMaps.join())
})

test('an IPv6 portal has the form of the kernel and the canonical form', async (t) => {
  const root = await unpackRecording('S4-ipv6')
  for (const backend of backends) {
    const portals = new Sysfs({ root, backend }).getIscsiPortalHostMapForTarget('iqn.2026-11.io.example:alpha')
    const host = portals.get('[::1]:3260')
    t.is(portals.get('0000:0000:0000:0000:0000:0000:0000:0001:3260'), host)
    t.is(portals.get('::1:3260'), host)
    t.true(portals.has('127.0.0.1:3260'))
  }
})

test('the current and the persistent portal of a redirected session lead to one host', async (t) => {
  const root = await unpackRecording('S9b-redirect')
  for (const backend of backends) {
    const [session] = parseIscsiadmSessions(reference('S9b-redirect', 'iscsiadm-session.txt'))
    const portals = new Sysfs({ root, backend }).getIscsiPortalHostMapForTarget(session?.target ?? '')
    t.deepEqual(
      [...portals],
      [
        ['127.0.0.3:3261', session?.hostNumber],
        ['127.0.0.1:3260', session?.hostNumber],
      ],
    )
  }
})

test('the portals of a session do not contain its credentials', async (t) => {
  const root = await unpackRecording('S2L-lio-chap')
  for (const backend of backends) {
    const sysfs = new Sysfs({ root, backend })
    const [session] = parseIscsiadmSessions(reference('S2L-lio-chap', 'iscsiadm-session.txt'))
    const portals = sysfs.getIscsiPortalHostMapForTarget(session?.target ?? '')
    t.true(portals.size > 0)
    t.notRegex(JSON.stringify([...portals]), /in_user|in_secret|out_user|out_secret/)
  }
})
