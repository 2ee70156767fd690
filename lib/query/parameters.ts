import { typeName } from '../errors.js'
import { isCredential, type ProgramParameter } from './program.js'

/**
 * Checks the parameters of a run. Returns them as text, in the program's order.
 *
 * @throws {TypeError} or {RangeError} for parameters that the program does not take
 */
export function checkParameters(parameters: readonly ProgramParameter[], given: unknown): string[] {
  if (given !== undefined && (typeof given !== 'object' || given === null)) {
    throw new TypeError(`parameters must be an object, not ${typeName(given)}`)
  }
  const values = (given ?? {}) as Readonly<Record<string, unknown>>
  return parameters.map((parameter) => {
    const value = Object.hasOwn(values, parameter.name) ? values[parameter.name] : undefined
    if (parameter.deviceKind !== undefined) return checkDevice(parameter.name, value)
    if (parameter.isInteger) return checkInteger(parameter.name, value)
    if (typeof value === 'number' && !parameter.isText) return checkWhole(parameter.name, value)
    return checkText(parameter, value)
  })
}

function checkText(parameter: ProgramParameter, value: unknown): string {
  const { name } = parameter
  if (typeof value !== 'string') {
    throw new TypeError(`${name} must be a string${parameter.isText ? '' : ' or a number'}, not ${typeName(value)}`)
  }
  if (parameter.isComponent) checkComponent(name, value)
  if (parameter.isAttribute && isCredential(value))
    throw new TypeError(`credentials are never read: ${name} '${value}'`)
  return value
}

/** A kernel name, or an absolute path. */
function checkDevice(name: string, value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string, not ${typeName(value)}`)
  if (value.startsWith('/')) {
    if (value.includes('\0')) throw new TypeError(`${name} must not contain a NUL: ${JSON.stringify(value)}`)
    return value
  }
  checkComponent(name, value, 'a kernel name or an absolute path')
  return value
}

/** A name never leaves its directory. */
function checkComponent(name: string, value: string, form = "a name without '/'"): void {
  if (value === '') throw new TypeError(`${name} must not be empty`)
  if (value.includes('\0')) throw new TypeError(`${name} must not contain a NUL: ${JSON.stringify(value)}`)
  if (value.includes('/')) throw new TypeError(`${name} must be ${form}: '${value}'`)
  if (value === '.' || value === '..') throw new TypeError(`${name} must not be '${value}'`)
}

function checkWhole(name: string, value: number): string {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`${name} must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}, not ${value}`)
  }
  return String(value)
}

function checkInteger(name: string, value: unknown): string {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number, not ${typeName(value)}`)
  if (!Number.isSafeInteger(value)) throw new RangeError(`${name} must be a safe integer, not ${value}`)
  return String(value)
}
