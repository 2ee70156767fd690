import { readFileSync } from 'node:fs'
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import test from 'ava'
import { inNamingOrder } from '../../lib/cli/order.js'
import { formatSize } from '../../lib/cli/quantity.js'
import { onEveryBackend } from '../support/backends.js'
import { copyPackage, packageRoot } from '../support/child-process.js'
import { writeFileTree } from '../support/file-tree.js'
import { parseIscsiadmSessions, parseMultipathMaps } from '../support/recorded-tools.js'
import { reference, unpackRecording } from '../support/recordings.js'
import { missingFile } from '../support/requirements.js'
import { testWith } from '../support/test-with.js'
import {
  ended,
  endOf,
  linesOf,
  outputOn,
  run,
  runAlone,
  runOn,
  runOnTerminal,
  testOnTerminal,
  tool,
} from '../support/tool.js'

const target = 'iqn.2026-11.io.example:alpha'

// ---- What it finds

onEveryBackend('multipath prints the map over each path', async (t, backend) => {
  const map = parseMultipathMaps(reference('S3', 'multipath-ll.txt')).find(({ name }) => name === 'mpathd')
  t.deepEqual(
    map?.paths.map((one) => one.device),
    ['sda', 'sdb'],
  )
  t.is(await outputOn('S3', backend, 'multipath', 'sda'), `/dev/${map?.device}\n`)
  t.is(await outputOn('S3', backend, 'multipath', '/dev/sdb'), `/dev/${map?.device}\n`)
  t.deepEqual(JSON.parse(await outputOn('S3', backend, 'multipath', 'sdb', '--json')), { map: `/dev/${map?.device}` })
})

onEveryBackend('slaves prints the paths of each map', async (t, backend) => {
  for (const map of parseMultipathMaps(reference('S3', 'multipath-ll.txt'))) {
    const slaves = map.paths.map((one) => `/dev/${one.device}`).sort()
    t.is(await outputOn('S3', backend, 'slaves', map.device), slaves.map((slave) => `${slave}\n`).join(''))
    t.deepEqual(JSON.parse(await outputOn('S3', backend, 'slaves', `/dev/mapper/${map.name}`, '--json')), { slaves })
  }
})

onEveryBackend('portals prints each with its host', async (t, backend) => {
  t.is(await outputOn('S3', backend, 'portals', target), '127.0.0.2:3260  host0\n127.0.0.1:3260  host1\n')
  const { portals } = JSON.parse(await outputOn('S4-ipv6', backend, 'portals', target, '--json'))
  const hosts = Object.fromEntries(portals.map((one: { portal: string; host: number }) => [one.portal, one.host]))
  const sessions = parseIscsiadmSessions(reference('S4-ipv6', 'iscsiadm-session.txt'))
  for (const { persistentPortal, currentPortal, hostNumber } of sessions) {
    // Two of the sessions are to one portal: the later one counts.
    const expected = persistentPortal.address === '127.0.0.1' ? 2 : hostNumber
    t.is(hosts[`${persistentPortal.address}:3260`], expected)
    t.is(hosts[`${currentPortal.address}:3260`], expected)
  }
  t.is(hosts['[::1]:3260'], 1)
})

onEveryBackend('lun prints the disk of each session', async (t, backend) => {
  const sessions = parseIscsiadmSessions(reference('S3', 'iscsiadm-session.txt'))
  for (const lun of [1, 7]) {
    const disks = sessions
      .filter((session) => session.target === target)
      .flatMap((session) => session.disks.filter((disk) => disk.lun === lun).map((disk) => disk.name))
    t.is(disks.length, 2)
    const text = await outputOn('S3', backend, 'lun', target, String(lun))
    t.deepEqual(linesOf(text).toSorted(), disks.toSorted())
    t.deepEqual(JSON.parse(await outputOn('S3', backend, 'lun', target, String(lun), '--json')), {
      devices: linesOf(text),
    })
  }
})

