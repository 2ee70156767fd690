import { type Glyphs, type Line, printable, renderLine, terminalOf } from './terminal.js'

/** Prints lines on standard output. If there are none, prints the message `nothing` on standard error. */
export function writeLines(draw: (glyphs: Glyphs) => readonly Line[], nothing: string | undefined): void {
  const terminal = terminalOf(process.stdout, process.env)
  const lines = draw(terminal.glyphs).map((line) => `${renderLine(line, terminal)}\n`)
  if (lines.length > 0) process.stdout.write(lines.join(''))
  else if (nothing !== undefined) process.stderr.write(`fast-sysfs: ${printable(nothing)}\n`)
}

/** Prints a value as JSON. With an indentation of 0 the output is one line. */
export function writeJson(value: unknown, indentation = 2): void {
  process.stdout.write(`${toJson(value, indentation)}\n`)
}

/** JSON.stringify does not escape DEL and the C1 control characters, which some terminals interpret. */
function toJson(value: unknown, indentation: number): string {
  const json = JSON.stringify(value, null, indentation)
  return json.replace(/[\x7f-\x9f]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`)
}
