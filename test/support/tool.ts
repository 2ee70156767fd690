import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import type { Backend } from './backends.js'
import { type EndOfChild, endOf as endOfChild, howItEnded, packageRoot } from './child-process.js'
import { unpackRecording } from './recordings.js'
import { missingProgram } from './requirements.js'
import { testWith } from './test-with.js'

// The command-line tool as it is installed.

export const tool = path.join(packageRoot, 'dist/lib/cli/main.js')

export type Environment = Readonly<Record<string, string>>

/** Independent of the locale and terminal of the tests. */
const environment: Environment = { PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8', TERM: 'xterm' }

export function endOf(program: string, args: readonly string[], more: Environment = {}): Promise<EndOfChild> {
  return endOfChild([program, ...args], '', { env: { ...environment, ...more } })
}

/** Runs the tool in a process of its own. */
export function runAlone(args: readonly string[], more?: Environment): Promise<EndOfChild> {
  return endOf(process.execPath, [tool, ...args], more)
}

let toolProcess: ChildProcess | undefined
/** The runs in the tool process go one after the other. */
let lastRun: Promise<unknown> = Promise.resolve()

/** Runs the tool; the runs of a test file share one process. */
export function run(args: readonly string[]): Promise<EndOfChild> {
  const end = lastRun.then(() => runInToolProcess(args))
  lastRun = end.catch(() => {})
  return end
}

function runInToolProcess(args: readonly string[]): Promise<EndOfChild> {
  toolProcess ??= spawn(process.execPath, [path.join(__dirname, 'tool-process.js'), tool], {
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const child = toolProcess
  return new Promise((resolve, reject) => {
    const onExit = () => {
      toolProcess = undefined
      reject(new Error(`the tool process ended while it ran ${JSON.stringify(args)}`))
    }
    child.once('exit', onExit)
    child.once('message', (end: Omit<EndOfChild, 'signal'>) => {
      child.off('exit', onExit)
      // A process without work ends with this one.
      child.unref()
      child.channel?.unref()
      resolve({ ...end, signal: null })
    })
    child.ref()
    child.channel?.ref()
    child.send(args)
  })
}

/** Runs the tool on a recorded machine. */
export async function runOn(recording: string, backend: Backend, ...args: readonly string[]): Promise<EndOfChild> {
  return run([...args, '--backend', backend, '--root', await unpackRecording(recording)])
}

/** The output of a run that finds something. */
export async function outputOn(recording: string, backend: Backend, ...args: readonly string[]): Promise<string> {
  const end = await runOn(recording, backend, ...args)
  if (end.status !== 0 || end.stderr !== '') throw new Error(howItEnded(end))
  return end.stdout
}

export function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '')
}

/** The end of a run with this output. */
export function ended(status: number, stdout: string, stderr: string): EndOfChild {
  return { status, signal: null, stdout, stderr }
}

/** Registers a test that needs a pseudo-terminal. */
export const testOnTerminal = testWith(missingProgram('script', ['--version'], (output) => /util-linux/.test(output)))

/** Runs the tool on a pseudo-terminal of a width. Returns its output. */
export async function runOnTerminal(columns: number, args: readonly string[], more?: Environment): Promise<string> {
  const command = [process.execPath, tool, ...args].map((word) => `'${word}'`).join(' ')
  const end = await endOf('script', ['-qec', `stty cols ${columns} rows 24; ${command}`, '/dev/null'], more)
  if (end.status !== 0) throw new Error(howItEnded(end))
  return end.stdout.replaceAll('\r\n', '\n')
}
