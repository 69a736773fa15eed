import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sum } from '#domain/money'
import type { FrozenMoney } from '#domain/orders/shares'
import {
  creditOfUnits,
  grossOf,
  openGoodwill,
  ownTaxes,
  spreadOverTenders,
  useGoodwill,
} from '#domain/returns/credit'
import { assessReturn } from '#domain/returns/assess'
import { DEFAULT_RETURN_POLICY } from '#domain/returns/policy'

const tax = (component: 'goods' | 'shipping', taxMinor: bigint) => ({
  ...{ component, jurisdiction: 'US-NJ', taxCode: 'standard', taxMinor },
  collectedBy: 'seller' as const,
})
const o1: FrozenMoney = {
  ...{ ordered: 1, goodsMinor: 100_00n, shippingMinor: 8_00n },
  discounts: [{ code: 'TEN', fundedBy: 'merchant', amountMinor: 10_00n }],
  taxes: [tax('goods', 7_43n), tax('shipping', 66n)],
}
const whole = (unit: number) => ({ unit, creditPpm: 1_000_000 })

test('R10: the goods of O1 are credited with 90.00 and 7.43 of tax, with shipping all of it with 8.09', () => {
  const goods = creditOfUnits(o1, [whole(0)], { shipping: false, feePpm: 0 })
  expect(grossOf(goods)).toBe(97_43n)
  const all = creditOfUnits(o1, [whole(0)], { shipping: true, feePpm: 0 })
  expect(grossOf(all)).toBe(106_09n)
  expect(sum(ownTaxes(all.taxes).map((each) => each.amountMinor))).toBe(8_09n)
})

test('a fee is kept of the goods alone, and half of a unit is credited with half', () => {
  const kept = creditOfUnits(o1, [whole(0)], { shipping: true, feePpm: 150_000 })
  expect(kept.feeMinor).toBe(13_50n)
  const half = creditOfUnits(o1, [{ unit: 0, creditPpm: 500_000 }], { shipping: false, feePpm: 0 })
  expect(grossOf(half)).toBe(45_00n + 3_71n)
})

test('units in any number of returns are credited with exactly what their line sold for', () => {
  const amount = fc.bigInt({ min: 0n, max: 1_000_000n })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 }),
      amount,
      amount,
      amount,
      amount,
      (ordered, goodsMinor, shippingMinor, goodsTax, shippingTax) => {
        const taxes = [tax('goods', goodsTax), tax('shipping', shippingTax)]
        const line = { ordered, goodsMinor, shippingMinor, discounts: [], taxes }
        const credits = Array.from({ length: ordered }, (_, unit) =>
          creditOfUnits(line, [whole(unit)], { shipping: true, feePpm: 0 }),
        )
        expect(sum(credits.map(grossOf))).toBe(goodsMinor + shippingMinor + goodsTax + shippingTax)
        expect(sum(credits.flatMap((each) => each.taxes.map((share) => share.amountMinor)))).toBe(
          goodsTax + shippingTax,
        )
      },
    ),
  )
})

test('no tender gives back more than remains of it, and cards come first or last by policy', () => {
  const tenders = [
    { id: 1n, kind: 'gift-card', keptMinor: 50_00n },
    { id: 2n, kind: 'card', keptMinor: 56_09n },
  ]
  expect(spreadOverTenders(97_43n, tenders, { giftCardsFirst: false })).toEqual([
    { id: 2n, amountMinor: 56_09n },
    { id: 1n, amountMinor: 41_34n },
  ])
  expect(spreadOverTenders(60_00n, tenders, { giftCardsFirst: true })).toEqual([
    { id: 1n, amountMinor: 50_00n },
    { id: 2n, amountMinor: 10_00n },
  ])
  expect(() => spreadOverTenders(106_10n, tenders, { giftCardsFirst: false })).toThrow(/remains/)
})

test('goodwill counts in any number of parts to the cent, its tax with it', () => {
  const taxes = [
    { jurisdiction: 'US-NJ', taxCode: 's', amountMinor: 1_14n, collectedBy: 'seller' as const },
  ]
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 14_99n }), (first) => {
      const given = { netMinor: 13_86n, taxes, usedMinor: 0n }
      const one = useGoodwill(given, first)
      const rest = useGoodwill({ ...given, usedMinor: first }, openGoodwill(given) - first)
      expect(one.netMinor + rest.netMinor).toBe(13_86n)
      expect(one.taxes[0]!.amountMinor + rest.taxes[0]!.amountMinor).toBe(1_14n)
    }),
  )
})

test('the window counts from the delivery, and its last day is within it', () => {
  const asked = { today: '2026-03-31', valueMinor: 1n, earlierReturns: 0 }
  const of = (sinceOn: string) => assessReturn({ ...asked, sinceOn }, DEFAULT_RETURN_POLICY)
  expect(of('2026-03-01').verdict).toBe('approved')
  expect(of('2026-02-28')).toMatchObject({ verdict: 'asks', type: 'return-past-window' })
})
