import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import { temporaryDirectory } from './temporary.js'

/** Paths with their content: the content of a file, a link, or null for an empty directory. */
export type FileTree = Readonly<Record<string, string | Uint8Array | { readonly link: string } | null>>

/** Writes a tree and returns its directory. It is removed after the test. */
export function writeFileTree(t: ExecutionContext, tree: FileTree): string {
  const root = temporaryDirectory()
  t.teardown(() => rmSync(root, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(tree)) {
    const file = path.join(root, name)
    mkdirSync(content === null ? file : path.dirname(file), { recursive: true })
    if (content === null) continue
    if (typeof content === 'string' || content instanceof Uint8Array) writeFileSync(file, content)
    else symlinkSync(content.link, file)
  }
  return root
}
