import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'

/**
 * The four functions as Kubernetes' volume utility had them in 2018 (pkg/volume/util/device_util_linux.go), call by
 * call with the functions of node:fs. It searches the slaves of every map for the disk, and it finds the sessions in
 * the directories of the iSCSI hosts. Listings are sorted, as Go sorts them.
 */
export class ReferenceQueries {
  readonly #root: string

  /** @param root the directory that has sys and dev; '' for this machine */
  constructor(root: string) {
    this.#root = root === '' ? '' : realpathSync(root)
  }

  /** @param device a path or a kernel name; a kernel name is not looked up in /dev */
  findMultipathDeviceForDevice(device: string): string | undefined {
    const disk = device.startsWith('/') ? this.#diskAt(device) : device
    if (disk === undefined) return undefined
    const block = `${this.#root}/sys/block/`
    for (const name of namesIn(block)) {
      if (!name.startsWith('dm-')) continue
      if (lstatSync(`${block}${name}/slaves/${disk}`, { throwIfNoEntry: false })) return `/dev/${name}`
    }
    return undefined
  }

  /** @param map a kernel name */
  findSlaveDevicesOnMultipath(map: string): readonly string[] {
    return namesIn(`${this.#root}/sys/block/${map}/slaves`).map((name) => `/dev/${name}`)
  }

  getIscsiPortalHostMapForTarget(iqn: string): ReadonlyMap<string, number> {
    const hosts = new Map<string, number>()
    for (const { host, path } of this.#sessionsOf(iqn)) {
      for (const name of namesIn(path)) {
        if (!name.startsWith('connection')) continue
        const connection = `${path}/${name}/iscsi_connection/${name}`
        const address = attribute(`${connection}/address`)
        const port = attribute(`${connection}/port`)
        const persistentAddress = attribute(`${connection}/persistent_address`)
        const persistentPort = attribute(`${connection}/persistent_port`)
        hosts.set(`${address}:${port}`, host)
        hosts.set(`${persistentAddress}:${persistentPort}`, host)
      }
    }
    return hosts
  }

  findDevicesForIscsiLun(iqn: string, lun: number): readonly string[] {
    const devices: string[] = []
    for (const { host, path } of this.#sessionsOf(iqn)) {
      const device = `${path}/target${host}:0:0/${host}:0:0:${lun}`
      if (!lstatSync(device, { throwIfNoEntry: false })) continue
      const disk = namesIn(`${device}/block`)[0]
      if (disk !== undefined) devices.push(disk)
    }
    return devices
  }

  *#sessionsOf(iqn: string): Generator<{ readonly host: number; readonly path: string }> {
    const hosts = `${this.#root}/sys/class/iscsi_host`
    for (const hostName of namesIn(hosts)) {
      if (!hostName.startsWith('host')) continue
      const host = Number(hostName.slice('host'.length))
      for (const session of namesIn(`${hosts}/${hostName}/device`)) {
        if (!session.startsWith('session')) continue
        const path = `${hosts}/${hostName}/device/${session}`
        if (attribute(`${path}/iscsi_session/${session}/targetname`) === iqn) yield { host, path }
      }
    }
  }

  /** The name after /dev/ of the path's target, as findDeviceForPath of the original. */
  #diskAt(path: string): string | undefined {
    const parts = realpathSync(this.#root + path)
      .slice(this.#root.length)
      .split('/')
    return parts.length === 3 && parts[1] === 'dev' ? parts[2] : undefined
  }
}

/** The name, the link text and some attributes of every entry of a class. An entry that disappears has no row. */
export function referenceEntries(directory: string, attributes: readonly string[]): readonly (readonly string[])[] {
  return namesIn(directory).flatMap((name) => {
    try {
      const values = attributes.map((attributeName) => attribute(`${directory}/${name}/${attributeName}`))
      return [[name, readlinkSync(`${directory}/${name}`), ...values]]
    } catch {
      return []
    }
  })
}

export function namesIn(directory: string): readonly string[] {
  return readdirSync(directory).sort()
}

function attribute(path: string): string {
  return readFileSync(path, 'utf8').trim()
}
