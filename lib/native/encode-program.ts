import type { PathToken, PatternToken } from '../query/path.js'
import {
  type Condition,
  deviceParameterOf,
  type ListProgram,
  type Program,
  type Step,
  type StepReading,
} from '../query/program.js'

// The numbers are those of the enumerations in native/core/program.h.
const readingKinds = ['name', 'captured', 'text', 'integer', 'hex', 'exists', 'link', 'linkNumber', 'list'] as const
const conditionKinds = ['none', 'required', 'equalsConstant', 'equalsParameter'] as const
const none = 0xffffffff

/** Writes a program as native/core/program.cc reads it: 32-bit numbers, and texts after their length. */
export function encodeProgram(program: Program): Uint8Array {
  const encoder = new Encoder()
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

  bytes(): Uint8Array {
    return Buffer.concat(this.parts)
  }

  number(value: number): void {
    // In the machine's own order, which is that of the addon beside it.
    this.parts.push(Buffer.from(Uint32Array.of(value).buffer))
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
    this.number(readingKinds.indexOf(reading.kind))
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
    this.number(conditionKinds.indexOf(condition.kind))
    if (condition.kind === 'equalsConstant') this.text(condition.constant)
    if (condition.kind === 'equalsParameter') this.number(condition.parameter)
  }

  private tokens(tokens: readonly (PathToken | PatternToken)[]): void {
    this.number(tokens.length)
    for (const token of tokens) this.token(token)
  }

  private token(token: PathToken | PatternToken): void {
    if (token === 'star') {
      this.number(4)
    } else if ('literal' in token) {
      this.number(0)
      this.text(token.literal)
    } else if ('parameter' in token) {
      this.number(1)
      this.number(token.parameter)
    } else if ('slot' in token) {
      this.number(2)
      this.number(token.slot)
    } else if ('entry' in token) {
      this.number(3)
      this.number(token.entry)
    } else {
      this.number(5)
      this.number(token.capture)
    }
  }
}
