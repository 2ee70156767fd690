import { kindOf } from '../query/parameters.js'
import { componentsOf } from '../query/path.js'
import { isCredential } from '../query/program.js'

/**
 * The columns of `stat`, in the order of Documentation/block/stat.rst. Sectors are of 512 bytes, whatever the device's
 * own are. All but `inFlight` count from when the device came; the milliseconds count modulo 2^32. Before Linux 4.18
 * there are no discards, before 5.5 no flushes: NaN.
 */
export const statColumns = [
  'reads',
  'readMerges',
  'readSectors',
  /** Those of all requests added up, so that they may grow faster than time. */
  'readMilliseconds',
  'writes',
  'writeMerges',
  'writeSectors',
  'writeMilliseconds',
  /** Requests that the device has now. */
  'inFlight',
  /** The time in which there was any request. */
  'ioMilliseconds',
  /** The time that requests spent, as many as there were at each moment. */
  'queueMilliseconds',
  'discards',
  'discardMerges',
  'discardSectors',
  'discardMilliseconds',
  'flushes',
  'flushMilliseconds',
] as const

export type StatColumn = (typeof statColumns)[number]

/** Attributes with names of their own. The others have one column, which is called as they are. */
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

/** The columns of an attribute: those of `stat`, for example. */
export type ColumnOf<Attribute extends string> = Attribute extends keyof Known
  ? Known[Attribute]['columns'][number]
  : Attribute

/** An attribute as it is read. */
export interface SampledAttribute {
  /** Below class/block/DEVICE. */
  readonly path: string
  readonly columns: readonly string[]
}

/** @throws {TypeError} for what is not the name of an attribute, or is named twice */
export function sampledAttributes(attributes: unknown): readonly SampledAttribute[] {
  if (!Array.isArray(attributes)) throw new TypeError(`attributes must be an array, not ${kindOf(attributes)}`)
  if (attributes.length === 0) throw new TypeError('attributes must not be empty')
  const given = new Set<unknown>(attributes)
  if (given.size < attributes.length)
    throw new TypeError(`attributes must not name one twice: ${attributes.join(', ')}`)
  return attributes.map(sampledAttribute)
}

function sampledAttribute(attribute: unknown): SampledAttribute {
  if (typeof attribute !== 'string') throw new TypeError(`an attribute must be a string, not ${kindOf(attribute)}`)
  if (Object.hasOwn(known, attribute)) return known[attribute as keyof Known]
  const components = componentsOf(attribute)
  if (isCredential(components.at(-1) as string)) throw new TypeError(`credentials are never read: '${attribute}'`)
  return { path: attribute, columns: [attribute] }
}
