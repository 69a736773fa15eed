import { minorExponent, parseMinor, sum } from '#domain/money'
import type {
  BillDocument,
  BillDocumentLine,
  BillDocumentTax,
  BillTerms,
} from '#domain/purchasing/bill-document'
import { decimalTimes } from '../decimal.ts'
import { accepted, refused, type Translated } from '../result.ts'
import { readInterchange, type X12Segment, type X12Set } from './x12-interchange.ts'

/** One bill of an interchange, or why it is none. */
export interface X12Bill {
  controlNumber: string
  bill: Translated<BillDocument>
}

/**
 * Reads the bills (810) of an X12 interchange. The envelope is refused as a whole, a bill by
 * itself: when a line cannot be read, when CTT does not count its lines, and when lines, charges
 * and taxes are not TDS, which has two implied decimals.
 */
export function readX12Bills(
  text: string,
  options: { lenient?: boolean } = {},
): Translated<X12Bill[]> {
  const interchange = readInterchange(text, options)
  if (!interchange.ok) return interchange
  const { sender, sets } = interchange.value
  return accepted(
    sets.map((set) => ({ controlNumber: set.controlNumber, bill: readBill(set, sender) })),
  )
}

/** What BIG07 calls a bill, and what a credit note (CN: credit invoice, CR: credit memo). */
const BILL_KINDS = ['DI', 'DR', 'PR', 'FD']
export const CREDIT_KINDS = ['CN', 'CR']

/** @param kinds What BIG07 may say; a bill may leave it out. */
export function readBill(
  { type, segments }: X12Set,
  sender: string,
  kinds: readonly string[] = BILL_KINDS,
): Translated<BillDocument> {
  if (type !== '810') return refused('document-type', 'ST01', `this is a ${type}, not an 810`)
  const big = segments.find(([name]) => name === 'BIG')
  if (!big?.[2]) return refused('number-missing', 'BIG02', 'a bill needs its number')
  const billedOn = dateOf(big[1])
  if (!billedOn) return refused('date', 'BIG01', `"${big[1] ?? ''}" is not a date of YYYYMMDD`)
  if (big[7] ? !kinds.includes(big[7]) : kinds !== BILL_KINDS)
    return refused('document-type', 'BIG07', `${big[7] ?? 'nothing'} is not ${kinds.join(' or ')}`)
  const currency = segments.find(([name]) => name === 'CUR')?.[2] ?? null
  const parts = partsOf(segments)
  const body = bodyOf(parts, currency ?? 'USD')
  if (!body.ok) return body
  const po = big[4] || reference(parts.header, 'PO') || null
  return accepted({
    supplier: null,
    supplierEdiId: sender,
    number: big[2],
    billedOn,
    currency,
    poNumber: po,
    terms: termsOf(segments),
    ...body.value,
  })
}

interface Parts {
  header: X12Segment[]
  /** Each IT1 with what follows it. */
  lines: X12Segment[][]
  summary: X12Segment[]
}

function partsOf(segments: readonly X12Segment[]): Parts {
  const first = segments.findIndex(([name]) => name === 'IT1')
  const end = segments.findIndex(([name]) => name === 'TDS')
  const to = end < 0 ? segments.length : end
  const lines: X12Segment[][] = []
  for (const segment of first < 0 ? [] : segments.slice(first, to)) {
    if (segment[0] === 'IT1') lines.push([])
    lines.at(-1)!.push(segment)
  }
  return {
    header: segments.slice(0, first < 0 ? to : first),
    lines,
    summary: segments.slice(to),
  }
}

type Body = Pick<BillDocument, 'lines' | 'taxes' | 'totalMinor'>

function bodyOf({ header, lines: loops, summary }: Parts, currency: string): Translated<Body> {
  const tds = summary[0]
  if (!tds) return refused('total-missing', 'TDS', 'a bill says what it comes to')
  const counted = summary.find(([name]) => name === 'CTT')?.[1]
  if (counted && Number(counted) !== loops.length)
    return refused('control-total', 'CTT01', `CTT counts ${counted} lines, IT1 ${loops.length}`)
  const lines: BillDocumentLine[] = []
  for (const loop of loops) {
    const line = goodsLine(loop, currency)
    if (!line.ok) return line
    lines.push(line.value)
  }
  const totalMinor = implied(tds[1], currency)
  if (totalMinor === null) return refused('amount', 'TDS01', `"${tds[1] ?? ''}" is no amount`)
  const said = [...header, ...loops.flat()]
  const first = extrasOf(said, currency)
  // Many senders repeat in the summary what the lines have said already.
  const second = extrasOf(summary, currency)
  const both = {
    lines: [...first.lines, ...second.lines],
    taxes: [...first.taxes, ...second.taxes],
  }
  const foots = [both, first, second].find((extras) => comesTo(lines, extras) === totalMinor)
  if (!foots)
    return refused(
      'total-mismatch',
      'TDS01',
      `lines, charges and taxes come to ${comesTo(lines, both)} minor units, TDS to ${totalMinor}`,
    )
  return accepted({ lines: [...lines, ...foots.lines], taxes: foots.taxes, totalMinor })
}

interface Extras {
  lines: BillDocumentLine[]
  taxes: BillDocumentTax[]
}

function comesTo(lines: readonly BillDocumentLine[], extras: Extras): bigint {
  const net = [...lines, ...extras.lines].map(({ netMinor }) => netMinor)
  return sum([...net, ...extras.taxes.map(({ amountMinor }) => amountMinor)])
}

