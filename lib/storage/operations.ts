import { typeName } from '../errors.js'
import { operation } from '../machine/operation.js'
import { devicePathOf, devicesUnderMap, mapsOnDevice } from './block-devices.js'
import { devicesOfLun, inHostOrder, portalKeys, portalsOfTarget } from './iscsi.js'

/** See `Sysfs.findMultipathDeviceForDevice`. */
export const multipathDeviceForDevice = operation({
  query: mapsOnDevice,
  limit: 1,
  parametersOf: (device: string) => ({ device }),
  resultOf: ([map]) => map && devicePathOf(map.name),
})

/** See `Sysfs.findSlaveDevicesOnMultipath`. */
export const slaveDevicesOnMultipath = operation({
  query: devicesUnderMap,
  parametersOf: (map: string) => ({ map }),
  resultOf: (devices): readonly string[] => devices.map((device) => devicePathOf(device.name)),
})

/** See `Sysfs.getIscsiPortalHostMapForTarget`. */
export const iscsiPortalHostMapForTarget = operation({
  query: portalsOfTarget,
  parametersOf: (iqn: string) => ({ iqn: checkTargetName(iqn) }),
  resultOf: (sessions): ReadonlyMap<string, number> => {
    const hosts = new Map<string, number>()
    for (const { hostNumber, connections } of inHostOrder(sessions)) {
      for (const { address, port, persistentAddress, persistentPort } of connections) {
        for (const key of portalKeys(address, port)) hosts.set(key, hostNumber)
        for (const key of portalKeys(persistentAddress, persistentPort)) hosts.set(key, hostNumber)
      }
    }
    return hosts
  },
})

/** See `Sysfs.findDevicesForIscsiLun`. */
export const devicesForIscsiLun = operation({
  query: devicesOfLun,
  parametersOf: (iqn: string, lun: number) => {
    checkTargetName(iqn)
    if (typeof lun !== 'number') throw new TypeError(`lun must be a number, not ${typeName(lun)}`)
    return { iqn, lun }
  },
  resultOf: (sessions): readonly string[] => {
    const devices = new Set<string>()
    for (const { targets } of inHostOrder(sessions)) {
      for (const target of targets) for (const device of target.devices) devices.add(device.name)
    }
    return [...devices]
  },
})

function checkTargetName(iqn: unknown): string {
  if (typeof iqn !== 'string') throw new TypeError(`iqn must be a string, not ${typeName(iqn)}`)
  if (iqn === '') throw new TypeError('iqn must not be empty')
  if (iqn.includes('\0')) throw new TypeError(`iqn must not contain a NUL: ${JSON.stringify(iqn)}`)
  return iqn
}
