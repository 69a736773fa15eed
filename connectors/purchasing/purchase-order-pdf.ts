import { PDFDocument, StandardFonts, type PDFFont, type PDFPage } from 'pdf-lib'
import { formatMinor } from '#domain/money'
import { unitDecimal, type PurchaseDocument } from './purchase-document.ts'

/** A4 in points. */
const PAGE = { width: 595, height: 842, left: 50, right: 545, top: 790, bottom: 60, line: 14 }

const COLUMNS = [
  { title: '#', at: 50 },
  { title: 'Your item', at: 70 },
  { title: 'Our item', at: 160 },
  { title: 'Deliver to', at: 250 },
  { title: 'By', at: 310 },
  { title: 'Units', endsAt: 415 },
  { title: 'Each', endsAt: 475 },
  { title: 'Amount', endsAt: 545 },
] as const

interface Sheet {
  pdf: PDFDocument
  page: PDFPage
  y: number
  plain: PDFFont
  bold: PDFFont
  /** What both fonts can write. */
  known: ReadonlySet<number>
}

/**
 * An order on paper, A4 in Helvetica. The same order is the same bytes for ever: what a supplier
 * was sent is kept to the byte.
 */
export async function purchaseOrderPdf(order: PurchaseDocument): Promise<Buffer> {
  const sheet = await newSheet(order)
  const revision = order.revision > 1 ? `, revision ${order.revision}` : ''
  write(sheet, `Purchase order ${order.poNumber}${revision}`, { size: 16, bold: true })
  const terms = order.incoterm ? `   Terms: ${order.incoterm}` : ''
  for (const text of [
    `From: ${order.buyer.name} (${order.buyer.code})`,
    `To: ${order.supplier.name} (${order.supplier.code})`,
    `Date: ${order.orderedOn}   Payment: ${order.termsDays} days${terms}`,
    ...(order.note ? [`Note: ${order.note}`] : []),
  ])
    write(sheet, text)
  writeRow(
    sheet,
    COLUMNS.map(({ title }) => title),
    sheet.bold,
  )
  for (const line of order.lines) writeLine(sheet, order, line)
  const total = `Total ${order.currency} ${formatMinor(order.totalMinor, order.currency)}`
  write(sheet, total, { bold: true, endsAt: PAGE.right })
  return Buffer.from(await sheet.pdf.save({ useObjectStreams: false }))
}

async function newSheet(order: PurchaseDocument): Promise<Sheet> {
  const pdf = await PDFDocument.create({ updateMetadata: false })
  pdf.setTitle(`Purchase order ${order.poNumber}`)
  pdf.setCreationDate(new Date(`${order.orderedOn}T00:00:00Z`))
  const [plain, bold] = await Promise.all([
    pdf.embedFont(StandardFonts.Helvetica),
    pdf.embedFont(StandardFonts.HelveticaBold),
  ])
  const known = new Set(plain.getCharacterSet())
  return { pdf, page: pdf.addPage([PAGE.width, PAGE.height]), y: PAGE.top, plain, bold, known }
}

function writeLine(
  sheet: Sheet,
  { currency }: PurchaseDocument,
  line: PurchaseDocument['lines'][number],
): void {
  writeRow(sheet, [
    ...[String(line.lineNo), line.vendorSku ?? '-', line.sku, line.site, line.neededOn],
    ...[String(line.qty), unitDecimal(line, currency), formatMinor(line.amountMinor, currency)],
  ])
  write(sheet, line.title, { at: COLUMNS[1].at })
}

function writeRow(sheet: Sheet, cells: readonly string[], font: PDFFont = sheet.plain): void {
  makeRoom(sheet)
  for (const [n, cell] of cells.entries()) {
    const column = COLUMNS[n]!
    if ('endsAt' in column) draw(sheet, cell, { font, endsAt: column.endsAt })
    else {
      const next = COLUMNS[n + 1]!
      const width = ('at' in next ? next.at : next.endsAt - 45) - column.at - 4
      draw(sheet, fitting(sheet, cell, font, width), { font, at: column.at })
    }
  }
  sheet.y -= PAGE.line
}

function write(
  sheet: Sheet,
  text: string,
  { size = 9, bold = false, at = PAGE.left as number, endsAt = 0 } = {},
): void {
  makeRoom(sheet)
  const font = bold ? sheet.bold : sheet.plain
  const fits = fitting(sheet, text, font, PAGE.right - at, size)
  draw(sheet, fits, endsAt > 0 ? { font, size, endsAt } : { font, size, at })
  sheet.y -= PAGE.line + size - 9
}

function draw(
  { page, y, known }: Sheet,
  given: string,
  { font, size = 9, at, endsAt }: { font: PDFFont; size?: number; at?: number; endsAt?: number },
): void {
  const text = writable(given, known)
  const x = endsAt === undefined ? (at ?? PAGE.left) : endsAt - font.widthOfTextAtSize(text, size)
  page.drawText(text, { x, y, font, size })
}

function makeRoom(sheet: Sheet): void {
  if (sheet.y >= PAGE.bottom) return
  sheet.page = sheet.pdf.addPage([PAGE.width, PAGE.height])
  sheet.y = PAGE.top
}

/** As much of a text as fits, so that no column writes over the next one. */
function fitting({ known }: Sheet, given: string, font: PDFFont, width: number, size = 9): string {
  let text = writable(given, known)
  while (text.length > 1 && font.widthOfTextAtSize(text, size) > width) text = text.slice(0, -1)
  return text
}

/** What the fonts that every reader has cannot write becomes a question mark. */
function writable(text: string, known: ReadonlySet<number>): string {
  return [...text].map((sign) => (known.has(sign.codePointAt(0)!) ? sign : '?')).join('')
}
