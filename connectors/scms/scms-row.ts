import type { FreightTerms } from '#domain/purchasing/past-purchase'
import { isDay, type NamedRow } from '../delimited-rows.ts'

/** The columns that are read; the file has more. */
export const SCMS_COLUMNS = [
  'ID',
  'PO / SO #',
  'ASN/DN #',
  'Vendor INCO Term',
  'Shipment Mode',
  'PO Sent to Vendor Date',
  'Scheduled Delivery Date',
  'Delivered to Client Date',
  'Vendor',
  'Item Description',
  'Unit of Measure (Per Pack)',
  'Line Item Quantity',
  'Line Item Value',
  'Pack Price',
  'Freight Cost (USD)',
  'Line Item Insurance (USD)',
] as const

/** Those of 2000 are in the file as well. */
const INCOTERMS = 'EXW FCA FAS FOB CFR CIF CPT CIP DAP DPU DDP DAT DDU DAF DES DEQ'.split(' ')

/** A row whose own cells are sound. Money is millionths of a US dollar. */
export interface ScmsRow {
  row: NamedRow
  id: string
  order: string
  shipment: string
  vendor: string
  item: string
  perPack: number
  qty: number
  value: bigint
  packPrice: bigint
  insurance: bigint
  freight: ScmsFreight
  incoterm: string | null
  mode: string | null
  orderedOn: string | null
  orderedGap: string | null
  promisedOn: string | null
  receivedOn: string | null
}

/** `see` is the id of the row that the shipment's freight stands in. */
export interface ScmsFreight {
  terms: FreightTerms
  amount: bigint
  see: { id: string; shipment: string } | null
}

export function readScmsRow(row: NamedRow): ScmsRow {
  const orderedOn = dayOf(row, 'PO Sent to Vendor Date')
  return {
    row,
    id: row.id('ID'),
    order: row.id('PO / SO #'),
    shipment: row.id('ASN/DN #'),
    vendor: row.text('Vendor'),
    item: row.text('Item Description'),
    perPack: row.quantity('Unit of Measure (Per Pack)', 1),
    qty: row.quantity('Line Item Quantity', 1),
    value: row.millionths('Line Item Value'),
    packPrice: row.millionths('Pack Price'),
    insurance: isBlank(row, 'Line Item Insurance (USD)')
      ? 0n
      : row.millionths('Line Item Insurance (USD)'),
    freight: freightOf(row),
    incoterm: incotermOf(row),
    mode: isBlank(row, 'Shipment Mode') ? null : row.text('Shipment Mode', 40),
    orderedOn,
    orderedGap: orderedOn === null ? row.raw('PO Sent to Vendor Date') || 'left out' : null,
    promisedOn: dayOf(row, 'Scheduled Delivery Date'),
    receivedOn: dayOf(row, 'Delivered to Client Date'),
  }
}

function isBlank(row: NamedRow, field: string): boolean {
  return /^(N\/A.*)?$/i.test(row.raw(field))
}

function incotermOf(row: NamedRow): string | null {
  const field = 'Vendor INCO Term'
  if (isBlank(row, field)) return null
  const term = row.raw(field).toUpperCase()
  if (INCOTERMS.includes(term)) return term
  row.reject(field, 'unknown-incoterm', `must be one of ${INCOTERMS.join(', ')}`)
  return null
}

function freightOf(row: NamedRow): ScmsFreight {
  const field = 'Freight Cost (USD)'
  const text = row.raw(field)
  const none = { amount: 0n, see: null }
  if (/^Freight Included in Commodity Cost$/i.test(text)) return { terms: 'included', ...none }
  if (/^Invoiced Separately$/i.test(text)) return { terms: 'separate', ...none }
  const see = /^See ((?:ASN|DN)-\d+) \(ID#:(\d+)\)$/i.exec(text)
  if (see) return { terms: 'shared', amount: 0n, see: { id: see[2]!, shipment: see[1]! } }
  return { terms: 'charged', amount: row.millionths(field), see: null }
}

const GAPS = /^(date not captured|n\/a.*|pre-pq process|)$/i
const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')

/** `2-Jun-06`, `11/13/06` (month first), `2006-06-02`; null where the file says that it has none. */
function dayOf(row: NamedRow, field: string): string | null {
  const text = row.raw(field)
  if (GAPS.test(text)) return null
  const day = named(text) ?? american(text) ?? text
  if (isDay(day)) return day
  row.reject(
    field,
    'not-a-date',
    `must be like "2-Jun-06" or "6/2/06", got ${JSON.stringify(text.slice(0, 60))}`,
  )
  return null
}

function named(text: string): string | undefined {
  const match = /^(\d{1,2})-([a-z]{3})-(\d{2}|\d{4})$/i.exec(text)
  const month = MONTHS.indexOf(match?.[2]?.toLowerCase() ?? '') + 1
  return match && month > 0 ? isoDay(match[3]!, month, match[1]!) : undefined
}

function american(text: string): string | undefined {
  const match = /^(\d{1,2})\/(\d{1,2})\/(\d{2}|\d{4})$/.exec(text)
  return match ? isoDay(match[3]!, match[1]!, match[2]!) : undefined
}

function isoDay(year: string, month: number | string, day: string): string {
  const full = year.length === 4 ? year : `${Number(year) < 70 ? 20 : 19}${year}`
  return `${full}-${String(month).padStart(2, '0')}-${day.padStart(2, '0')}`
}
