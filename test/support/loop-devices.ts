import { execFileSync } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { LineProcess } from './line-process.js'

const source = path.join(__dirname, '../../../test/support/loop-control.c')

/**
 * Loop devices in the machine's own /sys, made by a child (loop-control.c) that removes them, and no others, when this
 * process ends, however that happens.
 */
export class LoopDevices {
  readonly #process: LineProcess

  private constructor(process: LineProcess) {
    this.#process = process
  }

  /** Compiles and starts the child, or says why this machine has no loop devices to give. */
  static async start(): Promise<{ readonly devices: LoopDevices } | { readonly missing: string }> {
    if (process.getuid?.() !== 0) return { missing: 'only root makes loop devices' }
    try {
      accessSync('/dev/loop-control', constants.R_OK | constants.W_OK)
    } catch {
      return { missing: 'there is no /dev/loop-control' }
    }
    const directory = mkdtempSync(path.join(tmpdir(), 'fast-sysfs-loop-'))
    try {
      const program = path.join(directory, 'loop-control')
      const missing = compile(program)
      if (missing !== undefined) return { missing }
      const child = new LineProcess(program)
      const greeting = await child.hear()
      if (greeting === 'ok') return { devices: new LoopDevices(child) }
      await child.close()
      return { missing: greeting }
    } finally {
      rmSync(directory, { recursive: true })
    }
  }

  /** The new devices' kernel names, `loop8` for example; their numbers are the lowest that are free. */
  async add(count: number): Promise<readonly string[]> {
    const numbers = await this.#ask(`add ${count}`)
    return numbers.map((number) => `loop${number}`)
  }

  /** Resolves when they are gone. Takes only what it made. */
  async remove(names: readonly string[]): Promise<void> {
    await this.#ask(['remove', ...names.map(numberOf)].join(' '))
  }

  /**
   * Makes a device and removes it, `count` times in all, as fast as the kernel does, as many at a time as there are
   * workers. The same few numbers are used again and again.
   */
  async churn(count: number, workers = 1): Promise<void> {
    await this.#ask(`churn ${count} ${workers}`)
  }

  /** Gives a device a file's content, and so a size. */
  async attach(name: string, file: string): Promise<void> {
    await this.#ask(`attach ${numberOf(name)} ${file}`)
  }

  async detach(name: string): Promise<void> {
    await this.#ask(`detach ${numberOf(name)}`)
  }

  /** Removes all that are left. */
  close(): Promise<void> {
    return this.#process.close()
  }

  /** The words of the answer. Ask one thing after the other. */
  async #ask(command: string): Promise<readonly string[]> {
    this.#process.say(command)
    const [outcome, ...words] = (await this.#process.hear()).split(' ')
    if (outcome !== 'ok') throw new Error(`loop devices: ${words.join(' ')}`)
    return words
  }
}

/** For a test that needs loop devices, which go away with it: says in the test's log why there are none. */
export async function loopDevicesOrLog(t: {
  log(message: string): void
  pass(): void
  teardown(close: () => Promise<void>): void
}): Promise<LoopDevices | undefined> {
  const started = await LoopDevices.start()
  if ('missing' in started) {
    t.log(`no loop devices to test with: ${started.missing}`)
    t.pass()
    return undefined
  }
  t.teardown(() => started.devices.close())
  return started.devices
}

function numberOf(name: string): string {
  return name.replace('loop', '')
}

/** What is missing for it, if anything. */
function compile(program: string): string | undefined {
  const compiler = process.env['CC'] ?? 'cc'
  try {
    execFileSync(compiler, ['-O2', '-Wall', '-Wextra', '-pthread', '-o', program, source], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return `there is no C compiler '${compiler}'`
    throw error
  }
  return undefined
}
