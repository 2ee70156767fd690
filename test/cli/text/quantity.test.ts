import test from 'ava'
import { formatSize } from '../../../lib/cli/text/quantity.js'

test('formatSize formats sizes as lsblk does', (t) => {
  const cases = [
    [0, '0B'],
    [512, '512B'],
    [1536, '1.5K'],
    [104 * 1024 ** 2, '104M'],
    [1023.96 * 1024 ** 2, '1G'],
    [1000204886016, '931.5G'],
    [2 ** 40, '1T'],
    [8 * 2 ** 60, '8E'],
  ] as const
  for (const [bytes, text] of cases) t.is(formatSize(bytes), text)
  t.is(formatSize(null), '')
})
