import { apportion } from '#domain/apportion'
import { formatMinor, sum } from '#domain/money'
import type { PastPurchase, PastPurchaseLine } from '#domain/purchasing/past-purchase'
import { toCents, type NamedRow } from '../delimited-rows.ts'
import type { Masters } from './masters.ts'
import { rowsOf } from './tables.ts'

/** Of PurchaseOrderHeader.Status. */
const STATUSES: Record<string, string> = {
  '1': 'Pending',
  '2': 'Approved',
  '3': 'Rejected',
  '4': 'Complete',
}

interface Header {
  row: NamedRow
  id: string
  supplier: string
  vendorId: string
  mode: string | null
  status: string
  orderedOn: string
  subTotal: bigint
  tax: bigint
  freight: bigint
  total: bigint
}

interface Detail {
  row: NamedRow
  lineId: string
  productId: string
  sku: string
  qtyOrdered: number
  qtyReceived: number
  qtyRejected: number
  lineTotal: bigint
  promisedOn: string
  modifiedOn: string
}

/**
 * Purchase orders with their lines. A row that is damaged, and a heading that its lines do not sum
 * to, rejects its order alone; the order's other rows then name what is wrong.
 */
export function readPurchases(
  headerText: string,
  detailText: string,
  masters: Masters,
): { purchases: PastPurchase[]; rows: NamedRow[] } {
  const headerRows = rowsOf('PurchaseOrderHeader', headerText)
  const detailRows = rowsOf('PurchaseOrderDetail', detailText)
  const headers = new Map<string, Header>()
  for (const row of headerRows) {
    const header = readHeader(row, masters)
    if (headers.has(header.id))
      row.reject('PurchaseOrderID', 'duplicate-row', `order ${header.id} stands in another row`)
    else headers.set(header.id, header)
  }
  const details = new Map<string, Detail[]>()
  const lineIds = new Set<string>()
  for (const row of detailRows) {
    const detail = readDetail(row, masters)
    const orderId = row.raw('PurchaseOrderID')
    if (lineIds.has(detail.lineId))
      row.reject(
        'PurchaseOrderDetailID',
        'duplicate-row',
        `line ${detail.lineId} stands in another row`,
      )
    lineIds.add(detail.lineId)
    if (!headers.has(orderId))
      row.reject('PurchaseOrderID', 'no-header', `there is no heading of order ${orderId}`)
    const known = details.get(orderId)
    if (known) known.push(detail)
    else details.set(orderId, [detail])
  }
  const purchases = [...headers.values()].flatMap(
    (header) => takeOrder(header, details.get(header.id) ?? [], masters) ?? [],
  )
  return { purchases, rows: [...headerRows, ...detailRows] }
}

function readHeader(row: NamedRow, { suppliers, shipMethods }: Masters): Header {
  const vendorId = row.id('VendorID')
  const supplier = suppliers.get(vendorId)
  if (!supplier) row.reject('VendorID', 'unknown-vendor', `no vendor ${vendorId} was taken`)
  const status = STATUSES[row.raw('Status')]
  if (status === undefined)
    row.reject('Status', 'unknown-status', `must be 1 to 4, got "${row.raw('Status')}"`)
  const header: Header = {
    row,
    id: row.id('PurchaseOrderID'),
    supplier: supplier?.code ?? '',
    vendorId,
    mode: shipMethods.get(row.raw('ShipMethodID')) ?? null,
    status: status ?? '',
    orderedOn: row.needIsoDay('OrderDate'),
    subTotal: row.millionths('SubTotal'),
    tax: row.millionths('TaxAmt'),
    freight: row.millionths('Freight'),
    total: row.millionths('TotalDue'),
  }
  const due = header.subTotal + header.tax + header.freight
  requireFooting(row, 'TotalDue', header.total, due, 'SubTotal, TaxAmt and Freight')
  return header
}

function readDetail(row: NamedRow, { items }: Masters): Detail {
  const productId = row.id('ProductID')
  const item = items.get(productId)
  if (!item) row.reject('ProductID', 'unknown-product', `no product ${productId} was taken`)
  const detail: Detail = {
    row,
    lineId: row.id('PurchaseOrderDetailID'),
    productId,
    sku: item?.sku ?? '',
    qtyOrdered: row.quantity('OrderQty', 1),
    qtyReceived: row.quantity('ReceivedQty', 0),
    qtyRejected: row.quantity('RejectedQty', 0),
    lineTotal: row.millionths('LineTotal'),
    promisedOn: row.needIsoDay('DueDate'),
    modifiedOn: row.needIsoDay('ModifiedDate'),
  }
  const { qtyOrdered, qtyReceived, qtyRejected } = detail
  const worth = BigInt(qtyOrdered) * row.millionths('UnitPrice')
  requireFooting(row, 'LineTotal', detail.lineTotal, worth, 'OrderQty times UnitPrice')
  if (qtyRejected > qtyReceived)
    row.reject('RejectedQty', 'more-rejected', `${qtyRejected} of ${qtyReceived} received`)
  const stocked = row.quantity('StockedQty', 0)
  if (stocked !== qtyReceived - qtyRejected)
    row.reject(
      'StockedQty',
      'does-not-foot',
      `is ${stocked}, and ReceivedQty less RejectedQty is ${qtyReceived - qtyRejected}`,
    )
  return detail
}

