// Builds the native addon into build/. Where that cannot be (no compiler, not Linux), the package works all the same on
// its TypeScript fallback, so this says so in one line and succeeds. With FAST_SYSFS_REQUIRE=all it fails.

import { spawnSync } from 'node:child_process'
import path from 'node:path'

const packageRoot = path.resolve(__dirname, '../..')

function build(): { readonly ok: boolean; readonly output: string } {
  const { status, error, stdout, stderr } = spawnSync(
    process.execPath,
    [require.resolve('node-gyp/bin/node-gyp.js'), 'configure', 'build', '--silent'],
    { cwd: packageRoot, encoding: 'utf8' },
  )
  return { ok: status === 0, output: `${stdout}${stderr}${error?.message ?? ''}` }
}

const isRequired = process.env['FAST_SYSFS_REQUIRE'] === 'all'

if (process.platform !== 'linux') {
  console.log(`fast-sysfs: no native addon on ${process.platform}, queries run on the TypeScript fallback`)
  process.exitCode = isRequired ? 1 : 0
} else {
  const { ok, output } = build()
  if (!ok && isRequired) {
    process.stderr.write(output)
    process.exitCode = 1
  } else if (!ok) {
    console.log(
      'fast-sysfs: the native addon was not built (no C++ compiler, make or Python?); queries run on the TypeScript fallback. FAST_SYSFS_REQUIRE=all npm run compile shows why.',
    )
  }
}
