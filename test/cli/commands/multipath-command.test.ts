import { onEveryBackend } from '../../support/backends.js'
import { parseMultipathMaps } from '../../support/recorded-tools.js'
import { reference } from '../../support/recordings.js'
import { outputOn } from '../../support/tool.js'

onEveryBackend('multipath prints the map on each path', async (t, backend) => {
  const map = parseMultipathMaps(reference('S3', 'multipath-ll.txt')).find(({ name }) => name === 'mpathd')
  t.deepEqual(
    map?.paths.map((one) => one.device),
    ['sda', 'sdb'],
  )
  t.is(await outputOn('S3', backend, 'multipath', 'sda'), `/dev/${map?.device}\n`)
  t.is(await outputOn('S3', backend, 'multipath', '/dev/sdb'), `/dev/${map?.device}\n`)
  t.deepEqual(JSON.parse(await outputOn('S3', backend, 'multipath', 'sdb', '--json')), { map: `/dev/${map?.device}` })
})
