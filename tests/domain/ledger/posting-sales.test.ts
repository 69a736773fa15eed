import { describe, expect, test } from 'vitest'
import {
  postGoodsDelivered,
  postGoodsDispatched,
  postGoodsShipped,
} from '#domain/ledger/posting-sales'
import { unitShare } from '#domain/apportion'
import { lineOfO1, shipmentOfO1 } from './orders.ts'
import './to-post-as.ts'

describe('goods shipped', () => {
  test('row 3: a prepaid order earns its revenue and consumes its cost in one entry', () => {
    const entry = postGoodsShipped(shipmentOfO1())

    expect(entry).toPostAs(`
      Dr CustomerDeposits  106.09
      Dr Discounts          10.00
      Cr ProductSales      100.00
      Cr ShippingIncome      8.00
      Cr SalesTaxPayable     8.09
      Dr CostOfGoodsSold    40.00
      Cr Inventory          40.00
      Dr FreightOut          6.50
      Cr FreightOutAccrual   6.50
    `)
    expect(entry).toMatchObject({
      key: 'goods-shipped/4711',
      area: 'AR',
      effectiveOn: '2026-06-30',
    })
  })

  test('row 3a: on terms the same is owed instead of released from a deposit', () => {
    const onTerms = shipmentOfO1({ settlement: 'receivable', party: 'customer/9' })

    expect(postGoodsShipped(onTerms).lines[0]).toMatchObject({
      accountId: 1200,
      amountMinor: 106_09n,
      party: 'customer/9',
      openKey: 'order/1',
    })
  })

  test('row 3b: shipping a line in parts sums to shipping it whole, account by account', () => {
    const units = 3
    const part = (from: number, to: number) =>
      postGoodsShipped(
        shipmentOfO1({
          shipmentId: `part-${from}`,
          freightMinor: 0n,
          lines: [
            {
              ...lineOfO1,
              qty: BigInt(to - from),
              goodsMinor: unitShare(100_00n, units, from, to),
              discounts: [
                {
                  promotion: 'SUMMER',
                  fundedBy: 'merchant',
                  amountMinor: unitShare(10_00n, units, from, to),
                },
              ],
              shippingMinor: unitShare(8_00n, units, from, to),
              taxes: lineOfO1.taxes.map((tax) => ({
                ...tax,
                amountMinor: unitShare(tax.amountMinor, units, from, to),
              })),
              layers: [
                {
                  layerId: 5n,
                  qty: BigInt(to - from),
                  costMinor: unitShare(40_00n, units, from, to),
                  condition: 'sellable',
                },
              ],
            },
          ],
        }),
      )
    const inParts = [part(0, 1), part(1, 3)].flatMap((entry) => entry.lines)
    const whole = postGoodsShipped(shipmentOfO1({ freightMinor: 0n })).lines

    expect(totals(inParts)).toEqual(totals(whole))
  })

  test('row 3c: on delivery, goods wait in transit at cost and revenue waits with them', () => {
    expect(postGoodsDispatched(shipmentOfO1())).toPostAs(`
      Dr InTransitToCustomer 40.00
      Cr Inventory           40.00
    `)
    expect(postGoodsDelivered(shipmentOfO1({ freightMinor: 0n }))).toPostAs(`
      Dr CustomerDeposits    106.09
      Dr Discounts            10.00
      Cr ProductSales        100.00
      Cr ShippingIncome        8.00
      Cr SalesTaxPayable       8.09
      Dr CostOfGoodsSold      40.00
      Cr InTransitToCustomer  40.00
    `)
  })

  test('rows 7 and 7a: a facilitator keeps its tax, and its expected fees are in the same entry', () => {
    const taxes = lineOfO1.taxes.map((tax) => ({ ...tax, collectedBy: 'marketplace' as const }))
    const entry = postGoodsShipped(
      shipmentOfO1({
        settlement: 'marketplace',
        lines: [
          {
            ...lineOfO1,
            taxes,
            feesExpected: { commissionMinor: 14_70n, fulfilmentMinor: 4_75n },
          },
        ],
        freightMinor: 0n,
      }),
    )

    expect(entry).toPostAs(`
      Dr MarketplaceClearing 98.00
      Dr Discounts           10.00
      Cr ProductSales       100.00
      Cr ShippingIncome       8.00
      Dr Commission          14.70
      Dr FulfilmentFee        4.75
      Cr MarketplaceClearing 19.45
      Dr CostOfGoodsSold     40.00
      Cr Inventory           40.00
    `)
    const waiting = entry.lines.filter((line) => line.openKey === 'order/1')
    expect(waiting.reduce((sum, line) => sum + line.amountMinor, 0n)).toBe(78_55n)
  })

  test('a discount that the marketplace funds is owed by it and does not lower revenue', () => {
    const discounts = [
      { promotion: 'PRIME', fundedBy: 'marketplace' as const, amountMinor: 10_00n },
    ]
    const entry = postGoodsShipped(shipmentOfO1({ lines: [{ ...lineOfO1, discounts }] }))

    expect(entry.lines.find((line) => line.promotion === 'PRIME')).toMatchObject({
      accountId: 1120,
      amountMinor: 10_00n,
    })
    expect(entry.lines.some((line) => line.accountId === 4110)).toBe(false)
  })

  test('R17: where payment was the tax point only the net leaves the deposit', () => {
    expect(postGoodsShipped(taxedAtPayment(20_00n))).toPostAs(`
      Dr CustomerDeposits 100.00
      Cr ProductSales     100.00
      Dr CostOfGoodsSold   40.00
      Cr Inventory         40.00
    `)
  })

  test('R17: of units that were paid for in part the rest of the VAT posts with them', () => {
    expect(postGoodsShipped(taxedAtPayment(5_00n))).toPostAs(`
      Dr CustomerDeposits 115.00
      Cr ProductSales     100.00
      Cr OutputVat         15.00
      Dr CostOfGoodsSold   40.00
      Cr Inventory         40.00
    `)
  })

  test('row 30: a foreign deposit is earned at the rate it was booked at', () => {
    const entry = postGoodsShipped(
      shipmentOfO1({
        currency: 'EUR',
        functionalCurrency: 'USD',
        rateE9: 1_200_000_000n,
        paidBefore: { amountMinor: 500_00n, bookedFuncMinor: 550_00n },
        freightMinor: 0n,
        lines: [{ ...lineOfO1, goodsMinor: 500_00n, discounts: [], shippingMinor: 0n, taxes: [] }],
      }),
    )

    expect(entry).toPostAs(`
      Dr CustomerDeposits EUR 500.00 (550.00)
      Cr ProductSales     EUR 500.00 (550.00)
      Dr CostOfGoodsSold   40.00
      Cr Inventory         40.00
    `)
  })

  test('what was paid in before settles first, and the rest is owed at the rate of the day', () => {
    const entry = postGoodsShipped(
      shipmentOfO1({
        currency: 'EUR',
        functionalCurrency: 'USD',
        rateE9: 1_200_000_000n,
        settlement: 'receivable',
        settlementKey: 'shipment/4711',
        paidBefore: { amountMinor: 100_00n, bookedFuncMinor: 110_00n },
        freightMinor: 0n,
        lines: [{ ...lineOfO1, goodsMinor: 500_00n, discounts: [], shippingMinor: 0n, taxes: [] }],
      }),
    )

    expect(entry).toPostAs(`
      Dr CustomerDeposits EUR 100.00 (110.00)
      Dr Receivables      EUR 400.00 (480.00)
      Cr ProductSales     EUR 500.00 (590.00)
      Dr CostOfGoodsSold   40.00
      Cr Inventory         40.00
    `)
  })

  test('a promotion stands on every line of what it was given on, so that its margin adds up', () => {
    const entry = postGoodsShipped(shipmentOfO1())
    const ofPromotion = entry.lines.filter((line) => line.promotion === 'SUMMER')

    expect(ofPromotion.map((line) => line.accountId)).toEqual([4110, 4010, 4020, 5010, 1300, 5040])
  })

  test('a discount that a vendor funds is owed by the vendor who was named', () => {
    const discounts = [
      {
        promotion: 'BRAND',
        fundedBy: 'vendor' as const,
        amountMinor: 10_00n,
        party: 'supplier/ACME',
      },
    ]
    const entry = postGoodsShipped(shipmentOfO1({ lines: [{ ...lineOfO1, discounts }] }))

    expect(entry.lines.find((line) => line.accountId === 1230)).toMatchObject({
      party: 'supplier/ACME',
      amountMinor: 10_00n,
    })
  })

  test('freight is shared over the lines by their net value, to the last minor unit', () => {
    const lines = [1n, 2n, 3n].map((orderLineId) => ({ ...lineOfO1, orderLineId }))
    const entry = postGoodsShipped(shipmentOfO1({ lines, freightMinor: 1_00n }))
    const shares = entry.lines.filter((line) => line.accountId === 5040)

    expect(shares.map((line) => line.amountMinor)).toEqual([34n, 33n, 33n])
  })

  test('PURE: the same event gives the same entry, byte for byte', () => {
    const text = () =>
      JSON.stringify(postGoodsShipped(shipmentOfO1()), (_key, value: unknown) =>
        typeof value === 'bigint' ? `${value}n` : value,
      )

    expect(text()).toBe(text())
  })
})

function totals(lines: readonly { accountId: number; amountMinor: bigint }[]) {
  const sums = new Map<number, bigint>()
  for (const line of lines) {
    sums.set(line.accountId, (sums.get(line.accountId) ?? 0n) + line.amountMinor)
  }
  return sums
}

/** A line of 100.00 with 20.00 of German VAT, of which the payment has posted so much. */
function taxedAtPayment(amountMinor: bigint) {
  const vat = { jurisdiction: 'DE', taxCode: 'standard', collectedBy: 'seller' as const }
  return shipmentOfO1({
    prepaidTaxes: [{ ...vat, amountMinor }],
    currency: 'EUR',
    functionalCurrency: 'EUR',
    freightMinor: 0n,
    lines: [
      {
        ...lineOfO1,
        discounts: [],
        shippingMinor: 0n,
        taxes: [{ ...vat, amountMinor: 20_00n }],
      },
    ],
  })
}
