import { stripVTControlCharacters } from 'node:util'
import test from 'ava'
import { unpackRecording } from '../../support/recordings.js'
import { linesOf, run, runAlone, runOnTerminal, testOnTerminal } from '../../support/tool.js'

test('the output is ASCII if the locale is not UTF-8', async (t) => {
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

test('the output has no colours and no truncated lines if it is not a terminal', async (t) => {
  const args = ['--root', await unpackRecording('S7b-transport-offline')]
  const { stdout } = await runAlone(args, { FORCE_COLOR: '1', COLUMNS: '20' })
  t.false(stdout.includes('\x1b'))
  t.false(stdout.includes('…'))
})

testOnTerminal('NO_COLOR and TERM=dumb are respected (needs script of util-linux)', async (t) => {
  const args = ['--root', await unpackRecording('S7b-transport-offline')]
  const { stdout } = await run(args)
  t.is(await runOnTerminal(200, args, { NO_COLOR: '1' }), stdout)
  t.is(await runOnTerminal(200, args, { TERM: 'dumb', FORCE_COLOR: '1' }), stdout)
  // https://no-color.org: an empty value has no effect.
  t.true((await runOnTerminal(200, args, { NO_COLOR: '' })).includes('\x1b[31m'))
})

testOnTerminal('lines are truncated to the width of the terminal (needs script of util-linux)', async (t) => {
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
  // JSON is never truncated.
  t.is(await runOnTerminal(30, [...args, '--json']), (await run([...args, '--json'])).stdout)
})
