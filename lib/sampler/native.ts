import { SysfsError } from '../errors.js'
import type { SampledAttribute } from './columns.js'
import type { Sampled, Source } from './source.js'

/** What native/glue/sampler.cc exports. Texts are joined, each followed by a NUL. */
export interface SamplerAddon {
  readonly AttributeSampler: new (
    directory: string,
    devices: string,
    attributes: string,
    columns: Uint32Array,
    mostHeld: number,
  ) => NativeSampler
  readonly DiskstatsSampler: new (directory: string, devices: string, file: string) => NativeSampler
}

export interface NativeSampler {
  /** 0, or an errno. */
  open(): number
  /** How many devices vanished, or a negative errno. */
  sample(cells: Float64Array): number
  held(): number
  lastFailure(): [syscall: string, path: string | Uint8Array]
  close(): void
}

/** Samples in the addon. */
export class NativeSource implements Source {
  readonly #sampler: NativeSampler

  private constructor(sampler: NativeSampler) {
    this.#sampler = sampler
    const error = sampler.open()
    if (error !== 0) {
      sampler.close()
      throw this.#failure(-error)
    }
  }

  static ofAttributes(
    { AttributeSampler }: SamplerAddon,
    { directory, devices }: Sampled,
    attributes: readonly SampledAttribute[],
    mostHeld: number,
  ): NativeSource {
    const paths = joined(attributes.map(({ path }) => path))
    const columns = Uint32Array.from(attributes, ({ columns }) => columns.length)
    return new NativeSource(new AttributeSampler(directory, joined(devices), paths, columns, mostHeld))
  }

  static ofDiskstats({ DiskstatsSampler }: SamplerAddon, { directory, devices }: Sampled, file: string): NativeSource {
    return new NativeSource(new DiskstatsSampler(directory, joined(devices), file))
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
    return new SysfsError(errno, syscall, typeof path === 'string' ? path : Buffer.from(path).toString('utf8'))
  }
}

function joined(texts: readonly string[]): string {
  return texts.map((text) => `${text}\0`).join('')
}
