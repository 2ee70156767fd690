import type { Comparand, ListDefinition, Reading } from './definition.js'
import { capturesIn, type PathToken, type PatternToken, parsePath, parsePattern, referencesIn } from './path.js'
import {
  type Condition,
  isCredential,
  type ListProgram,
  namePrefixes,
  type Program,
  type ProgramParameter,
  type Step,
  type StepReading,
} from './program.js'
import { type ParameterKind, type Query, wholeSysfs } from './query.js'

/** What each name stands for that this row or a row around it binds. */
type Scope = ReadonlyMap<string, PathToken>

/**
 * Compiles a query into a program.
 *
 * @throws {TypeError} if the query makes no sense: an absolute path, `..`, a name that nothing binds
 */
export function compile(query: Query<unknown, unknown>): Program {
  return new Compiler(query.kinds).compile(query.list)
}

class Compiler {
  private readonly parameters: ProgramParameter[] = []
  private slotCount = 0

  constructor(private readonly kinds: Readonly<Record<string, ParameterKind>>) {}

  compile(definition: ListDefinition): Program {
    const root = this.list(definition, new Map(), 0)
    for (const name of Object.keys(this.kinds)) {
      const parameter = this.parameters.find((candidate) => candidate.name === name)
      if (!parameter?.isComponent) throw new TypeError(`no path of the query uses the parameter $${name}`)
    }
    return { parameters: this.parameters, slotCount: this.slotCount, root }
  }

  private list(definition: ListDefinition, outer: Scope, level: number): ListProgram {
    const scope = new Map(outer)
    const captures = new Map<string, number>()
    for (const name of capturesIn(definition.pattern)) {
      if (captures.has(name)) throw new TypeError(`{${name}} stands twice in '${definition.pattern}'`)
      captures.set(name, this.slotCount++)
    }
    const { directory, pattern } =
      level === 0 && definition.pattern === wholeSysfs
        ? { directory: [], pattern: [] }
        : parsePattern(
            definition.pattern,
            (name) => this.resolve(name, outer),
            (name) => captures.get(name) as number,
          )
    checkAdjacent(pattern, definition.pattern)
    for (const [name, slot] of captures) scope.set(name, { kind: 'slot', slot })

    const slots = this.bindFields(definition, scope, level)
    const steps: Step[] = []
    for (const key of evaluationOrder(definition, scope)) {
      const previous = steps.at(-1)?.key
      steps.push(this.step(definition, key, previous, scope, captures, slots.get(key) ?? -1, level))
    }
    const hasCondition = steps.some((step) => step.condition.kind !== 'none')
    if (definition.probeFirst !== undefined && !hasCondition) {
      throw new TypeError(`probeFirst('${definition.probeFirst}') needs a required field in its list`)
    }
    return {
      directory,
      pattern,
      isOneEntry: pattern.every((token) => token.kind !== 'star' && token.kind !== 'capture'),
      probeFirst: this.firstEntry(definition, outer),
      steps,
      keys: Object.keys(definition.fields),
      hasCondition,
    }
  }

  /** Adds the fields that paths may refer to to the scope. Returns the slots of those that are read. */
  private bindFields(definition: ListDefinition, scope: Map<string, PathToken>, level: number): Map<string, number> {
    const slots = new Map<string, number>()
    for (const [key, field] of Object.entries(definition.fields)) {
      if (key === '__proto__') throw new TypeError('a field must not be named __proto__')
      const { kind } = field.reading
      if (kind === 'name') scope.set(key, { kind: 'entry', level })
      if (kind === 'integer' || kind === 'numberFromLink') {
        const slot = this.slotCount++
        slots.set(key, slot)
        scope.set(key, { kind: 'slot', slot })
      }
      if (field.reading.kind === 'capture') {
        const token = scope.get(field.reading.capture)
        if (token?.kind === 'slot') scope.set(key, token)
      }
    }
    return slots
  }

  private step(
    definition: ListDefinition,
    key: string,
    previous: string | undefined,
    scope: Scope,
    captures: ReadonlyMap<string, number>,
    slot: number,
    level: number,
  ): Step {
    const field = fieldOf(definition, key)
    const before = previous === undefined ? undefined : fieldOf(definition, previous)
    return {
      key,
      reading: this.reading(field.reading, before?.reading, scope, captures, level),
      slot,
      condition: this.condition(field.reading, field.isRequired, field.comparand),
    }
  }

  private reading(
    reading: Reading,
    before: Reading | undefined,
    scope: Scope,
    captures: ReadonlyMap<string, number>,
    level: number,
  ): StepReading {
    switch (reading.kind) {
      case 'name':
        return reading
      case 'capture': {
        const from = captures.get(reading.capture)
        if (from === undefined) throw new TypeError(`the pattern has no {${reading.capture}} to capture`)
        return { kind: 'capture', from }
      }
      case 'text':
      case 'integer':
      case 'hex':
        return { kind: reading.kind, path: this.attributePath(reading.path, scope) }
      case 'exists':
        return { kind: 'exists', path: this.path(reading.path, scope) }
      case 'link':
      case 'numberFromLink': {
        const path = reading.path === undefined ? undefined : this.path(reading.path, scope)
        const reuse = before !== undefined && isLink(before) && before.path === reading.path
        return reading.kind === 'link'
          ? { kind: 'link', path, reuse }
          : { kind: 'numberFromLink', path, reuse, prefix: reading.prefix }
      }
      case 'list':
        return { kind: 'list', list: this.list(reading.list, scope, level + 1) }
    }
  }

