import type { Unreadable } from '../errors.js'
import type { Program } from '../query/program.js'
import type { AsyncRun, Completion } from './async-run.js'
import type { SampledAttribute, SampledDevices, SamplerSource } from './sampler-source.js'
import type { UeventSource } from './uevent.js'

/** Where the machine's /sys, /dev, /proc and / are: '/host/sys', '/host/dev', '/host/proc', '/host'. No final slash. */
export interface Roots {
  readonly sys: string
  readonly dev: string
  readonly proc: string
  readonly root: string
}

/** A program bound to a machine. */
export interface Execution {
  /**
   * Runs the program once.
   *
   * @param parameters checked, in the program's order
   * @param limit the number of rows after which the run stops
   * @param unreadable receives what could not be read
   */
  run(parameters: readonly string[], limit: number, unreadable: Unreadable[] | undefined): readonly unknown[]
  /**
   * Starts a run that does not block the event loop. `onComplete` is called once, unless the run is cancelled before.
   */
  runAsync(parameters: readonly string[], limit: number, onComplete: (completion: Completion) => void): AsyncRun
}

/** A way to read the machine: the addon, or node:fs. Both give the same rows and the same errors. */
export interface Executor {
  readonly name: 'native' | 'fallback'
  prepare(program: Program, roots: Roots): Execution
  /** @param mostHeld the number of descriptors to keep open */
  sampleAttributes(devices: SampledDevices, attributes: readonly SampledAttribute[], mostHeld: number): SamplerSource
  /** @param file the path of /proc/diskstats */
  sampleDiskstats(devices: SampledDevices, file: string): SamplerSource
  /** Opens a source of the uevents about the devices in a sysfs, or tells why there is none. */
  openUevents(sysPath: string, receiveBufferSize: number): UeventSource | string
}
