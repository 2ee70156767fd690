import type { SysfsError } from '../errors.js'
import type { SampledAttribute, SampledDevices, SamplerSource } from '../executor/sampler-source.js'
import { type Addon, type AddonSampler, errorOf } from './addon-interface.js'

/** A sampler of the addon. */
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
    mostHeld: number,
  ): NativeSampler {
    const paths = terminated(attributes.map(({ path }) => path))
    const columns = Uint32Array.from(attributes, ({ columns }) => columns.length)
    const limit = Math.min(mostHeld, 2 ** 31 - 1)
    return new NativeSampler(new AttributeSampler(directory, terminated(names), paths, columns, limit))
  }

  static ofDiskstats({ DiskstatsSampler }: Addon, { directory, names }: SampledDevices, file: string): NativeSampler {
    return new NativeSampler(new DiskstatsSampler(directory, terminated(names), file))
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
    return errorOf(errno, this.#sampler.lastFailure())
  }
}

/** The texts, with a NUL after each. */
function terminated(texts: readonly string[]): string {
  return texts.map((text) => `${text}\0`).join('')
}
