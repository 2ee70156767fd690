import type { AddonOutcome, AsyncRun } from '../executor/addon.js'
import { type Flight, type Landing, timedOut } from './flight.js'
import { type Job, lane, type TimedCall } from './lane.js'

/** A run in the addon: the whole of it on one thread of the pool. */
export class NativeFlight implements Flight, Job {
  private flight: AsyncRun | undefined
  private isStopped = false

  constructor(
    private readonly takeOff: (back: (...outcome: AddonOutcome) => void) => AsyncRun,
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
    const call = this.flight?.currentCall()
    if (call === undefined) return undefined
    const [syscall, path, lastedMs] = call
    return { syscall, path: typeof path === 'string' ? path : Buffer.from(path).toString('utf8'), lastedMs }
  }

  refuse(hanging: TimedCall): void {
    this.landed({ error: timedOut(hanging) })
  }

  stop(): void {
    this.isStopped = true
    if (!lane.withdraw(this)) this.flight?.cancel()
  }
}
