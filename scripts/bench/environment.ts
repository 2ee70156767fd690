import os from 'node:os'

/** The machine and software of a measurement. */
export interface Environment {
  readonly processor: string
  readonly cores: number
  readonly memoryBytes: number
  readonly kernel: string
  readonly node: string
  /** The load average of one minute, before the measurement. */
  readonly loadAverage: number
}

const cpus = os.cpus()

export const environment: Environment = {
  processor: cpus[0]?.model ?? 'unknown processor',
  cores: cpus.length,
  memoryBytes: os.totalmem(),
  kernel: os.release(),
  node: process.version,
  loadAverage: os.loadavg()[0] as number,
}

export function environmentText({ processor, cores, memoryBytes, kernel, node, loadAverage }: Environment): string {
  const memory = `${(memoryBytes / 2 ** 30).toFixed(0)} GiB of memory`
  const load = `Load average before the measurement: ${loadAverage.toFixed(1)}`
  return `${processor}, ${cores} cores, ${memory}, Linux ${kernel}, Node ${node}. ${load}`
}