for (const name of ['S3', 'S4-ipv6', 'S7b-transport-offline', 'S9b-redirect']) {
  onEveryBackend(`sessions prints those of iscsiadm, on ${name}`, async (t, backend) => {
    const expected = parseIscsiadmSessions(reference(name, 'iscsiadm-session.txt'))
    const { sessions } = JSON.parse(await outputOn(name, backend, 'sessions', '--json'))
    const rows = linesOf(await outputOn(name, backend, 'sessions'))
    t.is(rows.length, expected.length)
    for (const [index, session] of expected.toSorted((a, b) => a.sessionId - b.sessionId).entries()) {
      t.like(
        sessions.find(({ id }: { id: number }) => id === session.sessionId),
        {
          targetName: session.target,
          state: session.sessionState,
          hostNumber: session.hostNumber,
        },
      )
      const words = rows[index]?.split(/[ !,]+/) ?? []
      t.is(words[0], `session${session.sessionId}`)
      const { address, port } = session.persistentPortal
      const portal = `${address.includes(':') ? `[${address}]` : address}:${port}`
      for (const word of [session.sessionState, `host${session.hostNumber}`, session.target, portal]) {
        t.true(words.includes(word), `${word} in ${rows[index]}`)
      }
    }
  })
}

// ---- Exit codes and errors

onEveryBackend('nothing found is exit code 1, and said on stderr', async (t, backend) => {
  const cases = [
    { args: ['multipath', 'vda'], json: { map: null }, says: 'nothing is over vda' },
    { args: ['slaves', 'sda'], json: { slaves: [] }, says: 'nothing is under sda' },
    { args: ['portals', 'iqn.no'], json: { portals: [] }, says: 'no portal of iqn.no' },
    { args: ['lun', target, '3'], json: { devices: [] }, says: `no disk for LUN 3 of ${target}` },
  ]
  for (const { args, json, says } of cases) {
    t.deepEqual(await runOn('S3', backend, ...args), ended(1, '', `fast-sysfs: ${says}\n`))
    const end = await runOn('S3', backend, ...args, '--json')
    t.deepEqual({ ...end, stdout: JSON.parse(end.stdout) }, { ...ended(1, '', ''), stdout: json })
  }
  const sessions = ['sessions', '--backend', backend, '--root', await unpackRecording('S1a-nomodules')]
  t.deepEqual(await runAlone(sessions), ended(1, '', 'fast-sysfs: no iSCSI session\n'))
})

const misuses: readonly (readonly [args: readonly string[], problem: string])[] = [
  [['slave', 'dm-0'], "unknown command 'slave'"],
  [[''], "unknown command ''"],
  [['multipath'], 'multipath: missing DEVICE'],
  [['lun'], 'lun: missing IQN LUN'],
  [['lun', target], 'lun: missing LUN'],
  [['lun', target, '1', '2'], "lun: unexpected '2'"],
  [['sessions', 'all'], "sessions: unexpected 'all'"],
  [['lun', target, 'one'], "LUN must be a number, not 'one'"],
  [['lun', target, '0x1'], "LUN must be a number, not '0x1'"],
  [['--jsn'], "Unknown option '--jsn'"],
  [['-j'], "Unknown option '-j'"],
  [['--a\nb'], "Unknown option '--a"],
  [['--json=yes'], "Option '-J, --json' does not take an argument"],
  [['--detail', 'full'], '--detail is for a command'],
  [['sessions', '--bytes'], 'sessions takes no --bytes'],
  [['snapshot', '--detail', 'all'], "--detail must be links, basic or full, not 'all'"],
  [['graph', '--format', 'svg'], "--format must be dot or mermaid, not 'svg'"],
  [['list', '-o', 'NAME,COLOUR'], "no column 'COLOUR'; list --help names them"],
  [['list', '-o', ''], '--columns must name some'],
  [['sessions', '--root'], "Option '--root <value>' argument missing"],
  [['--root', '--json'], "Option '--root' argument is ambiguous"],
  [['--root='], '--root must not be empty'],
  [['--backend', 'quick'], "--backend must be auto, native or fallback, not 'quick'"],
  [['slaves', 'dm\x1b-1\n\n', 'two\nlines'], "slaves: unexpected 'two?lines'"],
]

