import { readFileSync } from 'node:fs'
import { interpreterOf } from './elf.js'

/** As prebuildify names them. */
export type Libc = 'glibc' | 'musl'

/**
 * The C library that this process runs on. The dynamic loader that its executable asks for says so; where the executable
 * cannot be read, or the loader was run by name, the loader is among the files that are mapped. `undefined` for an
 * executable that is linked statically: it loads no addon that was built for a shared C library.
 *
 * `process.report.getReport()` would say it as well, but takes a millisecond, and seconds where it resolves addresses.
 */
export function libcOfThisProcess(): Libc | undefined {
  return (
    libcOfLoader(valueOrNothing(() => interpreterOf(process.execPath))) ??
    libcOfLoader(valueOrNothing(() => readFileSync('/proc/self/maps', 'latin1')))
  )
}

/** Of a loader's path, or a text that has it: `ld-musl-x86_64.so.1`, `ld-linux-aarch64.so.1`, `ld64.so.2` (POWER). */
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
