import path from 'node:path'
import { typeName } from '../errors.js'
import type { Roots } from '../executor/executor.js'

/** Options that tell where a machine is. */
export interface RootOptions {
  /**
   * Where the machine's file system is, for containers ('/host') and recorded trees. /sys, /dev and /proc of the
   * machine are below it. Paths given and returned are always those of the machine itself.
   */
  readonly root?: string
  /** Where sysfs is. By default `root`/sys; without a root HOST_SYS of the environment, else /sys. */
  readonly sysPath?: string
  /** Where the device nodes are. By default `root`/dev; without a root HOST_DEV of the environment, else /dev. */
  readonly devPath?: string
  /**
   * Where /proc is, for a sampler that reads diskstats. By default `root`/proc; without a root HOST_PROC of the
   * environment, else /proc.
   */
  readonly procPath?: string
}

/**
 * Resolves the directories of a machine.
 *
 * @throws {TypeError} for wrong options
 */
export function rootsOf({ root, sysPath, devPath, procPath }: RootOptions): Roots {
  const { HOST_SYS, HOST_DEV, HOST_PROC } = process.env
  const base = root === undefined ? undefined : directoryOf('root', root)
  const byDefault = (fromEnvironment: string | undefined, directory: string): string =>
    base === undefined ? fromEnvironment || directory : base + directory
  return {
    sys: directoryOf('sysPath', sysPath ?? byDefault(HOST_SYS, '/sys')),
    dev: directoryOf('devPath', devPath ?? byDefault(HOST_DEV, '/dev')),
    proc: directoryOf('procPath', procPath ?? byDefault(HOST_PROC, '/proc')),
    root: base ?? '',
  }
}

/** An absolute path without a final slash. */
function directoryOf(option: string, directory: unknown): string {
  return absolutePath(option, directory).replace(/[/\\]$/, '')
}

/** @throws {TypeError} for anything but a path */
export function absolutePath(option: string, given: unknown): string {
  if (typeof given !== 'string') throw new TypeError(`${option} must be a string, not ${typeName(given)}`)
  if (given === '') throw new TypeError(`${option} must not be empty`)
  if (given.includes('\0')) throw new TypeError(`${option} must not contain a NUL: ${JSON.stringify(given)}`)
  return path.resolve(given)
}
