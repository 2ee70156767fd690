import { access, close, open, read, readdir, readlink, type Stats, stat } from 'node:fs'
import type { Unreadable } from '../errors.js'
import { type AsyncRun, type Completion, timedOut } from '../executor/async-run.js'
import { type CurrentCall, type Job, runQueue } from '../executor/run-queue.js'
import { attributeSize, openFlags } from '../files/attribute.js'
import { fromBytes, toPath } from '../files/bytes.js'
import { type Failure, failureOf } from '../files/failure.js'
import type { Call, Outcome, Steps } from './system-call.js'

/** An asynchronous run of the fallback. Each system call is a job. */
export class FallbackRun implements AsyncRun {
  private job: CallJob | undefined
  private isCancelled = false

  constructor(
    private readonly steps: Steps<readonly unknown[]>,
    private readonly unreadable: readonly Unreadable[],
    private readonly onComplete: (completion: Completion) => void,
  ) {
    this.advance(() => steps.next())
  }

  currentCall(): CurrentCall | undefined {
    return this.job?.currentCall()
  }

  cancel(): void {
    this.isCancelled = true
    if (this.job !== undefined) runQueue.remove(this.job)
  }

  private advance(next: () => IteratorResult<Call, readonly unknown[]>): void {
    if (this.isCancelled) return
    this.job = undefined
    try {
      const step = next()
      if (step.done) {
        this.onComplete({ kind: 'success', rows: step.value, unreadable: this.unreadable })
        return
      }
      this.job = new CallJob(
        step.value,
        (outcome) => this.advance(() => this.steps.next(outcome)),
        (error) => {
          if (!this.isCancelled) this.onComplete({ kind: 'failure', error })
        },
      )
      runQueue.add(this.job)
    } catch (error) {
      this.onComplete({ kind: 'failure', error })
    }
  }
}

/** Buffers that are not in use, for the next jobs. */
const idleBuffers: Buffer[] = []
const mostIdle = 4

/** One system call, or the three calls that read an attribute. */
class CallJob implements Job {
  private readonly path: string | Buffer
  private hasStarted = false
  /** The time at which a thread is known to make the call. `undefined` if that is not known. */
  private since: number | undefined
  /** Whether a probe of the current call was sent. */
  private isProbed = false
  /** The index of the current call. Reading an attribute takes three calls. */
  private part = 0

  constructor(
    private readonly call: Call,
    private readonly proceed: (outcome: Outcome) => void,
    private readonly fail: (error: unknown) => void,
  ) {
    this.path = toPath(call.path)
  }

  start(): void {
    const { syscall, path } = this.call
    if (runQueue.isBlockedAt(fromBytes(path))) {
      runQueue.finish(this)
      // The rows are incomplete without an attribute. They would be wrong without a directory.
      if (syscall === 'scandir') this.fail(timedOut({ syscall, path: fromBytes(path) }))
      else this.proceed(failureOf(timedOut({ syscall, path: fromBytes(path) })))
      return
    }
    this.hasStarted = true
    switch (syscall) {
      case 'scandir':
        readdir(this.path, 'latin1', (error, names) => this.end(error, names))
        break
      case 'read':
        this.openAndRead()
        break
      case 'readlink':
        readlink(this.path, 'latin1', (error, text) => this.end(error, text))
        break
      case 'access':
        stat(this.path, (error) => {
          if (error !== null && isAbsent(error)) this.end(null, false)
          else this.end(error, true)
        })
        break
      case 'stat':
        stat(this.path, (error, stats: Stats) => this.end(error, stats))
        break
    }
  }

  currentCall(): CurrentCall | undefined {
    if (!this.hasStarted) return undefined
    if (this.since === undefined && !this.isProbed) this.probe()
    const elapsedMs = this.since === undefined ? 0 : performance.now() - this.since
    return { syscall: this.call.syscall, path: fromBytes(this.call.path), elapsedMs }
  }

  reject(blocking: CurrentCall): void {
    this.fail(timedOut(blocking))
  }

  /**
   * Determines when a thread has started to make the call. The call may wait for a thread before. The pool starts its
   * work in order. So the call has started when another call that was queued later has returned.
   */
  private probe(): void {
    this.isProbed = true
    const { part } = this
    access('/', () => {
      if (part === this.part) this.since = performance.now()
    })
  }

  /** Marks the start of the next call of an attribute. */
  private nextPart(): void {
    this.part++
    this.isProbed = false
    this.since = undefined
  }

  /** Opens, reads and closes an attribute. The file is closed also if the run is cancelled. */
  private openAndRead(): void {
    open(this.path, openFlags, (error, descriptor) => {
      if (error !== null) {
        this.end(error, '', 'open')
        return
      }
      this.nextPart()
      const buffer = idleBuffers.pop() ?? Buffer.allocUnsafe(attributeSize)
      read(descriptor, buffer, 0, attributeSize, null, (error, size) => {
        const content = error === null ? buffer.toString('latin1', 0, size) : ''
        if (idleBuffers.length < mostIdle) idleBuffers.push(buffer)
        this.nextPart()
        close(descriptor, () => this.end(error, content))
      })
    })
  }

  private end(error: Error | null, value: Exclude<Outcome, Failure>, syscall: string = this.call.syscall): void {
    runQueue.finish(this)
    if (error === null) this.proceed(value)
    else this.proceed(failureOf(error, syscall))
  }
}

/** The errors for which `statSync` with `throwIfNoEntry: false` returns `undefined`. */
function isAbsent(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ENOENT' || error.code === 'ENOTDIR'
}
