import { name, query } from '../query/query.js'

/** The maps over a device: the kernel keeps a link for each in the device's holders/. */
export const mapsOverDevice = query('class/block/$device/holders/dm-*', { name: name() }, { device: 'device' })

/** The devices under a map: its table's. */
export const devicesUnderMap = query('class/block/$map/slaves/*', { name: name() }, { map: 'map' })
