import { sum } from '#domain/money'
import type {
  PastPurchase,
  PastPurchaseLine,
  PurchaseHistory,
} from '#domain/purchasing/past-purchase'
import { CsvRecords, type CsvRecord } from '../csv-records.ts'
import { NamedRow, priceOf, toCents } from '../delimited-rows.ts'
import { codeOf } from '../code-of-name.ts'
import { readScmsRow, SCMS_COLUMNS, type ScmsRow } from './scms-row.ts'
import { freightGroups, shareFreight, type FreightShare } from './shared-freight.ts'

/**
 * Reads the shipments of the SCMS project (CSV with a heading, any line ends, US dollars): each
 * row is a line of a purchase order at a vendor. Never throws; every row is taken or rejected with
 * its reason. A damaged row rejects its order and what shares freight with it, as neither the
 * order's sums nor the shares are known without it.
 */
export function readScms(text: string, file = 'scms_shipments.csv'): PurchaseHistory {
  const named = namedRows(text, file)
  const rows = named.map(readScmsRow)
  rejectDoubles(rows)
  const groups = freightGroups(rows)
  const orders = [...ordersOf(rows).values()]
  spreadRejections([...groups, ...orders])
  const shares = new Map(
    groups.filter(([first]) => isSound(first)).flatMap((group) => [...shareFreight(group)]),
  )
  const sound = orders.filter(([first]) => isSound(first!))
  const rejected = named.flatMap(({ problem }) => problem ?? [])
  const taken = named.length - rejected.length
  return {
    ...mastersOf(sound.flat()),
    terms: [],
    purchases: sound.map((order) => purchaseOf(order, shares)),
    rejected,
    rows: { total: named.length, taken, rejected: rejected.length },
  }
}

function namedRows(text: string, file: string): NamedRow[] {
  const [heading, ...records] = recordsOf(text)
  const columns = (heading?.cells ?? []).map(columnOf)
  const missing = SCMS_COLUMNS.filter((name) => !columns.includes(name))
  return records.map(({ row: at, cells }) => {
    const row = new NamedRow(file, at, columns, cells ?? columns.map(() => ''))
    if (cells === null) row.reject('row', 'malformed-row', 'a quote is not closed')
    if (missing.length > 0)
      row.reject(missing[0]!, 'missing-column', `the heading does not name ${missing.join(', ')}`)
    return row
  })
}

/** Some exports write the headings in small letters. */
function columnOf(heading: string): string {
  const name = heading.trim()
  return SCMS_COLUMNS.find((known) => known.toLowerCase() === name.toLowerCase()) ?? name
}

function recordsOf(text: string): CsvRecord[] {
  const records = new CsvRecords()
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)
  return [...lines.flatMap((line, n) => records.push(n + 1, line)), ...records.end()]
}

function rejectDoubles(rows: readonly ScmsRow[]): void {
  const ids = new Set<string>()
  for (const { row, id } of rows) {
    if (ids.has(id)) row.reject('ID', 'duplicate-row', `ID ${id} stands in an earlier row already`)
    ids.add(id)
  }
}

/** One order number at two vendors is two orders. */
function ordersOf(rows: readonly ScmsRow[]): Map<string, ScmsRow[]> {
  const orders = new Map<string, ScmsRow[]>()
  for (const row of rows) {
    const key = JSON.stringify([codeOf(row.vendor), row.order])
    const known = orders.get(key)
    if (known) known.push(row)
    else orders.set(key, [row])
  }
  return orders
}

function isSound({ row }: ScmsRow): boolean {
  return row.problem === null
}

/** Goes on until no set has both a rejected and a sound row. */
function spreadRejections(sets: readonly (readonly ScmsRow[])[]): void {
  for (let spread = true; spread;) {
    spread = false
    for (const set of sets) {
      const damaged = set.find((row) => !isSound(row))
      if (!damaged) continue
      for (const { row } of set.filter(isSound)) {
        const { row: at, problem } = damaged.row
        const because = problem?.code === 'order-rejected' ? '' : `: ${problem?.message}`
        row.reject('PO / SO #', 'order-rejected', `it belongs with row ${at}${because}`)
        spread = true
      }
    }
  }
}

function mastersOf(rows: readonly ScmsRow[]): Pick<PurchaseHistory, 'suppliers' | 'items'> {
  const suppliers = new Map<string, PurchaseHistory['suppliers'][number]>()
  const items = new Map<string, PurchaseHistory['items'][number]>()
  for (const { row, vendor, item } of rows) {
    const code = codeOf(vendor)
    const origin = `${row.file}:${row.row}`
    const supplier = { code, name: vendor, currency: 'USD', standing: 'regular' as const }
    if (!suppliers.has(code)) suppliers.set(code, { ...supplier, ended: false, origin })
    const sku = skuOf(item)
    if (!items.has(sku)) items.set(sku, { sku, name: item, uom: 'PAK' })
  }
  return { suppliers: [...suppliers.values()], items: [...items.values()] }
}

/** The file has no item numbers; the description names the pack as well. */
function skuOf(description: string): string {
  return codeOf(description, 60)
}

function purchaseOf(
  order: readonly ScmsRow[],
  shares: ReadonlyMap<ScmsRow, FreightShare>,
): PastPurchase {
  const [first] = order
  const lines = order.map((row) => lineOf(row, shares.get(row)!))
  const goodsMinor = sum(lines.map((line) => line.goodsMinor))
  const freightMinor = sum(lines.map((line) => line.freightMinor))
  const insuranceMinor = sum(lines.map((line) => line.insuranceMinor))
  return {
    externalId: first!.order,
    supplier: codeOf(first!.vendor),
    currency: 'USD',
    state: order.every(({ receivedOn }) => receivedOn !== null) ? 'complete' : 'open',
    status: 'Delivered',
    goodsMinor,
    taxMinor: 0n,
    freightMinor,
    insuranceMinor,
    totalMinor: goodsMinor + freightMinor + insuranceMinor,
    lines,
    origin: `${first!.row.file}:${first!.row.row}`,
  }
}

/** The file has one quantity, the one that was sent: what was ordered, or rejected, it does not tell. */
function lineOf(row: ScmsRow, { freightMinor, terms }: FreightShare): PastPurchaseLine {
  return {
    externalLineId: row.id,
    sku: skuOf(row.item),
    orderedOn: row.orderedOn,
    orderedGap: row.orderedGap,
    promisedOn: row.promisedOn,
    receivedOn: row.receivedOn,
    qtyOrdered: row.qty,
    qtyReceived: null,
    qtyRejected: null,
    agreed: priceOf(row.packPrice),
    goodsMinor: toCents(row.value),
    freightMinor,
    freightTerms: terms,
    insuranceMinor: toCents(row.insurance),
    incoterm: row.incoterm,
    mode: row.mode,
    shipmentNo: row.shipment,
    origin: `${row.row.file}:${row.row.row}`,
  }
}
