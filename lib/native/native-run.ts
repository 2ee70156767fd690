import type { AddonFlight, AddonOutcome } from './addon.js'
import { type Flight, type Landing, timedOut } from '../executor/async-run.js'
import { type Job, lane, type TimedCall } from '../executor/run-queue.js'

/** A run in the addon: the whole of it on one thread of the pool. */
export class NativeFlight implements Flight, Job {
  private flight: AddonFlight | undefined
  private isStopped = false

  constructor(
    private readonly takeOff: (back: (...outcome: AddonOutcome) => void) => AddonFlight,
    private readonly landingOf: (...outcome: AddonOutcome) => Landing,
    private readonly landed: (landing: Landing) => void,
  ) {
    lane.enter(this)
  }

  begin(): void {
    try {
      this.flight = this.takeOff((...outcome) => {
        lane.leave(this)
        if (!this.isStopped) this.landed(this.landingOf(...outcome))
      })
    } catch (error) {
      lane.leave(this)
      this.landed({ error })
    }
  }

  call(): TimedCall | undefined {
    const call = this.flight?.call()
    if (call === undefined) return undefined
    const [syscall, path, lastedMs] = call
    return { syscall, path: typeof path === 'string' ? path : Buffer.from(path).toString('utf8'), lastedMs }
  }

  refuse(hanging: TimedCall): void {
    this.landed({ error: timedOut(hanging) })
  }

  stop(): void {
    this.isStopped = true
    if (!lane.withdraw(this)) this.flight?.stop()
  }
}
