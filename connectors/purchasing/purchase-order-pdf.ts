import { decimal, unitDecimal, type PurchaseDocument } from './purchase-document.ts'

const PAGE = { width: 595, height: 842, left: 50, top: 790, bottom: 60, line: 14 }

/**
 * An order on paper: A4 in Helvetica, written by hand because tables of text need no library, and
 * so that the same order is the same bytes for ever.
 */
export function purchaseOrderPdf(order: PurchaseDocument): Buffer {
  const rows = [
    `Purchase order ${order.poNumber}${order.revision > 1 ? `, revision ${order.revision}` : ''}`,
    '',
    `From: ${order.buyer.name} (${order.buyer.code})`,
    `To: ${order.supplier.name} (${order.supplier.code})`,
    `Date: ${order.orderedOn}   Payment: ${order.termsDays} days${order.incoterm ? `   Terms: ${order.incoterm}` : ''}`,
    ...(order.note ? [`Note: ${order.note}`] : []),
    '',
    row(['#', 'Your item', 'Our item', 'Deliver to', 'By', 'Units', 'Each', 'Amount']),
    ...order.lines.flatMap((line) => [
      row([
        ...[String(line.lineNo), line.vendorSku ?? '-', line.sku, line.site, line.neededOn],
        ...[String(line.qty), unitDecimal(line, order.exponent)],
        decimal(line.amountMinor, order.exponent),
      ]),
      `    ${line.title}`,
    ]),
    '',
    `Total ${order.currency} ${decimal(order.totalMinor, order.exponent)}`,
  ]
  return pdf(paged(rows))
}

const WIDTHS = [4, 16, 16, 12, 12, 8, 10, 12]

/** Columns of fixed width: Courier keeps them under each other. */
function row(cells: readonly string[]): string {
  return cells
    .map((cell, n) =>
      n >= 5 ? cell.padStart(WIDTHS[n]!) : cell.slice(0, WIDTHS[n]! - 1).padEnd(WIDTHS[n]!),
    )
    .join('')
}

function paged(rows: readonly string[]): string[][] {
  const perPage = Math.floor((PAGE.top - PAGE.bottom) / PAGE.line)
  const pages: string[][] = []
  for (let n = 0; n < rows.length; n += perPage) pages.push(rows.slice(n, n + perPage))
  return pages
}

function pdf(pages: readonly (readonly string[])[]): Buffer {
  const pageIds = pages.map((_, n) => 4 + 2 * n)
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Count ${pages.length} /Kids [${pageIds.map((id) => `${id} 0 R`).join(' ')}] >>`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>',
    ...pages.flatMap((rows, n) => {
      const text = rows.map((line) => `(${escape(line)}) Tj T*`).join('\n')
      const content = `BT /F1 9 Tf ${PAGE.line} TL ${PAGE.left} ${PAGE.top} Td\n${text}\nET`
      return [
        `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${PAGE.width} ${PAGE.height}] /Resources << /Font << /F1 3 0 R >> >> /Contents ${pageIds[n]! + 1} 0 R >>`,
        `<< /Length ${Buffer.byteLength(content, 'latin1')} >>\nstream\n${content}\nendstream`,
      ]
    }),
  ]
  let body = '%PDF-1.4\n'
  const offsets = objects.map((object, n) => {
    const at = Buffer.byteLength(body, 'latin1')
    body += `${n + 1} 0 obj\n${object}\nendobj\n`
    return at
  })
  const xref = Buffer.byteLength(body, 'latin1')
  const table = offsets.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('')
  body += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${xref}\n%%EOF\n`
  return Buffer.from(body, 'latin1')
}

/** What WinAnsi cannot write becomes a question mark. */
function escape(text: string): string {
  return text.replace(/[^\x20-\xff]/g, '?').replace(/[\\()]/g, (sign) => `\\${sign}`)
}
