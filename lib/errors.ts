/**
 * No answer can be given: the process is out of descriptors or memory, or may not list a directory (EACCES). A failure
 * of a single device never throws: see `Unreadable`. The fields are those of Node's own file system errors.
 */
export class SysfsError extends Error {
  /** Always 'SysfsError'. */
  override readonly name = 'SysfsError'
  /** The name of the error: 'EMFILE'. */
  readonly code: string
  /** The negative error number that belongs to the code, as in Node's errors. */
  readonly errno: number
  /** The call that failed: 'scandir', 'open', 'read', 'readlink', 'access' or 'stat'; 'malloc' when memory ran out. */
  readonly syscall: string
  /** The path that the call was given. Empty for 'malloc'. */
  readonly path: string

  /**
   * Makes the error for a failed call.
   *
   * @param errno negative, as in Node's errors
   */
  constructor(errno: number, syscall: string, path: string) {
    const [code, description] = describe(errno)
    super(`${code}: ${description}, ${syscall}${path === '' ? '' : ` '${path}'`}`)
    this.code = code
    this.errno = errno
    this.syscall = syscall
    this.path = path
  }
}

/** An attribute, link or directory that exists and cannot be read. */
export interface Unreadable {
  /** The full path as this process sees it. */
  readonly path: string
  /** Why: 'ENOTCONN' for the address of a lost portal. */
  readonly code: string
}

/** The code of a negative error number: -107 gives 'ENOTCONN'. */
export function errorCode(errno: number): string {
  return describe(errno)[0]
}

/** The type of a wrong argument, for a message: 'null', 'string', 'object'. */
export function typeName(value: unknown): string {
  return value === null ? 'null' : typeof value
}

function describe(errno: number): [code: string, description: string] {
  // Not imported: an import would load node:util into every process that loads the library.
  const { getSystemErrorMap } = process.getBuiltinModule('node:util')
  return getSystemErrorMap().get(errno) ?? [`E${-errno}`, 'unknown error']
}
