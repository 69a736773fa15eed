import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assertBalanced } from '#domain/ledger/journal'
import {
  postBill,
  postBilledGoodsReceived,
  postBillPaid,
  postPaymentRunSettled,
} from '#domain/ledger/posting-bills'
import { spreadCost } from '#domain/purchasing/spread-cost'
import './to-post-as.ts'

const layer = {
  layerId: 5n,
  itemId: 7,
  siteId: 2,
  condition: 'sellable',
  remainingQty: 80n,
  uses: [{ qty: 20n, orderLineId: 11n }],
}
const order = { orderId: 3n, channelId: 1, segment: 'retail' }
const spread = (minor: bigint) => spreadCost(minor, layer).map((share) => ({ ...share, order }))
const bill = {
  billId: 9n,
  entity: 1,
  party: 'supplier/ACME',
  currency: 'EUR',
  functionalCurrency: 'EUR',
  rateE9: 1_000_000_000n,
}
const postedOn = '2026-06-10'
const received = {
  account: 'GoodsReceivedNotInvoiced' as const,
  openKey: 'receipt-line/1/1',
  currency: 'EUR',
  amountMinor: 1000_00n,
  itemId: 7,
  siteId: 2,
}
const vat = { jurisdiction: 'DE', taxCode: 'standard', amountMinor: 206_00n }

test('row 21: the difference is stock for what is there and variance for what is sold', () => {
  const entry = postBill({
    ...bill,
    postedOn,
    accruals: [received],
    taxes: [vat],
    differences: [{ soldTo: 'PriceVariance', shares: spread(30_00n) }],
    grossMinor: 1236_00n,
  })
  expect(entry).toPostAs(`
    Dr GoodsReceivedNotInvoiced 1000.00
    Dr Inventory                  24.00
    Dr PriceVariance               6.00
    Dr InputVat                  206.00
    Cr Payables                 1236.00
  `)
})

test('row 21a: what is billed ahead waits as a debit, and the receipt takes it back', () => {
  const ahead = { ...received, openKey: 'bill-line/9/1' }
  const entry = postBill({
    ...bill,
    postedOn,
    accruals: [ahead],
    taxes: [],
    differences: [],
    grossMinor: 1000_00n,
  })
  expect(entry).toPostAs(`
    Dr GoodsReceivedNotInvoiced 1000.00
    Cr Payables                 1000.00
  `)
  const arrived = postBilledGoodsReceived({
    ...bill,
    matchId: '9/1/1/1',
    postedOn,
    accruals: [
      { ...received, amountMinor: 990_00n },
      { ...ahead, amountMinor: -1000_00n },
    ],
    differences: [{ soldTo: 'PriceVariance', shares: spread(10_00n) }],
  })
  expect(arrived).toPostAs(`
    Dr GoodsReceivedNotInvoiced  990.00
    Cr GoodsReceivedNotInvoiced 1000.00
    Dr Inventory                   8.00
    Dr PriceVariance               2.00
  `)
})

test('row 22: a discount gives back what it made cheaper, and its VAT', () => {
  const entry = postBillPaid({
    ...bill,
    runId: 4n,
    paidOn: postedOn,
    openMinor: 1236_00n,
    bookedFuncMinor: 1236_00n,
    payFuncMinor: 1211_28n,
    discount: { soldTo: 'PriceVariance', shares: spread(-20_60n) },
    taxes: [{ ...vat, amountMinor: 4_12n }],
  })
  expect(entry).toPostAs(`
    Dr Payables      1236.00
    Cr CashInTransit 1211.28
    Cr Inventory       16.48
    Cr PriceVariance    4.12
    Cr InputVat         4.12
  `)
  const settled = { runId: 4n, entity: 1, functionalCurrency: 'EUR', settledOn: postedOn }
  expect(postPaymentRunSettled({ ...settled, amountMinor: 1211_28n })).toPostAs(`
    Dr CashInTransit 1211.28
    Cr Bank          1211.28
  `)
})

