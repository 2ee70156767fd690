/*
 * Converts recordings of a machine to test fixtures.
 *
 *     node dist/scripts/pack-recording.js RECORDING.tar.xz...
 *
 * A recording is a tar of /sys, /dev, /run/udev/data and /proc. Beside it, the directory NAME.ref has the output of the
 * storage tools at that time. The result is test/fixtures/recordings/NAME.tar.br. It has the files that concern
 * storage, and the tools' output under ref/.
 *
 * Only this script needs xz. The tests unpack the fixtures with node:zlib.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import { Header, Parser, Pax } from 'tar'
import { packageRoot } from './package-paths.js'

type EntryKind = 'Directory' | 'File' | 'SymbolicLink'

interface Entry {
  readonly path: string
  readonly kind: EntryKind
  readonly mode: number
  readonly linkText: string
  readonly content: Buffer
}

const fixturesDirectory = path.join(packageRoot, 'test/fixtures/recordings')

/** The fixture of a machine with more entries has its whole topology, but only the attributes that the tools read. */
const largeMachine = 20_000

const toolOutputs = [
  'dmsetup-info.txt',
  'dmsetup-status.txt',
  'dmsetup-table.txt',
  'dmsetup-tree.txt',
  'errors.txt',
  'iscsiadm-host.txt',
  'iscsiadm-session.txt',
  'lsblk.json',
  'lsblk.txt',
  'lsscsi-g.txt',
  'lsscsi-tv.txt',
  'multipath-ll.txt',
  'multipathd-maps.json',
  'multipathd-paths.txt',
]

/** The output of nvme-cli, on a machine with NVMe. */
const nvmeOutputs = ['nvme-list.json', 'nvme-list-subsys.json']

const keptClasses =
  /^(block|bdi|bsg|enclosure|scsi_\w+|iscsi_\w+|ata_\w+|fc_\w+|sas_\w+|spi_(host|transport)|nvme[\w-]*|net|thermal|hwmon)$/

const keptProcFiles = [
  'proc/partitions',
  'proc/mounts',
  'proc/self/mountinfo',
  'proc/swaps',
  'proc/devices',
  'proc/scsi/scsi',
]

/** Directories of a device: run-time power management, blktrace, hardware queues, scheduler tunables. */
const bulkDirectories = /\/(power|trace|mq|iosched)(\/|$)/

