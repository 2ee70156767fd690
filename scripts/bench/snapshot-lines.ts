// A snapshot of each implementation as lines, so that the snapshots can be compared.

import type { Detail, IscsiConnection, IscsiSession, SnapshotData } from '../../lib/index.js'
import { logicalUnitNameOf, unitSerialNumberOf } from '../../lib/snapshot/vital-product-data.js'
import type { ReferenceSnapshot } from './reference-snapshot.js'
import { type Entry, entriesOf } from './snapshot-parts.js'

/** One text for the same value of each implementation: empty for a missing value, 1 and 0, decimal numbers. */
function normalized(value: unknown): string {
  if (value === null || value === undefined || value === '(null)') return ''
  if (typeof value === 'boolean') return value ? '1' : '0'
  const text = String(value)
  if (text === 'off') return '-1'
  return /^0x[0-9a-f]+$/i.test(text) ? String(Number(text)) : text
}

function line(...values: readonly unknown[]): string {
  return values.map(normalized).join(' | ')
}

/** A SCSI device's line is repeated for each partition of its disk. */
function withoutDuplicates(lines: readonly string[]): readonly string[] {
  return [...new Set(lines)]
}

export function linesOfSnapshot(snapshot: SnapshotData): readonly string[] {
  return withoutDuplicates([
    ...snapshot.blockDevices.flatMap((device) => {
      const { name, major, minor, scsi, iscsi, sizeBytes, readOnly, dm, slaves } = device
      const sectors = sizeBytes === null ? null : sizeBytes / 512
      const lines = [line('device', name, `${major}:${minor}`, scsi?.hctl, iscsi?.sessionId, sectors, readOnly)]
      if (device.parent === null) {
        const { diskSequence, removable, rotational, logicalBlockSize, physicalBlockSize } = device
        lines.push(line('disk', name, diskSequence, removable, rotational, logicalBlockSize, physicalBlockSize))
      }
      if (dm !== null) lines.push(line('map', name, slaves.join(' '), dm.name, dm.uuid, dm.suspended))
      if (scsi !== null) {
        const { hctl, vendor, model, revision, wwid, serial, state, queueDepth, timeoutSeconds } = scsi
        const { ioRequests, ioDone, ioErrors, ioTimeouts, accessState } = scsi
        lines.push(
          line('scsi', hctl, vendor, model, revision, wwid, serial, state, queueDepth, timeoutSeconds),
          line('counts', hctl, ioRequests, ioDone, ioErrors, ioTimeouts, accessState),
        )
      }
      return lines
    }),
    ...snapshot.iscsiSessions.flatMap((session) => [
      line('session', session.id, session.hostNumber, ...sessionValues.map(([, value]) => value(session))),
      ...session.connections.map((connection) =>
        line('connection', `${session.id}:${connection.id}`, ...connectionValues.map(([, value]) => value(connection))),
      ),
    ]),
    ...snapshot.scsiHosts.map(({ number, driver, state }) => line('host', number, driver, state)),
  ])
}

const sessionValues: readonly (readonly [attribute: string, value: (session: IscsiSession) => unknown])[] = [
  ['targetname', (session) => session.targetName],
  ['targetalias', (session) => session.targetAlias],
  ['state', (session) => session.state],
  ['initiatorname', (session) => session.initiatorName],
  ['ifacename', (session) => session.interfaceName],
  ['tpgt', (session) => session.targetPortalGroup],
  ['recovery_tmo', (session) => session.recoveryTimeoutSeconds],
  ['abort_tmo', (session) => session.abortTimeoutSeconds],
  ['lu_reset_tmo', (session) => session.logicalUnitResetTimeoutSeconds],
  ['tgt_reset_tmo', (session) => session.targetResetTimeoutSeconds],
  ['fast_abort', (session) => session.fastAbort],
  ['first_burst_len', (session) => session.firstBurstLength],
  ['max_burst_len', (session) => session.maxBurstLength],
  ['immediate_data', (session) => session.immediateData],
  ['initial_r2t', (session) => session.initialR2T],
  ['max_outstanding_r2t', (session) => session.maxOutstandingR2T],
  ['erl', (session) => session.errorRecoveryLevel],
]

const connectionValues: readonly (readonly [attribute: string, value: (connection: IscsiConnection) => unknown])[] = [
  ['address', (connection) => connection.address],
  ['port', (connection) => connection.port],
  ['persistent_address', (connection) => connection.persistentAddress],
  ['persistent_port', (connection) => connection.persistentPort],
  ['state', (connection) => connection.state],
  ['header_digest', (connection) => connection.headerDigest],
  ['data_digest', (connection) => connection.dataDigest],
  ['max_recv_dlength', (connection) => connection.maxReceiveDataSegmentLength],
  ['max_xmit_dlength', (connection) => connection.maxTransmitDataSegmentLength],
  ['ping_tmo', (connection) => connection.pingTimeoutSeconds],
  ['recv_tmo', (connection) => connection.receiveTimeoutSeconds],
]

