import { type Finding, findingsOf } from '../index.js'
import { evidenceInBrief, subjectOf } from './finding-text.js'
import type { Inventory } from './inventory.js'
import type { Span, Style } from './terminal.js'

/** Something that does not work, or works with less than there should be. */
export interface Fault {
  readonly severity: Extract<Style, 'fault' | 'warning'>
  /** What its state does not say already. */
  readonly reason: string
}

/** A fault's reason, as what follows a state. */
export function reasonOf(fault: Fault | undefined): readonly Span[] {
  return fault === undefined || fault.reason === '' ? [] : [{ text: fault.reason, style: fault.severity }]
}

/** What is not as it should be, by its name in sysfs: 'session1', 'sda', 'dm-0', 'nvme1'. */
export type Faults = ReadonlyMap<string, Fault>

/** The findings on a machine, each at what it is about; and disks that do not run, whatever explains it. */
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
      const reason = names === '' ? '' : `no path by ${names}`
      return finding.livePaths === 0 ? fault(reason) : warning(reason)
    }
    case 'orphanPath':
      return warning(finding.map === null ? 'in no map' : `not in ${finding.map}`)
    case 'phantomLun':
      return fault(`phantom: ${finding.evidence.map(evidenceInBrief).join(', ')}`)
    case 'mapSizeDiffers':
      return fault(`${finding.paths.map(({ device }) => device).join(', ')} of another size`)
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
