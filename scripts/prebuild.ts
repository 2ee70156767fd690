// Makes the prebuilt addon that the package is published with: prebuilds/linux-x64/fast-sysfs.glibc.node. It uses
// Node-API only, so one serves every version of Node.

import { execFileSync } from 'node:child_process'
import path from 'node:path'

const packageRoot = path.resolve(__dirname, '../..')

execFileSync(
  process.execPath,
  [require.resolve('prebuildify/bin.js'), '--napi', '--strip', '--tag-libc', '--name', 'fast-sysfs'],
  { cwd: packageRoot, stdio: 'inherit' },
)
