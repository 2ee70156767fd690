import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { loadAllCommands } from '../lib/cli/commands.js'
import { endOf, howItEnded, packageRoot } from './support/child-process.js'
import { abridged, argumentsOf, commandExamplesIn } from './support/command-examples.js'
import { unpackRecording } from './support/recordings.js'
import { run } from './support/tool.js'

// The Markdown files: their code compiles and runs, their command lines print what they show, their links lead
// somewhere.

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(path.join(packageRoot, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
]

function textOf(page: string): string {
  return readFileSync(path.join(packageRoot, page), 'utf8')
}

// ---- Code

interface CodeExample {
  readonly page: string
  readonly line: number
  readonly code: string
  readonly file: string
}

const codeExamples = pages.flatMap((page) => {
  const text = textOf(page)
  return Array.from(text.matchAll(/^```ts\n(.*?)^```$/gms), ({ 1: code = '', index }): CodeExample => {
    const line = text.slice(0, index).split('\n').length
    return { page, line, code, file: `${page.replace(/\W/g, '-')}-${line}` }
  })
})

// In the package, where 'fast-sysfs' is this package.
const directory = mkdtempSync(path.join(packageRoot, 'dist', 'docs-'))
test.after.always(() => rmSync(directory, { recursive: true }))

/** What tsc reports. */
let typeErrors: string

test.before(async () => {
  writeFileSync(
    path.join(directory, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        module: 'nodenext',
        target: 'es2022',
        strict: true,
        exactOptionalPropertyTypes: true,
        types: ['node'],
        rootDir: '.',
      },
      include: ['*.mts'],
    }),
  )
  for (const { file, code } of codeExamples) writeFileSync(path.join(directory, `${file}.mts`), code)
  const tsc = path.join(packageRoot, 'node_modules/typescript/bin/tsc')
  const { stdout, stderr } = await endOf([process.execPath, tsc, '-p', directory])
  typeErrors = stdout + stderr
})

test('the code of the documentation has the types it claims', (t) => {
  t.true(codeExamples.length >= 20)
  t.is(typeErrors, '')
})

/** What the code claims to print, by comments such as `// Prints: /dev/dm-3`. */
function claimedOutput(code: string): readonly string[] {
  return Array.from(code.matchAll(/\/\/ Prints: (.*)$/gm), ([, line = '']) => line)
}

for (const { page, line, code, file } of codeExamples) {
  test(`the code in ${page}, line ${line}, runs on a recorded machine and prints what it claims`, async (t) => {
    const root = await unpackRecording('S3')
    const env = { ...process.env, HOST_SYS: `${root}/sys`, HOST_DEV: `${root}/dev`, HOST_PROC: `${root}/proc` }
    const end = await endOf([process.execPath, path.join(directory, `${file}.mjs`)], '', { env })
    t.is(end.status, 0, howItEnded(end))
    const claimed = claimedOutput(code)
    if (claimed.length > 0) t.deepEqual(end.stdout.trimEnd().split('\n'), claimed)
  })
}

test('the code of the documentation claims what it prints often enough', (t) => {
  t.true(codeExamples.filter(({ code }) => claimedOutput(code).length > 0).length >= 8)
})

// ---- Command lines

const commandExamples = commandExamplesIn(textOf('docs/command-line.md'))

for (const example of commandExamples) {
  test(`${example.commandLine} prints what docs/command-line.md shows, on ${example.recording}`, async (t) => {
    const root = await unpackRecording(example.recording)
    const { status, stdout, stderr } = await run([...argumentsOf(example), '--root', root])
    t.true(status === 0 || status === 1, stderr)
    t.deepEqual(abridged((stdout + stderr).split('\n').slice(0, -1), example.output), example.output)
  })
}

/** Their output is different in every run. */
const continuousCommands: ReadonlySet<string | null> = new Set(['watch', 'top'])

test('docs/command-line.md shows every command', async (t) => {
  const page = textOf('docs/command-line.md')
  const shown = new Set(commandExamples.map((example) => argumentsOf(example)[0] ?? null))
  for (const { name } of await loadAllCommands()) {
    if (continuousCommands.has(name)) t.true(page.includes(`$ fast-sysfs ${name}`), `${name}`)
    else t.true(shown.has(name), `${name}`)
  }
})

