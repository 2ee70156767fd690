import { closeSync, openSync, readdirSync, readlinkSync, readSync, type Stats, statSync } from 'node:fs'
import { attributeSize, openFlags } from '../files/attribute.js'
import { type Bytes, toPath } from '../files/bytes.js'
import { type Failure, failureOf } from '../files/failure.js'

/**
 * A system call of the fallback. A program runs as a generator that yields calls and receives their outcomes. So the
 * same code serves synchronous and asynchronous runs.
 */
export interface Call {
  /** `read` opens an attribute, reads it once and closes it. `access` tests whether the path exists. */
  readonly syscall: 'scandir' | 'read' | 'readlink' | 'access' | 'stat'
  readonly path: Bytes
}

/**
 * The outcome of a call: the names of a directory, the content of an attribute, whether the path exists, the text of a
 * link, the status of a path, or a failure.
 */
export type Outcome = readonly Bytes[] | Bytes | boolean | Stats | Failure

/** A computation that yields calls and returns a result. */
export type Steps<Result> = Generator<Call, Result, Outcome>

const buffer = Buffer.allocUnsafe(attributeSize)

/** Runs all steps synchronously. */
export function runNow<Result>(steps: Steps<Result>): Result {
  let step = steps.next()
  while (!step.done) step = steps.next(callNow(step.value))
  return step.value
}

function callNow({ syscall, path }: Call): Outcome {
  if (syscall === 'read') return readNow(path)
  try {
    switch (syscall) {
      case 'scandir':
        return readdirSync(toPath(path), 'latin1')
      case 'readlink':
        return readlinkSync(toPath(path), 'latin1')
      case 'access':
        return statSync(toPath(path), { throwIfNoEntry: false }) !== undefined
      case 'stat':
        return statSync(toPath(path))
    }
  } catch (error) {
    return failureOf(error, syscall)
  }
}

function readNow(path: Bytes): Outcome {
  let descriptor: number
  try {
    descriptor = openSync(toPath(path), openFlags)
  } catch (error) {
    return failureOf(error, 'open')
  }
  try {
    return buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, attributeSize, null))
  } catch (error) {
    return failureOf(error, 'read')
  } finally {
    closeSync(descriptor)
  }
}
