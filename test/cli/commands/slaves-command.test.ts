import { onEveryBackend } from '../../support/backends.js'
import { parseMultipathMaps } from '../../support/recorded-tools.js'
import { reference } from '../../support/recordings.js'
import { outputOn } from '../../support/tool.js'

onEveryBackend('slaves prints the paths of each map', async (t, backend) => {
  for (const map of parseMultipathMaps(reference('S3', 'multipath-ll.txt'))) {
    const slaves = map.paths.map((one) => `/dev/${one.device}`).sort()
    t.is(await outputOn('S3', backend, 'slaves', map.device), slaves.map((slave) => `${slave}\n`).join(''))
    t.deepEqual(JSON.parse(await outputOn('S3', backend, 'slaves', `/dev/mapper/${map.name}`, '--json')), { slaves })
  }
})
