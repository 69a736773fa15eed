import type { PDFRawStream } from 'pdf-lib'
import { decodePDFRawStream, PDFArray, PDFDocument } from 'pdf-lib'
import { expect, test } from 'vitest'
import type { PurchaseDocument } from '#connectors/purchasing/purchase-document'
import { purchaseOrderPdf } from '#connectors/purchasing/purchase-order-pdf'

function anOrder(lines: number): PurchaseDocument {
  return {
    ...{ poNumber: 'PO-7', revision: 2, orderedOn: '2026-03-01', currency: 'USD' },
    buyer: { code: 'ACME-US', name: 'Acme' },
    supplier: { code: 'MAPLE', name: 'Töpferei 陶器 & Co', ediId: null },
    ...{ termsDays: 30, incoterm: 'FOB', note: 'Mind the (glaze)' },
    lines: Array.from({ length: lines }, (_, n) => ({
      ...{ lineNo: n + 1, sku: `MUG-${n + 1}`, vendorSku: null, title: 'Mug', site: 'EAST' },
      ...{ qty: 12n, unitPriceMinor: 333n, pricePer: 1n, amountMinor: 3996n },
      neededOn: '2026-04-01',
    })),
    totalMinor: 3996n * BigInt(lines),
  }
}

/** All that is written on its pages, as a reader would show it. */
async function textOf(file: Buffer): Promise<{ pages: number; text: string }> {
  const pdf = await PDFDocument.load(file)
  const streams = pdf.getPages().flatMap((page) => {
    const contents = page.node.Contents()
    const parts = contents instanceof PDFArray ? contents.asArray() : [contents]
    return parts.map((part) => pdf.context.lookup(part) as PDFRawStream)
  })
  const source = streams
    .map((stream) => Buffer.from(decodePDFRawStream(stream).decode()).toString('latin1'))
    .join('\n')
  const texts = [...source.matchAll(/<([0-9A-F]*)> Tj/g)]
  return {
    pages: pdf.getPageCount(),
    text: texts.map(([, hex]) => Buffer.from(hex!, 'hex').toString('latin1')).join('\n'),
  }
}

test('an order on paper says who buys what for how much, also beyond one page', async () => {
  const { pages, text } = await textOf(await purchaseOrderPdf(anOrder(60)))
  expect(pages).toBeGreaterThan(1)
  for (const said of ['Purchase order PO-7, revision 2', 'From: Acme (ACME-US)', 'MUG-1', 'MUG-60'])
    expect(text).toContain(said)
  expect(text).toContain('Note: Mind the (glaze)')
  expect(text).toContain('Total USD 2397.60')
})

test('letters that no standard font has do not stop it', async () => {
  const { text } = await textOf(await purchaseOrderPdf(anOrder(1)))
  expect(text).toContain('To: Töpferei ?? & Co (MAPLE)')
})

test('the same order is the same file, to the byte', async () => {
  const [first, second] = [await purchaseOrderPdf(anOrder(3)), await purchaseOrderPdf(anOrder(3))]
  expect(first.equals(second)).toBe(true)
})
