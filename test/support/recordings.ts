/*
 * Recorded machines: /sys, /dev, udev's database and some of /proc of a real kernel, together with what lsblk, lsscsi,
 * iscsiadm, multipath and dmsetup said about it at that moment (see fixtures/README.md).
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { UnpackSync } from 'tar'
import { temporaryDirectory } from './temporary.js'

declare module 'zlib' {
  // tar's types name these two classes of newer Node versions; in an older @types/node they do not exist
  interface ZstdCompress extends BrotliCompress {}
  interface ZstdDecompress extends BrotliDecompress {}
}

/** What the tools said, by the file name in `ref/`. */
export type ReferenceFile =
  | 'dmsetup-info.txt'
  | 'dmsetup-status.txt'
  | 'dmsetup-table.txt'
  | 'dmsetup-tree.txt'
  | 'errors.txt'
  | 'iscsiadm-host.txt'
  | 'iscsiadm-session.txt'
  | 'lsblk.json'
  | 'lsblk.txt'
  | 'lsscsi-g.txt'
  | 'lsscsi-tv.txt'
  | 'multipath-ll.txt'
  | 'multipathd-maps.json'
  | 'multipathd-paths.txt'
  | 'nvme-list.json'
  | 'nvme-list-subsys.json'

const packedSuffix = '.tar.br'
// tests run as dist/test/*.js, the fixtures stay where git has them
const fixturesDirectory = path.join(__dirname, '../../../test/fixtures/recordings')

export const recordingNames: readonly string[] = readdirSync(fixturesDirectory)
  .filter((file) => file.endsWith(packedSuffix))
  .map((file) => file.slice(0, -packedSuffix.length))
  .sort()

const unpacked = new Map<string, string>()
const temporaryDirectories: string[] = []

process.on('exit', () => {
  for (const directory of temporaryDirectories) rmSync(directory, { recursive: true, force: true })
})

function unpack(name: string): string {
  const known = unpacked.get(name)
  if (known !== undefined) return known
  if (!recordingNames.includes(name)) throw new RangeError(`no recording ${name}, only ${recordingNames.join(', ')}`)

  const tar = brotliDecompressSync(readFileSync(path.join(fixturesDirectory, name + packedSuffix)))
  const directory = temporaryDirectory(`${name}-`)
  temporaryDirectories.push(directory)
  new UnpackSync({
    cwd: directory,
    strict: true,
    noMtime: true,
    preserveOwner: false,
    // the archive is our own: no look at every parent directory of 50 000 entries for a planted symlink
    preservePaths: true,
  }).end(tar)
  unpacked.set(name, directory)
  return directory
}

/**
 * Unpacks a recording into a temporary directory of this process, which goes away when the process ends. A test that
 * changes the tree must take care of the others in its file: they get the same directory.
 *
 * Attributes that could not be read on the recorded machine are empty files, with the reason in
 * `reference(name, 'errors.txt')`. Write-only ones have their mode, 0200, which does not stop root from reading them.
 * Links in `dev/` dangle, as there are no device nodes; `dev/NODES` lists those there were.
 *
 * @returns the directory to be given as `root`: it has `sys/`, `dev/`, `run/udev/data/` and `proc/`
 */
export async function unpackRecording(name: string): Promise<string> {
  return unpack(name)
}

/** What a tool printed on the recorded machine, standard output and error together. */
export function reference(name: string, file: ReferenceFile): string {
  return readFileSync(path.join(unpack(name), 'ref', file), 'utf8')
}

/** Whether a tool was there: nvme-cli was on the machine with NVMe only. */
export function hasReference(name: string, file: ReferenceFile): boolean {
  return existsSync(path.join(unpack(name), 'ref', file))
}
