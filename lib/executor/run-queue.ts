/** A system call that a job is in. */
export interface TimedCall {
  readonly syscall: string
  readonly path: string
  readonly lastedMs: number
}

/** Something to be done on a thread of Node's pool; it says by `lane.leave` when it is over. */
export interface Job {
  begin(): void
  /** Nothing before its first system call. */
  call(): TimedCall | undefined
  /** It will not be begun, for all threads that it could have hang. */
  refuse(hanging: TimedCall): void
}

/** A system call that has lasted as long is taken for one that does not come back soon. The addon has the same figure. */
const overdueMs = 1000
const lookEveryMs = 100

/**
 * Lets jobs onto Node's thread pool one after the other. A device that hangs then holds one thread, however many ask
 * for it. Only when a system call is overdue does the next job get another thread; it knows what to keep away from. So
 * every thread that is lost is lost to another path, and half of the pool, which fs, dns and crypto need as well, is
 * never taken.
 */
export class Lane {
  private readonly waiting = new Set<Job>()
  private readonly running = new Set<Job>()
  private readonly overdue = new Set<Job>()
  private lookout: NodeJS.Timeout | undefined
  private knownThreads: number | undefined

  enter(job: Job): void {
    this.waiting.add(job)
    this.next()
  }

  leave(job: Job): void {
    this.running.delete(job)
    this.overdue.delete(job)
    this.next()
  }

  /** Takes back a job that has not begun; false for one that has. */
  withdraw(job: Job): boolean {
    return this.waiting.delete(job)
  }

  /** Whether a job hangs in a system call on a path. */
  hangsAt(path: string): boolean {
    for (const job of this.overdue) if (job.call()?.path === path) return true
    return false
  }

  /** What those who have not begun wait for. */
  holdUp(): TimedCall | undefined {
    let last: TimedCall | undefined
    for (const job of this.running) last = job.call() ?? last
    return last
  }

  private next(): void {
    if (this.overdue.size >= this.threads) {
      this.refuseAll()
      return
    }
    // A job may be over as soon as it begins, and then lets the next one begin.
    while (this.waiting.size > 0 && this.running.size === this.overdue.size) {
      const job = this.waiting.values().next().value as Job
      this.waiting.delete(job)
      this.running.add(job)
      this.lookout ??= this.lookLater()
      job.begin()
    }
  }

  private refuseAll(): void {
    const hanging = this.holdUp()
    if (hanging === undefined) return
    for (const job of this.waiting) {
      this.waiting.delete(job)
      job.refuse(hanging)
    }
  }

  /** Once the event loop has handed over what has come back: it may have been held up itself. */
  private lookLater(): NodeJS.Timeout {
    return setTimeout(() => setImmediate(() => this.look()), lookEveryMs).unref()
  }

  private look(): void {
    this.lookout = this.running.size === 0 ? undefined : this.lookLater()
    for (const job of this.running) {
      if ((job.call()?.lastedMs ?? 0) >= overdueMs) this.overdue.add(job)
      else this.overdue.delete(job)
    }
    this.next()
  }

  /** Half of the pool, whose size libuv reads from the environment when it is first used. */
  private get threads(): number {
    this.knownThreads ??= Math.max(1, Math.floor(poolSize(process.env['UV_THREADPOOL_SIZE']) / 2))
    return this.knownThreads
  }
}

function poolSize(setting: string | undefined): number {
  if (setting === undefined) return 4
  return Math.min(Number.parseInt(setting, 10) || 1, 1024)
}

/** That of this thread of JavaScript. */
export const lane = new Lane()