/** Prices are per so many units: IT105 HP is a hundred, TP a thousand. */
const PRICE_PER: Record<string, number> = { HP: 100, TP: 1000 }

function goodsLine(loop: X12Segment[], currency: string): Translated<BillDocumentLine> {
  const it1 = loop[0]!
  const [, lineNo = '', qtyText = '', , priceText = '', basis = ''] = it1
  const field = `IT1 ${lineNo || '?'}`
  if (!/^\d{1,12}(\.0+)?$/.test(qtyText) || Number(qtyText) === 0)
    return refused('quantity', `${field}/IT102`, `"${qtyText}" is not a number of whole units`)
  const qty = Math.trunc(Number(qtyText))
  const priced = decimalTimes(priceText, qty, currency)
  const per = PRICE_PER[basis] ?? 1
  if (priced === null || priced < 0n)
    return refused('price', `${field}/IT104`, `"${priceText}" is no price`)
  const id = idsOf(it1)
  const description = loop.find(([name]) => name === 'PID')?.[5]
  return accepted({
    kind: 'goods',
    sku: id.BP ?? id.IN ?? id.SK ?? null,
    vendorSku: id.VP ?? id.VN ?? id.VA ?? null,
    description: description || Object.values(id)[0] || `line ${lineNo}`,
    qty: BigInt(qty),
    netMinor: per === 1 ? priced : (decimalTimes(perUnit(priceText, per), qty, currency) ?? priced),
    poNumber: reference(loop, 'PO') ?? id.PO ?? null,
    receiptNo: reference(loop, 'RV') ?? null,
  })
}

/** A decimal text divided by ten or its powers: the point moves. */
function perUnit(price: string, per: number): string {
  const places = String(per).length - 1
  const [whole = '', fraction = ''] = price.split('.')
  const digits = whole.padStart(places + 1, '0')
  return `${digits.slice(0, -places)}.${digits.slice(-places)}${fraction}`
}

/** Qualifier and value in pairs from IT106. */
function idsOf(it1: X12Segment): Record<string, string> {
  const ids: Record<string, string> = {}
  for (let at = 6; at + 1 < it1.length; at += 2)
    if (it1[at] && it1[at + 1]) ids[it1[at]!] = it1[at + 1]!
  return ids
}

/** Taxes that a buyer gets back; any other, as American sales tax, is a cost of the goods. */
const RECOVERABLE = ['VA', 'GS', 'TX', 'GT']

function extrasOf(segments: readonly X12Segment[], currency: string): Extras {
  const extras: Extras = { lines: [], taxes: [] }
  for (const segment of segments) {
    if (segment[0] === 'SAC') addCharge(extras, segment, currency)
    if (segment[0] === 'TXI') addTax(extras, segment, currency)
  }
  return extras
}

function addCharge(extras: Extras, sac: X12Segment, currency: string): void {
  const [, indicator, code = '', , , amount] = sac
  const minor = implied(amount, currency)
  if ((indicator !== 'A' && indicator !== 'C') || minor === null || minor === 0n) return
  const netMinor = indicator === 'A' ? -minor : minor
  extras.lines.push(charge(sac[15] || `Charge ${code}`, netMinor))
}

function addTax(extras: Extras, txi: X12Segment, currency: string): void {
  const [, kind = '', amount = '', , , jurisdiction] = txi
  const amountMinor = decimalTimes(amount, 1, currency)
  if (amountMinor === null || amountMinor === 0n) return
  if (!RECOVERABLE.includes(kind)) extras.lines.push(charge(`Tax ${kind}`, amountMinor))
  else extras.taxes.push({ jurisdiction: jurisdiction || null, taxCode: 'standard', amountMinor })
}

function charge(description: string, netMinor: bigint): BillDocumentLine {
  const none = { sku: null, vendorSku: null, poNumber: null, receiptNo: null }
  return { kind: 'charge', ...none, description, qty: 0n, netMinor }
}

function termsOf(segments: readonly X12Segment[]): BillTerms | null {
  const itd = segments.find(([name]) => name === 'ITD')
  const days = (text: string | undefined) => (/^\d{1,3}$/.test(text ?? '') ? Number(text) : 0)
  if (!itd || !/^\d{1,3}$/.test(itd[7] ?? '')) return null
  const percent = /^\d{1,2}(\.\d{1,4})?$/.test(itd[3] ?? '') ? itd[3]! : '0'
  const discountPpm = Number(decimalTimes(percent, 100, 'USD')!)
  return { termsDays: days(itd[7]), discountPpm, discountDays: days(itd[5]) }
}

function reference(segments: readonly X12Segment[], qualifier: string): string | undefined {
  return segments.find(([name, kind]) => name === 'REF' && kind === qualifier)?.[2] || undefined
}

function dateOf(text: string | undefined): string | null {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)$/.exec(text ?? '') ?? []
  const date = `${year}-${month}-${day}`
  return year && !Number.isNaN(Date.parse(`${date}T00:00:00Z`)) ? date : null
}

/** An N2 amount: the last two digits are decimals, whatever the currency has. */
function implied(text: string | undefined, currency: string): bigint | null {
  const [, sign, digits] = /^(-?)(\d{1,15})$/.exec(text ?? '') ?? []
  if (digits === undefined) return null
  const padded = digits.padStart(3, '0')
  const decimal = `${sign}${padded.slice(0, -2)}.${padded.slice(-2)}`
  if (minorExponent(currency) < 2 && !padded.endsWith('00')) return null
  return parseMinor(decimal, currency)
}
