import type { Detail, SnapshotData } from '../../lib/index.js'
import { byRunLength } from '../support/run-length.js'
import { type Machine, type MachineSize, machineOfSize } from '../support/sysfs-tree.js'
import {
  attribute,
  type Counts,
  counting,
  countsOf,
  link,
  listing,
  sum,
  times,
  traceOperations,
} from '../support/system-calls.js'

// A snapshot makes a fixed number of system calls for each thing on the machine, and a few for the listings. An
// additional lookup would multiply them.

interface Cost {
  readonly device: Counts
  /** The calls of a map in addition to those of a device. */
  readonly map: Counts
  readonly session: Counts
  readonly connection: Counts
  readonly host: Counts
}

const costs: Readonly<Record<'links' | 'basic', Cost>> = {
  links: { device: link, map: listing, session: link, connection: {}, host: link },
  basic: {
    // size, ro
    device: sum(link, times(2, attribute)),
    // name, uuid
    map: sum(listing, times(2, attribute)),
    // targetname, state
    session: sum(link, times(2, attribute)),
    // address, port, persistent_address, persistent_port
    connection: times(4, attribute),
    host: link,
  },
}

/** dev/block, devices/virtual/block, class/iscsi_session, class/iscsi_connection, class/scsi_host */
const listings = times(5, listing)

interface Traced {
  readonly counts: Counts
  readonly blockDevices: number
  readonly multipathMaps: number
  readonly sessions: number
  readonly hosts: number
}

async function traceSnapshot(root: string, detail: Detail) {
  const [traced] = await traceOperations(root, [['snapshot', { detail }]])
  if (traced === undefined) throw new Error('the snapshot is missing in the trace')
  return { snapshot: traced.answer as SnapshotData, trace: traced.trace }
}

async function trace(root: string, detail: Detail): Promise<Traced> {
  const { snapshot, trace } = await traceSnapshot(root, detail)
  const { blockDevices, multipathMaps, iscsiSessions, scsiHosts } = snapshot
  return {
    counts: countsOf(trace),
    blockDevices: blockDevices.length,
    multipathMaps: multipathMaps.length,
    sessions: iscsiSessions.length,
    hosts: scsiHosts.length,
  }
}

function totalOf(counts: Counts): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}

const sizes: Readonly<Record<string, MachineSize>> = {
  small: { sessions: 2, luns: 2, maps: 1 },
  medium: { sessions: 8, luns: 16, maps: 32 },
  ...byRunLength<Readonly<Record<string, MachineSize>>>({
    usual: {},
    long: { large: { sessions: 40, luns: 20, maps: 100 } },
  }),
}

for (const [name, size] of Object.entries(sizes)) {
  const machine = machineOfSize(size)
  counting(`the system calls of a snapshot, ${name} machine`, machine, async (t, root) => {
    const { sessions, maps } = size
    // The machine also has vda and its partition.
    const disks = sessions * size.luns + 2
    const totals = []
    for (const detail of ['links', 'basic'] as const) {
      const cost = costs[detail]
      const traced = await trace(root, detail)
      t.is(traced.blockDevices, disks + maps)
      t.is(traced.multipathMaps, detail === 'basic' ? maps : 0)
      t.is(traced.sessions, sessions)
      t.is(traced.hosts, sessions)
      t.deepEqual(
        traced.counts,
        sum(
          listings,
          times(disks + maps, cost.device),
          times(maps, cost.map),
          times(sessions, cost.session),
          // machineOfSize gives every session one connection
          times(sessions, cost.connection),
          times(sessions, cost.host),
        ),
      )
      totals.push(totalOf(traced.counts))
    }
    // The same numbers, written out.
    t.deepEqual(totals, [
      disks + (1 + 3 + 1) * maps + (1 + 0 + 1) * sessions + 5 * (3 + 1),
      7 * disks + (16 + 1) * maps + (7 + 12 + 1) * sessions + 5 * (3 + 1),
    ])
  })
}

counting(
  'a full snapshot goes to each device, session and connection once',
  machineOfSize(sizes['small'] as MachineSize),
  async (t, root) => {
    const { snapshot, trace } = await traceSnapshot(root, 'full')
    const opened = trace.flatMap((line) => /^openat\(\d+, "([^"]+)", O_RDONLY[^)]*O_PATH/.exec(line)?.[1] ?? [])
    const hctls = snapshot.iscsiSessions.flatMap(({ luns }) => luns.map((lun) => lun.hctl))
    t.deepEqual(opened, [
      ...snapshot.blockDevices.map(({ major, minor }) => `${major}:${minor}`).sort(),
      ...hctls.map((hctl) => `${hctl}/device`).sort(),
      ...snapshot.iscsiSessions.map(({ id }) => `session${id}`).sort(),
      ...snapshot.iscsiSessions
        .flatMap(({ id, connections }) => connections.map((one) => `connection${id}:${one.id}`))
        .sort(),
    ])
    // Everything else of them is read relative to it.
    const attributes = trace.filter((line) => line.startsWith('openat(') && !line.includes('O_DIRECTORY'))
    const through = attributes.filter((line) => /"(\d+:\d+(:\d+:\d+)?|session\d+|connection\d+:\d+)\//.test(line))
    t.true(attributes.length > 0)
    t.deepEqual(through, [])
  },
)

const empty: Machine = { iscsi: false, hosts: [], disks: [], maps: [], raids: [], links: [] }

counting('the system calls of a snapshot where there is nothing', empty, async (t, root) => {
  // Only dev/block exists, with `.` and `..`.
  for (const detail of ['links', 'basic'] as const) {
    const { counts } = await trace(root, detail)
    t.deepEqual(counts, sum(listing, { openat: 4 }))
  }
})
