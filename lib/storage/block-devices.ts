import { name } from '../query/fields.js'
import { query } from '../query/query.js'

/** Every block device, by kernel name. */
export const blockDevices = query('class/block/*', { name: name() })

/** The block device that a kernel name or a path leads to. */
export const blockDevice = query('class/block/$device', { name: name() }, { device: 'device' })

/** The maps on a device. The kernel keeps a link to each of them in the device's holders/. */
export const mapsOnDevice = query('class/block/$device/holders/dm-*', { name: name() }, { device: 'device' })

/** The devices of a map's table. */
export const devicesUnderMap = query('class/block/$map/slaves/*', { name: name() }, { map: 'map' })

/** The path of a device node. The kernel writes the `/` of a name as `!`: `cciss!c0d0` is /dev/cciss/c0d0. */
export function devicePathOf(kernelName: string): string {
  return kernelName.includes('!') ? `/dev/${kernelName.replaceAll('!', '/')}` : `/dev/${kernelName}`
}
