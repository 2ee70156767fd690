import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync, type Stats } from 'node:fs'
import { join } from 'node:path'

// A second implementation of the four queries, written from their definition. It shares no code with the library, and
// it is simple and slow: it lists the slaves of every map, reads every session and follows paths one component at a
// time.

export class ReferenceQueries {
  readonly #root: string
  readonly #sys: string

  /** `root` is the directory that holds sys and dev. */
  constructor(root: string) {
    this.#root = root
    this.#sys = join(root, 'sys')
  }

  findMultipathDeviceForDevice(device: string): string | undefined {
    const name = this.#kernelName(device)
    if (name === undefined) return undefined
    for (const map of this.#list('block').filter(isMapName)) {
      if (this.#list('block', map, 'slaves').includes(name)) return `/dev/${map}`
    }
    return undefined
  }

  findSlaveDevicesOnMultipath(dm: string): readonly string[] {
    const name = this.#kernelName(dm)
    if (name === undefined || !isMapName(name)) return []
    return this.#list('block', name, 'slaves').map((slave) => `/dev/${slave.replaceAll('!', '/')}`)
  }

  getIscsiPortalHostMapForTarget(iqn: string): ReadonlyMap<string, number> {
    const hosts = new Map<string, number>()
    for (const session of this.#sessionsOf(iqn)) {
      for (const connection of this.#list(session.path).filter((name) => name.startsWith('connection'))) {
        const attributes = join(session.path, connection, 'iscsi_connection', connection)
        for (const prefix of ['', 'persistent_']) {
          const address = this.#value(join(attributes, `${prefix}address`))
          const port = this.#value(join(attributes, `${prefix}port`))
          if (address === undefined || port === undefined) continue
          for (const portal of portalSpellings(address, port)) hosts.set(portal, session.host)
        }
      }
    }
    return hosts
  }

  findDevicesForIscsiLun(iqn: string, lun: number): readonly string[] {
    const devices: string[] = []
    for (const session of this.#sessionsOf(iqn)) {
      for (const target of this.#list(session.path).filter((name) => name.startsWith('target'))) {
        const address = target.slice('target'.length)
        devices.push(...this.#list(session.path, target, `${address}:${lun}`, 'block'))
      }
    }
    return [...new Set(devices)]
  }

  /**
   * The sessions with that target, by the bytes of their host's name, then their own: the directory of each below sys,
   * and the number of its host.
   */
  #sessionsOf(iqn: string): { path: string; host: number }[] {
    const sessions: { path: string; host: number }[] = []
    for (const name of this.#list('class/iscsi_session').filter((entry) => entry.startsWith('session'))) {
      const targetname = this.#content(join('class/iscsi_session', name, 'targetname'))
      if (targetname === undefined || !trimmed(targetname).equals(Buffer.from(iqn))) continue
      // DEVICES/hostH/sessionN/iscsi_session/sessionN
      const classDevice = realpathSync(join(this.#sys, 'class/iscsi_session', name))
      const path = join(classDevice, '../..').slice(realpathSync(this.#sys).length)
      const host = path.split('/').at(-2) ?? ''
      sessions.push({ path, host: Number(host.slice('host'.length)) })
    }
    // By host: the order of the sessions of one host stays.
    return sessions.sort((a, b) => Buffer.compare(Buffer.from(`host${a.host}`), Buffer.from(`host${b.host}`)))
  }

  /** The kernel name of the block device of a path. Undefined if there is none. */
  #kernelName(device: string): string | undefined {
    if (!device.startsWith('/')) return device
    const path = this.#resolve(device)
    if (path === undefined) return undefined
    const name = path.startsWith('/dev/') ? path.slice('/dev/'.length).replaceAll('/', '!') : undefined
    if (name !== undefined && this.#list('class/block').includes(name)) return name
    return this.#nameByNumber(path)
  }

  /** The name of the block device whose node lies at `path`, by the node's number; undefined: no such node. */
  #nameByNumber(path: string): string | undefined {
    const status = statusOf(this.#root + path)
    if (status === undefined || !status.isBlockDevice()) return undefined
    // The number as the C library packs it: mmmM MMmm in hexadecimal digits, as far as a small machine goes.
    const major = (status.rdev >> 8) & 0xfff
    const minor = (status.rdev & 0xff) | ((status.rdev >> 12) & 0xfff00)
    try {
      return readlinkSync(join(this.#sys, `dev/block/${major}:${minor}`))
        .split('/')
        .at(-1)
    } catch {
      return undefined
    }
  }

  /**
   * Follows every link of `path` as a process would whose root directory is the machine's: an absolute link starts at
   * that root again, and `..` at the root stays there. undefined: links in a circle, or `..` of what is no directory.
   * The path's end may be missing, because a recorded or written machine has no nodes.
   */
  #resolve(path: string): string | undefined {
    const todo = path.split('/')
    const done: string[] = []
    let linksLeft = 40 // as many as the kernel follows
    while (todo.length > 0) {
      const component = todo.shift() ?? ''
      if (component === '' || component === '.') continue
      const here = join(this.#root, ...done)
      if (component === '..') {
        if (statusOf(here)?.isDirectory() !== true) return undefined
        done.pop()
        continue
      }
      const link = linkText(join(here, component))
      if (link === undefined) {
        done.push(component)
        continue
      }
      if (linksLeft-- === 0) return undefined
      if (link.startsWith('/')) done.length = 0
      todo.unshift(...link.split('/'))
    }
    return `/${done.join('/')}`
  }

  /** Names in a directory below sys, as bytes in order; none if it is not there. */
  #list(...path: string[]): string[] {
    try {
      return readdirSync(join(this.#sys, ...path)).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    } catch (error) {
      if (isGone(error)) return []
      throw error
    }
  }

  /** An attribute's bytes; undefined if it is not there or cannot be read. */
  #content(path: string): Buffer | undefined {
    try {
      return readFileSync(join(this.#sys, path))
    } catch {
      return undefined
    }
  }

  /** An attribute's value; undefined if there is none, or none was ever set. */
  #value(path: string): string | undefined {
    const content = this.#content(path)
    const value = content && trimmed(content).toString()
    return value === '' || value === '(null)' ? undefined : value
  }
}

/** `address:port`, and for IPv6 also `[address]:port` with the address as RFC 5952 wants it. */
function portalSpellings(address: string, port: string): string[] {
  const bare = `${address}:${port}`
  if (!address.includes(':')) return [bare]
  try {
    // The URL standard writes the IPv6 address of a host name by RFC 5952, section 4, brackets included.
    return [bare, `${withDottedQuad(new URL(`http://[${address}]`).hostname)}:${port}`]
  } catch {
    return [bare]
  }
}

/** RFC 5952, section 5, which the URL standard leaves out: `[::ffff:c0a8:1e07]` is `[::ffff:192.168.30.7]`. */
function withDottedQuad(bracketed: string): string {
  return bracketed.replace(/^\[::ffff:([0-9a-f]+):([0-9a-f]+)\]$/, (_, high: string, low: string) => {
    const quad = Buffer.from(high.padStart(4, '0') + low.padStart(4, '0'), 'hex')
    return `[::ffff:${quad.join('.')}]`
  })
}

function trimmed(content: Buffer): Buffer {
  // latin1 maps each byte to one character, so that no byte is lost; only ASCII white space is trimmed.
  return Buffer.from(content.toString('latin1').replace(/^[\t-\r ]+|[\t-\r ]+$/g, ''), 'latin1')
}

function isMapName(name: string): boolean {
  return name.startsWith('dm-')
}

function statusOf(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch {
    return undefined
  }
}

function linkText(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

function isGone(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'ENOENT' || error.code === 'ENODEV' || error.code === 'ENXIO')
  )
}
