import { mkdtempSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { removeMachine } from '../../test/support/sysfs-tree.js'
import { hasRoom } from '../../test/support/temporary.js'

const temporaryDirectories: string[] = []

/** A new directory. It is removed with its content when this process ends. */
export function temporaryDirectory(parent: string): string {
  const directory = mkdtempSync(path.join(parent, 'fast-sysfs-bench-'))
  temporaryDirectories.push(directory)
  return directory
}

process.on('exit', () => {
  for (const directory of temporaryDirectories) removeMachine(directory)
})

/** The file system for a generated tree: memory, or the disk if memory has no room. */
export function treePlace(bytes: number): { readonly directory: string; readonly fileSystem: string } | undefined {
  const places = [
    { directory: '/dev/shm', fileSystem: 'tmpfs' },
    { directory: os.tmpdir(), fileSystem: os.tmpdir() },
  ]
  return places.find(({ directory }) => hasRoom(directory, bytes))
}
