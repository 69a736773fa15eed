import { expect, test } from 'vitest'
import { readUciDay } from '#connectors/uci/uci-day'
import { orderOf } from './expectations.ts'

const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country'
const row = (
  invoice: string,
  code: string,
  quantity: string,
  price: string,
  customer = '17850.0',
) => `${invoice},${code},THING,${quantity},2010-12-01 08:26:00,${price},${customer},United Kingdom`
const day = (...rows: string[]) => readUciDay([HEADER, ...rows].join('\n'))

test('an invoice becomes an order, its postage a shipping charge', () => {
  const { orders, items, rows } = day(
    row('536365', '85123A', '6', '2.55'),
    row('536365', 'POST', '1', '18.0'),
    row('536365', 'M', '1', '1.25'),
    row('536365', 'gift_0001_20', '1', '20'),
  )
  expect(rows).toEqual({ total: 4, ordered: 4, cancelled: 0, rejected: 0 })
  const order = orderOf({ ok: true, value: orders[0]! })
  expect(order).toMatchObject({
    externalId: '536365',
    placedAt: '2010-12-01T08:26:00.000Z',
    customer: { externalId: '17850', class: 'wholesale' },
    payment: { state: 'terms' },
    shipTo: { country: 'GB' },
    total: { currency: 'GBP', minor: '5455' },
    shipping: [{ amountMinor: '1800' }],
    lines: [
      { sku: '85123A', requiresShipping: true },
      { sku: null, requiresShipping: false },
      { giftCard: true, requiresShipping: false },
    ],
  })
  expect(items).toHaveLength(2)
})

test('a price of tenths of pennies is multiplied before it is rounded', () => {
  const { orders } = day(row('1', 'A1', '500', '0.001'))
  const order = orderOf({ ok: true, value: orders[0]! })
  expect(order.total.minor).toBe('50')
  expect(order.lines.map((line) => [line.quantity, line.unitPriceMinor])).toEqual([
    [450, '0'],
    [50, '1'],
  ])
})

test('a C-invoice is a cancellation to be matched by customer, code and price', () => {
  const { cancellations } = day(
    row('C536379', '85123A', '-2', '2.55'),
    row('C5', 'D', '-1', '27.5'),
  )
  expect(cancellations).toMatchObject([
    { customerId: '17850', sku: '85123A', quantity: 2, unitPriceMinor: '255', amountMinor: '510' },
    { kind: 'discount', amountMinor: '2750' },
  ])
})

test('rows that are no sale are rejected with their line and field', () => {
  const { rejected, orders } = day(
    row('A563185', 'B', '1', '11062.06'),
    row('536589', '21777', '-10', '0.0', ''),
    row('536414', '22139', '56', '0.0', ''),
    row('C537600', 'AMAZONFEE', '-1', '1.0', ''),
    row('C537601', '21777', '1', '1.0'),
    row('536415', '21777', 'many', '1.0'),
    '536416,21777,CUT OFF',
    '536417,"21777,NEVER CLOSED,1,2010-12-01 08:26:00,1.0,1.0,EIRE',
    row('536418', '21777', '1', '1.0'),
  )
  expect(rejected.map(({ row: line, code, field }) => [line, code, field])).toEqual([
    [2, 'bad-debt', 'InvoiceNo'],
    [3, 'quantity-not-positive', 'Quantity'],
    [4, 'price-not-positive', 'UnitPrice'],
    [5, 'not-a-sale', 'StockCode'],
    [6, 'quantity-not-negative', 'Quantity'],
    [7, 'not-an-integer', 'Quantity'],
    [8, 'malformed-row', 'row'],
    [9, 'malformed-row', 'row'],
  ])
  expect(orders.map((order) => order.externalId)).toEqual(['536418'])
})

test('a customer without number has paid over the counter', () => {
  const { orders } = day(row('1', 'DOT', '1', '569.77', ''))
  expect(orders[0]).toMatchObject({
    customer: { externalId: null },
    payment: { state: 'captured', amountMinor: '56977' },
    lines: [{ title: 'THING', requiresShipping: false }],
  })
})

test('an empty file is an empty day', () => {
  expect(readUciDay('').rows.total).toBe(0)
  expect(readUciDay(`${HEADER}\r\n`).rows.total).toBe(0)
})
