import { PDFDocument, StandardFonts, type PDFFont, type PDFPage } from 'pdf-lib'
import type { Report } from '#domain/reports/report'
import { failedChecks } from './report-files.ts'
import { caption, writtenColumns, type WrittenColumn } from './written-cells.ts'

/** A4 across, in points. */
const PAGE = { width: 842, height: 595, left: 36, right: 806, top: 555, bottom: 40, line: 12 }
const GAP = 6

interface Sheet {
  pdf: PDFDocument
  page: PDFPage
  y: number
  size: number
  plain: PDFFont
  bold: PDFFont
  /** What both fonts can write. */
  known: ReadonlySet<number>
  columns: readonly (WrittenColumn & { from: number; to: number })[]
}

/** A report on paper, A4 across, with its header on each page. */
export async function reportPdf(report: Report): Promise<Buffer> {
  const pdf = await PDFDocument.create({ updateMetadata: false })
  pdf.setTitle(report.title)
  pdf.setCreationDate(new Date(`${report.asOf}T00:00:00Z`))
  const [plain, bold] = await Promise.all([
    pdf.embedFont(StandardFonts.Helvetica),
    pdf.embedFont(StandardFonts.HelveticaBold),
  ])
  const known = new Set(plain.getCharacterSet())
  const fonts = { plain, bold, known }
  const page = pdf.addPage([PAGE.width, PAGE.height])
  const sheet: Sheet = { pdf, page, y: PAGE.top, ...fonts, ...placed(report, fonts) }
  free(sheet, report.title, bold, 14)
  free(sheet, caption(report), plain, 9)
  header(sheet)
  for (const row of report.rows) {
    if (sheet.y < PAGE.bottom) newPage(sheet)
    line(
      sheet,
      sheet.columns.map(({ textOf }) => textOf(row)),
      row.kind === 'line' ? plain : bold,
    )
  }
  for (const note of [...report.notes, ...failedChecks(report)]) {
    if (sheet.y < PAGE.bottom) newPage(sheet)
    free(sheet, note, plain, 7)
  }
  return Buffer.from(await pdf.save({ useObjectStreams: false }))
}

type Fonts = Pick<Sheet, 'plain' | 'bold' | 'known' | 'size'>

const SIZES = [8, 7, 6, 5, 4, 3]
const LEAST_TEXT = 34

/** The largest letters in which every figure is whole: a title or a name may be cut, a number never. */
function placed(report: Report, fonts: Omit<Fonts, 'size'>): Pick<Sheet, 'size' | 'columns'> {
  // The kind of a row is seen by its weight.
  const columns = writtenColumns(report).slice(1)
  const room = PAGE.right - PAGE.left - GAP * (columns.length - 1)
  const size = SIZES.find((of) => sum(leastWidths(report, columns, { ...fonts, size: of })) <= room)
  const kept = { ...fonts, size: size ?? SIZES.at(-1)! }
  const least = leastWidths(report, columns, kept)
  const spare = Math.max(0, room - sum(least))
  const wanted = columns.map(({ kind, title, textOf }, n) => {
    const texts = [title, ...(isFigure(kind) ? [] : report.rows.map(textOf))]
    return Math.max(0, widest(texts, kept) - least[n]!)
  })
  const share = Math.min(1, spare / Math.max(1, sum(wanted)))
  let at = PAGE.left
  const standing = columns.map((column, n) => {
    const from = at
    const to = from + least[n]! + wanted[n]! * share
    at = to + GAP
    return { ...column, from, to }
  })
  return { size: kept.size, columns: standing }
}

const isFigure = (kind: WrittenColumn['kind']) => kind === 'money' || kind === 'quantity'
const sum = (widths: readonly number[]) => widths.reduce((all, width) => all + width, 0)

function leastWidths(report: Report, columns: readonly WrittenColumn[], fonts: Fonts): number[] {
  return columns.map(({ kind, textOf }) =>
    isFigure(kind) ? widest(report.rows.map(textOf), fonts) : LEAST_TEXT,
  )
}

/** In bold, which is the wider of the two. */
function widest(texts: readonly string[], { bold, size, known }: Fonts): number {
  return texts.reduce(
    (most, text) =>
      Math.max(most, bold.widthOfTextAtSize(writable(text.slice(0, 60), known), size) + 1),
    0,
  )
}

function newPage(sheet: Sheet): void {
  sheet.page = sheet.pdf.addPage([PAGE.width, PAGE.height])
  sheet.y = PAGE.top
  header(sheet)
}

function header(sheet: Sheet): void {
  line(
    sheet,
    sheet.columns.map(({ title }) => title),
    sheet.bold,
  )
  const { page, y } = sheet
  const at = y + PAGE.line - 3
  page.drawLine({ start: { x: PAGE.left, y: at }, end: { x: PAGE.right, y: at }, thickness: 0.5 })
}

function line(sheet: Sheet, cells: readonly string[], font: PDFFont): void {
  const { page, y, size, known } = sheet
  for (const [n, { kind, from, to }] of sheet.columns.entries()) {
    const text = fitting(cells[n]!, font, to - from + 1, sheet)
    const right = kind === 'money' || kind === 'quantity'
    const x = right ? to - font.widthOfTextAtSize(writable(text, known), size) : from
    if (text !== '') page.drawText(writable(text, known), { x, y, font, size })
  }
  sheet.y -= PAGE.line
}

function free(sheet: Sheet, text: string, font: PDFFont, size: number): void {
  sheet.page.drawText(writable(text, sheet.known), { x: PAGE.left, y: sheet.y, font, size })
  sheet.y -= PAGE.line + size - 6
}

function fitting(text: string, font: PDFFont, width: number, { size, known }: Fonts): string {
  let kept = text
  while (kept.length > 1 && font.widthOfTextAtSize(writable(kept, known), size) > width)
    kept = kept.slice(0, -1)
  return kept
}

/** What the fonts that every reader has cannot write becomes a question mark. */
function writable(text: string, known: ReadonlySet<number>): string {
  return [...text].map((sign) => (known.has(sign.codePointAt(0)!) ? sign : '?')).join('')
}