function takeOrder(
  header: Header,
  details: readonly Detail[],
  masters: Masters,
): PastPurchase | null {
  const { row, id } = header
  if (details.length === 0) row.reject('PurchaseOrderID', 'no-lines', `order ${id} has no lines`)
  const damaged = details.find((detail) => detail.row.problem !== null)
  if (damaged) refuseOrder(row, id, damaged.row)
  const lines = sum(details.map(({ lineTotal }) => lineTotal))
  requireFooting(row, 'SubTotal', header.subTotal, lines, 'LineTotal of the lines')
  if (row.problem === null) return purchaseOf(header, details, masters)
  for (const detail of details) refuseOrder(detail.row, id, row)
  return null
}

function refuseOrder(row: NamedRow, id: string, because: NamedRow): void {
  const { file, row: line, problem } = because
  row.reject(
    'PurchaseOrderID',
    'order-rejected',
    `order ${id}, for ${file}:${line} ${problem?.message}`,
  )
}

function requireFooting(
  row: NamedRow,
  field: string,
  stated: bigint,
  counted: bigint,
  what: string,
): void {
  const [is, should] = [toCents(stated), toCents(counted)]
  if (is === should) return
  const [isText, shouldText] = [formatMinor(is, 'USD'), formatMinor(should, 'USD')]
  const difference = formatMinor(is - should, 'USD')
  row.reject(field, 'does-not-foot', `is ${isText}, ${what} is ${shouldText}: ${difference} apart`)
}

/**
 * Each heading amount is rounded once and its parts are split from it, so that they sum to it:
 * goods over the lines, what the total leaves over tax and freight, and both of these over the lines.
 */
function purchaseOf(header: Header, details: readonly Detail[], masters: Masters): PastPurchase {
  const goodsMinor = toCents(header.subTotal)
  const totalMinor = toCents(header.total)
  const charges = apportion(totalMinor - goodsMinor, [header.tax, header.freight])
  const [taxMinor, freightMinor] = charges as [bigint, bigint]
  const weights = details.map(({ lineTotal }) => lineTotal)
  const goods = apportion(goodsMinor, weights)
  const freight = apportion(freightMinor, weights)
  return {
    externalId: header.id,
    supplier: header.supplier,
    currency: 'USD',
    state: ['Complete', 'Rejected'].includes(header.status) ? 'complete' : 'open',
    status: header.status,
    goodsMinor,
    taxMinor,
    freightMinor,
    insuranceMinor: 0n,
    totalMinor,
    lines: details.map((detail, n) => lineOf(header, detail, masters, goods[n]!, freight[n]!)),
    origin: `${header.row.file}:${header.row.row}`,
  }
}

/**
 * The table keeps no day of receipt: of a finished order it is the day on which the line was last
 * written, which is when its received units were booked. Of an open one more may come.
 */
function lineOf(
  header: Header,
  detail: Detail,
  { terms }: Masters,
  goodsMinor: bigint,
  freightMinor: bigint,
): PastPurchaseLine {
  const isOver = header.status === 'Complete' || header.status === 'Rejected'
  return {
    externalLineId: detail.lineId,
    sku: detail.sku,
    orderedOn: header.orderedOn,
    orderedGap: null,
    promisedOn: detail.promisedOn,
    receivedOn: isOver && detail.qtyReceived > 0 ? detail.modifiedOn : null,
    qtyOrdered: detail.qtyOrdered,
    qtyReceived: detail.qtyReceived,
    qtyRejected: detail.qtyRejected,
    agreed: terms.get(`${detail.productId}/${header.vendorId}`)?.price ?? null,
    goodsMinor,
    freightMinor,
    freightTerms: 'order',
    insuranceMinor: 0n,
    incoterm: null,
    mode: header.mode,
    shipmentNo: null,
    origin: `${detail.row.file}:${detail.row.row}`,
  }
}
