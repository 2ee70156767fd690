import type { PathToken, PatternToken } from '../query/path.js'
import {
  type Condition,
  deviceParameterOf,
  type ListProgram,
  type Program,
  type Step,
  type StepReading,
} from '../query/program.js'
import type { ProgramKinds } from './addon-interface.js'

const none = 0xffffffff

/**
 * Encodes a program for native/core/program.cc. It consists of 32-bit numbers, and of texts that follow their length.
 *
 * @param kinds the addon's own table
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
    // The addon reads the number in the byte order of this machine.
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
    this.number(list.probeFirst === undefined ? 0 : 1)
    if (list.probeFirst !== undefined) this.tokens(list.probeFirst)
    this.number(list.steps.length)
    for (const step of list.steps) this.step(step)
  }

  private step(step: Step): void {
    this.reading(step.reading)
    this.number(step.slot === -1 ? none : step.slot)
    this.condition(step.condition)
  }

  private reading(reading: StepReading): void {
    this.kind('readings', reading.kind)
    switch (reading.kind) {
      case 'name':
        break
      case 'capture':
        this.number(reading.from)
        break
      case 'text':
      case 'integer':
      case 'hex':
      case 'exists':
        this.tokens(reading.path)
        break
      case 'link':
      case 'numberFromLink':
        this.number(reading.path === undefined ? 1 : 0)
        this.number(reading.reuse ? 1 : 0)
        this.tokens(reading.path ?? [])
        this.text(reading.kind === 'numberFromLink' ? reading.prefix : '')
        break
      case 'list':
        this.list(reading.list)
        break
    }
  }

  private condition(condition: Condition): void {
    this.kind('conditions', condition.kind)
    if (condition.kind === 'equalsConstant') this.text(condition.constant)
    if (condition.kind === 'equalsParameter') this.number(condition.parameter)
  }

  private tokens(tokens: readonly (PathToken | PatternToken)[]): void {
    this.number(tokens.length)
    for (const token of tokens) this.token(token)
  }

  private token(token: PathToken | PatternToken): void {
    this.kind('tokens', token.kind)
    switch (token.kind) {
      case 'literal':
        this.text(token.text)
        break
      case 'parameter':
        this.number(token.parameter)
        break
      case 'slot':
      case 'capture':
        this.number(token.slot)
        break
      case 'entry':
        this.number(token.level)
        break
      case 'star':
        break
    }
  }

  private kind(table: keyof ProgramKinds, name: string): void {
    const index = this.kinds[table].indexOf(name)
    if (index === -1) throw new Error(`the addon does not know '${name}': it is of another version of this package`)
    this.number(index)
  }
}
