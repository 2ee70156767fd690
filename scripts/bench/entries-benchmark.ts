import { field, type Query, query } from '../../lib/index.js'
import { type BareLoops, type Benchmark, benchmark, groups, type OpenTree, type Targets } from './benchmark.js'
import { referenceEntries } from './reference-queries.js'

const { integer, link, name, text } = field

/** A query for every entry of a class: its name, its link text and some attributes, in this order. */
interface EntriesQuery<Row extends object> {
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

export function entriesBenchmark<Row extends object>(
  { addon, fallback, sys }: OpenTree,
  { directory, attributes, definition }: EntriesQuery<Row>,
  targets: Targets,
  loops: BareLoops | undefined,
): Benchmark {
  const prepared = { addon: addon.prepare(definition), fallback: fallback.prepare(definition) }
  const path = `${sys}/${directory}`
  // An unreadable attribute is null in a row and empty in the output of bare-loop.c.
  const lineOf = (values: readonly unknown[]) => values.map((value) => value ?? '').join(' ')
  return benchmark<readonly object[]>(
    {
      title: `query ${directory}/*: link, ${attributes.join(', ')}`,
      targets,
      addon: () => prepared.addon.all(),
      fallback: () => prepared.fallback.all(),
      reference: () => referenceEntries(path, attributes),
      bareQuery: ['entries', path, ...attributes],
      bareLines: (values) => groups(values, attributes.length + 2).map(lineOf),
      lines: (rows) => rows.map((row) => lineOf(Object.values(row))),
    },
    loops,
  )
}
