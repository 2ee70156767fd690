import { type Glyphs, type Line, printable, renderLine, terminalOf } from './terminal.js'

/** Draws for the terminal on standard output, or says on standard error that there is nothing. */
export function writeLines(draw: (glyphs: Glyphs) => readonly Line[], nothing: string | undefined): void {
  const terminal = terminalOf(process.stdout, process.env)
  const lines = draw(terminal.glyphs).map((line) => `${renderLine(line, terminal)}\n`)
  if (lines.length > 0) process.stdout.write(lines.join(''))
  else if (nothing !== undefined) process.stderr.write(`fast-sysfs: ${printable(nothing)}\n`)
}

export function writeJson(value: unknown, indentation = 2): void {
  process.stdout.write(`${toJson(value, indentation)}\n`)
}

/** JSON.stringify leaves as they are the control characters beyond ASCII, which steer some terminals. */
function toJson(value: unknown, indentation: number): string {
  const json = JSON.stringify(value, null, indentation)
  return json.replace(/[\x7f-\x9f]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`)
}
