import type { X12Segment } from './x12-interchange.ts'
import { malformed, x12Date } from './x12-reader.ts'
import { baseUnits, heading, numberAt, skuOf } from './warehouse-items.ts'

/** What a warehouse has shipped of one fulfilment order. */
export interface ShippingAdvice {
  /** Our fulfilment order. */
  fulfilmentId: string
  /** The warehouse's own number of this shipment; null where it gave none. */
  number: string | null
  shippedOn: string | null
  carrier: string | null
  trackingNumbers: string[]
  /** `short`: units that will not come any more. */
  lines: { sku: string; shipped: number; short: number }[]
}

/** With these the line is over; with any other status what was not shipped is still to come. */
const OVER = ['CC', 'CL']

/** X12 945: W06, carrier (W27), packages (MAN), a W12 an item. @throws Refusal `MalformedX12` */
export function readShippingAdvice(segments: readonly X12Segment[]): ShippingAdvice {
  const w06 = heading(segments, 'W06')
  const w27 = segments.find(([id]) => id === 'W27')
  const lines = segments.filter(([id]) => id === 'W12').map(shippedItem)
  if (lines.length === 0) throw malformed('it tells of no item (W12)')
  return {
    fulfilmentId: numberAt(w06, 2),
    number: w06[4] ? numberAt(w06, 4) : null,
    shippedOn: w06[3] ? x12Date(w06[3], 'W0603') : null,
    carrier: w27?.[2] || null,
    trackingNumbers: [...new Set(segments.flatMap(trackingNumber))],
    lines,
  }
}

function shippedItem(w12: X12Segment): ShippingAdvice['lines'][number] {
  const sku = skuOf(w12, 7, 6)
  const ordered = baseUnits(w12, { qty: 2, unit: 5 })
  const shipped = baseUnits(w12, { qty: 3, unit: 5 })
  const difference = w12[4] ? Math.abs(Number(w12[4])) : Math.abs(ordered - shipped)
  if (shipped > ordered) throw malformed(`W12 of ${sku} ships ${shipped} of ${ordered} units`)
  if (difference !== ordered - shipped)
    throw malformed(`W12 of ${sku}: ${ordered} less ${shipped} is not W1204 (${w12[4]})`)
  return { sku, shipped, short: OVER.includes(w12[1] ?? '') ? ordered - shipped : 0 }
}

/** Carrier's package id; others, such as a pallet's, track nothing. */
function trackingNumber([id, qualifier, number]: X12Segment): string[] {
  return id === 'MAN' && qualifier === 'CP' && /^[\w-]{4,60}$/.test(number ?? '') ? [number!] : []
}
