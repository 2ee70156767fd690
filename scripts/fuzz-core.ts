/*
 * Fuzzes the native core. Builds native/fuzz with clang's libFuzzer and sanitizers. The first inputs are the compiled
 * programs of the library's own queries. Inputs that fail are written to node_modules/.cache/fuzz.
 *
 *     npm run fuzz -- [--seconds N]
 *     npm run fuzz -- FILE...          runs inputs again
 */

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { field, param, type Query, query, record } from '../lib/index.js'
import { loadAddon } from '../lib/native/addon.js'
import { encodeProgram } from '../lib/native/encode-program.js'
import { compile } from '../lib/query/compile.js'
import { devicesUnderMap, mapsOnDevice } from '../lib/storage/block-devices.js'
import { devicesOfLun, portalsOfTarget } from '../lib/storage/iscsi.js'
import { packageRoot } from './package-paths.js'

const { capture, exists, hex, integer, link, list, name, numberFromLink, text } = field

const core = path.join(packageRoot, 'native/core')
const output = path.join(packageRoot, 'node_modules/.cache/fuzz')
const fuzzer = path.join(output, 'program_fuzz')

/** Exit codes: 0 no input fails, 1 an input fails, 2 the fuzzer cannot run. */
function main(): number {
  const { values, positionals } = parseArgs({
    options: { seconds: { type: 'string', default: '60' } },
    allowPositionals: true,
  })
  const seconds = Number(values.seconds)
  if (!Number.isSafeInteger(seconds) || seconds < 1) {
    console.error(`--seconds must be a positive integer, not ${values.seconds}`)
    return 2
  }
  const reason = build()
  if (reason !== undefined) {
    console.error(`The fuzzer cannot run: ${reason}`)
    return 2
  }
  return fuzz(
    positionals.map((file) => path.resolve(file)),
    seconds,
  )
}

/** Builds the fuzzer. Returns the reason if that is not possible. */
function build(): string | undefined {
  mkdirSync(output, { recursive: true })
  const sources = readdirSync(core).filter((file) => file.endsWith('.cc'))
  const { error, status, stderr } = spawnSync(
    'clang++',
    [
      ...['-std=c++17', '-g', '-O1', '-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=all'],
      ...[path.join(packageRoot, 'native/fuzz/program_fuzz.cc'), ...sources.map((file) => path.join(core, file))],
      ...['-o', fuzzer],
    ],
    { encoding: 'utf8', timeout: 300_000 },
  )
  if (error !== undefined && 'code' in error && error.code === 'ENOENT') {
    return 'clang++ is not installed (Debian: clang and libclang-rt-dev, Fedora: clang and compiler-rt)'
  }
  return status === 0 ? undefined : `clang++ cannot build the fuzzer:\n${stderr || error?.message}`
}

function fuzz(inputs: readonly string[], seconds: number): number {
  const temporary = mkdtempSync(path.join(os.tmpdir(), 'fast-sysfs-fuzz-'))
  try {
    const corpus = path.join(output, 'corpus')
    const seeds = path.join(temporary, 'seeds')
    mkdirSync(corpus, { recursive: true })
    mkdirSync(seeds)
    writeSeeds(seeds)
    const newInputs = [`-max_total_time=${seconds}`, '-max_len=1024', '-use_value_profile=1', corpus, seeds]
    const { status, signal } = spawnSync(
      fuzzer,
      [
        ...['-timeout=20', '-rss_limit_mb=2048', '-print_final_stats=1', `-artifact_prefix=${output}${path.sep}`],
        ...(inputs.length > 0 ? inputs : newInputs),
      ],
      // The fuzzer removes its temporary directory only if it does not crash.
      { stdio: 'inherit', env: { ...process.env, TMPDIR: temporary }, timeout: (seconds + 120) * 1000 },
    )
    if (status !== 0) console.error(`The fuzzer ended with ${signal ?? `exit code ${status}`}. Its output is above.`)
    return status === 0 ? 0 : 1
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

/** The library's queries, and queries that together use every feature of the query language. */
const seeds: readonly { readonly query: Query<unknown, unknown>; readonly parameters: readonly string[] }[] = [
  { query: portalsOfTarget, parameters: ['iqn'] },
  { query: devicesOfLun, parameters: ['iqn', '1'] },
  { query: mapsOnDevice, parameters: ['sda'] },
  { query: mapsOnDevice, parameters: ['/dev/mapper/mpatha'] },
  { query: mapsOnDevice, parameters: ['/dev/outside'] },
  { query: mapsOnDevice, parameters: ['/dev/volume'] },
  { query: devicesUnderMap, parameters: ['/dev/../dev/dm-0'] },
  {
    query: query('class/block/*', {
      name: name(),
      size: integer('size'),
      page: hex('hole'),
      at: link().required(),
      host: numberFromLink('host'),
      unreadable: text('queue'),
      has: exists('holders').required(),
      queue: list('queue/a{n}*', { n: capture('n') }),
      holders: list('holders/*', { name: name(), is: link().equals(param('holder')) }),
    }),
    parameters: ['nowhere'],
  },
  {
    query: query('dev/block/{n}:*', { n: capture('n') }),
    parameters: [],
  },
  {
    query: query('class/block/s*a', {
      name: name(),
      again: list('$name*', { name: name() }),
      below: list('queue/a*$part*', { name: name() }),
    }),
    parameters: ['1'],
  },
  {
    query: record({
      sessions: list('class/iscsi_session/session{id}', {
        host: numberFromLink('host').equals(2),
        block: list('device/target$host:{c}:{t}', {
          luns: list('$host:$c:$t:$lun/block/*', { size: integer('size') }).required(),
        }).probeFirst('target$host:0:0'),
      }),
      map: list('class/block/dm-0', { name: text('dm/name') }),
    }),
    parameters: ['1'],
  },
]

/** Writes inputs in the form that native/fuzz/program_fuzz.cc reads. */
function writeSeeds(directory: string): void {
  const addon = loadAddon(undefined)
  if (addon instanceof Error) throw addon
  for (const [index, { query, parameters }] of seeds.entries()) {
    const program = encodeProgram(compile(query), addon.programKinds)
    const size = Buffer.alloc(2)
    size.writeUInt16LE(program.length)
    const texts = parameters.map((parameter) => Buffer.from(`${parameter}\0`))
    writeFileSync(path.join(directory, `seed-${index}`), Buffer.concat([size, program, ...texts]))
  }
}

process.exitCode = main()
