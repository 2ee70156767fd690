import { styleText } from 'node:util'

/** `fault` marks what does not work, `warning` what works with reduced redundancy. */
export type Style = 'title' | 'faint' | 'warning' | 'fault'

export interface Span {
  readonly text: string
  readonly style?: Style
}

export type Line = readonly Span[]

/** The characters of trees, arrows and bars. */
export interface Glyphs {
  readonly branch: string
  readonly lastBranch: string
  readonly trunk: string
  readonly arrow: string
  readonly ellipsis: string
  /** The filled and the empty part of a bar. */
  readonly bar: string
  readonly barRest: string
}

export interface Terminal {
  /** In columns. Infinite if the output is not a terminal, so that no line is truncated. */
  readonly width: number
  readonly hasColours: boolean
  readonly glyphs: Glyphs
}

const unicode: Glyphs = {
  branch: '├─ ',
  lastBranch: '└─ ',
  trunk: '│  ',
  arrow: '→',
  ellipsis: '…',
  bar: '█',
  barRest: '░',
}
export const ascii: Glyphs = {
  branch: '|- ',
  lastBranch: '`- ',
  trunk: '|  ',
  arrow: '->',
  ellipsis: '...',
  bar: '#',
  barRest: '.',
}

const formats = { title: 'bold', faint: 'dim', warning: 'yellow', fault: 'red' } as const

export function terminalOf(stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv): Terminal {
  const { LC_ALL, LC_CTYPE, LANG, NO_COLOR, TERM } = environment
  return {
    // The width is 0 if the size of the terminal is not set.
    width: (stream.isTTY && stream.columns) || Number.POSITIVE_INFINITY,
    hasColours: stream.isTTY && !NO_COLOR && TERM !== 'dumb',
    glyphs: /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '') ? unicode : ascii,
  }
}

/** Makes one line of each text. */
export function linesOf(texts: readonly string[]): readonly Line[] {
  return texts.map((text) => [{ text }])
}

/** Returns a line with escape sequences for its styles, truncated to the width of the terminal. */
export function renderLine(line: Line, { width, hasColours, glyphs }: Terminal): string {
  return truncate(line, width, glyphs.ellipsis)
    .map(({ text, style }) => {
      const shown = printable(text)
      if (!hasColours || style === undefined) return shown
      // `hasColours` decides about colours. Newer versions of Node.js would also check stdout here.
      return styleText(formats[style], shown, { validateStream: false })
    })
    .join('')
}

/** The width of a text in columns. Every code point counts as one column; wide characters are not detected. */
export function widthOf(text: string): number {
  return [...text].length
}

/**
 * Replaces control characters and line breaks by `?`. Names and models come from devices and targets; they must not
 * contain escape sequences for the terminal.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?')
}

function truncate(line: Line, width: number, ellipsis: string): Line {
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
