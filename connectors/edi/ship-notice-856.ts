import { malformed, x12Date, x12Units, type X12Document } from './x12-reader.ts'

/** Goods of one order that are on their way. */
export interface EdiShipNotice {
  poNumber: string
  asnNo: string
  shippedOn: string
  expectedOn: string | null
  carrier: string | null
  billOfLading: string | null
  /** REF CN: the carrier's number of the parcel. */
  trackingNumber: string | null
  lines: { lineNo: number; qty: bigint; lot: string | null; packageNo: string | null }[]
}

/** X12 856: BSN, then shipment, order, pack and item levels. @throws Refusal `MalformedX12` */
export function readShipNotice({ segments }: X12Document): EdiShipNotice {
  const first = (id: string, qualifier?: string) =>
    segments.find(([name, one]) => name === id && (qualifier === undefined || one === qualifier))
  const bsn = first('BSN')
  const orders = segments.filter(([id]) => id === 'PRF')
  if (!bsn?.[2]) throw malformed('it has no BSN with a shipment number')
  if (orders.length !== 1 || !orders[0]![1])
    throw malformed('it names no purchase order, or several (PRF): send one notice for each order')
  const expected = first('DTM', '017') ?? first('DTM', '002')
  const carrier = first('TD5')
  return {
    ...{ poNumber: orders[0]![1], asnNo: bsn[2] },
    shippedOn: x12Date((first('DTM', '011') ?? [])[2] ?? bsn[3], 'DTM 011 or BSN03'),
    expectedOn: expected ? x12Date(expected[2], 'DTM 017') : null,
    carrier: carrier?.[5] || carrier?.[3] || null,
    billOfLading: first('REF', 'BM')?.[2] || null,
    trackingNumber: first('REF', 'CN')?.[2] || null,
    lines: itemsOf(segments),
  }
}

function itemsOf(segments: X12Document['segments']): EdiShipNotice['lines'] {
  const lines: EdiShipNotice['lines'] = []
  let lineNo: string | null = null
  let lot: string | null = null
  let packageNo: string | null = null
  for (const segment of segments) {
    if (segment[0] === 'MAN' && segment[1] === 'GM') packageNo = segment[2] || null
    if (segment[0] === 'LIN') {
      lineNo = segment[1] || null
      const at = segment.indexOf('LT')
      lot = at < 0 ? null : segment[at + 1] || null
    }
    if (segment[0] !== 'SN1') continue
    const no = segment[1] || lineNo
    if (!/^\d{1,6}$/.test(no ?? '')) throw malformed('an item has no line number (LIN01 or SN101)')
    lines.push({ lineNo: Number(no), qty: x12Units(segment[2], `SN1 ${no}`), lot, packageNo })
  }
  if (lines.length === 0) throw malformed('it holds no item')
  return lines
}
