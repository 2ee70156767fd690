import path from 'node:path'
import test from 'ava'
import { Sysfs } from '../../../lib/index.js'
import { onEveryBackend } from '../../support/backends.js'
import { unpackRecording } from '../../support/recordings.js'
import { outputOn, run } from '../../support/tool.js'

for (const detail of ['links', 'basic', 'full'] as const) {
  onEveryBackend(`snapshot --detail ${detail} prints the snapshot of the library`, async (t, backend) => {
    const root = await unpackRecording('S3')
    const json = await outputOn('S3', backend, 'snapshot', '--json', '--detail', detail)
    t.deepEqual(JSON.parse(json), JSON.parse(JSON.stringify(new Sysfs({ root, backend }).snapshot({ detail }))))
  })
}

test('the default detail of snapshot is basic', async (t) => {
  const root = await unpackRecording('S2')
  t.is(JSON.parse((await run(['snapshot', '--root', path.join(root)])).stdout).detail, 'basic')
})
