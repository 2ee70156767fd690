/*
 * Shows the command-line tool on a recorded machine with two iSCSI targets behind two portals each, multipath,
 * partitions, LVM and encryption, so that it can be tried where there is no such storage:
 *
 *     npm run demo -- [what to give to fast-sysfs besides --root]
 */
import { spawn } from 'node:child_process'
import os from 'node:os'
import path from 'node:path'
import { unpackRecording } from '../test/support/recordings.js'

const tool = path.join(__dirname, '../lib/cli/main.js')

async function main(): Promise<void> {
  // the directory is removed when this process exits
  const root = await unpackRecording('S3')
  const child = spawn(process.execPath, [tool, '--root', root, ...process.argv.slice(2)], { stdio: 'inherit' })
  // Ctrl-C reaches the tool as well; this process must outlive it to clean up
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (signal === null ? 0 : os.constants.signals[signal])
  })
}

main()
