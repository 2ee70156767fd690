import { SysfsError } from '../errors.js'
import type { SampledAttribute, SampledDevices, SamplerSource } from '../executor/sampler-source.js'
import { type Addon, type AddonSampler, textOf } from './addon-interface.js'

/** Samples in the addon. */
export class NativeSampler implements SamplerSource {
  readonly #sampler: AddonSampler

  private constructor(sampler: AddonSampler) {
    this.#sampler = sampler
    const error = sampler.open()
    if (error !== 0) {
      sampler.close()
      throw this.#failure(-error)
    }
  }

  static ofAttributes(
    { AttributeSampler }: Addon,
    { directory, names }: SampledDevices,
    attributes: readonly SampledAttribute[],
    mostOpen: number,
  ): NativeSampler {
    const paths = joined(attributes.map(({ path }) => path))
    const columns = Uint32Array.from(attributes, ({ columns }) => columns.length)
    const mostHeld = Math.min(mostOpen, 2 ** 31 - 1)
    return new NativeSampler(new AttributeSampler(directory, joined(names), paths, columns, mostHeld))
  }

  static ofDiskstats({ DiskstatsSampler }: Addon, { directory, names }: SampledDevices, file: string): NativeSampler {
    return new NativeSampler(new DiskstatsSampler(directory, joined(names), file))
  }

  sample(cells: Float64Array): number {
    const result = this.#sampler.sample(cells)
    if (result < 0) throw this.#failure(result)
    return result
  }

  held(): number {
    return this.#sampler.held()
  }

  close(): void {
    this.#sampler.close()
  }

  #failure(errno: number): SysfsError {
    const [syscall, path] = this.#sampler.lastFailure()
    return new SysfsError(errno, syscall, textOf(path))
  }
}

function joined(texts: readonly string[]): string {
  return texts.map((text) => `${text}\0`).join('')
}
