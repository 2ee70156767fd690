import { type Finding, findingsOf } from '../../index.js'
import type { Span, Style } from '../terminal/terminal.js'
import { shortEvidenceText, subjectOf } from '../text/finding-text.js'
import type { Inventory } from './inventory.js'

/** A device or session that does not work, or works with reduced redundancy. */
export interface Fault {
  readonly severity: Extract<Style, 'fault' | 'warning'>
  /** The reason, without what the state already says. Empty if the state says everything. */
  readonly reason: string
}

/** The reason of a fault as the details of a row. */
export function reasonOf(fault: Fault | undefined): readonly Span[] {
  return fault === undefined || fault.reason === '' ? [] : [{ text: fault.reason, style: fault.severity }]
}

/** Faults by name in sysfs: 'session1', 'sda', 'dm-0', 'nvme1'. */
export type Faults = ReadonlyMap<string, Fault>

/** Finds the faults of a machine: the findings, and all disks whose state is not `running` or `live`. */
export function findFaults(inventory: Inventory): Faults {
  const faults = new Map<string, Fault>()
  const add = (name: string, { severity, reason }: Fault): void => {
    const known = faults.get(name)
    const reasons = [known?.reason ?? '', reason].filter((one) => one !== '')
    const isFault = severity === 'fault' || known?.severity === 'fault'
    faults.set(name, { severity: isFault ? 'fault' : 'warning', reason: reasons.join(', ') })
  }
  for (const device of inventory.devices) {
    const state = inventory.stateOf(device)
    if (state !== null && state !== 'running' && state !== 'live') add(device.name, fault(''))
  }
  for (const finding of findingsOf(inventory.snapshot)) add(sysfsNameOf(finding), faultOf(finding, inventory))
  return faults
}

function sysfsNameOf(finding: Finding): string {
  return 'device' in finding ? finding.device : subjectOf(finding)
}

function faultOf(finding: Finding, inventory: Inventory): Fault {
  switch (finding.kind) {
    case 'sessionDown': {
      const states = new Set(finding.connections.map(({ state }) => state))
      return fault(Array.from(states, (state) => `connection ${state}`).join(', '))
    }
    case 'degradedMap': {
      const paths = inventory.snapshot.device(finding.device)?.slaves ?? []
      const through = new Set(paths.map((name) => inventory.device(name)?.iscsi?.sessionId))
      const without = finding.without.filter(({ sessionId }) => !through.has(sessionId))
      const names = without.map(({ sessionId }) => `session${sessionId}`).join(', ')
      const reason = names === '' ? '' : `no path through ${names}`
      return finding.livePaths === 0 ? fault(reason) : warning(reason)
    }
    case 'orphanPath':
      return warning(finding.map === null ? 'not in a map' : `not in ${finding.map}`)
    case 'phantomLun':
      return fault(`phantom: ${finding.evidence.map(shortEvidenceText).join(', ')}`)
    case 'mapSizeDiffers':
      return fault(`size differs from ${finding.paths.map(({ device }) => device).join(', ')}`)
    case 'mapSuspended':
      return warning('suspended')
    case 'diskDown':
    case 'controllerDown':
    case 'remotePortDown':
      return fault('')
  }
}

function fault(reason: string): Fault {
  return { severity: 'fault', reason }
}

function warning(reason: string): Fault {
  return { severity: 'warning', reason }
}
