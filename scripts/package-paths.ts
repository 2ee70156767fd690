import { readFileSync } from 'node:fs'
import path from 'node:path'

export const packageRoot = path.resolve(__dirname, '../..')

const { bin } = JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8'))

/** The file that package.json names as the `fast-sysfs` command. */
export const commandLineTool = path.join(packageRoot, typeof bin === 'string' ? bin : bin['fast-sysfs'])
