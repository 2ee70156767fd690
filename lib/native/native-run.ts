import { type AsyncRun, type Completion, timedOut } from '../executor/async-run.js'
import { type CurrentCall, type Job, runQueue } from '../executor/run-queue.js'
import { type AddonCompletion, type AddonRun, textOf } from './addon-interface.js'

/** An asynchronous run of the addon. The whole run is one job, on one thread of the pool. */
export class NativeRun implements AsyncRun, Job {
  private run: AddonRun | undefined
  private isCancelled = false

  constructor(
    private readonly startRun: (onComplete: (...completion: AddonCompletion) => void) => AddonRun,
    private readonly completionOf: (...completion: AddonCompletion) => Completion,
    private readonly onComplete: (completion: Completion) => void,
  ) {
    runQueue.add(this)
  }

  start(): void {
    try {
      this.run = this.startRun((...completion) => {
        runQueue.finish(this)
        if (!this.isCancelled) this.onComplete(this.completionOf(...completion))
      })
    } catch (error) {
      runQueue.finish(this)
      this.onComplete({ kind: 'failure', error })
    }
  }

  currentCall(): CurrentCall | undefined {
    const call = this.run?.currentCall()
    if (call === undefined) return undefined
    const [syscall, path, elapsedMs] = call
    return { syscall, path: textOf(path), elapsedMs }
  }

  reject(blocking: CurrentCall): void {
    this.onComplete({ kind: 'failure', error: timedOut(blocking) })
  }

  cancel(): void {
    this.isCancelled = true
    if (!runQueue.remove(this)) this.run?.cancel()
  }
}
