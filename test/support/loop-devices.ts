import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { cProgram } from './c-program.js'
import { LineProcess } from './line-process.js'
import { type Missing, missingFile, missingRoot } from './requirements.js'

/** The path of this module, for a process of its own that loads it. */
export const loopDevicesModule = __filename

/**
 * Loop devices in the machine's own /sys. A child process (loop-control.c) makes them. It removes them, and no others,
 * when this process ends in any way.
 */
export class LoopDevices {
  readonly #process: LineProcess

  private constructor(process: LineProcess) {
    this.#process = process
  }

  /** Starts the child process, or says why this machine has no loop devices to give. */
  static async start(): Promise<{ readonly devices: LoopDevices } | { readonly missing: string }> {
    const found = loopControl()
    if ('missing' in found) return found
    const child = new LineProcess(found.program)
    const greeting = await child.hear()
    if (greeting === 'ok') return { devices: new LoopDevices(child) }
    await child.close()
    return { missing: greeting }
  }

  /** The new devices' kernel names, `loop8` for example; their numbers are the lowest that are free. */
  async add(count: number): Promise<readonly string[]> {
    const numbers = await this.#ask(`add ${count}`)
    return numbers.map((number) => `loop${number}`)
  }

  /** As `add`, with high numbers that no other program takes, so that `addAgain` finds them free. */
  async addFar(count: number): Promise<readonly string[]> {
    const first = randomInt(1_000, 100_000) * 10
    const names = Array.from({ length: count }, (_, index) => `loop${first + index}`)
    await this.addAgain(names)
    return names
  }

  /** Makes devices with the names of removed ones. */
  async addAgain(names: readonly string[]): Promise<void> {
    await this.#ask(['make', ...names.map(numberOf)].join(' '))
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

/** Loop devices for a test; they are removed at its end. Only where `missingLoopDevices()` is undefined. */
export async function loopDevicesFor(t: { teardown(close: () => Promise<void>): void }): Promise<LoopDevices> {
  const started = await LoopDevices.start()
  if ('missing' in started) throw new Error(started.missing)
  t.teardown(() => started.devices.close())
  return started.devices
}

/** Makes one loop device to see whether that is possible. */
export function missingLoopDevices(): Missing {
  const found = loopControl()
  if ('missing' in found) return found.missing
  const { stdout } = spawnSync(found.program, { input: 'add 1\n', encoding: 'utf8' })
  const failure = stdout.split('\n').find((line) => line.startsWith('error '))
  return failure && `there are no loop devices: ${failure.slice('error '.length)}`
}

/** A container may have loop devices and no nodes for them. */
export function missingLoopNodes(): Missing {
  const isMade = /^\S+ \/dev devtmpfs /m.test(readFileSync('/proc/self/mounts', 'utf8'))
  return isMade ? undefined : 'the kernel makes no nodes in /dev'
}

function loopControl(): { readonly program: string } | { readonly missing: string } {
  const missing = missingRoot ?? missingFile('/dev/loop-control')
  return missing === undefined ? cProgram('loop-control') : { missing }
}

function numberOf(name: string): string {
  return name.replace('loop', '')
}
