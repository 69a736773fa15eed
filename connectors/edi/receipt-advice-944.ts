import type { X12Segment } from './x12-interchange.ts'
import { malformed, x12Date } from './x12-reader.ts'
import { baseUnits, heading, numberAt, skuOf } from './warehouse-items.ts'

/** Goods that a warehouse has received for us. */
export interface ReceiptAdvice {
  /** The warehouse's own number of the receipt. */
  number: string
  /** Our purchase order or transfer. */
  orderNo: string
  receivedOn: string
  /** `qty` units came in all, `damaged` of them broken; `short` did not come. */
  lines: ReceivedItem[]
}

export interface ReceivedItem {
  sku: string
  qty: number
  damaged: number
  short: number
  lot?: string
  /** YYYY-MM-DD, of the lot. */
  expiresOn?: string
  serials?: string[]
}

const DAMAGED = '01'
const SHORT = '02'
const OVER = '03'

/**
 * X12 944: W17, then W07 an item with its lot (N9 LT, its date in N904) or serials (N9 SE) and what
 * was wrong with it (W13). A W07 is of one lot.
 * @throws Refusal `MalformedX12`
 */
export function readReceiptAdvice(segments: readonly X12Segment[]): ReceiptAdvice {
  const w17 = heading(segments, 'W17')
  const lines: ReceiptAdvice['lines'] = []
  for (const segment of segments) {
    if (segment[0] === 'W07') {
      const qty = baseUnits(segment, { qty: 1, unit: 2 })
      lines.push({ sku: skuOf(segment, 4, 3), qty, damaged: 0, short: 0 })
    }
    if (segment[0] === 'N9') addReference(lines.at(-1), segment)
    if (segment[0] === 'W13') addException(lines.at(-1), segment)
  }
  if (lines.length === 0) throw malformed('it tells of no item (W07)')
  return {
    number: numberAt(w17, 3),
    orderNo: numberAt(w17, 4),
    receivedOn: x12Date(w17[2], 'W1702'),
    lines,
  }
}

/** A reference before the first item is about the whole document. */
function addReference(line: ReceivedItem | undefined, n9: X12Segment): void {
  const [, qualifier, text = ''] = n9
  if (!line || text === '') return
  if (qualifier === 'LT') {
    if (line.lot !== undefined && line.lot !== text)
      throw malformed(`W07 of ${line.sku} is of two lots: send one W07 a lot`)
    line.lot = text
    if (n9[4]) line.expiresOn = x12Date(n9[4], 'N904')
  }
  if (qualifier === 'SE') line.serials = [...(line.serials ?? []), text]
}

function addException(line: ReceiptAdvice['lines'][number] | undefined, w13: X12Segment): void {
  if (!line) throw malformed('a W13 stands before any W07')
  const qty = baseUnits(w13, { qty: 1, unit: 2 })
  const code = w13[3] ?? ''
  if (code === DAMAGED) line.damaged += qty
  else if (code === SHORT) line.short += qty
  else if (code !== OVER)
    throw malformed(`W13 of ${line.sku} has condition ${code}: only 01, 02 and 03 are known`)
  if (line.damaged > line.qty)
    throw malformed(`W13 of ${line.sku}: more units are damaged than came`)
}
