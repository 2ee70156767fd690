/** What a device's place in the tree says: the link of dev/block/8:0, class/iscsi_session/session1... */
export interface Place {
  /** The device's kernel name, the last component. */
  readonly name: string
  /** The component before it. */
  readonly parent: string
  readonly hostNumber: number | null
  readonly sessionId: number | null
  /** `H:C:T:L` of the SCSI device it belongs to. */
  readonly hctl: string | null
  readonly nvmeSubsystem: string | null
  readonly nvmeController: string | null
  /** The bus or driver that a SCSI host is a part of, where a component names it. */
  readonly bus: 'ata' | 'usb' | 'virtio' | 'sas' | 'fc' | 'pseudo' | null
}

const hctlForm = /^\d+:\d+:\d+:\d+$/
/** The components that name a bus, by their first letter: a link has many components, and few name one. */
const buses: ReadonlyMap<string | undefined, readonly [NonNullable<Place['bus']>, RegExp]> = new Map([
  ['a', ['ata', /^ata\d+$/]],
  ['u', ['usb', /^usb\d+$/]],
  ['v', ['virtio', /^virtio\d+$/]],
  ['e', ['sas', /^(end_device|expander)-/]],
  ['r', ['fc', /^rport-/]],
  ['p', ['pseudo', /^pseudo_/]],
])

/** Reads a link's components once; of a kind that stands in it twice, the one nearest to the device counts. */
export function placeOf(link: string): Place {
  let name = ''
  let parent = ''
  let hostNumber: number | null = null
  let sessionId: number | null = null
  let hctl: string | null = null
  let nvmeSubsystem: string | null = null
  let nvmeController: string | null = null
  let bus: Place['bus'] = null
  for (const component of link.split('/')) {
    parent = name
    name = component
    switch (component.charCodeAt(0)) {
      case 0x2e: // '.'
        break
      case 0x68: // 'h'
        hostNumber = numberAfter('host', component) ?? hostNumber
        break
      case 0x6e: // 'n'
        if (numberAfter('nvme-subsys', component) !== null) nvmeSubsystem = component
        else if (numberAfter('nvme', component) !== null) nvmeController = component
        break
      case 0x73: // 's'
        sessionId = numberAfter('session', component) ?? sessionId
        break
      default: {
        const found = buses.get(component[0])
        if (found?.[1].test(component)) bus = found[0]
        else if (hctlForm.test(component)) hctl = component
      }
    }
  }
  return { name, parent, hostNumber, sessionId, hctl, nvmeSubsystem, nvmeController, bus }
}

function numberAfter(prefix: string, component: string): number | null {
  if (!component.startsWith(prefix) || component.length === prefix.length) return null
  const number = Number(component.slice(prefix.length))
  return Number.isInteger(number) ? number : null
}

/** The numbers of `H:C:T:L`. */
export function addressOf(hctl: string): { host: number; channel: number; target: number; lun: number } {
  const [host = 0, channel = 0, target = 0, lun = 0] = hctl.split(':').map(Number)
  return { host, channel, target, lun }
}
