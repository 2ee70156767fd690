/** A system call that a job is making. */
export interface CurrentCall {
  readonly syscall: string
  readonly path: string
  readonly elapsedMs: number
}

/** Work for a thread of Node's pool. The job calls `runQueue.finish` when it has ended. */
export interface Job {
  start(): void
  /** `undefined` before the first system call. */
  currentCall(): CurrentCall | undefined
  /** Called instead of `start` when every thread that the job could have is blocked. */
  reject(blocking: CurrentCall): void
}

/** A system call that lasts this long is considered blocked. The addon has the same figure (kOverdue). */
const overdueMs = 1000
const checkIntervalMs = 100

/**
 * Runs jobs on Node's thread pool one after the other, so that a blocked device takes one thread, however many jobs
 * want it. Only when a system call is overdue does the next job get another thread, and that job avoids the blocked
 * path. So every blocked thread is blocked on another path. At most half of the pool is used; fs, dns and crypto need
 * the rest.
 */
export class RunQueue {
  private readonly waiting = new Set<Job>()
  private readonly running = new Set<Job>()
  private readonly overdue = new Set<Job>()
  private timer: NodeJS.Timeout | undefined
  private knownThreads: number | undefined

  add(job: Job): void {
    this.waiting.add(job)
    this.startNext()
  }

  finish(job: Job): void {
    this.running.delete(job)
    this.overdue.delete(job)
    this.startNext()
  }

  /** Removes a job that has not started. Returns false for one that has. */
  remove(job: Job): boolean {
    return this.waiting.delete(job)
  }

  /** Whether a job is blocked in a system call on this path. */
  isBlockedAt(path: string): boolean {
    for (const job of this.overdue) if (job.currentCall()?.path === path) return true
    return false
  }

  /** The system call that waiting jobs wait for. */
  blockingCall(): CurrentCall | undefined {
    let last: CurrentCall | undefined
    for (const job of this.running) last = job.currentCall() ?? last
    return last
  }

  private startNext(): void {
    if (this.overdue.size >= this.threads) {
      this.rejectWaiting()
      return
    }
    // A job may end while it starts, and then starts the next one itself.
    while (this.waiting.size > 0 && this.running.size === this.overdue.size) {
      const job = this.waiting.values().next().value as Job
      this.waiting.delete(job)
      this.running.add(job)
      this.timer ??= this.scheduleCheck()
      job.start()
    }
  }

  private rejectWaiting(): void {
    const blocking = this.blockingCall()
    if (blocking === undefined) return
    for (const job of this.waiting) {
      this.waiting.delete(job)
      job.reject(blocking)
    }
  }

  /** The check runs after pending completions: the event loop itself may have been blocked. */
  private scheduleCheck(): NodeJS.Timeout {
    return setTimeout(() => setImmediate(() => this.checkOverdue()), checkIntervalMs).unref()
  }

  private checkOverdue(): void {
    this.timer = this.running.size === 0 ? undefined : this.scheduleCheck()
    for (const job of this.running) {
      if ((job.currentCall()?.elapsedMs ?? 0) >= overdueMs) this.overdue.add(job)
      else this.overdue.delete(job)
    }
    this.startNext()
  }

  /** Half of the pool. libuv reads the size of the pool from the environment when the pool is first used. */
  private get threads(): number {
    this.knownThreads ??= Math.max(1, Math.floor(poolSize(process.env['UV_THREADPOOL_SIZE']) / 2))
    return this.knownThreads
  }
}

function poolSize(setting: string | undefined): number {
  if (setting === undefined) return 4
  return Math.min(Number.parseInt(setting, 10) || 1, 1024)
}

/** The queue of this JavaScript thread. */
export const runQueue = new RunQueue()
