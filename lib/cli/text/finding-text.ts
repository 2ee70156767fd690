import type { Evidence, Finding } from '../../index.js'
import { count, formatSize } from './quantity.js'

/** The name of the device, session or port that a finding is about. A map has its name in /dev/mapper. */
export function subjectOf(finding: Finding): string {
  switch (finding.kind) {
    case 'sessionDown':
      return `session${finding.sessionId}`
    case 'degradedMap':
    case 'mapSizeDiffers':
    case 'mapSuspended':
      return finding.map
    case 'orphanPath':
    case 'phantomLun':
    case 'diskDown':
      return finding.device
    case 'controllerDown':
      return finding.controller
    case 'remotePortDown':
      return finding.port
  }
}

/** The problem that a finding describes. */
export function textOf(finding: Finding): string {
  switch (finding.kind) {
    case 'sessionDown': {
      const { targetName, state, connections, disks } = finding
      const down = connections.map((connection) => `connection ${connection.id} ${connection.state}`)
      const affected = disks.length === 0 ? [] : [`affects ${disks.join(', ')}`]
      return [`state ${state ?? 'unknown'}, target ${targetName ?? '(no target name)'}`, ...down, ...affected].join(
        '; ',
      )
    }
    case 'degradedMap': {
      const { livePaths, sessions, without } = finding
      const missing = without.map(({ sessionId, state }) => `session${sessionId}${state === null ? '' : ` (${state})`}`)
      const of = sessions === 0 ? '' : ` for ${count(sessions, 'session')}`
      return `${count(livePaths, 'working path')}${of}${
        missing.length === 0 ? '' : `; none through ${missing.join(', ')}`
      }`
    }
    case 'orphanPath': {
      const { unit, otherPaths, map } = finding
      const [is, paths] = otherPaths.length === 1 ? ['is', 'another path'] : ['are', 'other paths']
      const others = `${otherPaths.join(', ')} ${is} ${paths} to ${unit}`
      return `not in a multipath map; ${others}${map === null ? '' : `, in ${map}`}`
    }
    case 'phantomLun':
      return `phantom LUN ${finding.hctl}: ${finding.evidence.map(evidenceText).join('; ')}`
    case 'diskDown':
      return `state ${finding.state} (${finding.hctl})`
    case 'mapSizeDiffers': {
      const paths = finding.paths.map(({ device, sizeBytes }) => `the size of ${device} is ${formatSize(sizeBytes)}`)
      return `size ${formatSize(finding.sizeBytes)}, but ${paths.join(', ')}`
    }
    case 'mapSuspended':
      return `suspended (${finding.device}); I/O waits until the map is resumed`
    case 'controllerDown':
      return `state ${finding.state} (${finding.subsystem}${finding.address === null ? '' : `, ${finding.address}`})`
    case 'remotePortDown':
      return `state ${finding.state} (host${finding.hostNumber}${finding.portName === null ? '' : `, ${finding.portName}`})`
  }
}

/** A short text of evidence, for a row that already shows the state, size and map of the disk. */
export function shortEvidenceText(evidence: Evidence): string {
  switch (evidence.kind) {
    case 'state':
      return evidence.state
    case 'zeroSize':
      return 'zero size'
    case 'wwidOfAnotherLun':
      return `WWID of ${evidence.device}`
    case 'sizeDiffers':
      return `size of ${evidence.device} is ${formatSize(evidence.sizeBytes)}`
    case 'mapOfAnotherUnit':
      return 'map of another unit'
  }
}

function evidenceText(evidence: Evidence): string {
  switch (evidence.kind) {
    case 'state':
      return `its state is ${evidence.state}`
    case 'zeroSize':
      return 'its size is 0'
    case 'wwidOfAnotherLun':
      return `LUN ${evidence.lun} (${evidence.device}) of the same target has the same WWID ${evidence.wwid}`
    case 'sizeDiffers':
      return `${evidence.device} has the same WWID, but its size is ${formatSize(evidence.sizeBytes)}`
    case 'mapOfAnotherUnit':
      return `${evidence.map} was created for ${evidence.mapWwid}, but its own WWID is ${evidence.wwid}`
  }
}
