/*
 * Runs the command-line tool again and again in one process, since most of the time of a run goes into starting Node
 * and loading the library. Takes lists of arguments as messages, and answers each with what that run printed and its
 * exit code. Not for what ends the process or depends on its environment.
 */
const [, , tool = ''] = process.argv

type Output = { stdout: string; stderr: string }

process.on('message', (args: readonly string[]) => {
  run(args).then(
    (end) => process.send?.(end),
    (error: unknown) => {
      throw error
    },
  )
})

async function run(args: readonly string[]): Promise<Output & { readonly status: unknown }> {
  const output: Output = { stdout: '', stderr: '' }
  const writes = { stdout: process.stdout.write, stderr: process.stderr.write }
  for (const stream of ['stdout', 'stderr'] as const) {
    process[stream].write = (chunk: string | Uint8Array, ...more: readonly unknown[]) => {
      output[stream] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
      for (const callback of more) if (typeof callback === 'function') setImmediate(() => callback())
      return true
    }
  }
  try {
    process.argv = [process.execPath, tool, ...args]
    process.exitCode = undefined
    delete require.cache[require.resolve(tool)]
    require(tool)
    // The tool sets the exit code when it is done.
    while (process.exitCode === undefined) await new Promise((resolve) => setImmediate(resolve))
    return { ...output, status: process.exitCode }
  } finally {
    Object.assign(process.stdout, { write: writes.stdout })
    Object.assign(process.stderr, { write: writes.stderr })
    process.stdout.removeAllListeners('error')
    process.stderr.removeAllListeners('error')
    process.exitCode = undefined
  }
}
