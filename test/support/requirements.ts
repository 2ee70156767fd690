import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { Sysfs } from '../../lib/index.js'
import { temporaryDirectory } from './temporary.js'

/*
 * What some tests need besides Node: the addon, root, a program, a device. With FAST_SYSFS_REQUIRE=all in the
 * environment, a test that needs something fails where that is missing; else it is skipped (see test-with.ts).
 */

export const isEverythingRequired = process.env['FAST_SYSFS_REQUIRE'] === 'all'

/** Why something that a test needs is missing; `undefined` where it is there. */
export type Missing = string | undefined

/** Runs a program to see whether it is installed. */
export function missingProgram(
  program: string,
  args: readonly string[],
  isRight: (output: string) => boolean = () => true,
): Missing {
  const { error, stdout } = spawnSync(program, args, { encoding: 'utf8' })
  return error === undefined && isRight(stdout) ? undefined : `${program} is not installed`
}

export function missingFile(file: string): Missing {
  return existsSync(file) ? undefined : `there is no ${file}`
}

export const missingRoot: Missing = process.getuid?.() === 0 ? undefined : 'root is needed'

export const missingAddon: Missing = new Sysfs().nativeLoadError === undefined ? undefined : 'there is no native addon'

/** Whether the kernel's events about devices can be received. */
export function missingUevents(): Missing {
  const monitor = new Sysfs({ sysPath: '/sys' }).monitor()
  monitor.close()
  return monitor.pollingReason && `there are no uevents: ${monitor.pollingReason}`
}

export function missingStrace(): Missing {
  const { error, status, stderr } = spawnSync('strace', ['-qq', '-e', 'trace=none', '--', 'true'], { encoding: 'utf8' })
  if (error !== undefined) return 'strace is not installed'
  return status === 0 ? undefined : `strace may not trace: ${stderr.trim()}`
}

/** A container's root may not be allowed to make block nodes. */
export function missingBlockNodes(): Missing {
  const directory = temporaryDirectory()
  try {
    const { status } = spawnSync('mknod', [`${directory}/node`, 'b', '7', '0'], { stdio: 'ignore' })
    return status === 0 ? undefined : 'block nodes cannot be made'
  } finally {
    rmSync(directory, { recursive: true })
  }
}

export function missingBlockDevices(): Missing {
  const hasSome = existsSync('/sys/dev/block') && readdirSync('/sys/dev/block').length > 0
  return hasSome ? undefined : 'this machine has no block device'
}
