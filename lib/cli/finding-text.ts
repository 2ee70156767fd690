import type { Evidence, Finding } from '../index.js'
import { count, formatSize } from './quantity.js'

/** What a finding is about, as people name it. */
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

/** What is the matter with it. */
export function textOf(finding: Finding): string {
  switch (finding.kind) {
    case 'sessionDown': {
      const { targetName, state, connections, disks } = finding
      const down = connections.map((connection) => `connection ${connection.id} is ${connection.state}`)
      const waiting = disks.length === 0 ? [] : [`${disks.join(', ')} ${disks.length === 1 ? 'is' : 'are'} behind it`]
      return [`${state ?? 'no state'}, to ${targetName ?? '(no target name)'}`, ...down, ...waiting].join('; ')
    }
    case 'degradedMap': {
      const { livePaths, sessions, without } = finding
      const missing = without.map(({ sessionId, state }) => `session${sessionId}${state === null ? '' : ` (${state})`}`)
      const of = sessions === 0 ? '' : ` for ${count(sessions, 'session')}`
      return `${count(livePaths, 'path')} that ${livePaths === 1 ? 'works' : 'work'}${of}${
        missing.length === 0 ? '' : `; none by ${missing.join(', ')}`
      }`
    }
    case 'orphanPath': {
      const { unit, otherPaths, map } = finding
      const others = otherPaths.join(', ')
      return `in no map, though ${others} lead${otherPaths.length === 1 ? 's' : ''} to ${unit} too${
        map === null ? '' : ` (in ${map})`
      }`
    }
    case 'phantomLun':
      return `phantom LUN ${finding.hctl}: ${finding.evidence.map(evidenceInFull).join('; ')}`
    case 'diskDown':
      return `${finding.state} (${finding.hctl})`
    case 'mapSizeDiffers': {
      const paths = finding.paths.map(({ device, sizeBytes }) => `${device} has ${formatSize(sizeBytes)}`)
      return `is of ${formatSize(finding.sizeBytes)}, but ${paths.join(', ')}`
    }
    case 'mapSuspended':
      return `suspended (${finding.device}): I/O waits`
    case 'controllerDown':
      return `${finding.state} (${finding.subsystem}${finding.address === null ? '' : `, ${finding.address}`})`
    case 'remotePortDown':
      return `${finding.state}${finding.portName === null ? '' : ` (${finding.portName})`}, behind host${finding.hostNumber}`
  }
}

/** For where the disk's state, size and map stand beside it, and room is scarce. */
export function evidenceInBrief(evidence: Evidence): string {
  switch (evidence.kind) {
    case 'state':
      return evidence.state
    case 'zeroSize':
      return 'no size'
    case 'wwidOfAnotherLun':
      return `WWID of ${evidence.device}`
    case 'sizeDiffers':
      return `${evidence.device} has ${formatSize(evidence.sizeBytes)}`
    case 'mapOfAnotherUnit':
      return 'map of another unit'
  }
}

function evidenceInFull(evidence: Evidence): string {
  switch (evidence.kind) {
    case 'state':
      return `the kernel gave it up (${evidence.state})`
    case 'zeroSize':
      return 'it has no size'
    case 'wwidOfAnotherLun':
      return `LUN ${evidence.lun} (${evidence.device}) of the same target has its WWID ${evidence.wwid}`
    case 'sizeDiffers':
      return `${evidence.device} is the same unit with ${formatSize(evidence.sizeBytes)}`
    case 'mapOfAnotherUnit':
      return `${evidence.map} was made for ${evidence.mapWwid}, and it is ${evidence.wwid}`
  }
}
