import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  settleDay,
  type ItemAmount,
  type PlannedLine,
  type SaidBefore,
} from '#domain/settlement/order-settlement'

const line = (changes: Partial<PlannedLine> = {}): PlannedLine => ({
  ...{ orderId: 1n, orderLineId: 11n, channelId: 1, itemId: 1, siteId: 1, segment: 'retail' },
  ...{ grossMinor: 9800n, units: 1n, commissionMinor: 1470n, fulfilmentMinor: 475n, taxes: [] },
  ...changes,
})
const amount = (
  treatment: ItemAmount['treatment'],
  amountMinor: bigint,
  more: Partial<ItemAmount> = {},
): ItemAmount => ({ treatment, amountMinor, orderLineId: 11n, isTax: false, units: 0n, ...more })
const nothing = (): SaidBefore => ({
  ...{ saleMinor: 0n, units: 0n, commissionMinor: 0n, fulfilmentMinor: 0n },
  refundToldMinor: 0n,
})

test('only what differs from the expected fees is a fee; the order leaves at what was booked for it', () => {
  const day = settleDay(
    [
      amount('order', 9800n, { units: 1n }),
      amount('commission', -1520n),
      amount('fulfilment-fee', -475n),
    ],
    [line()],
    nothing(),
  )
  expect(day).toMatchObject({ clearedMinor: 7855n, netMinor: 7805n })
  expect(day.fees).toMatchObject([{ role: 'Commission', amountMinor: 50n }])
})

test('a sale that is paid short bears all its fees: every unit has been named', () => {
  const sale = amount('order', 5800n, { units: 1n })
  const day = settleDay([sale, amount('commission', -1470n)], [line()], nothing())
  expect(day.clearedMinor).toBe(5800n - 1470n - 475n)
})

test('a refund gives the frozen tax back where it was collected, to the cent', () => {
  const taxes = [
    { jurisdiction: 'US-NJ', taxCode: 'std', amountMinor: 663n, collectedBy: 'seller' as const },
    { jurisdiction: 'US-NJ-C', taxCode: 'std', amountMinor: 80n, collectedBy: 'seller' as const },
  ]
  const refund = [amount('refund', -9000n), amount('refund', -743n, { isTax: true })]
  const day = settleDay(refund, [line({ taxes })], nothing())
  expect(day.refunds).toMatchObject([
    { netMinor: 9000n, taxes: [{ amountMinor: 663n }, { amountMinor: 80n }] },
  ])
})

test('what of a refund the channel has told before is credited once: it settles the open item', () => {
  const refund = [amount('refund', -9000n), amount('refund', -743n, { isTax: true })]
  const whole = settleDay(refund, [line()], { ...nothing(), refundToldMinor: 9743n })
  expect(whole).toMatchObject({ clearedMinor: -9743n, netMinor: -9743n, refunds: [] })
  const before = { ...nothing(), refundToldMinor: 743n }
  const part = settleDay(refund, [line()], before)
  expect(part).toMatchObject({ clearedMinor: -743n, refundToldMinor: 743n })
  expect(part.refunds).toMatchObject([{ netMinor: 9000n }])
  expect(before.refundToldMinor).toBe(0n)
})

test('however a sale is cut over statements, the expected fees are taken once and to the cent', () => {
  const parts = fc.array(fc.bigInt(1n, 5000n), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(
      parts,
      fc.bigInt(0n, 900n),
      fc.bigInt(0n, 900n),
      (sales, commission, fulfilment) => {
        const grossMinor = sales.reduce((sum, each) => sum + each, 0n)
        const planned = [
          line({
            grossMinor,
            units: 99n,
            commissionMinor: commission,
            fulfilmentMinor: fulfilment,
          }),
        ]
        const before = nothing()
        const cleared = sales.map((sale) => settleDay([amount('order', sale)], planned, before))
        const total = cleared.reduce((sum, day) => sum + day.clearedMinor, 0n)
        expect(total).toBe(grossMinor - commission - fulfilment)
        for (const day of cleared) {
          const fees = day.fees.reduce((sum, fee) => sum + fee.amountMinor, 0n)
          expect(day.netMinor - day.clearedMinor).toBe(-fees)
        }
      },
    ),
  )
})
