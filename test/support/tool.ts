import { spawnSync } from 'node:child_process'
import path from 'node:path'
import test from 'ava'
import type { Backend } from './backends.js'
import { type EndOfChild, endOf as endOfChild, howItEnded, packageRoot } from './child-process.js'
import { unpackRecording } from './recordings.js'

// The command-line tool as it is installed, every time in a process of its own.

export const tool = path.join(packageRoot, 'dist/lib/cli/main.js')

export type Environment = Readonly<Record<string, string>>

/** Nothing of the locale and terminal that the tests run in. */
const environment: Environment = { PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8', TERM: 'xterm' }

export function endOf(program: string, args: readonly string[], more: Environment = {}): Promise<EndOfChild> {
  return endOfChild([program, ...args], '', { env: { ...environment, ...more } })
}

export function run(args: readonly string[], more?: Environment): Promise<EndOfChild> {
  return endOf(process.execPath, [tool, ...args], more)
}

/** Runs the tool on a recorded machine. */
export async function runOn(recording: string, backend: Backend, ...args: readonly string[]): Promise<EndOfChild> {
  return run([...args, '--backend', backend, '--root', await unpackRecording(recording)])
}

/** What a run that finds something prints. */
export async function outputOn(recording: string, backend: Backend, ...args: readonly string[]): Promise<string> {
  const end = await runOn(recording, backend, ...args)
  if (end.status !== 0 || end.stderr !== '') throw new Error(howItEnded(end))
  return end.stdout
}

export function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '')
}

/** How a run ends that says this. */
export function ended(status: number, stdout: string, stderr: string): EndOfChild {
  return { status, signal: null, stdout, stderr }
}

const hasScript = /util-linux/.test(spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '')
/** Registers a test that needs a pseudo-terminal. */
export const testOnTerminal = hasScript ? test : test.skip

/** Runs the tool on a pseudo-terminal of a width; what it prints there. */
export async function runOnTerminal(columns: number, args: readonly string[], more?: Environment): Promise<string> {
  const command = [process.execPath, tool, ...args].map((word) => `'${word}'`).join(' ')
  const end = await endOf('script', ['-qec', `stty cols ${columns} rows 24; ${command}`, '/dev/null'], more)
  if (end.status !== 0) throw new Error(howItEnded(end))
  return end.stdout.replaceAll('\r\n', '\n')
}
