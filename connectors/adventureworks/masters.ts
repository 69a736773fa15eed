import type { PastItem, PastSupplier, PastTerms } from '#domain/purchasing/past-purchase'
import { priceOf, type NamedRow } from '../delimited-rows.ts'
import { codeOf } from '../code-of-name.ts'
import { rowsOf, type AdventureWorksTable } from './tables.ts'

const CODE = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,40}$/

export type TableTexts = Partial<Record<AdventureWorksTable, string>>

/** Sound master rows by their id at AdventureWorks, and all rows that were read for them. */
export interface Masters {
  suppliers: Map<string, PastSupplier>
  items: Map<string, PastItem>
  /** By `<product id>/<vendor id>`. */
  terms: Map<string, PastTerms>
  shipMethods: Map<string, string>
  rows: NamedRow[]
}

export function readMasters(texts: TableTexts): Masters {
  const rows: NamedRow[] = []
  const read = <T>(table: AdventureWorksTable, take: (row: NamedRow) => [string, T]) =>
    byId(rowsOf(table, texts[table] ?? ''), rows, take)
  const suppliers = read('Vendor', readVendor)
  const items = read('Product', readProduct)
  const shipMethods = read('ShipMethod', (row) => [row.id('ShipMethodID'), row.text('Name')])
  const terms = read('ProductVendor', (row) => readTerms(row, suppliers, items))
  return { suppliers, items, terms, shipMethods, rows }
}

function byId<T>(
  own: readonly NamedRow[],
  all: NamedRow[],
  take: (row: NamedRow) => [string, T],
): Map<string, T> {
  const taken = new Map<string, T>()
  for (const row of own) {
    all.push(row)
    const [id, value] = take(row)
    if (taken.has(id)) row.reject('row', 'duplicate-row', `${id} stands in an earlier row already`)
    if (row.problem === null) taken.set(id, value)
  }
  return taken
}

function readVendor(row: NamedRow): [string, PastSupplier] {
  const account = row.id('AccountNumber')
  const supplier: PastSupplier = {
    code: CODE.test(account) ? account : codeOf(account),
    name: row.text('Name'),
    currency: 'USD',
    standing: row.raw('PreferredVendorStatus') === '1' ? 'preferred' : 'regular',
    ended: row.raw('ActiveFlag') === '0',
    origin: `${row.file}:${row.row}`,
  }
  return [row.id('BusinessEntityID'), supplier]
}

function readProduct(row: NamedRow): [string, PastItem] {
  const item = { sku: row.id('ProductNumber'), name: row.text('Name'), uom: 'EA' }
  return [row.id('ProductID'), item]
}

function readTerms(
  row: NamedRow,
  suppliers: ReadonlyMap<string, PastSupplier>,
  items: ReadonlyMap<string, PastItem>,
): [string, PastTerms] {
  const supplier = suppliers.get(row.id('BusinessEntityID'))
  const item = items.get(row.id('ProductID'))
  if (!supplier) row.reject('BusinessEntityID', 'unknown-vendor', 'no such vendor was taken')
  if (!item) row.reject('ProductID', 'unknown-product', 'no such product was taken')
  const terms: PastTerms = {
    supplier: supplier?.code ?? '',
    sku: item?.sku ?? '',
    vendorSku: item?.sku ?? '',
    leadTimeDays: row.quantity('AverageLeadTime', 0),
    moq: row.quantity('MinOrderQty', 1),
    price: priceOf(row.millionths('StandardPrice')),
    validFrom: row.needIsoDay('ModifiedDate'),
  }
  if (terms.leadTimeDays > 1000)
    row.reject('AverageLeadTime', 'quantity-out-of-range', 'must be 0 to 1000 days')
  // What is sold by the carton is ordered and counted in cartons.
  if (item && row.raw('UnitMeasureCode') !== '') item.uom = row.raw('UnitMeasureCode')
  return [`${row.raw('ProductID')}/${row.raw('BusinessEntityID')}`, terms]
}
