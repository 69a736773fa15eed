import type { X12Segment } from './x12-interchange.ts'
import { malformed, x12Date } from './x12-reader.ts'
import { baseUnits, heading, numberAt, skuOf } from './warehouse-items.ts'

/** Quantities that a warehouse has corrected. */
export interface AdjustmentAdvice {
  number: string
  adjustedOn: string
  /** `qty` above zero was found, below is missing; `code` is the warehouse's own word for why. */
  lines: { sku: string; qty: bigint; code: string }[]
}

/** X12 947: W15, then a W19 an item. @throws Refusal `MalformedX12` */
export function readAdjustmentAdvice(segments: readonly X12Segment[]): AdjustmentAdvice {
  const w15 = heading(segments, 'W15')
  const lines = segments.filter(([id]) => id === 'W19').map(adjustedItem)
  if (lines.length === 0) throw malformed('it corrects no item (W19)')
  return { number: numberAt(w15, 2), adjustedOn: x12Date(w15[1], 'W1501'), lines }
}

function adjustedItem(w19: X12Segment): AdjustmentAdvice['lines'][number] {
  const sku = skuOf(w19, 5, 4)
  const text = w19[2] ?? ''
  const missing = text.startsWith('-')
  const unsigned = w19.with(2, missing ? text.slice(1) : text)
  const qty = BigInt(baseUnits(unsigned, { qty: 2, unit: 3 }))
  if (qty === 0n) throw malformed(`W19 of ${sku} corrects nothing`)
  return { sku, qty: missing ? -qty : qty, code: numberAt(w19, 1) }
}
