import { type Backend, chooseExecutor } from '../../lib/machine/backend.js'
import { Machine } from '../../lib/machine/machine.js'
import { type RootOptions, rootsOf } from '../../lib/machine/roots.js'

/** The machine of a Sysfs with these options, for tests of the parts of a Sysfs. */
export function machineOf({ backend = 'auto', ...roots }: RootOptions & { readonly backend?: Backend }): Machine {
  return new Machine(chooseExecutor(backend, undefined).executor, rootsOf(roots))
}
