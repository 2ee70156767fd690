/*
 * Runs the command-line tool on a recorded machine with two iSCSI targets, two portals each, multipath, partitions, LVM
 * and encryption. It needs no such storage on this machine.
 *
 *     npm run demo -- [arguments of fast-sysfs other than --root]
 */
import { spawn } from 'node:child_process'
import os from 'node:os'
import { unpackRecording } from '../test/support/recordings.js'
import { commandLineTool } from './package-paths.js'

async function main(): Promise<void> {
  // The directory is removed when this process exits.
  const root = await unpackRecording('S3')
  const child = spawn(process.execPath, [commandLineTool, '--root', root, ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  // The terminal sends SIGINT to the tool as well. This process exits after the tool, and then removes the directory.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (signal === null ? 0 : os.constants.signals[signal])
  })
}

main()
