import type { ReadStream, WriteStream } from 'node:tty'
import { type Glyphs, type Line, renderLine, terminalOf } from './terminal.js'

/**
 * Shows lines that change, on the alternate screen of the terminal, without a cursor. Reads single keys in raw mode if
 * the input is a terminal.
 */
export class Screen {
  #draw: (glyphs: Glyphs) => readonly Line[] = () => []
  readonly #redraw = (): void => this.#show()
  readonly #key = (key: Buffer): void => this.onKey(key.toString('latin1'))

  constructor(
    private readonly output: WriteStream,
    private readonly input: ReadStream,
    private readonly onKey: (key: string) => void,
  ) {
    output.write('\x1b[?1049h\x1b[?25l')
    output.on('resize', this.#redraw)
    if (!input.isTTY) return
    input.setRawMode(true)
    input.on('data', this.#key)
  }

  show(draw: (glyphs: Glyphs) => readonly Line[]): void {
    this.#draw = draw
    this.#show()
  }

  /** Restores the terminal. */
  close(): void {
    this.output.off('resize', this.#redraw)
    if (this.input.isTTY) {
      this.input.off('data', this.#key)
      this.input.setRawMode(false)
      this.input.pause()
    }
    this.output.write('\x1b[?25h\x1b[?1049l')
  }

  /** Overwrites the old lines and does not clear the screen first, to avoid flicker. */
  #show(): void {
    const terminal = terminalOf(this.output, process.env)
    const lines = this.#draw(terminal.glyphs).slice(0, this.output.rows || undefined)
    const texts = lines.map((line) => `${renderLine(line, terminal)}\x1b[K`)
    this.output.write(`\x1b[H${texts.join('\r\n')}\x1b[J`)
  }
}
