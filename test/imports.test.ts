import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { packageRoot } from './support/child-process.js'

// The rooms of lib from the top down. A file imports from its own room and from rooms below it, types included.
const rooms: readonly (readonly string[])[] = [
  ['cli'],
  ['index.ts'],
  ['sysfs.ts'],
  ['async-sysfs.ts', 'monitor', 'sampler'],
  ['findings'],
  ['snapshot'],
  ['storage'],
  ['machine'],
  ['native', 'fallback'],
  ['executor'],
  ['files'],
  ['query'],
  ['errors.ts'],
]

const lib = path.join(packageRoot, 'lib')
const files = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))

interface Import {
  readonly from: string
  readonly to: string
}

/** The imports between rooms, each file with its room first: `snapshot/diff.ts`. */
function importsBetweenRooms(): readonly Import[] {
  return files
    .flatMap((file) => {
      const text = readFileSync(path.join(lib, file), 'utf8')
      const imported = Array.from(text.matchAll(/(?:from |import\()'(\.[^']+)\.js'/g), ([, name = '']) => {
        return path.join(path.dirname(file), `${name}.ts`)
      })
      return imported.map((to) => ({ from: file, to }))
    })
    .filter(({ from, to }) => roomOf(from) !== roomOf(to))
}

function roomOf(file: string): string {
  return file.split(path.sep, 1)[0] ?? ''
}

function levelOf(file: string): number {
  return rooms.findIndex((names) => names.includes(roomOf(file)))
}

test('every file of lib is in a room', (t) => {
  for (const file of files) t.not(levelOf(file), -1, file)
})

test('imports go down, from the command line to the errors', (t) => {
  const imports = importsBetweenRooms()
  t.true(imports.length > 100)
  t.deepEqual(
    imports.filter(({ from, to }) => levelOf(from) >= levelOf(to)),
    [],
  )
})

test('the command line imports nothing but the public index', (t) => {
  const imported = importsBetweenRooms().filter(({ from }) => roomOf(from) === 'cli')
  t.true(imported.length > 0)
  t.deepEqual(
    imported.filter(({ to }) => to !== 'index.ts'),
    [],
  )
})
