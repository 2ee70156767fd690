import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'

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

/** A child process that stays, and answers lines with lines. */
class LineProcess {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #ended: Promise<void>

  constructor(program: string, options: readonly string[]) {
    this.#child = spawn(program, options, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('close', () => resolve())
    })
    // an early end shows where the next line is awaited
    this.#ended.catch(() => {})
    const { stdout } = this.#child
    if (stdout === null) throw new Error(`${program} has no output to read`)
    this.#lines = createInterface({ input: stdout, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]()
  }

  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  async hear(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error('the program in C ended early')
    return value
  }

  /** Ends its input, which is what it waits for to end itself. */
  async close(): Promise<void> {
    this.#child.stdin?.end()
    await this.#ended
  }
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
    this.#process = new LineProcess(program, [])
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

/**
 * Loop devices made for the time of a run. The child that made them removes them, and no others, when its input ends:
 * also where this process is killed.
 */
export class LoopDevices {
  readonly names: readonly string[]
  readonly #process: LineProcess

  private constructor(names: readonly string[], process: LineProcess) {
    this.names = names
    this.#process = process
  }

  static async make(program: string, count: number): Promise<LoopDevices> {
    const process = new LineProcess(program, ['hold-loops', String(count)])
    const line = await process.hear()
    const names = line
      .split(' ')
      .filter((number) => number !== '')
      .map((number) => `loop${number}`)
    return new LoopDevices(names, process)
  }

  remove(): Promise<void> {
    return this.#process.close()
  }
}
