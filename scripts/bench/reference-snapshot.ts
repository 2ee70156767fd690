import { readdirSync, readFileSync, realpathSync } from 'node:fs'
import type { Detail } from '../../lib/index.js'

/**
 * A snapshot with the functions of node:fs: it lists every directory, resolves every link and reads every attribute by
 * its path. What is missing is `null`. It does not read MD arrays, NVMe subsystems and Fibre Channel. The generated
 * trees have none; on a machine that has some, the addon reads more than this function.
 */
export function referenceSnapshot(sys: string, detail: Detail) {
  const isBasic = detail !== 'links'
  const isFull = detail === 'full'
  return {
    devices: namesIn(`${sys}/dev/block`).flatMap((number) => {
      const directory = realPathOf(`${sys}/dev/block/${number}`)
      if (directory === null) return []
      const hctl = /\/(\d+:\d+:\d+:\d+)\//.exec(directory)?.[1] ?? null
      const scsi = `${sys}/class/scsi_device/${hctl}/device`
      return [
        {
          number,
          name: directory.slice(directory.lastIndexOf('/') + 1),
          parent: /\/([^/]+)\/\1p?\d+$/.exec(directory)?.[1] ?? null,
          hctl,
          session: /\/session(\d+)\//.exec(directory)?.[1] ?? null,
          ...(isBasic && { size: attribute(`${directory}/size`), ro: attribute(`${directory}/ro`) }),
          ...(isFull && {
            diskseq: attribute(`${directory}/diskseq`),
            removable: attribute(`${directory}/removable`),
            rotational: attribute(`${directory}/queue/rotational`),
            logicalBlockSize: attribute(`${directory}/queue/logical_block_size`),
            physicalBlockSize: attribute(`${directory}/queue/physical_block_size`),
          }),
          ...(isFull &&
            hctl !== null && {
              type: attribute(`${scsi}/type`),
              vendor: attribute(`${scsi}/vendor`),
              model: attribute(`${scsi}/model`),
              revision: attribute(`${scsi}/rev`),
              wwid: attribute(`${scsi}/wwid`),
              unitSerialNumber: binary(`${scsi}/vpd_pg80`),
              deviceIdentification: binary(`${scsi}/vpd_pg83`),
              state: attribute(`${scsi}/state`),
              queueDepth: attribute(`${scsi}/queue_depth`),
              timeout: attribute(`${scsi}/timeout`),
              ioRequests: attribute(`${scsi}/iorequest_cnt`),
              ioDone: attribute(`${scsi}/iodone_cnt`),
              ioErrors: attribute(`${scsi}/ioerr_cnt`),
              ioTimeouts: attribute(`${scsi}/iotmo_cnt`),
              accessState: attribute(`${scsi}/access_state`),
            }),
        },
      ]
    }),
    maps: namesIn(`${sys}/devices/virtual/block`)
      .filter((name) => name.startsWith('dm-'))
      .map((name) => ({
        name,
        slaves: namesIn(`${sys}/devices/virtual/block/${name}/slaves`),
        ...(isBasic && {
          mapName: attribute(`${sys}/devices/virtual/block/${name}/dm/name`),
          uuid: attribute(`${sys}/devices/virtual/block/${name}/dm/uuid`),
        }),
        ...(isFull && { suspended: attribute(`${sys}/devices/virtual/block/${name}/dm/suspended`) }),
      })),
    sessions: namesIn(`${sys}/class/iscsi_session`).map((name) => {
      const directory = realPathOf(`${sys}/class/iscsi_session/${name}`) ?? ''
      return {
        id: name.slice('session'.length),
        host: /\/host(\d+)\//.exec(directory)?.[1] ?? null,
        attributes: attributesOf(directory, isFull ? fullSession : isBasic ? basicSession : []),
      }
    }),
    connections: namesIn(`${sys}/class/iscsi_connection`).map((name) => ({
      id: name.slice('connection'.length),
      attributes: attributesOf(
        `${sys}/class/iscsi_connection/${name}`,
        isFull ? fullConnection : isBasic ? basicConnection : [],
      ),
    })),
    hosts: namesIn(`${sys}/class/scsi_host`).map((name) => ({
      number: name.slice('host'.length),
      path: realPathOf(`${sys}/class/scsi_host/${name}`),
      attributes: attributesOf(`${sys}/class/scsi_host/${name}`, isFull ? ['proc_name', 'state'] : []),
    })),
  }
}

export type ReferenceSnapshot = ReturnType<typeof referenceSnapshot>

const basicSession = ['targetname', 'state']
const fullSession = [
  ...[...basicSession, 'targetalias', 'initiatorname', 'ifacename', 'tpgt', 'recovery_tmo', 'abort_tmo'],
  ...['lu_reset_tmo', 'tgt_reset_tmo', 'fast_abort', 'first_burst_len', 'max_burst_len', 'immediate_data'],
  ...['initial_r2t', 'max_outstanding_r2t', 'erl'],
]
const basicConnection = ['address', 'port', 'persistent_address', 'persistent_port']
const fullConnection = [
  ...[...basicConnection, 'state', 'header_digest', 'data_digest'],
  ...['max_recv_dlength', 'max_xmit_dlength', 'ping_tmo', 'recv_tmo'],
]

function attributesOf(directory: string, names: readonly string[]): Readonly<Record<string, string | null>> {
  return Object.fromEntries(names.map((name) => [name, attribute(`${directory}/${name}`)]))
}

/** `null` if the device disappeared after it was listed. */
function realPathOf(path: string): string | null {
  try {
    return realpathSync(path)
  } catch {
    return null
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort()
  } catch {
    return []
  }
}

function attribute(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return null
  }
}

function binary(path: string): string | null {
  try {
    return readFileSync(path, 'hex')
  } catch {
    return null
  }
}
