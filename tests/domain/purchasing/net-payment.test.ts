import { expect, test } from 'vitest'
import { takeCredits } from '#domain/purchasing/net-payment'
import { promptPayment } from '#domain/purchasing/prompt-payment'

const bill = (
  billId: bigint,
  payMinor: bigint,
  more: { supplierId?: number; currency?: string } = {},
) => ({
  ...{ billId, payMinor, supplierId: 1, currency: 'USD', ...more },
})
const credit = (creditId: bigint, leftMinor: bigint) => ({
  ...{ creditId, leftMinor, supplierId: 1, currency: 'USD' },
})

test('credits are taken off bills in order, each until either is used up', () => {
  const taken = takeCredits([bill(1n, 100n), bill(2n, 50n)], [credit(7n, 30n), credit(8n, 500n)])
  expect(taken).toEqual([
    { billId: 1n, creditId: 7n, minor: 30n },
    { billId: 1n, creditId: 8n, minor: 70n },
    { billId: 2n, creditId: 8n, minor: 50n },
  ])
})

test('a credit is for its own supplier and currency alone', () => {
  const others = [bill(1n, 100n, { supplierId: 2 }), bill(2n, 100n, { currency: 'EUR' })]
  expect(takeCredits(others, [credit(7n, 30n)])).toEqual([])
})

test('the discount is on the whole bill, but never more than what prepayments have left to pay', () => {
  const terms = {
    netMinor: 1000n,
    taxMinor: [200n],
    discountPpm: 20_000,
    discountUntil: '2026-06-10',
  }
  const left = (prepaidMinor: bigint) => promptPayment({ ...terms, prepaidMinor }, '2026-06-01')
  expect(left(600n)).toEqual({ payMinor: 576n, netDiscountMinor: 20n, taxDiscountMinor: [4n] })
  expect(left(1180n)).toEqual({ payMinor: 20n, netDiscountMinor: 0n, taxDiscountMinor: [0n] })
})
