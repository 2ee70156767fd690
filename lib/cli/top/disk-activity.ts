import { type DeviceRates, field, query, type Sample, type Sampler, type Sysfs } from '../../index.js'
import { Inventory } from '../inventory/inventory.js'
import { nameOf } from '../inventory/names.js'

/** The I/O rates of a disk or map over one interval. */
export interface Activity extends DeviceRates {
  /** The name for the user, see nameOf. */
  readonly title: string
  /** Whether the device has slave devices, which do its I/O. */
  readonly isStacked: boolean
}

interface Sampled {
  readonly sampler: Sampler
  readonly before: Sample
  readonly devices: ReadonlyMap<string, Pick<Activity, 'title' | 'isStacked'>>
}

/** Measures the I/O of disks and maps. If the devices of the machine change, the next interval has the new devices. */
export class DiskActivity {
  readonly #everyDevice = query('class/block/*', { name: field.name() })
  #sampled: Sampled
  #names: string

  /** @param openSampler opens the sampler. Its argument is the names of all devices in use, except partitions. */
  constructor(
    private readonly sysfs: Sysfs,
    private readonly openSampler: (inUse: readonly string[]) => Sampler,
  ) {
    this.#names = this.#namesNow()
    this.#sampled = this.#sample()
  }

  /** Returns the rates since the last call. The first call measures since the construction. */
  measure(): readonly Activity[] {
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
    const sampler = this.openSampler(inUse)
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
