import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { openFlags } from './attribute.js'
import { failureOf, isResourceError } from './failure.js'

/** A file that may stay open between two reads. */
export interface ReopenableFile {
  /** -1 while the file is closed. */
  descriptor: number
}

/** Files that nobody closed before their pool was collected. */
const abandoned = new FinalizationRegistry<Set<ReopenableFile>>(closeFiles)

/**
 * Keeps files open between reads, up to a limit. A file beyond the limit is opened again for every read, with the same
 * result.
 */
export class OpenFiles {
  readonly #files = new Set<ReopenableFile>()
  #limit: number

  constructor(limit: number) {
    this.#limit = limit
    abandoned.register(this, this.#files)
  }

  /** How many files are open. */
  get count(): number {
    return this.#files.size
  }

  /**
   * Opens a file for reading. If the process is out of descriptors, this closes a file of the pool, lowers the limit
   * and tries again.
   *
   * @returns the descriptor: pass it to `keep`, or close it
   * @throws what `openSync` throws
   */
  open(path: string): number {
    for (;;) {
      try {
        return openSync(path, openFlags)
      } catch (error) {
        const { code } = failureOf(error)
        if ((code !== 'EMFILE' && code !== 'ENFILE') || !this.#closeOne()) throw error
      }
    }
  }

  /** Keeps a descriptor open for a file. Returns false, and keeps nothing, at the limit. */
  keep(file: ReopenableFile, descriptor: number): boolean {
    if (this.#files.size >= this.#limit) return false
    file.descriptor = descriptor
    this.#files.add(file)
    return true
  }

  close(file: ReopenableFile): void {
    if (this.#files.delete(file)) closeFile(file)
  }

  closeAll(): void {
    closeFiles(this.#files)
  }

  #closeOne(): boolean {
    const [file] = this.#files
    if (file === undefined) return false
    this.close(file)
    this.#limit = this.#files.size
    return true
  }
}

function closeFiles(files: Set<ReopenableFile>): void {
  for (const file of files) {
    files.delete(file)
    closeFile(file)
  }
}

function closeFile(file: ReopenableFile): void {
  const { descriptor } = file
  // Before the call, so that a failing close cannot be repeated on a number that belongs to another file by then.
  file.descriptor = -1
  closeSync(descriptor)
}

/** Used where the system has no /proc/self/limits. macOS lets a process open 256 files. */
const fewDescriptors = 128

/**
 * Half of the descriptors that this process may still open. The other half is left for the rest of the process. Node
 * raises the soft limit to the hard limit when it starts.
 */
export function halfOfFreeDescriptors(): number {
  try {
    const limit = /^Max open files +(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
    const most = limit === undefined || limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit)
    const open = readdirSync('/proc/self/fd').length
    return Math.max(0, Math.floor((most - open) / 2))
  } catch (error) {
    return isResourceError(failureOf(error).code) ? 0 : fewDescriptors
  }
}
