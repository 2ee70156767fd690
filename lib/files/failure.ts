/** A failed call of node:fs. */
export class Failure {
  constructor(
    readonly errno: number,
    readonly code: string,
    readonly syscall: string,
  ) {}
}

/**
 * Converts an error of node:fs. Throws any other error again.
 *
 * @param syscall the name of the call, where it differs from Node's
 */
export function failureOf(error: unknown, syscall?: string): Failure {
  if (error instanceof Error && 'errno' in error && typeof error.errno === 'number' && 'code' in error) {
    const { syscall: itsOwn } = error as NodeJS.ErrnoException
    return new Failure(error.errno, String(error.code), syscall ?? itsOwn ?? '')
  }
  throw error
}

/** Whether something went away between listing and reading. It is then treated as if it had not been listed. */
export function isGone(code: string): boolean {
  return code === 'ENOENT' || code === 'ENODEV' || code === 'ENXIO' || code === 'ENOTDIR' || code === 'ENAMETOOLONG'
}

/** Whether the process, not a device, has run short. The answer would be wrong, not just incomplete. */
export function isResourceError(code: string): boolean {
  return code === 'EMFILE' || code === 'ENFILE' || code === 'ENOMEM'
}
