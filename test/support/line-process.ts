import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** A child process that stays, and answers lines with lines. It is one that ends when its standard input does. */
export class LineProcess {
  readonly #program: string
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #ended: Promise<void>

  constructor(program: string, options: readonly string[] = []) {
    this.#program = program
    this.#child = spawn(program, options, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('close', () => resolve())
    })
    // an early end is reported where the next line is awaited
    this.#ended.catch(() => {})
    const { stdin, stdout } = this.#child
    if (stdin === null || stdout === null) throw new Error(`${program} has no input or output`)
    stdin.on('error', () => {})
    this.#lines = createInterface({ input: stdout, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]()
  }

  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  async hear(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error(`${this.#program} ended early`)
    return value
  }

  /** Closes its input. The process then ends. */
  async close(): Promise<void> {
    this.#child.stdin?.end()
    await this.#ended
  }
}
