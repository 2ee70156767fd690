/** What went wrong in a call of node:fs. */
export interface Failure {
  readonly errno: number
  readonly code: string
}

/** The errno of a node:fs error. Anything else is not ours and is thrown on. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Error && 'errno' in error && typeof error.errno === 'number' && 'code' in error) {
    return { errno: error.errno, code: String(error.code) }
  }
  throw error
}

/** Hot-unplug is normal life: what went away between listing and reading is as if it had not been there. */
export function isGone(code: string): boolean {
  return code === 'ENOENT' || code === 'ENODEV' || code === 'ENXIO' || code === 'ENOTDIR' || code === 'ENAMETOOLONG'
}

/** Nothing a device can cause: the answer would be wrong, not just incomplete. */
export function isProcessTrouble(code: string): boolean {
  return code === 'EMFILE' || code === 'ENFILE' || code === 'ENOMEM'
}
