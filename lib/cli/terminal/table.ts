import { type Glyphs, type Line, type Span, type Style, widthOf } from './terminal.js'

export interface Cell {
  readonly text: string
  readonly style?: Style
  readonly align?: 'right'
  /** Puts `!` before the cell. It shows a fault on terminals without colours. */
  readonly isMarked?: boolean
}

/** Makes the cell of a state. With a style, the cell is marked as a fault. */
export function stateCell(text: string, style: Style | undefined): Cell {
  return style === undefined ? { text } : { text, style, isMarked: true }
}

export interface TreeRow {
  /** The first cell is drawn after the branches of the tree. */
  readonly cells: readonly Cell[]
  /** Text after the cells, of any width. */
  readonly details?: Line
  readonly children?: readonly TreeRow[]
}

interface DrawnRow {
  readonly branches: string
  readonly row: TreeRow
}

/** Draws rows and their children, with aligned columns. A column that is empty in all rows is left out. */
export function layOutRows(rows: readonly TreeRow[], glyphs: Glyphs): readonly Line[] {
  const drawn = rows.flatMap((row) => [{ branches: '', row }, ...drawChildren(row, '', glyphs)])
  const widths: number[] = []
  for (const { branches, row } of drawn) {
    // A row with one cell is a title. Its width does not affect the columns.
    if (row.cells.length === 1) continue
    row.cells.forEach(({ text }, column) => {
      const width = widthOf(text) + (column === 0 ? widthOf(branches) : 0)
      widths[column] = Math.max(widths[column] ?? 0, width)
    })
  }
  return drawn.map((one) => lineOf(one, widths))
}

function drawChildren({ children = [] }: TreeRow, trunk: string, glyphs: Glyphs): readonly DrawnRow[] {
  return children.flatMap((row, index) => {
    const isLast = index === children.length - 1
    const below = trunk + (isLast ? ' '.repeat(widthOf(glyphs.trunk)) : glyphs.trunk)
    const branches = trunk + (isLast ? glyphs.lastBranch : glyphs.branch)
    return [{ branches, row }, ...drawChildren(row, below, glyphs)]
  })
}

function lineOf({ branches, row }: DrawnRow, widths: readonly number[]): Line {
  const spans: Span[] = [{ text: branches, style: 'faint' }]
  row.cells.forEach((cell, column) => {
    const width = widths[column] ?? 0
    if (column > 0 && width === 0) return
    const gap = column === 0 ? '' : cell.isMarked ? ' !' : '  '
    const padding = ' '.repeat(Math.max(width - widthOf(cell.text) - (column === 0 ? widthOf(branches) : 0), 0))
    if (cell.align === 'right') spans.push({ text: gap + padding }, cell)
    else spans.push({ ...cell, text: gap + cell.text }, { text: padding })
  })
  for (const span of row.details ?? []) spans.push({ text: '  ' }, span)
  return withoutTrailingSpace(spans)
}

function withoutTrailingSpace(spans: readonly Span[]): Line {
  const end = spans.findLastIndex(({ text }) => text.trim() !== '')
  return spans.slice(0, end + 1).map((span, index) => (index === end ? { ...span, text: span.text.trimEnd() } : span))
}
