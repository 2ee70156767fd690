import { type DeviceRates, field, query, type Sample, type Sampler, type Sysfs } from '../../index.js'
import { Inventory, nameOf } from '../inventory.js'

/** What a disk or map does. */
export interface Activity extends DeviceRates {
  /** What people call it: a map's name. */
  readonly title: string
  /** Whether it is made of others, whose work is its own. */
  readonly isStacked: boolean
}

interface Sampled {
  readonly sampler: Sampler
  readonly before: Sample
  readonly devices: ReadonlyMap<string, Pick<Activity, 'title' | 'isStacked'>>
}

/** What disks and maps do between two looks at them; those that come are taken in, those that go are left out. */
export class DiskActivity {
  readonly #everyDevice = query('class/block/*', { name: field.name() })
  #sampled: Sampled
  #names: string

  /** @param wanted kernel names or paths; all that are in use, but no partitions, where it is empty */
  constructor(
    private readonly sysfs: Sysfs,
    private readonly wanted: readonly string[],
  ) {
    this.#names = this.#namesNow()
    this.#sampled = this.#sample()
  }

  /** Since the last look. */
  look(): readonly Activity[] {
    const { sampler, before, devices } = this.#sampled
    const vanished = sampler.sample()
    const rates = sampler.rates(before)
    sampler.copy(before)
    const names = this.#namesNow()
    if (vanished > 0 || names !== this.#names) {
      this.#names = names
      sampler.close()
      this.#sampled = this.#sample()
    }
    return rates.flatMap((rate) => {
      const device = devices.get(rate.device)
      return device === undefined || Number.isNaN(rate.utilization) ? [] : [{ ...rate, ...device }]
    })
  }

  close(): void {
    this.#sampled.sampler.close()
  }

  #namesNow(): string {
    return this.sysfs
      .prepare(this.#everyDevice)
      .all()
      .map((device) => device.name)
      .join()
  }

  #sample(): Sampled {
    const inventory = new Inventory(this.sysfs.snapshot())
    const inUse = inventory.devices.filter(({ parent }) => parent === null).map((device) => device.name)
    const sampler = this.sysfs.sampler({ devices: this.wanted.length > 0 ? this.wanted : inUse })
    const devices = new Map(
      inventory.snapshot.blockDevices.map((device) => [
        device.name,
        { title: nameOf(device), isStacked: device.dm !== null || device.slaves.length > 0 },
      ]),
    )
    sampler.sample()
    return { sampler, before: sampler.copy(), devices }
  }
}