/** The attributes that identify a PCI function. The others are its configuration space and resources. */
const pciFunctionAttribute =
  /\/[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\/(vendor|device|class|revision|subsystem_vendor|subsystem_device|numa_node|uevent)$/
const directlyInPciFunction = /^sys\/devices\/pci.*\/[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\/[^/]+$/

/** The attributes in the fixture of a large machine: those that lsblk, lsscsi and iscsiadm read. */
const keptOnLargeMachine: readonly RegExp[] = [
  /\/block\/[^/]+(\/[^/]+)?\/(alignment_offset|dev|discard_alignment|hidden|partition|removable|ro|size|start|stat|uevent)$/,
  /\/queue\/(add_random|dax|discard_granularity|discard_max_bytes|discard_zeroes_data|logical_block_size|minimum_io_size)$/,
  /\/queue\/(nr_requests|optimal_io_size|physical_block_size|read_ahead_kb|rotational|scheduler|write_same_max_bytes)$/,
  /\/queue\/(chunk_sectors|nr_zones|zone_append_max_bytes|zone_write_granularity|zoned)$/,
  /\/dm\/(name|uuid|suspended)$/,
  /\/\d+:\d+:\d+:\d+\/(device_blocked|model|queue_depth|rev|scsi_level|state|timeout|type|vendor|vpd_pg80|vpd_pg83|wwid)$/,
  /\/scsi_generic\/[^/]+\/dev$/,
  /\/virtio\d+\/vendor$/,
  /\/(scsi_host|iscsi_host|iscsi_session|iscsi_connection|iscsi_transport)\/[^/]+\/[^/]+$/,
]

/** Devices and links of each disk whose content is also in another link. */
const droppedOnLargeMachine = /\/(bdi|bsg)(\/|$)|\/(scsi_device|scsi_disk|scsi_generic)\/[^/]+\/subsystem$|\/integrity$/

function isKept(entry: Entry, large: boolean): boolean {
  const { path: name, kind } = entry
  const [top = '', second = '', third = ''] = name.split('/')
  switch (top) {
    case 'dev':
      return true
    case 'run':
      // The records of network and input devices do not concern storage.
      return kind === 'Directory' || /^[bc]\d+:\d+$/.test(path.basename(name))
    case 'proc':
      return kind === 'Directory' || keptProcFiles.includes(name)
    case 'sys':
      break
    default:
      return false
  }
  if (large && droppedOnLargeMachine.test(name)) return false
  if (second === 'class') return third === '' || keptClasses.test(third)
  if (second !== 'devices') return true
  if (bulkDirectories.test(name)) return false
  if (kind === 'Directory') return true
  if (kind === 'SymbolicLink') return path.basename(name) !== 'firmware_node'
  if (path.basename(name) === 'uevent' && entry.content.length === 0) return false
  if (directlyInPciFunction.test(name)) return pciFunctionAttribute.test(name)
  return !large || keptOnLargeMachine.some((kept) => kept.test(name))
}

function readRecording(file: string): Entry[] {
  const entries: Entry[] = []
  const parser = new Parser({
    strict: true,
    onReadEntry(entry) {
      const { type: kind, mode = 0, linkpath: linkText = '' } = entry
      if (kind !== 'Directory' && kind !== 'File' && kind !== 'SymbolicLink') {
        throw new Error(`${file}: unexpected ${kind} ${entry.path}`)
      }
      const chunks: Buffer[] = []
      entry.on('data', (chunk: Buffer) => chunks.push(chunk))
      entry.on('end', () => {
        const name = entry.path.replace(/\/$/, '')
        entries.push({ path: name, kind, mode, linkText, content: Buffer.concat(chunks) })
      })
    },
  })
  parser.end(execFileSync('xz', ['-dc', file], { maxBuffer: 2 ** 30 }))
  return entries
}

/** Without the 9p mounts. Only the recording itself used them. */
function withoutRecorderMounts(entry: Entry): Entry[] {
  if (entry.path.includes('/bdi/9p-')) return []
  if (!/^proc\/(mounts|self\/mountinfo)$/.test(entry.path)) return [entry]
  const lines = entry.content
    .toString()
    .split('\n')
    .filter((line) => !/ 9p /.test(line))
  return [{ ...entry, content: Buffer.from(lines.join('\n')) }]
}

function readToolOutputs(directory: string, kept: ReadonlySet<string>): Entry[] {
  const entry = (kind: EntryKind, name: string, content: Buffer): Entry => {
    return { path: name, kind, mode: kind === 'Directory' ? 0o755 : 0o644, linkText: '', content }
  }
  const entries = [entry('Directory', 'ref', Buffer.alloc(0))]
  for (const name of [...toolOutputs, ...nvmeOutputs.filter((output) => existsSync(path.join(directory, output)))]) {
    const file = path.join(directory, name)
    let content: Buffer
    if (existsSync(file)) content = readFileSync(file)
    else if (existsSync(`${file}.xz`)) content = execFileSync('xz', ['-dc', `${file}.xz`], { maxBuffer: 2 ** 28 })
    else throw new Error(`${directory} has no ${name}, only ${readdirSync(directory).join(' ')}`)
    if (name === 'errors.txt') {
      // Without the errors of files that are not in the fixture.
      const lines = content.toString().split('\n')
      const about = lines.filter((line) => !line.startsWith('/') || kept.has(line.slice(1).split(' ', 1)[0] ?? ''))
      content = Buffer.from(about.join('\n'))
    }
    entries.push(entry('File', `ref/${name}`, content))
  }
  return entries
}

function tarBlocks(entry: Entry): Buffer[] {
  const fields = {
    path: entry.kind === 'Directory' ? `${entry.path}/` : entry.path,
    // The mode of /sys is 0555. With it, only root could unpack the fixture.
    mode: entry.kind === 'Directory' ? 0o755 : entry.mode,
    size: entry.content.length,
    type: entry.kind,
    mtime: new Date(0),
    uid: 0,
    gid: 0,
    ...(entry.kind === 'SymbolicLink' && { linkpath: entry.linkText }),
  }
  const header = new Header(fields)
  const block = Buffer.alloc(512)
  const blocks: Buffer[] = header.encode(block) ? [new Pax(fields).encode(), block] : [block]
  if (entry.content.length > 0) blocks.push(entry.content, Buffer.alloc(-entry.content.length & 511))
  return blocks
}

function compress(tar: Buffer): Buffer {
  return brotliCompressSync(tar, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: tar.length,
    },
  })
}

function packRecording(file: string): void {
  const name = path.basename(file, '.tar.xz')
  const recorded = readRecording(file)
  const large = recorded.length > largeMachine
  const tree = recorded.filter((entry) => isKept(entry, large)).flatMap(withoutRecorderMounts)
  const outputs = readToolOutputs(
    path.join(path.dirname(file), `${name}.ref`),
    new Set(tree.map((entry) => entry.path)),
  )
  const entries = [...tree, ...outputs].sort((a, b) => (a.path < b.path ? -1 : 1))
  const tar = Buffer.concat([...entries.flatMap(tarBlocks), Buffer.alloc(1024)])
  const packed = compress(tar)
  writeFileSync(path.join(fixturesDirectory, `${name}.tar.br`), packed)
  console.log(`${name}: ${recorded.length} -> ${entries.length} entries, ${packed.length} bytes`)
}

mkdirSync(fixturesDirectory, { recursive: true })
for (const file of process.argv.slice(2)) packRecording(file)
