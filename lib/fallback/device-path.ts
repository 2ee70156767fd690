import type { Stats } from 'node:fs'
import { SysfsError } from '../errors.js'
import { type Bytes, fromBytes } from '../files/bytes.js'
import type { Call, Steps } from './system-call.js'
import type { Roots } from '../executor/executor.js'
import { Failure, isGone } from '../files/failure.js'

export interface ResolvedDevice {
  /** The kernel name: `sda`, `cciss!c0d0`. */
  readonly name: Bytes
  /** The node under /dev whose name this is; its device number decides where no device has that name. */
  readonly node: Bytes | undefined
}

/** The kernel gives up after as many. */
const mostLinks = 40

/**
 * Turns what a caller calls a device into its kernel name. A path is followed link by link inside the root, as the
 * machine itself would see it, so that an absolute link does not lead out of a container's /host.
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

/** The kernel name of a block node, wherever it is: the kernel keeps /sys/dev/block/MAJOR:MINOR for every one. */
export function* deviceOfNode(roots: Roots, node: Bytes): Steps<Bytes | undefined> {
  const stats = (yield* attempt({ syscall: 'stat', path: node })) as Stats | undefined
  if (stats === undefined || !stats.isBlockDevice()) return undefined
  const link = `${roots.sys}/dev/block/${deviceNumber(stats)}`
  const target = (yield* attempt({ syscall: 'readlink', path: link })) as Bytes | undefined
  return target?.slice(target.lastIndexOf('/') + 1)
}

/** The path as the machine sees it, without links, `.` and `..`; `undefined` for a loop or a way through no directory. */
function* followLinks(roots: Roots, path: Bytes): Steps<Bytes | undefined> {
  const pending = componentsOf(path)
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
        // A recorded machine has no nodes under /dev, only their names.
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
    pending.push(...componentsOf(target))
  }
  return resolved
}

function* isDirectory(path: Bytes): Steps<boolean> {
  const stats = (yield* attempt({ syscall: 'stat', path })) as Stats | undefined
  return stats?.isDirectory() ?? false
}

/** The components, last first. */
function componentsOf(path: Bytes): Bytes[] {
  return path
    .split('/')
    .filter((component) => component !== '' && component !== '.')
    .reverse()
}

/** Where a path of the machine is for this process. */
function realPath(roots: Roots, path: Bytes): Bytes {
  if (path.startsWith('/dev/')) return roots.dev + path.slice('/dev'.length)
  if (path.startsWith('/sys/')) return roots.sys + path.slice('/sys'.length)
  return roots.root + path
}

/** `undefined` for what means that there is no such device. */
function* attempt(call: Call): Steps<unknown> {
  const outcome = yield call
  if (!(outcome instanceof Failure)) return outcome
  const { errno, code } = outcome
  if (isGone(code) || code === 'ELOOP' || code === 'EINVAL') return undefined
  throw new SysfsError(errno, call.syscall, fromBytes(call.path))
}

/** Linux's device numbers: 12 bits of major, 20 of minor, the minor's upper bits on top. */
function deviceNumber({ rdev }: Stats): string {
  const major = (rdev >>> 8) & 0xfff
  const minor = (rdev & 0xff) | ((rdev >>> 12) & 0xfff00)
  return `${major}:${minor}`
}
