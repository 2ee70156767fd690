import { readdirSync, readFileSync } from 'node:fs'
import { failureOf, isProcessTrouble } from './failure.js'

/** Where the system does not tell: macOS lets a process open 256. */
const fewDescriptors = 128

/**
 * Half of the descriptors that this process may still open: the other half is for what else it does. Node has raised
 * the soft limit to the hard one when it started.
 */
export function halfOfFreeDescriptors(): number {
  try {
    const limit = /^Max open files +(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
    const most = limit === undefined || limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit)
    const open = readdirSync('/proc/self/fd').length
    return Math.max(0, Math.floor((most - open) / 2))
  } catch (error) {
    return isProcessTrouble(failureOf(error).code) ? 0 : fewDescriptors
  }
}
