import type { PathToken, PatternToken } from '../query/path.js'
import {
  type Condition,
  deviceParameterOf,
  type ListProgram,
  type Program,
  type Step,
  type StepReading,
} from '../query/program.js'
import type { ProgramKinds } from './addon.js'

const none = 0xffffffff

/**
 * Encodes a program for native/core/program.cc: 32-bit numbers, and texts after their length. `kinds` is the table of the
 * addon that decodes it.
 */
export function encodeProgram(program: Program, kinds: ProgramKinds): Uint8Array {
  const encoder = new Encoder(kinds)
  const device = deviceParameterOf(program)
  encoder.number(program.parameters.length)
  encoder.number(device === undefined ? none : device.index)
  encoder.text(device === undefined ? '' : device.namePrefix)
  encoder.number(program.slotCount)
  encoder.list(program.root)
  return encoder.bytes()
}

class Encoder {
  private readonly parts: Buffer[] = []

  constructor(private readonly kinds: ProgramKinds) {}

  bytes(): Uint8Array {
    return Buffer.concat(this.parts)
  }

  number(value: number): void {
    // In the machine's own order, which is that of the addon beside it.
    this.parts.push(Buffer.from(Uint32Array.of(value).buffer))
  }

  private kind(names: readonly string[], name: string): void {
    const index = names.indexOf(name)
    if (index === -1) throw new Error(`the addon has no kind ${name}`)
    this.number(index)
  }

  text(value: string): void {
    const bytes = Buffer.from(value, 'utf8')
    this.number(bytes.length)
    this.parts.push(bytes)
  }

  list(list: ListProgram): void {
    this.tokens(list.directory)
    this.tokens(list.pattern)
    this.number(list.tryFirst === undefined ? 0 : 1)
    if (list.tryFirst !== undefined) this.tokens(list.tryFirst)
    this.number(list.steps.length)
    for (const step of list.steps) this.step(step)
  }

  private step(step: Step): void {
    this.reading(step.reading)
    this.number(step.slot === -1 ? none : step.slot)
    this.condition(step.condition)
  }

  private reading(reading: StepReading): void {
    this.kind(this.kinds.readings, reading.kind)
    switch (reading.kind) {
      case 'name':
        break
      case 'captured':
        this.number(reading.from)
        break
      case 'text':
      case 'integer':
      case 'hex':
      case 'exists':
        this.tokens(reading.path)
        break
      case 'link':
      case 'linkNumber':
        this.number(reading.path === undefined ? 1 : 0)
        this.number(reading.reuse ? 1 : 0)
        this.tokens(reading.path ?? [])
        this.text(reading.kind === 'linkNumber' ? reading.prefix : '')
        break
      case 'list':
        this.list(reading.list)
        break
    }
  }

  private condition(condition: Condition): void {
    this.kind(this.kinds.conditions, condition.kind)
    if (condition.kind === 'equalsConstant') this.text(condition.constant)
    if (condition.kind === 'equalsParameter') this.number(condition.parameter)
  }

  private tokens(tokens: readonly (PathToken | PatternToken)[]): void {
    this.number(tokens.length)
    for (const token of tokens) this.token(token)
  }

  private token(token: PathToken | PatternToken): void {
    if (token === 'star') {
      this.kind(this.kinds.tokens, 'star')
    } else if ('literal' in token) {
      this.kind(this.kinds.tokens, 'literal')
      this.text(token.literal)
    } else if ('parameter' in token) {
      this.kind(this.kinds.tokens, 'parameter')
      this.number(token.parameter)
    } else if ('slot' in token) {
      this.kind(this.kinds.tokens, 'slot')
      this.number(token.slot)
    } else if ('entry' in token) {
      this.kind(this.kinds.tokens, 'entry')
      this.number(token.entry)
    } else {
      this.kind(this.kinds.tokens, 'capture')
      this.number(token.capture)
    }
  }
}
