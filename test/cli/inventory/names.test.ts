import test from 'ava'
import { inNamingOrder } from '../../../lib/cli/inventory/names.js'

test('inNamingOrder sorts names in the order of their assignment', (t) => {
  for (const names of [
    ['sda', 'sda1', 'sda2', 'sda10', 'sdb', 'sdz', 'sdaa', 'sdba'],
    ['dm-0', 'dm-2', 'dm-10'],
    ['mpatha', 'mpathb', 'mpathb-part1', 'mpathaa'],
    ['nvme0n1', 'nvme0n1p2', 'nvme0n10', 'nvme1n1'],
  ]) {
    t.deepEqual(names.toReversed().sort(inNamingOrder), names)
  }
})
