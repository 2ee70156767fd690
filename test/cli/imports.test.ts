import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { packageRoot } from '../support/child-process.js'

test('the command line imports nothing of the library but the public index', (t) => {
  const lib = path.join(packageRoot, 'lib')
  const files = readdirSync(path.join(lib, 'cli'), { recursive: true, encoding: 'utf8' })
  const outside = files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const text = readFileSync(path.join(lib, 'cli', file), 'utf8')
      return Array.from(text.matchAll(/(?:from |import\()'(\.[^']+)\.js'/g), ([, name = '']) => {
        return path.join('cli', path.dirname(file), name)
      })
    })
    .filter((file) => !file.startsWith(`cli${path.sep}`))
  t.true(outside.length > 10)
  t.deepEqual([...new Set(outside)], ['index'])
})
