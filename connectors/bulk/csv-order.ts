import type { AddressDocument, DocumentProblem, OrderDocument } from '#contracts/order-intake'
import { isCountry } from '../countries.ts'
import type { DraftDiscount, DraftLine, DraftMoney, DraftTax, OrderHeader } from '../draft-order.ts'
import { Field, shown } from '../field.ts'
import { finishOrder } from '../finish-order.ts'
import { checkTotals } from '../neutral/check-totals.ts'
import type { Translated } from '../result.ts'
import { impliedRatePpm, ratePpm } from '../taxes.ts'
import { ORDER_COLUMNS, type CsvColumn } from './csv-columns.ts'

export interface CsvOrderRow {
  row: number
  cells: Partial<Record<CsvColumn, string>>
}

const STATES = ['captured', 'authorised', 'pending', 'terms', 'marketplace'] as const

/** One order from its rows, at least one. Problems name the column and the row of the file. */
export function readCsvOrder(
  rows: readonly CsvOrderRow[],
  channel: string | null,
): Translated<OrderDocument> {
  const problems: DocumentProblem[] = []
  const order = orderCells(rows, problems)
  const currency = order('currency').currency()
  if (currency === '') return { ok: false, problems }
  const money = readMoney(rows, order, currency, problems)
  const header = readHeader(order, channel, currency, money.total)
  const footing = {
    totalField: order('total').path,
    linesField: `quantity[row ${rows[0]!.row}]`,
    allowed: 0n,
  }
  const finished = finishOrder(header, money, footing, problems)
  const unsound = finished.ok ? checkTotals(finished.value) : []
  return unsound.length > 0 ? { ok: false, problems: unsound } : finished
}

type OrderCells = (column: (typeof ORDER_COLUMNS)[number]) => Field

/** Cells of the order from the first row that has them; later rows may only repeat them. */
function orderCells(rows: readonly CsvOrderRow[], problems: DocumentProblem[]): OrderCells {
  const fields = new Map<CsvColumn, Field>()
  for (const column of ORDER_COLUMNS) {
    for (const row of rows) {
      const field = cell(row, column, problems)
      const known = fields.get(column)
      if (!known?.present) fields.set(column, field)
      else if (field.present && field.value !== known.value) {
        field.refuse('conflicting-value', `must repeat ${shown(known.value)} or stay empty`)
      }
    }
  }
  return (column) => fields.get(column)!
}

function cell({ row, cells }: CsvOrderRow, column: CsvColumn, problems: DocumentProblem[]): Field {
  return new Field(cells[column], problems, `${column}[row ${row}]`)
}

function readMoney(
  rows: readonly CsvOrderRow[],
  order: OrderCells,
  currency: string,
  problems: DocumentProblem[],
): DraftMoney {
  const amount = order('shipping').charge(currency)
  const shippingTax = order('shipping_tax').charge(currency)
  const discount = order('order_discount').charge(currency)
  const shipping = {
    title: order('shipping_title').text() ?? 'Shipping',
    amount,
    discounts: [],
    taxes: taxOf('Tax', impliedRatePpm(shippingTax, amount), shippingTax),
    path: order('shipping').path,
  }
  return {
    lines: rows.map((row, n) => readLine(row, n, currency, problems)),
    shipping: amount > 0n || shippingTax > 0n ? [shipping] : [],
    orderDiscounts: discountOf(order('order_discount_code').text(), discount),
    pricesIncludeTax: yesOrNo(order('prices_include_tax'), false),
    total: order('total').needAmount(currency),
  }
}

