import { execFileSync, spawnSync } from 'node:child_process'
import path from 'node:path'
import { LineProcess } from '../../test/support/line-process.js'

const sources = path.join(__dirname, '../../../scripts/bench')

type Compiled = { readonly program: string } | { readonly missing: string }

/** Compiles bare-loop.c into a directory; returns the program's path, or why there is none. */
export function compileBareLoop(directory: string): Compiled {
  return compile(directory, 'bare-loop', ['-pthread'])
}

/** The same for udev-loop.c, which needs libudev. */
export function compileUdevLoop(directory: string): Compiled {
  const probe = spawnSync(compiler, ['-E', '-x', 'c', '-'], { input: '#include <libudev.h>\n' })
  if (probe.status !== 0) return { missing: 'there is no libudev.h (Debian: libudev-dev)' }
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
      return { missing: `there is no C compiler '${compiler}'` }
    }
    throw error
  }
  return { program }
}

/** bare-loop.c, which runs queries and measures itself. */
export class BareLoop {
  readonly #process: LineProcess

  constructor(program: string, threads: 'threads' | 'one-thread') {
    this.#process = new LineProcess(program, [threads])
  }

  async answer(query: readonly string[]): Promise<readonly string[]> {
    this.#process.say(['answer', ...query].join('\t'))
    // every value is followed by a tab
    return (await this.#process.hear()).split('\t').slice(0, -1)
  }

  /** Nanoseconds for `count` runs after `lead` unmeasured ones. */
  async run(query: readonly string[], lead: number, count: number): Promise<number> {
    this.#process.say(['run', lead, count, ...query].join('\t'))
    return Number(await this.#process.hear())
  }

  close(): Promise<void> {
    return this.#process.close()
  }
}

/** udev-loop.c, which measures itself by the clock. */
export class UdevLoop {
  readonly #process: LineProcess

  constructor(program: string) {
    this.#process = new LineProcess(program)
  }

  /** Nanoseconds for `count` enumerations. */
  async run(count: number): Promise<number> {
    this.#process.say(String(count))
    return Number(await this.#process.hear())
  }

  close(): Promise<void> {
    return this.#process.close()
  }
}
