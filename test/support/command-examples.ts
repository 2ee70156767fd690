/*
 * The command lines in docs/command-line.md, with their output on a recorded machine. A block that begins with
 * ```console NAME
 * has command lines after `$ ` and the output of each below it. NAME is the recording. A line `...` stands for lines
 * that are left out. Blocks without a name are not run.
 */

export interface CommandExample {
  readonly recording: string
  readonly commandLine: string
  readonly output: readonly string[]
}

const omission = '...'
const blockPattern = /^```console (\S+)\n(.*?)^```$/gms
const prompt = '$ '

export function commandExamplesIn(markdown: string): readonly CommandExample[] {
  return Array.from(markdown.matchAll(blockPattern), ([, recording = '', block = '']) =>
    examplesOf(recording, block),
  ).flat()
}

function examplesOf(recording: string, block: string): readonly CommandExample[] {
  const examples: { recording: string; commandLine: string; output: string[] }[] = []
  for (const line of block.split('\n').slice(0, -1)) {
    if (line.startsWith(prompt)) examples.push({ recording, commandLine: line.slice(prompt.length), output: [] })
    else if (examples.length === 0) throw new Error(`no command line before '${line}'`)
    else examples.at(-1)?.output.push(line)
  }
  return examples
}

/** The arguments of `fast-sysfs`. No shell is needed: quotes, pipes and redirections are refused. */
export function argumentsOf({ commandLine }: CommandExample): readonly string[] {
  const [program, ...args] = commandLine.split(' ')
  if (program !== 'fast-sysfs' || /['"|<>&;$`\\]/.test(commandLine)) {
    throw new Error(`an example must be a plain command line of fast-sysfs: ${commandLine}`)
  }
  return args
}

/** The actual output in the form of the documented one, which may leave lines out. */
export function abridged(actual: readonly string[], documented: readonly string[]): readonly string[] {
  const head = documented.indexOf(omission)
  if (head === -1) return actual
  const tail = documented.length - head - 1
  return [...actual.slice(0, head), omission, ...actual.slice(actual.length - tail)]
}

/** The text with the outputs that `outputOf` gives. */
export async function withCurrentOutputs(
  markdown: string,
  outputOf: (example: CommandExample) => Promise<readonly string[]>,
): Promise<string> {
  const parts: string[] = []
  let end = 0
  for (const { 0: text, 1: recording = '', 2: block = '', index } of markdown.matchAll(blockPattern)) {
    const lines: string[] = []
    for (const example of examplesOf(recording, block)) {
      lines.push(prompt + example.commandLine, ...abridged(await outputOf(example), example.output))
    }
    parts.push(markdown.slice(end, index), `\`\`\`console ${recording}\n${lines.join('\n')}\n\`\`\``)
    end = index + text.length
  }
  return [...parts, markdown.slice(end)].join('')
}
