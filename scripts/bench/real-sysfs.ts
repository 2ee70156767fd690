import { field, query, Sysfs } from '../../lib/index.js'
import { type BareLoops, largeAnswer, type Question, question, smallAnswer } from './benchmark.js'
import { Naive2018, namesIn } from './reference-queries.js'
import { details, snapshotQuestion } from './snapshot-benchmarks.js'
import { type AskedMachine, blockDevices, networkInterfaces, walk } from './walk.js'

const { name } = field

/**
 * The questions about the machine that this runs on. What it has of iSCSI and multipath is unknown; what every machine
 * has is asked for with queries of one's own.
 *
 * @param device a block device; `undefined` where there is none
 */
export function questionsOfLiveMachine(device: string | undefined, loops: BareLoops | undefined): readonly Question[] {
  const addon = new Sysfs({ sysPath: '/sys', devPath: '/dev', backend: 'native' })
  const fallback = new Sysfs({ sysPath: '/sys', devPath: '/dev', backend: 'fallback' })
  const machine = { addon, fallback, sys: '/sys' }
  const questions: Question[] = []
  if (device !== undefined) {
    const naive = new Naive2018('')
    questions.push(
      question<string | undefined>(
        {
          title: `multipath parent of ${device}`,
          targets: smallAnswer,
          addon: () => addon.findMultipathDeviceForDevice(device),
          fallback: () => fallback.findMultipathDeviceForDevice(device),
          naive: () => naive.findMultipathDeviceForDevice(device),
          bare: ['holders', '/sys', device],
          bareLines: (names) => names.map((map) => `/dev/${map}`),
          lines: (parent) => (parent === undefined ? [] : [parent]),
        },
        loops,
      ),
      listing(machine, device, 'holders', loops),
      listing(machine, device, 'slaves', loops),
      walk(machine, blockDevices, largeAnswer, loops),
      ...details.map((detail) => snapshotQuestion(machine, detail, largeAnswer, loops)),
    )
  }
  questions.push(walk(machine, networkInterfaces, smallAnswer, loops))
  return questions
}

function listing(
  { addon, fallback, sys }: AskedMachine,
  device: string,
  directory: 'holders' | 'slaves',
  loops: BareLoops | undefined,
): Question {
  const definition = query(`class/block/$device/${directory}/*`, { name: name() })
  const prepared = { addon: addon.prepare(definition), fallback: fallback.prepare(definition) }
  const path = `${sys}/class/block/${device}/${directory}`
  return question<readonly { readonly name: string }[]>(
    {
      title: `${directory} of ${device}`,
      targets: smallAnswer,
      addon: () => prepared.addon.all({ device }),
      fallback: () => prepared.fallback.all({ device }),
      naive: () => namesIn(path).map((entry) => ({ name: entry })),
      bare: ['list', path],
      bareLines: (names) => names,
      lines: (rows) => rows.map((row) => row.name),
    },
    loops,
  )
}
