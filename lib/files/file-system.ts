import { statfsSync } from 'node:fs'
import { failureOf } from './failure.js'

/** The magic numbers of include/uapi/linux/magic.h. */
const magicNumbers = { sysfs: 0x62656572, proc: 0x9fa0 } as const

/** Whether a directory is on the kernel's own sysfs or proc. `undefined` if there is no such directory. */
export function isOnFileSystem(directory: string, kind: keyof typeof magicNumbers): boolean | undefined {
  try {
    return statfsSync(directory).type === magicNumbers[kind]
  } catch (error) {
    failureOf(error)
    return undefined
  }
}
