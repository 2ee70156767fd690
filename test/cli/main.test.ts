import { readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { onEveryBackend } from '../support/backends.js'
import { copyPackage, packageRoot } from '../support/child-process.js'
import { writeFileTree } from '../support/file-tree.js'
import { unpackRecording } from '../support/recordings.js'
import { missingFile } from '../support/requirements.js'
import { testWith } from '../support/test-with.js'
import { ended, endOf, linesOf, run, runAlone, runOn, tool } from '../support/tool.js'

const target = 'iqn.2026-11.io.example:alpha'

// ---- Exit codes and error messages

onEveryBackend('a command that finds nothing exits with 1 and a message on stderr', async (t, backend) => {
  const cases = [
    { args: ['multipath', 'vda'], json: { map: null }, message: 'no map is on vda' },
    { args: ['slaves', 'sda'], json: { slaves: [] }, message: 'sda has no slave devices' },
    { args: ['portals', 'iqn.no'], json: { portals: [] }, message: 'no portals for iqn.no' },
    { args: ['lun', target, '3'], json: { devices: [] }, message: `no disk for LUN 3 of ${target}` },
  ]
  for (const { args, json, message } of cases) {
    t.deepEqual(await runOn('S3', backend, ...args), ended(1, '', `fast-sysfs: ${message}\n`))
    const end = await runOn('S3', backend, ...args, '--json')
    t.deepEqual({ ...end, stdout: JSON.parse(end.stdout) }, { ...ended(1, '', ''), stdout: json })
  }
  t.deepEqual(await runOn('S1a-nomodules', backend, 'sessions'), ended(1, '', 'fast-sysfs: no iSCSI sessions\n'))
})

const wrongUsages: readonly (readonly [args: readonly string[], problem: string])[] = [
  [['slave', 'dm-0'], "unknown command 'slave'"],
  [[''], "unknown command ''"],
  [['multipath'], 'multipath: missing argument DEVICE'],
  [['lun'], 'lun: missing argument IQN LUN'],
  [['lun', target], 'lun: missing argument LUN'],
  [['lun', target, '1', '2'], "lun: unexpected argument '2'"],
  [['sessions', 'all'], "sessions: unexpected argument 'all'"],
  [['lun', target, 'one'], "LUN must be a number, not 'one'"],
  [['lun', target, '0x1'], "LUN must be a number, not '0x1'"],
  [['--jsn'], "Unknown option '--jsn'"],
  [['-j'], "Unknown option '-j'"],
  [['--a\nb'], "Unknown option '--a"],
  [['--json=yes'], "Option '-J, --json' does not take an argument"],
  [['--detail', 'full'], '--detail requires a command'],
  [['sessions', '--bytes'], 'sessions does not take --bytes'],
  [['snapshot', '--detail', 'all'], "--detail must be links, basic or full, not 'all'"],
  [['graph', '--format', 'svg'], "--format must be dot or mermaid, not 'svg'"],
  [['list', '-o', 'NAME,COLOUR'], "unknown column 'COLOUR'; fast-sysfs list --help lists the columns"],
  [['list', '-o', ''], '--columns must not be empty'],
  [['sessions', '--root'], "Option '--root <value>' argument missing"],
  [['--root', '--json'], "Option '--root' argument is ambiguous"],
  [['--root='], '--root must not be empty'],
  [['--backend', 'quick'], "--backend must be auto, native or fallback, not 'quick'"],
  [['watch', '--interval', '0'], "--interval must be a number of seconds from 0.001 to 2147483, not '0'"],
  [['watch', '--interval', '1s'], "--interval must be a number of seconds from 0.001 to 2147483, not '1s'"],
  [['top', '-n', '0'], "--count must be an integer from 1 to 999999999, not '0'"],
  [
    ['top', '--sort', 'size'],
    "--sort must be one of busy, reads, writes, read, written, wait, queue, name, not 'size'",
  ],
  [['watch', '--batch'], 'watch does not take --batch'],
  [['slaves', 'dm\x1b-1\n\n', 'two\nlines'], "slaves: unexpected argument 'two?lines'"],
]

for (const [args, problem] of wrongUsages) {
  test(`wrong usage is an error: ${JSON.stringify(args)}`, async (t) => {
    t.deepEqual(await run(args), ended(2, '', `fast-sysfs: ${problem} (see fast-sysfs --help)\n`))
  })
}

onEveryBackend('an argument that the library rejects is wrong usage', async (t, backend) => {
  for (const args of [
    ['multipath', '../sda'],
    ['multipath', ''],
    ['portals', ''],
    ['lun', target, '99999999999999999'],
  ]) {
    const { status, stdout, stderr } = await runOn('S3', backend, ...args)
    t.deepEqual([status, stdout], [2, ''])
    t.regex(stderr, /^fast-sysfs: (device|iqn|lun) must .+ \(see fast-sysfs --help\)\n$/)
  }
})

onEveryBackend('the tool fails if the root has no sysfs', async (t, backend) => {
  for (const root of [writeFileTree(t, { 'dev/sda': '' }), writeFileTree(t, { sys: 'a file' })]) {
    for (const args of [[], ['--json'], ['sessions'], ['multipath', 'sda']]) {
      const end = await run([...args, '--backend', backend, '--root', root])
      t.deepEqual(end, ended(3, '', `fast-sysfs: no sysfs at ${root}/sys\n`))
    }
  }
})

test('the tool fails without the addon only with --backend native', async (t) => {
  const copied = path.join(copyPackage(), 'dist/package/cli/main.js')
  const args = [copied, 'multipath', 'sda', '--root', await unpackRecording('S3')]
  t.deepEqual(await endOf(process.execPath, args), ended(0, '/dev/dm-3\n', ''))
  const end = await endOf(process.execPath, [...args, '--backend', 'native'])
  t.deepEqual([end.status, end.stdout], [3, ''])
  t.regex(end.stderr, /^fast-sysfs: no native addon for .+\n$/)
})

onEveryBackend('the tool fails if no file descriptors are left', async (t, backend) => {
  // Opens files at the first run of an operation, until no descriptors are left.
  const preload = path.join(
    writeFileTree(t, {
      'preload.cjs': `
        const { openSync } = require('node:fs')
        const { Machine } = require(${JSON.stringify(path.join(packageRoot, 'dist/lib/machine/machine.js'))})
        const { run } = Machine.prototype
        Machine.prototype.run = function (...args) {
          try { for (;;) openSync('/dev/null') } catch {}
          return run.apply(this, args)
        }`,
    }),
    'preload.cjs',
  )
  const root = await unpackRecording('S3')
  const node = [process.execPath, '--require', preload, tool, '--backend', backend, '--root', root]
  for (const command of [[], ['sessions', '--json'], ['slaves', 'dm-0']]) {
    const end = await endOf('/bin/sh', ['-c', 'ulimit -n 256 && exec "$0" "$@"', ...node, ...command])
    t.deepEqual([end.status, end.stdout], [3, ''])
    t.regex(end.stderr, /^fast-sysfs: EMFILE: too many open files, \w+ '\/.+'\n$/)
  }
})

// ---- Options and help

test('options may be anywhere before --', async (t) => {
  const root = await unpackRecording('S3')
  const expected = ended(0, '/dev/dm-3\n', '')
  t.deepEqual(await run(['--root', root, 'multipath', 'sda']), expected)
  t.deepEqual(await run(['multipath', `--root=${root}`, 'sda']), expected)
  t.deepEqual(await run(['--root', root, '--', 'multipath', 'sda']), expected)
  t.deepEqual(
    await run(['--root', root, 'multipath', '--', '--json']),
    ended(1, '', 'fast-sysfs: no map is on --json\n'),
  )
})

test('--help prints the help of the tool and of each command', async (t) => {
  const help = await run(['--help'])
  t.like(help, { status: 0, stderr: '' })
  t.deepEqual(await run(['-h']), help)
  const commands = [
    'multipath DEVICE',
    'slaves MAP',
    'portals IQN',
    'lun IQN LUN',
    'sessions',
    'list [DEVICE...]',
    'check',
    'graph',
    'snapshot',
    'watch',
    'top [DEVICE...]',
  ]
  for (const usage of commands) {
    t.true(help.stdout.includes(`\n  ${usage} `), usage)
    const end = await run([usage.split(' ')[0] ?? '', '--help'])
    t.like(end, { status: 0, stderr: '' })
    t.true(end.stdout.startsWith(`Usage: fast-sysfs ${usage} [OPTIONS]\n`), usage)
    t.regex(end.stdout, /JSON/)
    for (const line of linesOf(help.stdout + end.stdout)) t.true(line.length <= 80, line)
  }
  for (const option of ['-J, --json', '--root DIR', '--backend NAME', '-h, --help', '-V, --version']) {
    t.true(help.stdout.includes(option), option)
  }
})

test('--version prints the version, and package.json installs the tool', async (t) => {
  const { version, bin } = JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8'))
  // The bundle of the tool, which test/package.test.ts runs.
  const command = path.resolve(packageRoot, bin['fast-sysfs'])
  t.is(path.relative(packageRoot, command), 'dist/package/cli/main.js')
  t.true(readFileSync(command, 'utf8').startsWith('#!/usr/bin/env node\n'))
  t.deepEqual(await runAlone(['--version']), ended(0, `${version}\n`, ''))
  t.deepEqual(await runAlone(['-V']), ended(0, `${version}\n`, ''))
})

test('the tool ignores a closed pipe', async (t) => {
  const script = (streams: string) => `exec 3>&1; { "$0" "$@" ${streams}; echo "exit code $?" >&3; } | true`
  const args = [process.execPath, tool, '--root', await unpackRecording('S3')]
  t.deepEqual(await endOf('/bin/sh', ['-c', script(''), ...args]), ended(0, 'exit code 0\n', ''))
  const end = await endOf('/bin/sh', ['-c', script('2>&1 >/dev/null'), ...args, 'unknown'])
  t.deepEqual(end, ended(0, 'exit code 2\n', ''))
})

const testWithFullDevice = testWith(missingFile('/dev/full'))
testWithFullDevice('the tool fails if the disk is full', async (t) => {
  const end = await endOf('/bin/sh', ['-c', '"$0" "$@" >/dev/full', process.execPath, tool, '--version'])
  t.like(end, { status: 3, stdout: '' })
  t.regex(end.stderr, /^fast-sysfs: ENOSPC: .+\n$/)
})