type Values = Readonly<Record<string, string | null>>

function sessionLine(id: string, host: string | null | undefined, values: Values): string {
  return line('session', id, host, ...sessionValues.map(([attribute]) => values[attribute]))
}

function connectionLine(id: string, values: Values): string {
  return line('connection', id, ...connectionValues.map(([attribute]) => values[attribute]))
}

export function linesOfReference(snapshot: ReferenceSnapshot): readonly string[] {
  return withoutDuplicates([
    ...snapshot.devices.flatMap((device) => {
      const { name, number, hctl, session, size, ro } = device
      const lines = [line('device', name, number, hctl, session, size, ro)]
      if (device.parent === null) {
        const { diskseq, removable, rotational, logicalBlockSize, physicalBlockSize } = device
        lines.push(line('disk', name, diskseq, removable, rotational, logicalBlockSize, physicalBlockSize))
      }
      if (hctl !== null) {
        const { vendor, model, revision, wwid, unitSerialNumber, deviceIdentification, state } = device
        const { queueDepth, timeout, ioRequests, ioDone, ioErrors, ioTimeouts, accessState } = device
        lines.push(
          line(
            ...['scsi', hctl, vendor, model, revision, wwid ?? logicalUnitNameOf(deviceIdentification ?? null)],
            ...[unitSerialNumberOf(unitSerialNumber ?? null), state, queueDepth, timeout],
          ),
          line('counts', hctl, ioRequests, ioDone, ioErrors, ioTimeouts, accessState),
        )
      }
      return lines
    }),
    ...snapshot.maps.map(({ name, slaves, mapName, uuid, suspended }) =>
      line('map', name, slaves.join(' '), mapName, uuid, suspended),
    ),
    ...snapshot.sessions.map(({ id, host, attributes }) => sessionLine(id, host, attributes)),
    ...snapshot.connections.map(({ id, attributes }) => connectionLine(id, attributes)),
    ...snapshot.hosts.map(({ number, attributes }) =>
      line('host', number, attributes['proc_name'], attributes['state']),
    ),
  ])
}

export function linesOfEntries(values: readonly string[], detail: Detail): readonly string[] {
  const { devices = [], maps = [], sessions = [], connections = [], hosts = [], scsi = [] } = entriesOf(values, detail)
  const scsiByAddress = new Map(scsi.map((entry) => [entry.name, entry]))
  return withoutDuplicates([
    ...devices.flatMap(({ name: number, link, values: read }) => {
      const name = link.slice(link.lastIndexOf('/') + 1)
      const hctl = /\/(\d+:\d+:\d+:\d+)\//.exec(link)?.[1]
      const session = /\/session(\d+)\//.exec(link)?.[1]
      const lines = [line('device', name, number, hctl, session, read['size'], read['ro'])]
      if (!/\/([^/]+)\/\1p?\d+$/.test(link)) {
        lines.push(
          line(
            ...['disk', name, read['diskseq'], read['removable'], read['queue/rotational']],
            ...[read['queue/logical_block_size'], read['queue/physical_block_size']],
          ),
        )
      }
      if (hctl !== undefined) lines.push(...scsiLines(hctl, scsiByAddress.get(hctl)))
      return lines
    }),
    ...maps.map(({ name, names, values: read }) =>
      line('map', name, names.toSorted().join(' '), read['dm/name'], read['dm/uuid'], read['dm/suspended']),
    ),
    ...sessions.map(({ name, link, values: read }) =>
      sessionLine(name.slice('session'.length), /\/host(\d+)\//.exec(link)?.[1], read),
    ),
    ...connections.map(({ name, values: read }) => connectionLine(name.slice('connection'.length), read)),
    ...hosts.map(({ name, values: read }) => line('host', name.slice('host'.length), read['proc_name'], read['state'])),
  ])
}

function scsiLines(hctl: string, entry: Entry | undefined): readonly string[] {
  const read = (attribute: string): string | undefined => entry?.values[attribute]
  const page = (number: number): string | null => entry?.values[`#vpd_pg${number}`] || null
  return [
    line(
      ...['scsi', hctl, read('vendor'), read('model'), read('rev'), read('wwid') || logicalUnitNameOf(page(83))],
      ...[unitSerialNumberOf(page(80)), read('state'), read('queue_depth'), read('timeout')],
    ),
    line(
      ...['counts', hctl, read('iorequest_cnt'), read('iodone_cnt'), read('ioerr_cnt'), read('iotmo_cnt')],
      read('access_state'),
    ),
  ]
}