  private condition(reading: Reading, isRequired: boolean, comparand: Comparand | undefined): Condition {
    if (comparand === undefined) return { kind: isRequired ? 'required' : 'none' }
    if (comparand.kind === 'constant') {
      const { value } = comparand
      if (typeof value === 'number' && !Number.isSafeInteger(value)) {
        throw new RangeError(`equals() takes safe integers only, not ${value}`)
      }
      return { kind: 'equalsConstant', constant: String(value) }
    }
    const index = this.parameter(comparand.name)
    const parameter = this.parameters[index] as ProgramParameter
    if (reading.kind === 'text' || reading.kind === 'link') parameter.isText = true
    else parameter.isInteger = true
    return { kind: 'equalsParameter', parameter: index }
  }

  private path(path: string, scope: Scope): readonly PathToken[] {
    return parsePath(path, (name) => this.resolve(name, scope))
  }

  /** The path of an attribute whose name cannot be that of a credential, whatever the parameters of the run are. */
  private attributePath(path: string, scope: Scope): readonly PathToken[] {
    const attribute = path.slice(path.lastIndexOf('/') + 1)
    if (isCredential(attribute)) throw new TypeError(`credentials are never read: '${path}'`)
    const start = referencesIn(attribute)[0]
    if (start !== undefined && attribute.startsWith(`$${start}`)) {
      const token = this.resolve(start, scope)
      if (token.kind === 'entry') throw new TypeError(`an attribute's name must not begin with an entry's: '${path}'`)
      if (token.kind === 'parameter') (this.parameters[token.parameter] as ProgramParameter).isAttribute = true
    }
    return this.path(path, scope)
  }

  private firstEntry(definition: ListDefinition, outer: Scope): readonly PathToken[] | undefined {
    if (definition.probeFirst === undefined) return undefined
    if (definition.probeFirst.includes('/'))
      throw new TypeError(`probeFirst takes one name: '${definition.probeFirst}'`)
    return this.path(definition.probeFirst, outer)
  }

  private resolve(name: string, scope: Scope): PathToken {
    const bound = scope.get(name)
    if (bound !== undefined) return bound
    const parameter = this.parameter(name)
    ;(this.parameters[parameter] as ProgramParameter).isComponent = true
    return { kind: 'parameter', parameter }
  }

  private parameter(name: string): number {
    const known = this.parameters.findIndex((parameter) => parameter.name === name)
    if (known !== -1) return known
    const deviceKind = Object.hasOwn(this.kinds, name) ? this.kinds[name] : undefined
    if (deviceKind !== undefined && !Object.hasOwn(namePrefixes, deviceKind)) {
      throw new TypeError(`the parameter $${name} is of no known kind: ${String(deviceKind)}`)
    }
    if (deviceKind !== undefined && this.parameters.some((parameter) => parameter.deviceKind !== undefined)) {
      throw new TypeError('a query takes one device')
    }
    this.parameters.push({
      name,
      isComponent: false,
      isAttribute: false,
      deviceKind,
      isText: false,
      isInteger: false,
    })
    return this.parameters.length - 1
  }
}

function fieldOf(definition: ListDefinition, key: string) {
  return definition.fields[key] as ListDefinition['fields'][string]
}

/** The path of a reading below its entry. */
function pathOf(reading: Reading): string | undefined {
  return reading.kind === 'name' || reading.kind === 'capture' || reading.kind === 'list' ? undefined : reading.path
}

function isLink(reading: Reading): reading is Extract<Reading, { kind: 'link' | 'numberFromLink' }> {
  return reading.kind === 'link' || reading.kind === 'numberFromLink'
}

/**
 * The order in which the fields of a row are read. Fields that can drop the row come first, lists last (a list keeps a
 * directory open). Fields on one link come together. Every field comes after those its path refers to.
 */
function evaluationOrder(definition: ListDefinition, scope: Scope): readonly string[] {
  const keys = Object.keys(definition.fields)
  const rank = (key: string): number => {
    const field = fieldOf(definition, key)
    if (field.reading.kind === 'list') return 2
    return field.isRequired ? 0 : 1
  }
  const wanted = keys.toSorted((a, b) => rank(a) - rank(b))
  const order = new Set<string>()
  const pending = new Set<string>()
  const visit = (key: string): void => {
    if (order.has(key)) return
    if (pending.has(key)) throw new TypeError(`the path of the field '${key}' refers to itself`)
    pending.add(key)
    const { reading } = fieldOf(definition, key)
    for (const name of referencesIn(pathOf(reading) ?? '')) {
      if (scope.has(name) && Object.hasOwn(definition.fields, name)) visit(name)
    }
    order.add(key)
    if (!isLink(reading)) return
    for (const other of wanted) {
      const { reading: sibling } = fieldOf(definition, other)
      if (isLink(sibling) && sibling.path === reading.path) order.add(other)
    }
  }
  for (const key of wanted) visit(key)
  return [...order]
}

/** `{a}{b}` and `**` could match one name in several ways. */
function checkAdjacent(pattern: readonly PatternToken[], text: string): void {
  const isOpen = (token: PatternToken | undefined) => token?.kind === 'star' || token?.kind === 'capture'
  pattern.forEach((token, index) => {
    const next = pattern[index + 1]
    if (isOpen(token) && token.kind === next?.kind) {
      throw new TypeError(`two captures or two stars need a literal between them: '${text}'`)
    }
  })
}
