import { field, query, Sysfs } from '../../lib/index.js'
import { loadAddon } from '../../lib/native/addon.js'
import { encodeProgram } from '../../lib/native/encode-program.js'
import { compile } from '../../lib/query/compile.js'
import { type Effort, inThisProcess, Samples, warmUp } from './measure.js'

const { capture, link, name, numberFromLink } = field

export interface Crossing {
  readonly rows: number
  readonly nanosecondsPerRow: number
  readonly atMost: number
}

/** Eight fields of every block device, of which the kernel is asked for no more than a link, so that little else is measured. */
const eightFields = query('dev/block/{major}:{minor}', {
  number: name(),
  major: capture('major'),
  minor: capture('minor'),
  place: link(),
  host: numberFromLink('host'),
  session: numberFromLink('session'),
  map: numberFromLink('dm-'),
  loop: numberFromLink('loop'),
})

/** What it costs to make rows of what the addon gives: a query as it is run, against its native call alone. */
export async function measureCrossing(root: string, effort: Effort): Promise<Crossing> {
  const loaded = loadAddon(undefined)
  if ('error' in loaded) throw loaded.error
  const prepared = new Sysfs({ root, backend: 'native' }).prepare(eightFields)
  const rows = prepared.all().length
  const program = encodeProgram(compile(eightFields), loaded.addon.programKinds)
  const call = new loaded.addon.PreparedProgram(program, `${root}/sys`, `${root}/dev`, root)
  const cells = new Float64Array((rows + 1) * Object.keys(eightFields.list.fields).length)
  const paced = [
    await warmUp(
      inThisProcess('rows', () => prepared.all()),
      effort,
    ),
    await warmUp(
      inThisProcess('native call', () => call.run(cells, 0xffffffff)),
      effort,
    ),
  ]
  const samples = await Samples.take(paced, effort)
  return { rows, nanosecondsPerRow: samples.difference('rows', 'native call') / rows, atMost: 150 }
}
