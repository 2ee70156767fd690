import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmdirSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { cProgram } from './c-program.js'
import { answerOfChild, type ChildOptions, type Library } from './child-process.js'
import { type FileTree, writeFileTree } from './file-tree.js'
import { LineProcess } from './line-process.js'
import { type Missing, missingFile, missingRoot } from './requirements.js'

/** The path of this module, for a process of its own that loads it. */
export const hangingTreeModule = __filename

/** A directory with a second mount, where reads can be blocked: see hanging-tree.c. */
export class HangingTree {
  readonly root: string
  readonly #process: LineProcess

  private constructor(root: string, process: LineProcess) {
    this.root = root
    this.#process = process
  }

  static async mount({ program, directory }: HangingTreeParts): Promise<HangingTree> {
    const mountPoint = mkdtempSync(path.join(os.tmpdir(), 'fast-sysfs-hanging-'))
    const child = new LineProcess(program, [directory, mountPoint])
    const greeting = await child.hear()
    if (greeting === 'ok') return new HangingTree(mountPoint, child)
    await child.close()
    rmdirSync(mountPoint)
    throw new Error(greeting)
  }

  /** Blocks reads of this path from now on. With a final slash it blocks lookups. */
  async hang(name: string): Promise<void> {
    await this.#ask(`hang ${name}`)
  }

  /** Resolves when this many requests are blocked. */
  async held(count: number): Promise<void> {
    while (Number(await this.#ask('held')) < count) await setTimeout(5)
  }

  /** How often this was about to be read. */
  async count(name: string): Promise<number> {
    return Number(await this.#ask(`count ${name}`))
  }

  /** Unblocks all requests. Returns how many were blocked. */
  async answer(): Promise<number> {
    return Number(await this.#ask('answer'))
  }

  /** Fails all blocked requests. */
  async close(): Promise<void> {
    await this.#process.close()
    rmdirSync(this.root)
  }

  /** Requests must not overlap. */
  #ask(command: string): Promise<string> {
    this.#process.say(command)
    return this.#process.hear()
  }
}

export interface HangingTreeParts {
  readonly program: string
  readonly directory: string
}

/** Writes a tree that can be mounted. Requires that `missingHangingTree()` is undefined. */
export function hangingTreeParts(t: ExecutionContext, tree: FileTree): HangingTreeParts {
  const found = hangingTreeProgram()
  if ('missing' in found) throw new Error(found.missing)
  return { program: found.program, directory: writeFileTree(t, tree) }
}

/**
 * Mounts an empty tree to see whether that is possible: a container may have the device and not be allowed to mount.
 */
export function missingHangingTree(): Missing {
  const found = hangingTreeProgram()
  if ('missing' in found) return found.missing
  const directory = mkdtempSync(path.join(os.tmpdir(), 'fast-sysfs-hanging-'))
  try {
    const { stdout } = spawnSync(found.program, [directory, directory], { input: '', encoding: 'utf8' })
    return stdout === 'ok\n' ? undefined : `a FUSE file system cannot be mounted: ${stdout.trim()}`
  } finally {
    rmdirSync(directory)
  }
}

/** Runs a function in a process of its own, which has the blocked threads; see `answerOfChild`. */
export async function answerOnHangingTree<Argument, Answer>(
  parts: HangingTreeParts,
  body: (library: Library, tree: HangingTree, argument: Argument) => Promise<Answer>,
  argument: Argument,
  options?: ChildOptions,
): Promise<Answer> {
  return answerOfChild(
    async (library, { parts, module, body, argument }): Promise<Answer> => {
      const { createRequire } = process.getBuiltinModule('node:module')
      // The default pool, independent of the environment of the tests.
      process.env['UV_THREADPOOL_SIZE'] = '4'
      const { HangingTree: Tree } = createRequire(module)(module) as typeof import('./hanging-tree.js')
      // biome-ignore lint/security/noGlobalEval: the function has come here as its source text
      const run = globalThis.eval(`(${body})`) as (...all: unknown[]) => Promise<Answer>
      const tree = await Tree.mount(parts)
      try {
        return await run(library, tree, argument)
      } finally {
        await tree.close()
      }
    },
    { parts, module: hangingTreeModule, body: String(body), argument },
    options,
  )
}

/** Whether one of the trees is still mounted. */
export function isMounted(root: string): boolean {
  return readFileSync('/proc/self/mounts', 'utf8').includes(` ${root} `)
}

function hangingTreeProgram(): { readonly program: string } | { readonly missing: string } {
  const missing = missingRoot ?? missingFile('/dev/fuse')
  return missing === undefined ? cProgram('hanging-tree') : { missing }
}
