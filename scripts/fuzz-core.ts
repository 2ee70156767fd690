// Fuzzes the native core: npm run fuzz -- --seconds 30. Builds native/fuzz with clang's libFuzzer and sanitizers, and
// starts it from the programs that the library's own queries are compiled to. What it finds stays in node_modules/.cache/fuzz;
// `npm run fuzz -- FILE` runs one such input again.

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

const { capture, exists, hex, integer, link, list, name, numberFromLink, text } = field

const packageRoot = path.resolve(__dirname, '../..')
const core = path.join(packageRoot, 'native/core')
const output = path.join(packageRoot, 'node_modules/.cache/fuzz')
const fuzzer = path.join(output, 'program_fuzz')

/** Exit codes: 0 nothing found, 1 something found, 2 it could not be tried. */
function main(): number {
  const { values, positionals } = parseArgs({
    options: { seconds: { type: 'string', default: '60' } },
    allowPositionals: true,
  })
  const seconds = Number(values.seconds)
  if (!Number.isSafeInteger(seconds) || seconds < 1) {
    console.error(`--seconds takes a whole number of seconds, not ${values.seconds}`)
    return 2
  }
  const obstacle = build()
  if (obstacle !== undefined) {
    console.error(`not fuzzed: ${obstacle}`)
    return 2
  }
  return fuzz(
    positionals.map((file) => path.resolve(file)),
    seconds,
  )
}

/** Builds the fuzzer, or says why it cannot be built. */
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
    return 'there is no clang++ here (Debian: clang and libclang-rt-dev, Fedora: clang and compiler-rt)'
  }
  return status === 0 ? undefined : `clang++ cannot build it:\n${stderr || error?.message}`
}

function fuzz(inputs: readonly string[], seconds: number): number {
  const temporary = mkdtempSync(path.join(os.tmpdir(), 'fast-sysfs-fuzz-'))
  try {
    const corpus = path.join(output, 'corpus')
    const seeds = path.join(temporary, 'seeds')
    mkdirSync(corpus, { recursive: true })
    mkdirSync(seeds)
    writeSeeds(seeds)
    const forTheTime = [`-max_total_time=${seconds}`, '-max_len=1024', '-use_value_profile=1', corpus, seeds]
    const { status, signal } = spawnSync(
      fuzzer,
      [
        ...['-timeout=20', '-rss_limit_mb=2048', '-print_final_stats=1', `-artifact_prefix=${output}${path.sep}`],
        ...(inputs.length > 0 ? inputs : forTheTime),
      ],
      // It removes its directory only where it ends by itself.
      { stdio: 'inherit', env: { ...process.env, TMPDIR: temporary }, timeout: (seconds + 120) * 1000 },
    )
    if (status !== 0) console.error(`fuzzing ended with ${signal ?? `exit code ${status}`}: see above`)
    return status === 0 ? 0 : 1
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

/** The library's queries, and two that together have all that a query can have. */
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

/** Writes inputs of the form that native/fuzz/program_fuzz.cc reads. */
function writeSeeds(directory: string): void {
  const loaded = loadAddon(undefined)
  if ('error' in loaded) throw loaded.error
  for (const [index, { query, parameters }] of seeds.entries()) {
    const program = encodeProgram(compile(query), loaded.addon.programKinds)
    const size = Buffer.alloc(2)
    size.writeUInt16LE(program.length)
    const texts = parameters.map((parameter) => Buffer.from(`${parameter}\0`))
    writeFileSync(path.join(directory, `seed-${index}`), Buffer.concat([size, program, ...texts]))
  }
}

process.exitCode = main()