test('row 23: an actual landed cost clears the estimate, and the rest goes where the units went', () => {
  const entry = postBill({
    ...bill,
    postedOn,
    accruals: [{ ...received, account: 'LandedCostAccrual', amountMinor: 120_00n }],
    taxes: [],
    differences: [{ soldTo: 'LandedCostTrueUp', shares: spread(30_00n) }],
    grossMinor: 150_00n,
  })
  expect(entry).toPostAs(`
    Dr LandedCostAccrual 120.00
    Dr Inventory          24.00
    Dr LandedCostTrueUp    6.00
    Cr Payables          150.00
  `)
})

const dollars = { ...bill, currency: 'USD' }

test('row 28a: what the rate has done since the receipt is exchange difference, and stock keeps its value', () => {
  const entry = postBill({
    ...dollars,
    rateE9: 910_000_000n,
    postedOn,
    accruals: [
      { ...received, currency: 'USD', amountMinor: 10_000_00n, bookedFuncMinor: 9_000_00n },
    ],
    taxes: [],
    differences: [],
    grossMinor: 10_000_00n,
  })
  expect(entry).toPostAs(`
    Dr GoodsReceivedNotInvoiced USD 10000.00 (9000.00)
    Cr Payables                 USD 10000.00 (9100.00)
    Dr RealisedFx               USD     0.00 (100.00)
  `)
})

test('row 28c: a bill is paid at the rate of its day', () => {
  const entry = postBillPaid({
    ...dollars,
    rateE9: 920_000_000n,
    runId: 4n,
    paidOn: postedOn,
    openMinor: 10_000_00n,
    bookedFuncMinor: 9_100_00n,
    payFuncMinor: 9_200_00n,
    discount: { soldTo: 'PriceVariance', shares: [] },
    taxes: [],
  })
  expect(entry).toPostAs(`
    Dr Payables      USD 10000.00 (9100.00)
    Cr CashInTransit      9200.00
    Dr RealisedFx    USD     0.00 (100.00)
    Cr FxPosition    USD 10000.00 (9200.00)
    Dr FxPosition         9200.00
  `)
})

test('FX-LIFE: over a bill’s life its exchange differences are what the payment cost more than the receipt', () => {
  const rate = fc.bigInt(500_000_000n, 2_000_000_000n)
  fc.assert(
    fc.property(fc.bigInt(1n, 10n ** 10n), rate, rate, rate, (amount, first, second, third) => {
      const at = (rateE9: bigint) => (amount * rateE9) / 1_000_000_000n
      const posted = postBill({
        ...dollars,
        rateE9: second,
        postedOn,
        accruals: [
          { ...received, currency: 'USD', amountMinor: amount, bookedFuncMinor: at(first) },
        ],
        taxes: [],
        differences: [],
        grossMinor: amount,
      })
      const payable = posted.lines.find(({ accountId }) => accountId === 2010)!
      const paid = postBillPaid({
        ...dollars,
        rateE9: third,
        runId: 4n,
        paidOn: postedOn,
        openMinor: amount,
        bookedFuncMinor: -payable.funcMinor,
        payFuncMinor: at(third),
        discount: { soldTo: 'PriceVariance', shares: [] },
        taxes: [],
      })
      const differences = [...posted.lines, ...paid.lines].filter((l) => l.accountId === 7010)
      const total = differences.reduce((all, line) => all + line.funcMinor, 0n)
      expect(total).toBe(at(third) - at(first))
    }),
  )
})

test('every bill balances, in each currency and in functional currency', () => {
  const rate = fc.bigInt(500_000_000n, 2_000_000_000n)
  fc.assert(
    fc.property(
      fc.bigInt(1n, 10n ** 10n),
      fc.bigInt(0n, 10n ** 9n),
      fc.bigInt(-1000n, 10n ** 6n),
      rate,
      rate,
      (amount, tax, over, then, now) => {
        const value = (minor: bigint) => (minor * now) / 1_000_000_000n
        const entry = postBill({
          ...dollars,
          rateE9: now,
          postedOn,
          accruals: [
            {
              ...received,
              currency: 'USD',
              amountMinor: amount + 1000n,
              bookedFuncMinor: ((amount + 1000n) * then) / 1_000_000_000n,
            },
          ],
          taxes: [{ ...vat, amountMinor: tax }],
          differences: [{ soldTo: 'PriceVariance', shares: spread(value(over)) }],
          grossMinor: amount + 1000n + over + tax,
        })
        assertBalanced(entry.key, entry.lines)
      },
    ),
  )
})
