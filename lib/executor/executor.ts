import type { Flight, Landing } from './async-run.js'
import type { Unreadable } from '../errors.js'
import type { Program } from '../query/program.js'

/** Where the machine's own /sys, /dev and / are, without a slash at the end: '/host/sys', '/host/dev', '/host'. */
export interface Roots {
  readonly sys: string
  readonly dev: string
  readonly root: string
}

/** A program bound to a machine. */
export interface Execution {
  /**
   * Runs the program once.
   *
   * @param parameters checked, in the program's order
   * @param limit the number of rows after which to stop
   * @param unreadable where to add what could not be read
   */
  run(parameters: readonly string[], limit: number, unreadable: Unreadable[] | undefined): readonly unknown[]
  /** Starts a run that does not hold up the event loop; `landed` is told the end, unless it is stopped before. */
  fly(parameters: readonly string[], limit: number, landed: (landing: Landing) => void): Flight
}

/** A way to run programs. Both ways give the same rows and the same errors. */
export interface Executor {
  readonly name: 'native' | 'fallback'
  prepare(program: Program, roots: Roots): Execution
}
