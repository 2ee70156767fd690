import os from 'node:os'

/** The machine and software of a measurement. */
export interface Environment {
  readonly processor: string
  readonly cores: number
  readonly memoryBytes: number
  readonly kernel: string
  readonly node: string
}

const cpus = os.cpus()

export const environment: Environment = {
  processor: cpus[0]?.model ?? 'unknown processor',
  cores: cpus.length,
  memoryBytes: os.totalmem(),
  kernel: os.release(),
  node: process.version,
}

export function environmentText({ processor, cores, memoryBytes, kernel, node }: Environment): string {
  return `${processor}, ${cores} cores, ${(memoryBytes / 2 ** 30).toFixed(0)} GiB of memory, Linux ${kernel}, Node ${node}`
}
