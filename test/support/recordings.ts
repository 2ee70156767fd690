/*
 * Recorded machines: /sys, /dev, udev's database and some of /proc of a real kernel, together with what lsblk, lsscsi,
 * iscsiadm, multipath and dmsetup said about it at that moment (see fixtures/README.md).
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { UnpackSync } from 'tar'
import { temporaryDirectory, temporaryParent } from './temporary.js'

declare module 'zlib' {
  // tar's types name these two classes of newer Node versions; in an older @types/node they do not exist
  interface ZstdCompress extends BrotliCompress {}
  interface ZstdDecompress extends BrotliDecompress {}
}

/** The output of the tools, by the file name in `ref/`. */
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

/**
 * Unpacks a recording into a temporary directory. The threads of this process, one for each test file, share it, so no
 * test may change it. It is removed when the process has ended.
 *
 * Attributes that could not be read on the recorded machine are empty files, with the reason in
 * `reference(name, 'errors.txt')`. Write-only ones have their mode, 0200, which does not stop root from reading them.
 * Links in `dev/` dangle, as there are no device nodes; `dev/NODES` lists those there were.
 *
 * @returns the directory to be given as `root`: it has `sys/`, `dev/`, `run/udev/data/` and `proc/`
 */
export async function unpackRecording(name: string): Promise<string> {
  return unpackOnce(name)
}

/** A copy that a test may change. It is removed when this thread ends. */
export function copyRecording(name: string): string {
  const directory = temporaryDirectory(`${name}-`)
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  extract(name, directory)
  return directory
}

function unpackOnce(name: string): string {
  if (!recordingNames.includes(name)) throw new RangeError(`no recording ${name}, only ${recordingNames.join(', ')}`)
  const known = unpacked.get(name)
  if (known !== undefined) return known
  const directory = path.join(sharedDirectory(), name)
  const deadline = Date.now() + 60_000
  while (!existsSync(directory)) {
    // The thread that makes this directory unpacks; the others wait.
    if (createDirectory(`${directory}.lock`)) unpackInto(directory, name)
    else if (Date.now() > deadline) throw new Error(`another thread does not finish unpacking ${name}`)
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
  }
  unpacked.set(name, directory)
  return directory
}

function unpackInto(directory: string, name: string): void {
  const unfinished = `${directory}.unfinished`
  try {
    mkdirSync(unfinished)
    extract(name, unfinished)
    renameSync(unfinished, directory)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
    rmdirSync(`${directory}.lock`)
  }
}

/** Returns false if the directory already exists. */
function createDirectory(directory: string): boolean {
  try {
    mkdirSync(directory)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

function extract(name: string, directory: string): void {
  const tar = brotliDecompressSync(readFileSync(path.join(fixturesDirectory, name + packedSuffix)))
  new UnpackSync({
    cwd: directory,
    strict: true,
    noMtime: true,
    preserveOwner: false,
    // The archive is our own: tar need not look for planted symlinks in the parent directories of 50 000 entries.
    preservePaths: true,
  }).end(tar)
}

/** The directory that the threads of this process share. */
function sharedDirectory(): string {
  const directory = path.join(temporaryParent(), `fast-sysfs-recordings-${process.pid}-${startTime()}`)
  if (createDirectory(directory)) {
    // No thread knows that it is the last, so a process of its own waits for the end of this one.
    const script = 'while kill -0 "$0" 2>/dev/null; do sleep 0.5; done; rm -rf "$1"'
    const remover = spawn('/bin/sh', ['-c', script, String(process.pid), directory], {
      detached: true,
      stdio: 'ignore',
    })
    remover.unref()
  }
  return directory
}

/** Distinguishes this process from an earlier one of the same number (proc(5), field 22 of /proc/PID/stat). */
function startTime(): string {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  return stat.slice(stat.lastIndexOf(')')).split(' ')[20] ?? ''
}

/** What a tool printed on the recorded machine, standard output and error together. */
export function reference(name: string, file: ReferenceFile): string {
  return readFileSync(path.join(unpackOnce(name), 'ref', file), 'utf8')
}

/** Whether a tool was there: nvme-cli was on the machine with NVMe only. */
export function hasReference(name: string, file: ReferenceFile): boolean {
  return existsSync(path.join(unpackOnce(name), 'ref', file))
}
