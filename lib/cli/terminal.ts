import { styleText } from 'node:util'

/** `fault`: does not work; `warning`: works, but with less than there should be. */
export type Style = 'title' | 'faint' | 'warning' | 'fault'

export interface Span {
  readonly text: string
  readonly style?: Style
}

export type Line = readonly Span[]

/** What lines are drawn with. */
export interface Glyphs {
  readonly branch: string
  readonly lastBranch: string
  readonly trunk: string
  readonly arrow: string
  readonly ellipsis: string
}

export interface Terminal {
  /** In columns; infinite where the output is no terminal, for nothing may be cut off then. */
  readonly width: number
  readonly hasColours: boolean
  readonly glyphs: Glyphs
}

const unicode: Glyphs = { branch: '├─ ', lastBranch: '└─ ', trunk: '│  ', arrow: '→', ellipsis: '…' }
const ascii: Glyphs = { branch: '|- ', lastBranch: '`- ', trunk: '|  ', arrow: '->', ellipsis: '...' }

const formats = { title: 'bold', faint: 'dim', warning: 'yellow', fault: 'red' } as const

export function terminalOf(stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv): Terminal {
  const { LC_ALL, LC_CTYPE, LANG, NO_COLOR, TERM } = environment
  return {
    // A terminal whose size nobody has set says 0.
    width: (stream.isTTY && stream.columns) || Number.POSITIVE_INFINITY,
    hasColours: stream.isTTY && !NO_COLOR && TERM !== 'dumb',
    glyphs: /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '') ? unicode : ascii,
  }
}

/** A line for each text. */
export function linesOf(texts: readonly string[]): readonly Line[] {
  return texts.map((text) => [{ text }])
}

export function renderLine(line: Line, { width, hasColours, glyphs }: Terminal): string {
  return cut(line, width, glyphs.ellipsis)
    .map(({ text, style }) => {
      const shown = printable(text)
      if (!hasColours || style === undefined) return shown
      // Whether there are to be colours is decided above; newer versions of Node would look at stdout again.
      return styleText(formats[style], shown, { validateStream: false })
    })
    .join('')
}

/** How many columns a text takes. What it may hold besides ASCII, a disk's model say, is not known to be wide. */
export function widthOf(text: string): number {
  return [...text].length
}

/** A disk's model and a target's name come from outside; they must not steer the terminal, nor break a line. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?')
}

function cut(line: Line, width: number, ellipsis: string): Line {
  const total = line.reduce((sum, span) => sum + widthOf(span.text), 0)
  if (total <= width) return line
  let room = Math.max(width - widthOf(ellipsis), 0)
  const kept: Span[] = []
  for (const span of line) {
    const characters = [...span.text].slice(0, room)
    room -= characters.length
    kept.push({ ...span, text: characters.join('') })
  }
  return [...kept, { text: ellipsis, style: 'faint' }]
}
