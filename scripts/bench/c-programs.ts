import { execFileSync, spawnSync } from 'node:child_process'
import path from 'node:path'
import { LineProcess } from '../../test/support/line-process.js'

const sources = path.join(__dirname, '../../../scripts/bench')

type Compiled = { readonly program: string } | { readonly missing: string }

/** Compiles bare-loop.c to a program in the directory. `missing` is the reason if that is not possible. */
export function compileBareLoop(directory: string): Compiled {
  return compile(directory, 'bare-loop', ['-pthread'])
}

/** Compiles udev-loop.c, which needs libudev. */
export function compileUdevLoop(directory: string): Compiled {
  const probe = spawnSync(compiler, ['-E', '-x', 'c', '-'], { input: '#include <libudev.h>\n' })
  if (probe.status !== 0) return { missing: 'libudev.h is not installed (Debian: libudev-dev)' }
  return compile(directory, 'udev-loop', ['-ludev'])
}

const compiler = process.env['CC'] ?? 'cc'

function compile(directory: string, name: string, options: readonly string[]): Compiled {
  const program = path.join(directory, name)
  const source = path.join(sources, `${name}.c`)
  try {
    execFileSync(compiler, ['-O2', '-o', program, source, ...options], { stdio: ['ignore', 'ignore', 'inherit'] })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return { missing: `the C compiler '${compiler}' is not installed` }
    }
    throw error
  }
  return { program }
}

/** A process that runs the queries of bare-loop.c and measures them by its processor time. */
export class BareLoop {
  readonly #process: LineProcess

  /** @param tracer a command that runs the program, strace for example */
  constructor(program: string, threads: 'threads' | 'one-thread', tracer: readonly string[] = []) {
    const [command = program, ...options] = [...tracer, program, threads]
    this.#process = new LineProcess(command, options)
  }

  async result(query: readonly string[]): Promise<readonly string[]> {
    this.#process.say(['result', ...query].join('\t'))
    // A tab follows every value.
    return (await this.#process.hear()).split('\t').slice(0, -1)
  }

  /** Returns the nanoseconds of `count` runs. The `warmUp` runs before them are not measured. */
  async run(query: readonly string[], warmUp: number, count: number): Promise<number> {
    this.#process.say(['run', warmUp, count, ...query].join('\t'))
    return Number(await this.#process.hear())
  }

  close(): Promise<void> {
    return this.#process.close()
  }
}

/** A process that runs udev-loop.c and measures it by wall-clock time. */
export class UdevLoop {
  readonly #process: LineProcess

  constructor(program: string) {
    this.#process = new LineProcess(program)
  }

  /** Returns the nanoseconds of `count` enumerations. The `warmUp` enumerations before them are not measured. */
  async run(warmUp: number, count: number): Promise<number> {
    if (warmUp > 0) await this.#enumerate(warmUp)
    return this.#enumerate(count)
  }

  close(): Promise<void> {
    return this.#process.close()
  }

  async #enumerate(count: number): Promise<number> {
    this.#process.say(String(count))
    return Number(await this.#process.hear())
  }
}
