import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { orderDocumentSchema, readOrderDocument } from '#connectors/neutral/order-document'
import { orderOf, problemsOf } from './expectations.ts'

const line = { externalLineId: '1', quantity: 2, unitPriceMinor: '500' }
const order = {
  channel: 'phone',
  externalId: 'P-1',
  orderNumber: 'P-1',
  placedAt: '2026-01-31T10:00:00+01:00',
  currency: 'EUR',
  customer: {},
  lines: [line],
  payment: { state: 'terms', provider: 'account', amountMinor: '0' },
  total: { currency: 'EUR', minor: '1000' },
}
const read = (changes: object = {}) => readOrderDocument({ ...order, ...changes })

describe('a neutral order document', () => {
  test('may leave out what has a sensible default', () => {
    expect(orderOfDefaults()).toMatchObject({
      externalVersion: '0000000001',
      pricesIncludeTax: false,
      shipTo: null,
      shipping: [],
      lines: [{ sku: null, requiresShipping: true, giftCard: false, discounts: [] }],
      taxCollectedBy: 'seller',
      fulfilledBy: 'merchant',
    })
    orderOf({ ok: true, value: orderOfDefaults() })
  })

  test.each([
    [{ total: { currency: 'EUR', minor: '1001' } }, 'totals-do-not-foot total'],
    [{ total: { currency: 'USD', minor: '1000' } }, 'currency-mismatch total.currency'],
    [{ lines: [] }, 'no-lines lines'],
    [{ lines: [line, line] }, 'duplicate-line lines[1].externalLineId'],
    [{ currency: 'EURO' }, 'unknown-currency currency'],
    [{ channel: undefined }, 'missing-field channel'],
    [{ externalId: 'x'.repeat(101) }, 'too-big externalId'],
    [{ externalId: 'a\tb' }, 'invalid-format externalId'],
    [{ colour: 'red' }, 'unknown-field colour'],
    [{ lines: [{ ...line, quantity: 0 }] }, 'quantity-out-of-range lines[0].quantity'],
    [{ lines: [{ ...line, quantity: 1_000_001 }] }, 'quantity-out-of-range lines[0].quantity'],
    [{ lines: [{ ...line, unitPriceMinor: 500 }] }, 'not-minor-units lines[0].unitPriceMinor'],
    [
      { lines: [{ ...line, unitPriceMinor: '9007199254740992' }] },
      'not-minor-units lines[0].unitPriceMinor',
    ],
    [{ lines: [{ ...line, unitPriceMinor: '9007199254740991' }] }, 'amount-out-of-range lines[0]'],
    [
      { lines: [{ ...line, discounts: [{ amountMinor: '1001' }] }] },
      'discount-exceeds-price lines[0].discounts',
    ],
    [{ shipTo: { country: 'Germany' } }, 'custom shipTo.country'],
  ])('is refused with %j', (changes, problem) => {
    expect(problemsOf(read(changes))).toContain(problem)
  })

  test('can be described to the readers of the API', () => {
    const schema = z.toJSONSchema(orderDocumentSchema, { io: 'input' })
    expect(schema.required).toContain('lines')
    expect(schema.required).not.toContain('shipping')
  })
})

function orderOfDefaults() {
  const result = read()
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.value
}
