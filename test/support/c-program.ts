import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import path from 'node:path'
import { type Missing, missingProgram } from './requirements.js'

const sources = path.join(__dirname, '../../../test/support')
const programs = path.join(__dirname, '../../c-programs')
const compiler = process.env['CC'] ?? 'cc'

/** The program of `test/support/NAME.c`, compiled when its source is new. */
export function cProgram(name: string): { readonly program: string } | { readonly missing: string } {
  const source = path.join(sources, `${name}.c`)
  const version = createHash('sha256').update(compiler).update(readFileSync(source)).digest('hex').slice(0, 16)
  const program = path.join(programs, `${name}-${version}`)
  if (existsSync(program)) return { program }
  const missing: Missing = missingProgram(compiler, ['--version'])
  if (missing !== undefined) return { missing }
  mkdirSync(programs, { recursive: true })
  // Several test files may compile it at the same time.
  const unfinished = `${program}-${process.hrtime.bigint()}`
  execFileSync(compiler, ['-O2', '-Wall', '-Wextra', '-pthread', '-o', unfinished, source], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  renameSync(unfinished, program)
  return { program }
}
