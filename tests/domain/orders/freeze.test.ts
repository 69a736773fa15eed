import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sum } from '#domain/money'
import type { OrderDocument, OrderLineDocument } from '#domain/orders/document'
import { freezeOrder, lineTotal, type ResolvedItem } from '#domain/orders/freeze'
import { moneyOfUnits } from '#domain/orders/shares'
import { Refusal } from '#domain/refusal'

const itself: ResolvedItem = { itemId: 1, kitItemId: null, packFactor: 1, weight: 1n }

function line(changes: Partial<OrderLineDocument> = {}): OrderLineDocument {
  return {
    externalLineId: 'L1',
    externalListingId: null,
    sku: 'MUG',
    title: 'Mug',
    quantity: 1,
    unitPriceMinor: '10000',
    discounts: [],
    taxes: [],
    requiresShipping: true,
    giftCard: false,
    ...changes,
  }
}

function order(changes: Partial<OrderDocument>, totalMinor: bigint): OrderDocument {
  return {
    channel: 'web',
    externalId: '1',
    externalVersion: '1',
    orderNumber: '#1',
    placedAt: '2026-06-01T10:00:00.000Z',
    currency: 'USD',
    pricesIncludeTax: false,
    customer: { externalId: null, name: null, email: null, phone: null },
    shipTo: null,
    billTo: null,
    lines: [line()],
    shipping: [],
    orderDiscounts: [],
    payment: { state: 'captured', provider: 'stripe', reference: null, amountMinor: '0' },
    taxCollectedBy: 'seller',
    fulfilledBy: 'merchant',
    ...changes,
    total: { currency: 'USD', minor: totalMinor.toString() },
  }
}

const tax = (amountMinor: bigint, ratePpm = 82_500) => ({
  jurisdiction: 'US-NY',
  ratePpm,
  amountMinor: amountMinor.toString(),
  collectedBy: 'seller' as const,
})

test('order O1 of the ledger freezes as 100.00 − 10.00 + 8.00 + 8.09', () => {
  const [frozen] = freezeOrder(
    order(
      {
        lines: [line({ taxes: [tax(743n)] })],
        shipping: [{ title: 'Ground', amountMinor: '800', discounts: [], taxes: [tax(66n)] }],
        orderDiscounts: [{ code: 'TEN', amountMinor: '1000', fundedBy: 'merchant' }],
      },
      10_609n,
    ),
    () => [itself],
  )
  expect(frozen).toMatchObject({ goodsMinor: 10_000n, shippingMinor: 800n })
  expect(frozen!.discounts).toEqual([{ code: 'TEN', fundedBy: 'merchant', amountMinor: 1_000n }])
  expect(frozen!.taxes.map((t) => [t.component, t.taxMinor])).toEqual([
    ['goods', 743n],
    ['shipping', 66n],
  ])
})

test('10.00 over 33.33, 33.33 and 33.34 is split 3.33, 3.33 and 3.34 (R4)', () => {
  const prices = ['3333', '3333', '3334']
  const frozen = freezeOrder(
    order(
      {
        lines: prices.map((unitPriceMinor, n) => line({ externalLineId: `L${n}`, unitPriceMinor })),
        orderDiscounts: [{ code: 'TEN', amountMinor: '1000', fundedBy: 'merchant' }],
      },
      9_000n,
    ),
    () => [itself],
  )
  expect(frozen.map((l) => l.discounts[0]!.amountMinor)).toEqual([333n, 333n, 334n])
})

test('an inclusive price of 9.99 at 20% is 8.32 net and 1.67 tax (R9)', () => {
  const [frozen] = freezeOrder(
    order(
      {
        pricesIncludeTax: true,
        lines: [line({ unitPriceMinor: '999', taxes: [tax(167n, 200_000)] })],
      },
      999n,
    ),
    () => [itself],
  )
  expect(frozen!.goodsMinor).toBe(832n)
  expect(frozen!.taxes[0]!.taxMinor).toBe(167n)
})

test('a document whose parts do not sum to its total is refused and names both sums', () => {
  expect(() => freezeOrder(order({}, 10_001n), () => [itself])).toThrow(Refusal)
})

test('a kit becomes its components, which together keep its money to the cent', () => {
  const parts: ResolvedItem[] = [
    { itemId: 1, kitItemId: 9, packFactor: 2, weight: 200n },
    { itemId: 2, kitItemId: 9, packFactor: 1, weight: 100n },
  ]
  const frozen = freezeOrder(order({}, 10_000n), () => parts)
  expect(frozen.map((l) => [l.itemId, l.qty, l.goodsMinor])).toEqual([
    [1, 2, 6_667n],
    [2, 1, 3_333n],
  ])
})

const amount = fc.bigInt({ min: 0n, max: 1_000_000n })

test('whatever the order, its frozen lines sum to its total, and so do the units of every line', () => {
  const lines = fc.array(
    fc.record({ price: amount, quantity: fc.integer({ min: 1, max: 40 }), tax: amount }),
    { minLength: 1, maxLength: 6 },
  )
  fc.assert(
    fc.property(lines, amount, amount, amount, (rows, shipping, shippingTax, wished) => {
      const goods = sum(rows.map((row) => row.price * BigInt(row.quantity)))
      const discount = wished > goods ? goods : wished
      const total = goods - discount + shipping + shippingTax + sum(rows.map((row) => row.tax))
      const frozen = freezeOrder(
        order(
          {
            lines: rows.map((row, n) =>
              line({
                externalLineId: `${n}`,
                unitPriceMinor: `${row.price}`,
                quantity: row.quantity,
                taxes: [tax(row.tax)],
              }),
            ),
            shipping: [
              {
                title: 's',
                amountMinor: `${shipping}`,
                discounts: [],
                taxes: [tax(shippingTax)],
              },
            ],
            orderDiscounts: [{ code: 'D', amountMinor: `${discount}`, fundedBy: 'merchant' }],
          },
          total,
        ),
        () => [itself],
      )
      expect(sum(frozen.map(lineTotal))).toBe(total)
      for (const l of frozen) {
        const cut = Math.floor(l.qty / 2)
        const money = { ...l, ordered: l.qty }
        const parts = [moneyOfUnits(money, 0, cut), moneyOfUnits(money, cut, l.qty)]
        expect(sum(parts.map((part) => part.grossMinor))).toBe(lineTotal(l))
      }
    }),
  )
})
