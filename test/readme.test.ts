import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'

const packageRoot = path.resolve(__dirname, '../..')
const readme = readFileSync(path.join(packageRoot, 'README.md'), 'utf8')
const examples = Array.from(readme.matchAll(/^```ts\n(.*?)^```$/gms), (match) => match[1] as string)

test('the examples of the README have the types they claim, and run', (t) => {
  t.true(examples.length >= 5)
  // Inside the package, where 'fast-sysfs' is this very package.
  const directory = mkdtempSync(path.join(packageRoot, 'dist', 'readme-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  writeFileSync(
    path.join(directory, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: { module: 'nodenext', target: 'es2022', strict: true, types: ['node'], rootDir: '.' },
      include: ['*.mts'],
    }),
  )
  examples.forEach((example, index) => {
    writeFileSync(path.join(directory, `example${index}.mts`), example)
  })
  const tsc = spawnSync(
    process.execPath,
    [path.join(packageRoot, 'node_modules/typescript/bin/tsc'), '-p', directory],
    {
      encoding: 'utf8',
    },
  )
  t.is(tsc.stdout, '')
  t.is(tsc.status, 0)
  for (const index of examples.keys()) {
    t.notThrows(() =>
      execFileSync(process.execPath, [path.join(directory, `example${index}.mjs`)], { timeout: 60_000, stdio: 'pipe' }),
    )
  }
})

test('every script the README names is there', (t) => {
  const { scripts } = JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const named = Array.from(
    readme.matchAll(/npm (?:run )?(start|test\b(?!:)|(?<=run )[a-z:]+)/g),
    (match) => match[1] as string,
  )
  t.true(named.length >= 8)
  for (const script of named) t.true(script in scripts, script)
})
