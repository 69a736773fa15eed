import type { OrderDocument, PaymentDocument } from '#contracts/order-intake'
import {
  draftTotal,
  serviceLine,
  type DraftLine,
  type DraftMoney,
  type OrderHeader,
} from '../draft-order.ts'
import { finishOrder } from '../finish-order.ts'
import type { Translated } from '../result.ts'
import type { UciRow } from './uci-row.ts'
import { uciCountry } from './uci-countries.ts'

/** The order of one invoice; `rows` are its rows, at least one, none of them a cancellation. */
export function readUciOrder(rows: readonly UciRow[], channel: string): Translated<OrderDocument> {
  const [first] = rows
  const money = readMoney(rows)
  const country = uciCountry(first!.country)
  const header: OrderHeader = {
    channel,
    externalId: first!.invoice,
    externalVersion: first!.invoicedAt,
    orderNumber: first!.invoice,
    placedAt: first!.invoicedAt,
    currency: 'GBP',
    customer: {
      externalId: first!.customerId,
      name: null,
      email: null,
      phone: null,
      class: first!.customerId === null ? 'retail' : 'wholesale',
    },
    shipTo: country === null ? null : addressIn(country),
    billTo: null,
    payment: payment(first!.customerId, money.total),
    fulfilledBy: 'merchant',
  }
  const footing = { totalField: 'UnitPrice', linesField: 'InvoiceNo', allowed: 0n }
  return finishOrder(header, money, footing, [])
}

/** Customers with a number buy on account; the others have paid when the invoice is written. */
function payment(customerId: string | null, total: bigint): PaymentDocument {
  return customerId === null
    ? { state: 'captured', provider: 'counter', reference: null, amountMinor: total.toString() }
    : { state: 'terms', provider: 'account', reference: null, amountMinor: '0' }
}

/** The file tells no more of an address than its country. */
function addressIn(country: string): NonNullable<OrderDocument['shipTo']> {
  return {
    name: null,
    company: null,
    line1: null,
    line2: null,
    city: null,
    region: null,
    postalCode: null,
    country,
  }
}

function readMoney(rows: readonly UciRow[]): DraftMoney {
  const postage = rows.filter((row) => row.kind === 'shipping')
  const lines = rows.filter((row) => row.kind !== 'shipping' && row.kind !== 'discount')
  // An invoice of nothing but postage is sold as a service: an order has at least one line.
  const onlyPostage = lines.length === 0
  const money: DraftMoney = {
    lines: (onlyPostage ? postage : lines).map(readLine),
    shipping: (onlyPostage ? [] : postage).map((row) => ({
      title: row.title || row.sku,
      amount: row.amountMinor,
      discounts: [],
      taxes: [],
      path: 'UnitPrice',
    })),
    orderDiscounts: rows
      .filter((row) => row.kind === 'discount')
      .map((row) => ({ code: 'manual', amount: -row.amountMinor, fundedBy: 'merchant' })),
    pricesIncludeTax: false,
    total: 0n,
  }
  money.total = draftTotal(money)
  return money
}

function readLine(row: UciRow): DraftLine {
  const lineId = `${row.invoice}-${row.row}`
  if (row.kind === 'service' || row.kind === 'shipping') {
    return serviceLine(lineId, row.title || row.sku, row.amountMinor, 'UnitPrice')
  }
  return {
    ...serviceLine(lineId, row.title, row.amountMinor, 'UnitPrice'),
    externalListingId: row.sku,
    sku: row.sku,
    quantity: row.quantity,
    requiresShipping: row.kind === 'goods',
    giftCard: row.kind === 'gift-card',
  }
}
