import type { Snapshot } from '../snapshot/snapshot.js'
import { isLoggedIn } from '../storage/iscsi.js'
import type { Finding } from './finding.js'
import { removedStates, scsiDisks } from './scsi-disks.js'

/** Finds sessions that are not logged in or have a connection that is not up. */
export function findSessionsDown(snapshot: Snapshot): readonly Finding[] {
  return snapshot.iscsiSessions.flatMap(({ id, targetName, state, connections, luns }): readonly Finding[] => {
    const down = connections.flatMap((connection) =>
      connection.state === null || connection.state === 'up' ? [] : [{ id: connection.id, state: connection.state }],
    )
    if (isLoggedIn(state) && down.length === 0) return []
    const disks = luns.flatMap((lun) => (lun.device === null ? [] : [lun.device]))
    return [{ kind: 'sessionDown', sessionId: id, targetName, state, connections: down, disks }]
  })
}

/**
 * Finds SCSI disks that are neither `running` nor given up by the kernel, except those whose session is not logged in.
 * A lost session is a finding of its own.
 */
export function findDisksDown(snapshot: Snapshot): readonly Finding[] {
  return scsiDisks(snapshot).flatMap((disk): readonly Finding[] => {
    const { state, hctl } = disk.scsi
    if (state === null || state === 'running' || removedStates.has(state)) return []
    if (!isLoggedIn(snapshot.sessionOf(disk)?.state ?? null)) return []
    return [{ kind: 'diskDown', device: disk.name, hctl, state }]
  })
}

/** Finds NVMe controllers that are not `live`. */
export function findControllersDown(snapshot: Snapshot): readonly Finding[] {
  return snapshot.nvmeSubsystems.flatMap((subsystem) =>
    subsystem.controllers.flatMap(({ name, address, state }): readonly Finding[] =>
      state === null || state === 'live'
        ? []
        : [{ kind: 'controllerDown', controller: name, subsystem: subsystem.name, address, state }],
    ),
  )
}

/** Finds remote ports of Fibre Channel targets that are not `Online`. */
export function findRemotePortsDown(snapshot: Snapshot): readonly Finding[] {
  return snapshot.fibreChannelHosts.flatMap(({ hostNumber, remotePorts }) =>
    remotePorts.flatMap(({ name, portName, state, roles }): readonly Finding[] =>
      state === null || state === 'Online' || !roles?.includes('Target')
        ? []
        : [{ kind: 'remotePortDown', port: name, hostNumber, portName, state }],
    ),
  )
}