test('an example of a command line is compared with what is printed', (t) => {
  const [example] = commandExamplesIn('```console S3\n$ fast-sysfs lun iqn 1\nsda\n...\nsdd\n```\n')
  t.deepEqual(example, {
    recording: 'S3',
    commandLine: 'fast-sysfs lun iqn 1',
    output: ['sda', '...', 'sdd'],
  })
  t.deepEqual(abridged(['sda', 'sdb', 'sdc', 'sdd'], ['sda', '...', 'sdd']), ['sda', '...', 'sdd'])
  t.deepEqual(abridged(['sdb', 'sdc', 'sde'], ['sda', '...', 'sdd']), ['sdb', '...', 'sde'])
  t.deepEqual(abridged(['sda', 'sdb'], ['sda']), ['sda', 'sdb'])
})

// ---- Links and names

/** Markdown without its code. */
function proseOf(page: string): string {
  return textOf(page)
    .replace(/^```.*?^```$/gms, '')
    .replace(/^ {4}.*$/gm, '')
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = proseOf(page).matchAll(/^#+ (.*)$/gm)
  return new Set(
    Array.from(headings, ([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

for (const page of pages) {
  test(`the links of ${page} lead somewhere`, (t) => {
    const links = Array.from(proseOf(page).matchAll(/\]\(([^)\s]+)\)/g), ([, link = '']) => link)
    const broken = links.filter((link) => {
      if (/^https?:/.test(link)) return false
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? page : path.join(path.dirname(page), file)
      if (!existsSync(path.join(packageRoot, target))) return true
      return anchor !== undefined && !anchorsOf(target).has(anchor)
    })
    t.deepEqual(broken, [])
  })
}

test('docs/README.md lists every page of docs', (t) => {
  const index = textOf('docs/README.md')
  for (const page of pages.filter((one) => one.startsWith('docs/') && one !== 'docs/README.md')) {
    t.true(index.includes(`](${path.basename(page)})`), page)
  }
})

test('the scripts that the documentation names exist', (t) => {
  const { scripts } = JSON.parse(textOf('package.json')) as { readonly scripts: Readonly<Record<string, string>> }
  const named = pages
    .filter((page) => page !== 'CHANGELOG.md')
    .flatMap((page) =>
      Array.from(textOf(page).matchAll(/npm (?:run )?(start|test\b(?!:)|(?<=run )[a-z:]+)/g), ([, name = '']) => name),
    )
  t.true(named.length >= 8)
  t.deepEqual(
    named.filter((name) => !(name in scripts)),
    [],
  )
})

test('README.md has at most 150 lines', (t) => {
  t.true(textOf('README.md').trimEnd().split('\n').length <= 150)
})

/** The folders below a directory, by their paths relative to it. */
function foldersIn(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true })
    .map(String)
    .filter((name) => statSync(path.join(directory, name)).isDirectory())
    .sort()
}

/** The names in a tree that is drawn by indentation, two spaces a level: folders have a slash at the end. */
function drawnFolders(tree: string): readonly string[] {
  const open: string[] = []
  const folders: string[] = []
  for (const [, indentation = '', name = ''] of tree.matchAll(/^( *)([\w-]+)\//gm)) {
    open.length = indentation.length / 2
    open.push(name)
    folders.push(open.join('/'))
  }
  return folders.sort()
}

function drawnLib(): string {
  const [, tree = ''] = /^```text\n(lib\/\n.*?)^```$/ms.exec(textOf('docs/architecture.md')) ?? []
  return tree
}

const lib = path.join(packageRoot, 'lib')

test('docs/architecture.md draws the folders of lib', (t) => {
  t.deepEqual(drawnFolders(drawnLib()), ['lib', ...foldersIn(lib).map((name) => `lib/${name}`)])
})

test('the imports of lib go down the list in docs/architecture.md', (t) => {
  const order = Array.from(drawnLib().matchAll(/^ {2}([\w-]+)(?:\/|\.ts)/gm), ([, name = '']) => name)
  t.deepEqual(
    order.toSorted(),
    readdirSync(lib)
      .map((name) => path.parse(name).name)
      .sort(),
  )
  for (const file of readdirSync(lib, { recursive: true }).map(String)) {
    if (!file.endsWith('.ts')) continue
    for (const [, imported = ''] of readFileSync(path.join(lib, file), 'utf8').matchAll(importPattern)) {
      const target = path.join(path.dirname(file), imported)
      t.true(order.indexOf(firstName(target)) >= order.indexOf(firstName(file)), `${file} imports ${imported}`)
    }
  }
})

const importPattern = /(?:from |import\()'(\.[^']+)'/g

/** The folder in lib, or the file in it without its extension. */
function firstName(file: string): string {
  return path.parse(file.split('/')[0] ?? '').name
}
