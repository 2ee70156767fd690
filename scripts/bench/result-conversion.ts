import { field, query, Sysfs } from '../../lib/index.js'
import { loadAddon } from '../../lib/native/addon.js'
import { encodeProgram } from '../../lib/native/encode-program.js'
import { compile } from '../../lib/query/compile.js'
import { byProcessorTime } from './implementation.js'
import type { ResultTable } from './results.js'
import { type MeasurementOptions, measure } from './samples.js'

const { capture, link, name, numberFromLink } = field

/** Eight fields of every block device. All come from the name and one link, so the system calls take little time. */
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

/** Measures the conversion of the addon's result to JavaScript rows: a query against its native call alone. */
export async function measureResultConversion(root: string, options: MeasurementOptions): Promise<ResultTable> {
  const addon = loadAddon(undefined)
  if (addon instanceof Error) throw addon
  const prepared = new Sysfs({ root, backend: 'native' }).prepare(eightFields)
  const rows = prepared.all().length
  const program = encodeProgram(compile(eightFields), addon.programKinds)
  const call = new addon.PreparedProgram(program, `${root}/sys`, `${root}/dev`, root)
  const cells = new Float64Array((rows + 1) * Object.keys(eightFields.list.fields).length)

  const [query, nativeCall] = ['query', 'native call']
  const samples = await measure(
    [byProcessorTime(query, () => prepared.all()), byProcessorTime(nativeCall, () => call.run(cells, 0xffffffff))],
    options,
  )
  const benchmark = `8 fields of ${rows} block devices`
  return {
    title: 'Result conversion',
    note: 'The query makes JavaScript rows of what the native call returns. Processor time.',
    rows: [
      { benchmark, implementation: nativeCall, timing: samples.timing(nativeCall) },
      {
        benchmark,
        implementation: query,
        timing: samples.timing(query),
        comparison: {
          name: 'conversion of one row',
          value: samples.difference(query, nativeCall) / rows,
          unit: 'nanoseconds',
          target: { atMost: 150 },
        },
      },
    ],
  }
}
