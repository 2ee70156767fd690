/** What went wrong in a call of node:fs. */
export class Failure {
  constructor(
    readonly errno: number,
    readonly code: string,
    readonly syscall: string,
  ) {}
}

/** The errno of a node:fs error. Anything else is not ours and is thrown on. */
export function failureOf(syscall: string, error: unknown): Failure {
  if (error instanceof Error && 'errno' in error && typeof error.errno === 'number' && 'code' in error) {
    return new Failure(error.errno, String(error.code), syscall)
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
