import fc from 'fast-check'
import { field, query, Sysfs } from '../../lib/index.js'
import { onEveryBackend } from '../support/backends.js'
import { writeFileTree } from '../support/file-tree.js'
import { randomCases } from '../support/run-length.js'

const { capture, name } = field

// `*` matches as few bytes as possible, a number matches all digits. An equivalent regular expression
// tries every way to match a name.

const letters = ['a', 'b', '0', '1']

/** Every name of one to five letters, in byte order. */
const names: readonly string[] = namesUpTo(5).toSorted()

function namesUpTo(length: number): readonly string[] {
  if (length === 0) return []
  return letters.flatMap((letter) => [letter, ...namesUpTo(length - 1).map((rest) => letter + rest)])
}

const tree = Object.fromEntries(names.map((entry) => [`sys/a/${entry}`, null]))

interface Matched {
  readonly name: string
  readonly numbers: readonly number[]
}

function expectedOf(parts: readonly string[]): readonly Matched[] {
  const forms = parts.map((part) => (part === '*' ? '.*?' : part === '{}' ? '(0|[1-9][0-9]*)(?![0-9])' : part))
  const form = new RegExp(`^${forms.join('')}$`)
  return names.flatMap((entry) => {
    const match = form.exec(entry)
    return match === null ? [] : [{ name: entry, numbers: match.slice(1).map(Number) }]
  })
}

const isOpen = (part: string | undefined) => part === '*' || part === '{}'

/** Two stars and two numbers are not adjacent. */
const patterns = fc
  .array(fc.constantFrom('*', '*', '{}', '{}', ...letters, 'ab', '10'), { minLength: 1, maxLength: 8 })
  .filter((parts) => parts.every((part, index) => !isOpen(part) || parts[index + 1] !== part))

onEveryBackend('random patterns match as a regular expression does', (t, backend) => {
  const sysfs = new Sysfs({ root: writeFileTree(t, tree), backend })
  fc.assert(
    fc.property(patterns, (parts) => {
      let count = 0
      const pattern = parts.map((part) => (part === '{}' ? `{n${count++}}` : part)).join('')
      const keys = Array.from({ length: count }, (_, index) => `n${index}`)
      const numbers = Object.fromEntries(keys.map((key) => [key, capture(key)]))
      const rows = sysfs.prepare(query(`a/${pattern}`, { ...numbers, name: name() })).all({} as never)
      t.deepEqual(
        rows.map((row) => ({
          name: row.name,
          numbers: keys.map((key) => (row as Readonly<Record<string, unknown>>)[key]),
        })),
        expectedOf(parts),
        pattern,
      )
    }),
    randomCases({ usual: 100, long: 5_000 }),
  )
})

onEveryBackend('matching many stars takes linear time', (t, backend) => {
  const long = 'a'.repeat(200)
  const sysfs = new Sysfs({ root: writeFileTree(t, { [`sys/a/${long}`]: null, [`sys/a/${long}7`]: null }), backend })
  const found = (pattern: string) => sysfs.prepare(query(pattern, { name: name() })).all({} as never)
  t.deepEqual(found(`a/${'*a'.repeat(20)}b`), [])
  t.deepEqual(found(`a/${'*a'.repeat(20)}*b*`), [])
  t.deepEqual(found(`a/${'*a'.repeat(20)}{n}b`), [])
  t.deepEqual(found(`a/${'*a'.repeat(20)}{n}`), [{ name: `${long}7` }])
})
