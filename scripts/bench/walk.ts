import { field, type Query, query, type Sysfs } from '../../lib/index.js'
import { type BareLoops, groups, type Question, question, type Targets } from './benchmark.js'
import { naiveWalk } from './reference-queries.js'

const { integer, link, name, text } = field

export interface AskedMachine {
  readonly addon: Sysfs
  readonly fallback: Sysfs
  readonly sys: string
}

/** A query of one's own: everything in a class, each with its name, its link and some attributes, in this order. */
interface Walk<Row extends object> {
  readonly directory: string
  readonly attributes: readonly string[]
  readonly definition: Query<Row, Record<never, never>>
}

export const blockDevices = {
  directory: 'class/block',
  attributes: ['size', 'ro'],
  definition: query('class/block/*', { name: name(), link: link(), size: integer('size'), ro: integer('ro') }),
}

export const networkInterfaces = {
  directory: 'class/net',
  attributes: ['mtu', 'ifindex', 'operstate'],
  definition: query('class/net/*', {
    name: name(),
    link: link(),
    mtu: integer('mtu'),
    index: integer('ifindex'),
    state: text('operstate'),
  }),
}

export function walk<Row extends object>(
  { addon, fallback, sys }: AskedMachine,
  { directory, attributes, definition }: Walk<Row>,
  targets: Targets,
  loops: BareLoops | undefined,
): Question {
  const prepared = { addon: addon.prepare(definition), fallback: fallback.prepare(definition) }
  const path = `${sys}/${directory}`
  // What cannot be read is null in a row and empty in C.
  const lineOf = (values: readonly unknown[]) => values.map((value) => value ?? '').join(' ')
  return question<readonly object[]>(
    {
      title: `${directory}/*: link, ${attributes.join(', ')}`,
      targets,
      addon: () => prepared.addon.all(),
      fallback: () => prepared.fallback.all(),
      naive: () => naiveWalk(path, attributes),
      bare: ['walk', path, ...attributes],
      bareLines: (values) => groups(values, attributes.length + 2).map(lineOf),
      lines: (rows) => rows.map((row) => lineOf(Object.values(row))),
    },
    loops,
  )
}