function readLine(
  row: CsvOrderRow,
  n: number,
  currency: string,
  problems: DocumentProblem[],
): DraftLine {
  const at = (column: CsvColumn) => cell(row, column, problems)
  const quantity = at('quantity').quantity()
  const unitPrice = at('unit_price').needAmount(currency)
  at('unit_price').charge(currency)
  const gross = unitPrice * BigInt(quantity)
  if ((at('unit_price').amountTimes(1000, currency) ?? 0n) !== unitPrice * 1000n) {
    at('unit_price').refuse('too-many-decimals', `must have no more decimals than ${currency} has`)
  }
  const discount = at('discount').charge(currency)
  const tax = at('tax').charge(currency)
  const rate = at('tax_rate')
  const giftCard = yesOrNo(at('gift_card'), false)
  return {
    externalLineId: at('line_id').id() ?? String(n + 1),
    externalListingId: at('listing_id').id(),
    sku: at('sku').id(),
    title: at('title').text() ?? '',
    quantity,
    gross,
    discounts: discountOf(at('discount_code').text(), discount),
    taxes: taxOf(
      at('tax_name').text() ?? 'Tax',
      rate.present ? ratePpm(rate, 100) : impliedRatePpm(tax, gross - discount),
      tax,
    ),
    requiresShipping: yesOrNo(at('requires_shipping'), !giftCard),
    giftCard,
    path: at('unit_price').path,
  }
}

function discountOf(code: string | null, amount: bigint): DraftDiscount[] {
  return amount === 0n ? [] : [{ code: code ?? 'manual', amount, fundedBy: 'merchant' }]
}

function taxOf(jurisdiction: string, rate: number, amount: bigint): DraftTax[] {
  return amount === 0n ? [] : [{ jurisdiction, ratePpm: rate, amount, collectedBy: 'seller' }]
}

function readHeader(
  order: OrderCells,
  channel: string | null,
  currency: string,
  total: bigint,
): OrderHeader {
  const externalId = order('order_id').needId()
  const placedAt = order('placed_at').needInstant()
  const channelCode = order('channel').id() ?? channel
  if (channelCode === null) order('channel').needId()
  const note = order('note').text()
  const service = order('requested_service').text()
  const shipBy = order('ship_by').text()
  const customerClass = order('customer_class').text()
  return {
    channel: channelCode ?? '',
    externalId,
    externalVersion: order('version').id() ?? '0000000001',
    orderNumber: order('order_number').id() ?? externalId,
    placedAt,
    currency,
    customer: {
      externalId: order('customer_id').id(),
      name: order('customer_name').text(),
      email: order('email').text(),
      phone: order('phone').text(),
      ...(customerClass === null ? {} : { class: customerClass }),
    },
    shipTo: readAddress(order),
    billTo: null,
    payment: readPayment(order, currency, total),
    fulfilledBy: 'merchant',
    ...(service === null ? {} : { requestedService: service }),
    ...(shipBy === null ? {} : { shipBy }),
    ...(note === null ? {} : { note }),
  }
}

function readPayment(order: OrderCells, currency: string, total: bigint): OrderHeader['payment'] {
  const cellState = order('payment_state')
  const word = (cellState.text() ?? 'pending').toLowerCase()
  const state = STATES.find((known) => known === word) ?? null
  if (state === null) cellState.refuse('unknown-status', `must be one of ${STATES.join(', ')}`)
  const unpaid = state === 'pending' || state === 'terms'
  const stated = order('paid_amount').present ? order('paid_amount').charge(currency) : null
  return {
    state: state ?? 'pending',
    provider: order('payment_provider').id() ?? 'unknown',
    reference: order('payment_reference').text(),
    amountMinor: (stated ?? (unpaid ? 0n : total)).toString(),
  }
}

function readAddress(order: OrderCells): AddressDocument | null {
  const country = order('ship_country')
  const code = country.text()?.toUpperCase() ?? null
  if (code !== null && !isCountry(code)) {
    country.refuse('unknown-country', 'must be an ISO 3166-1 alpha-2 code, such as DE')
  }
  const address = {
    name: order('ship_name').text(),
    company: order('ship_company').text(),
    line1: order('ship_line1').text(),
    line2: order('ship_line2').text(),
    city: order('ship_city').text(),
    region: order('ship_region').text(),
    postalCode: order('ship_postal_code').text(),
    country: code,
  }
  return Object.values(address).some((part) => part !== null) ? address : null
}

function yesOrNo(field: Field, fallback: boolean): boolean {
  const word = field.text()?.toLowerCase() ?? ''
  if (word === '') return fallback
  if (['true', 'yes', 'y', '1'].includes(word)) return true
  if (['false', 'no', 'n', '0'].includes(word)) return false
  field.refuse('not-a-flag', `must be yes or no, got ${shown(field.value)}`)
  return fallback
}
