/**
 * The process is in trouble (out of descriptors or memory) or may not look (EACCES on a directory that must be
 * listed), so that no answer can be given. A device's own trouble never throws: see `Unreadable`. The fields are those
 * of Node's own file system errors.
 */
export class SysfsError extends Error {
  override readonly name = 'SysfsError'
  /** 'EMFILE', for example. */
  readonly code: string
  /** The negative number that goes with the code, as in Node's errors. */
  readonly errno: number
  /** What failed: 'scandir', 'open', 'read', 'readlink', 'access' or 'stat'; 'malloc' where the answer has no room. */
  readonly syscall: string
  /** Empty with 'malloc'. */
  readonly path: string

  constructor(errno: number, syscall: string, path: string) {
    const [code, description] = describe(errno)
    super(`${code}: ${description}, ${syscall}${path === '' ? '' : ` '${path}'`}`)
    this.code = code
    this.errno = errno
    this.syscall = syscall
    this.path = path
  }
}

/** An attribute, link or directory that is there and cannot be read: 'ENOTCONN' for the address of a lost portal. */
export interface Unreadable {
  readonly path: string
  readonly code: string
}

/** The code that goes with a negative errno: -107 -> 'ENOTCONN'. */
export function errorCode(errno: number): string {
  return describe(errno)[0]
}

function describe(errno: number): [code: string, description: string] {
  // By getBuiltinModule: an import would load node:util into every process that loads the library.
  const { getSystemErrorMap } = process.getBuiltinModule('node:util')
  return getSystemErrorMap().get(errno) ?? [`E${-errno}`, 'unknown error']
}
