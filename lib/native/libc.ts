import { readFileSync } from 'node:fs'
import { interpreterOf } from './elf.js'

/** A C library, as prebuildify names it. */
export type Libc = 'glibc' | 'musl'

/**
 * The C library of this process. The dynamic loader that the executable names tells it. If the executable cannot be
 * read, or if the loader was run by name, the loader is among the mapped files. `undefined` for a statically linked
 * executable, which cannot load an addon that was built for a shared C library.
 *
 * `process.report.getReport()` tells it, too, but takes a millisecond, and seconds if it resolves addresses.
 */
export function libcOfThisProcess(): Libc | undefined {
  return (
    libcOfLoader(valueOrNothing(() => interpreterOf(process.execPath))) ??
    libcOfLoader(valueOrNothing(() => readFileSync('/proc/self/maps', 'latin1')))
  )
}

/**
 * The C library of a loader, whose path is in the text: `ld-musl-x86_64.so.1`, `ld-linux-aarch64.so.1`, `ld64.so.2`
 * (POWER).
 */
function libcOfLoader(text = ''): Libc | undefined {
  if (/\/ld-musl-[^/\n]+$/m.test(text)) return 'musl'
  return /\/ld(-linux[^/\n]*|64)?\.so\.\d$/m.test(text) ? 'glibc' : undefined
}

function valueOrNothing<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
