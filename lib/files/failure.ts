/** What went wrong in a call of node:fs. */
export class Failure {
  constructor(
    readonly errno: number,
    readonly code: string,
    readonly syscall: string,
  ) {}
}

/**
 * What a node:fs error says. Anything else is not ours and is thrown on.
 *
 * @param syscall where it shall not be called what Node calls it
 */
export function failureOf(error: unknown, syscall?: string): Failure {
  if (error instanceof Error && 'errno' in error && typeof error.errno === 'number' && 'code' in error) {
    const { syscall: itsOwn } = error as NodeJS.ErrnoException
    return new Failure(error.errno, String(error.code), syscall ?? itsOwn ?? '')
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
