import { typeName } from '../errors.js'
import { type SampledAttribute, statColumns } from '../executor/sampler-source.js'
import { componentsOf } from '../query/path.js'
import { isCredential } from '../query/program.js'

/** A column of `stat`. */
export type StatColumn = (typeof statColumns)[number]

/** The attributes with named columns. Any other attribute has one column of its own name. */
const known = {
  stat: { path: 'stat', columns: statColumns },
  inflight: { path: 'inflight', columns: ['readsInFlight', 'writesInFlight'] },
  queue_depth: { path: 'device/queue_depth', columns: ['queueDepth'] },
  iorequest_cnt: { path: 'device/iorequest_cnt', columns: ['ioRequests'] },
  iodone_cnt: { path: 'device/iodone_cnt', columns: ['ioDone'] },
  ioerr_cnt: { path: 'device/ioerr_cnt', columns: ['ioErrors'] },
  iotmo_cnt: { path: 'device/iotmo_cnt', columns: ['ioTimeouts'] },
} as const

type Known = typeof known

/** The names of an attribute's columns. */
export type ColumnOf<Attribute extends string> = Attribute extends keyof Known
  ? Known[Attribute]['columns'][number]
  : Attribute

/**
 * The attributes to sample, by the names that the caller gives.
 *
 * @throws {TypeError} for a wrong or repeated name, and for an attribute that holds a credential
 */
export function sampledAttributes(attributes: unknown): readonly SampledAttribute[] {
  if (!Array.isArray(attributes)) throw new TypeError(`attributes must be an array, not ${typeName(attributes)}`)
  if (attributes.length === 0) throw new TypeError('attributes must not be empty')
  const given = new Set<unknown>(attributes)
  if (given.size < attributes.length)
    throw new TypeError(`attributes must not contain a name twice: ${attributes.join(', ')}`)
  return attributes.map(sampledAttribute)
}

function sampledAttribute(attribute: unknown): SampledAttribute {
  if (typeof attribute !== 'string') throw new TypeError(`an attribute must be a string, not ${typeName(attribute)}`)
  if (Object.hasOwn(known, attribute)) return known[attribute as keyof Known]
  const components = componentsOf(attribute)
  if (isCredential(components.at(-1) as string)) throw new TypeError(`credentials are never read: '${attribute}'`)
  return { path: attribute, columns: [attribute] }
}
