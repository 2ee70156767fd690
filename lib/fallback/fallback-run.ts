import { access, close, open, read, readdir, readlink, type Stats, stat } from 'node:fs'
import type { Unreadable } from '../errors.js'
import { openFlags } from '../files/attribute.js'
import { fromBytes, toPath } from '../files/bytes.js'
import { attributeSize, type Call, type Outcome, type Steps } from './system-call.js'
import { type Failure, failureOf } from '../files/failure.js'
import { type Flight, type Landing, timedOut } from '../executor/async-run.js'
import { type Job, lane, type TimedCall } from '../executor/run-queue.js'

/** A run of the fallback: every system call goes to the pool by itself. */
export class FallbackFlight implements Flight {
  private job: CallJob | undefined
  private isStopped = false

  constructor(
    private readonly steps: Steps<readonly unknown[]>,
    private readonly unreadable: readonly Unreadable[],
    private readonly landed: (landing: Landing) => void,
  ) {
    this.take(() => steps.next())
  }

  call(): TimedCall | undefined {
    return this.job?.call()
  }

  stop(): void {
    this.isStopped = true
    if (this.job !== undefined) lane.withdraw(this.job)
  }

  private take(next: () => IteratorResult<Call, readonly unknown[]>): void {
    if (this.isStopped) return
    this.job = undefined
    try {
      const step = next()
      if (step.done) {
        this.landed({ rows: step.value, unreadable: this.unreadable })
        return
      }
      this.job = new CallJob(
        step.value,
        (outcome) => this.take(() => this.steps.next(outcome)),
        (error) => {
          if (!this.isStopped) this.landed({ error })
        },
      )
      lane.enter(this.job)
    } catch (error) {
      this.landed({ error })
    }
  }
}

/** Buffers for attributes that no job has now. */
const idleBuffers: Buffer[] = []
const mostIdle = 4

/** One system call, or the three that read an attribute. */
class CallJob implements Job {
  private readonly path: string | Buffer
  private hasBegun = false
  /** Since when a thread is at it, for certain. */
  private since: number | undefined
  private isProbed = false
  /** Which of the calls of an attribute it is. */
  private part = 0

  constructor(
    private readonly what: Call,
    private readonly proceed: (outcome: Outcome) => void,
    private readonly fail: (error: unknown) => void,
  ) {
    this.path = toPath(what.path)
  }

  begin(): void {
    const { syscall, path } = this.what
    if (lane.hangsAt(fromBytes(path))) {
      lane.leave(this)
      // Without a directory the answer would not be incomplete, as without an attribute, but wrong.
      if (syscall === 'scandir') this.fail(timedOut({ syscall, path: fromBytes(path) }))
      else this.proceed(failureOf(timedOut({ syscall, path: fromBytes(path) })))
      return
    }
    this.hasBegun = true
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

  call(): TimedCall | undefined {
    if (!this.hasBegun) return undefined
    if (this.since === undefined && !this.isProbed) this.probe()
    const lastedMs = this.since === undefined ? 0 : performance.now() - this.since
    return { syscall: this.what.syscall, path: fromBytes(this.what.path), lastedMs }
  }

  refuse(hanging: TimedCall): void {
    this.fail(timedOut(hanging))
  }

  /**
   * A call may wait for a thread that others have. The pool takes its work in order, so when something that was handed
   * over later has come back, this one has begun.
   */
  private probe(): void {
    this.isProbed = true
    const { part } = this
    access('/', () => {
      if (part === this.part) this.since = performance.now()
    })
  }

  /** Goes on to the next call of an attribute. */
  private nextPart(): void {
    this.part++
    this.isProbed = false
    this.since = undefined
  }

  /** Also a run that was stopped closes what it has opened. */
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

  private end(error: Error | null, value: Exclude<Outcome, Failure>, syscall: string = this.what.syscall): void {
    lane.leave(this)
    if (error === null) this.proceed(value)
    else this.proceed(failureOf(error, syscall))
  }
}

/** What `statSync` with `throwIfNoEntry: false` takes for nothing there. */
function isAbsent(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ENOENT' || error.code === 'ENOTDIR'
}
