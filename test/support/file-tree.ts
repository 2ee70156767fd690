import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import { temporaryDirectory } from './temporary.js'

/** Paths with what is there: a file's content, a link to somewhere, or nothing for an empty directory. */
export type FileTree = Readonly<Record<string, string | Uint8Array | { readonly link: string } | null>>

/** Writes a tree that goes away with the test; returns its directory. */
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
