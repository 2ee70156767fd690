import { name } from '../query/fields.js'
import { query } from '../query/query.js'

/** The kernel names of all block devices. */
export const blockDevices = query('class/block/*', { name: name() })

/** The kernel name of the device that the caller names by kernel name or path. */
export const blockDevice = query('class/block/$device', { name: name() }, { device: 'device' })

/**
 * The maps that have a device among their slaves. The kernel has a link to each of them in the holders/ of the device.
 */
export const mapsOnDevice = query('class/block/$device/holders/dm-*', { name: name() }, { device: 'device' })

/** The devices that a map is made of. */
export const devicesUnderMap = query('class/block/$map/slaves/*', { name: name() }, { map: 'map' })

/** The path of a device node. sysfs has a `!` for the `/` in a name: `cciss!c0d0` is /dev/cciss/c0d0. */
export function devicePathOf(kernelName: string): string {
  return kernelName.includes('!') ? `/dev/${kernelName.replaceAll('!', '/')}` : `/dev/${kernelName}`
}