for (const [args, problem] of misuses) {
  test(`the arguments ${JSON.stringify(args)} are refused`, async (t) => {
    t.deepEqual(await run(args), ended(2, '', `fast-sysfs: ${problem} (see fast-sysfs --help)\n`))
  })
}

onEveryBackend('what the library refuses is misuse too', async (t, backend) => {
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

onEveryBackend('a root without sysfs is a failure', async (t, backend) => {
  for (const root of [writeFileTree(t, { 'dev/sda': '' }), writeFileTree(t, { sys: 'a file' })]) {
    for (const args of [[], ['--json'], ['sessions'], ['multipath', 'sda']]) {
      const end = await run([...args, '--backend', backend, '--root', root])
      t.deepEqual(end, ended(3, '', `fast-sysfs: there is no sysfs at ${root}/sys\n`))
    }
  }
})

test('no addon is a failure only where it is asked for', async (t) => {
  const copied = path.join(copyPackage(), 'dist/package/cli/main.js')
  const args = [copied, 'multipath', 'sda', '--root', await unpackRecording('S3')]
  t.deepEqual(await endOf(process.execPath, args), ended(0, '/dev/dm-3\n', ''))
  const end = await endOf(process.execPath, [...args, '--backend', 'native'])
  t.deepEqual([end.status, end.stdout], [3, ''])
  t.regex(end.stderr, /^fast-sysfs: no native addon for .+\n$/)
})

onEveryBackend('no descriptors left is a failure', async (t, backend) => {
  // Takes all descriptors once the tool is loaded.
  const preload = path.join(
    writeFileTree(t, {
      'preload.cjs': `
        const { openSync } = require('node:fs')
        const { Machine } = require(${JSON.stringify(path.join(packageRoot, 'dist/lib/machine/machine.js'))})
        const { run } = Machine.prototype
        Machine.prototype.run = function (...operation) {
          try { for (;;) openSync('/dev/null') } catch {}
          return run.apply(this, operation)
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

test('options stand anywhere, until --', async (t) => {
  const root = await unpackRecording('S3')
  const expected = ended(0, '/dev/dm-3\n', '')
  t.deepEqual(await run(['--root', root, 'multipath', 'sda']), expected)
  t.deepEqual(await run(['multipath', `--root=${root}`, 'sda']), expected)
  t.deepEqual(await run(['--root', root, '--', 'multipath', 'sda']), expected)
  t.deepEqual(
    await run(['--root', root, 'multipath', '--', '--json']),
    ended(1, '', 'fast-sysfs: nothing is over --json\n'),
  )
})

test('help, of the tool and of each command', async (t) => {
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

test('version, and that npm makes this the command', async (t) => {
  const { version, bin } = JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8'))
  // The bundle of the tool: test/package.test.ts runs it.
  const command = path.resolve(packageRoot, bin['fast-sysfs'])
  t.is(path.relative(packageRoot, command), 'dist/package/cli/main.js')
  t.true(readFileSync(command, 'utf8').startsWith('#!/usr/bin/env node\n'))
  t.deepEqual(await runAlone(['--version']), ended(0, `${version}\n`, ''))
  t.deepEqual(await runAlone(['-V']), ended(0, `${version}\n`, ''))
})

// ---- Output

test('lines are drawn in ASCII where the locale is not UTF-8', async (t) => {
  const args = ['--root', await unpackRecording('S3')]
  const { stdout: unicode } = await run(args)
  t.regex(unicode, /├─ .*→ mpathd/)
  for (const locale of [{ LANG: 'C' }, { LC_ALL: 'POSIX' }, { LC_CTYPE: 'de_DE.ISO-8859-1' }, { LANG: '' }]) {
    const { stdout: ascii } = await runAlone(args, locale)
    t.regex(ascii, /^[\n -~]+$/)
    t.regex(ascii, /\|- .*-> mpathd/)
  }
  t.is((await runAlone(args, { LANG: 'C', LC_ALL: 'en_US.utf8' })).stdout, unicode)
})

test('there are no colours and nothing is cut off where the output is no terminal', async (t) => {
  const args = ['--root', await unpackRecording('S7b-transport-offline')]
  const { stdout } = await runAlone(args, { FORCE_COLOR: '1', COLUMNS: '20' })
  t.false(stdout.includes('\x1b'))
  t.false(stdout.includes('…'))
})

test('a reader that has seen enough is no error', async (t) => {
  const script = (streams: string) => `exec 3>&1; { "$0" "$@" ${streams}; echo "exit code $?" >&3; } | true`
  const args = [process.execPath, tool, '--root', await unpackRecording('S3')]
  t.deepEqual(await endOf('/bin/sh', ['-c', script(''), ...args]), ended(0, 'exit code 0\n', ''))
  const end = await endOf('/bin/sh', ['-c', script('2>&1 >/dev/null'), ...args, 'unknown'])
  t.deepEqual(end, ended(0, 'exit code 2\n', ''))
})

const testWithFullDevice = testWith(missingFile('/dev/full'))
testWithFullDevice('a full disk is a failure (needs /dev/full)', async (t) => {
  const end = await endOf('/bin/sh', ['-c', '"$0" "$@" >/dev/full', process.execPath, tool, '--version'])
  t.like(end, { status: 3, stdout: '' })
  t.regex(end.stderr, /^fast-sysfs: ENOSPC: .+\n$/)
})

// ---- On a terminal

testOnTerminal('NO_COLOR and TERM=dumb are respected (needs script of util-linux)', async (t) => {
  const args = ['--root', await unpackRecording('S7b-transport-offline')]
  const { stdout } = await run(args)
  t.is(await runOnTerminal(200, args, { NO_COLOR: '1' }), stdout)
  t.is(await runOnTerminal(200, args, { TERM: 'dumb', FORCE_COLOR: '1' }), stdout)
  // As https://no-color.org has it, only a value that is not empty counts.
  t.true((await runOnTerminal(200, args, { NO_COLOR: '' })).includes('\x1b[31m'))
})

testOnTerminal('lines are cut off at the width of the terminal (needs script of util-linux)', async (t) => {
  const args = ['--root', await unpackRecording('S6d-path-deleted')]
  const whole = linesOf((await run(args)).stdout)
  for (const { locale, ellipsis } of [
    { locale: 'C.UTF-8', ellipsis: '…' },
    { locale: 'C', ellipsis: '...' },
  ]) {
    const uncut = linesOf((await runAlone(args, { LANG: locale })).stdout)
    for (const columns of [30, 60, 80]) {
      const shown = linesOf(stripVTControlCharacters(await runOnTerminal(columns, args, { LANG: locale })))
      const expected = uncut.map((line) =>
        line.length <= columns ? line : line.slice(0, columns - ellipsis.length) + ellipsis,
      )
      t.deepEqual(shown, expected)
    }
  }
  t.true(whole.some((line) => line.length > 80))
  // JSON is for programs.
  t.is(await runOnTerminal(30, [...args, '--json']), (await run([...args, '--json'])).stdout)
})

// ---- How things are written

test('sizes are written as lsblk does', (t) => {
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

test('names are in the order in which they were given out', (t) => {
  for (const names of [
    ['sda', 'sda1', 'sda2', 'sda10', 'sdb', 'sdz', 'sdaa', 'sdba'],
    ['dm-0', 'dm-2', 'dm-10'],
    ['mpatha', 'mpathb', 'mpathb-part1', 'mpathaa'],
    ['nvme0n1', 'nvme0n1p2', 'nvme0n10', 'nvme1n1'],
  ]) {
    t.deepEqual(names.toReversed().sort(inNamingOrder), names)
  }
})
