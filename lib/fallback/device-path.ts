import type { Stats } from 'node:fs'
import { SysfsError } from '../errors.js'
import type { Roots } from '../executor/executor.js'
import { type Bytes, fromBytes } from '../files/bytes.js'
import { Failure, isGone } from '../files/failure.js'
import type { Call, Steps } from './system-call.js'

/** The result of resolving a device that the caller has named. */
export interface ResolvedDevice {
  /** The kernel name: `sda`, `cciss!c0d0`. */
  readonly name: Bytes
  /**
   * The node in /dev that the name was taken from. If no device has the name, the device number of the node identifies
   * the device. `undefined` if the name was not taken from a node in /dev.
   */
  readonly node: Bytes | undefined
}

/** The kernel follows at most this many links (MAXSYMLINKS). */
const mostLinks = 40

/**
 * Resolves a device, given by kernel name or path, to its kernel name. Links are followed inside the root, as on the
 * machine itself. So an absolute link below /host leads to a path below /host. `undefined` if there is no such device.
 */
export function* resolveDevice(roots: Roots, device: Bytes): Steps<ResolvedDevice | undefined> {
  if (!device.startsWith('/')) return { name: device, node: undefined }
  const path = yield* followLinks(roots, device)
  if (path === undefined) return undefined
  const node = realPath(roots, path)
  if (path.startsWith('/dev/')) return { name: path.slice('/dev/'.length).replaceAll('/', '!'), node }
  const name = yield* deviceOfNode(roots, node)
  return name === undefined ? undefined : { name, node: undefined }
}

/**
 * The kernel name of the device that a block node belongs to. The link of its device number in /sys/dev/block contains
 * the name. `undefined` for a path that is not a block node, and if the device does not exist.
 */
export function* deviceOfNode(roots: Roots, node: Bytes): Steps<Bytes | undefined> {
  const stats = (yield* attempt({ syscall: 'stat', path: node })) as Stats | undefined
  if (stats === undefined || !stats.isBlockDevice()) return undefined
  const link = `${roots.sys}/dev/block/${deviceNumber(stats)}`
  const target = (yield* attempt({ syscall: 'readlink', path: link })) as Bytes | undefined
  return target?.slice(target.lastIndexOf('/') + 1)
}

/**
 * The path on the machine without links, `.` and `..`. `undefined` if links form a loop, or if a component that must be
 * a directory is not one.
 */
function* followLinks(roots: Roots, path: Bytes): Steps<Bytes | undefined> {
  const pending = reversedComponentsOf(path)
  let resolved = ''
  let isKnownDirectory = true
  for (let links = 0; pending.length > 0; ) {
    const component = pending.pop() as Bytes
    if (component === '..') {
      if (!isKnownDirectory && !(yield* isDirectory(realPath(roots, resolved)))) return undefined
      isKnownDirectory = true
      resolved = resolved.slice(0, Math.max(resolved.lastIndexOf('/'), 0))
      continue
    }
    const next = `${resolved}/${component}`
    if (next === '/dev' || next === '/sys') {
      resolved = next
      isKnownDirectory = true
      continue
    }
    const at = realPath(roots, next)
    const target = (yield { syscall: 'readlink', path: at }) as Bytes | Failure
    if (target instanceof Failure) {
      const { errno, code } = target
      if (code === 'ELOOP' || code === 'ENAMETOOLONG' || code === 'ENOTDIR') return undefined
      if (isGone(code)) {
        // A recorded tree has no nodes in /dev. The name of the missing node is sufficient.
        const rest = [component, ...pending.reverse()]
        if (!next.startsWith('/dev/') || rest.includes('..')) return undefined
        return `${resolved}/${rest.join('/')}`
      }
      if (code !== 'EINVAL') throw new SysfsError(errno, 'readlink', fromBytes(at))
      resolved = next
      isKnownDirectory = false
      continue
    }
    isKnownDirectory = true
    if (++links > mostLinks) return undefined
    if (target.startsWith('/')) resolved = ''
    pending.push(...reversedComponentsOf(target))
  }
  return resolved
}

function* isDirectory(path: Bytes): Steps<boolean> {
  const stats = (yield* attempt({ syscall: 'stat', path })) as Stats | undefined
  return stats?.isDirectory() ?? false
}

/** The components of a path, last first. */
function reversedComponentsOf(path: Bytes): Bytes[] {
  return path
    .split('/')
    .filter((component) => component !== '' && component !== '.')
    .reverse()
}

/** Converts a path of the machine to a path of this process. */
function realPath(roots: Roots, path: Bytes): Bytes {
  if (path.startsWith('/dev/')) return roots.dev + path.slice('/dev'.length)
  if (path.startsWith('/sys/')) return roots.sys + path.slice('/sys'.length)
  return roots.root + path
}

/** The outcome of a call. `undefined` for a failure that means that there is no such device. */
function* attempt(call: Call): Steps<unknown> {
  const outcome = yield call
  if (!(outcome instanceof Failure)) return outcome
  const { errno, code } = outcome
  if (isGone(code) || code === 'ELOOP' || code === 'EINVAL') return undefined
  throw new SysfsError(errno, call.syscall, fromBytes(call.path))
}

/** `MAJOR:MINOR`. The major has 12 bits. The minor has 20 bits: the upper 12 are above the major, the lower 8 below. */
function deviceNumber({ rdev }: Stats): string {
  const major = (rdev >>> 8) & 0xfff
  const minor = (rdev & 0xff) | ((rdev >>> 12) & 0xfff00)
  return `${major}:${minor}`
}
