import { expect, test } from 'vitest'
import { credit, debit } from '#domain/ledger/journal'
import {
  postBalancesOpened,
  postCountAdjusted,
  postGoodsReceived,
  postTransferReceived,
  postTransferShipped,
} from '#domain/ledger/posting-inventory'
import './to-post-as.ts'

const layer = { itemId: 7, siteId: 2, layerId: 5n, condition: 'sellable' }
const received = {
  receiptId: 1n,
  entity: 1,
  supplier: 'supplier/3',
  receivedOn: '2026-06-02',
  functionalCurrency: 'EUR',
}

test('row 20: a receipt is stock, what the bill will be, and what other bills will bring', () => {
  const entry = postGoodsReceived({
    ...received,
    lines: [
      { ...layer, receiptLineId: 9n, qty: 100n, costMinor: 1120_00n, landedEstimateMinor: 120_00n },
    ],
  })

  expect(entry).toPostAs(`
    Dr Inventory                1120.00
    Cr GoodsReceivedNotInvoiced 1000.00
    Cr LandedCostAccrual         120.00
  `)
})

test('row 28: a receipt in a foreign currency closes both currencies through the exchange position', () => {
  const entry = postGoodsReceived({
    ...received,
    currency: 'USD',
    rateE9: 900_000_000n,
    lines: [
      { ...layer, receiptLineId: 9n, qty: 1000n, costMinor: 9000_00n, priceMinor: 10000_00n },
    ],
  })

  expect(entry).toPostAs(`
    Dr Inventory                    9000.00
    Cr GoodsReceivedNotInvoiced USD 10000.00 (9000.00)
    Cr FxPosition                   9000.00
    Dr FxPosition               USD 10000.00 (9000.00)
  `)
})

test('row 24: a transfer keeps its cost and what is lost on the way is a loss', () => {
  const transfer = { entity: 1, functionalCurrency: 'EUR' }
  const left = { ...layer, qty: 10n, costMinor: 112_00n }
  const sent = { ...left, layerId: 6n, condition: 'in-transit' }

  const shipped = { ...transfer, shipmentId: 1n, shippedOn: '2026-06-03' }
  expect(postTransferShipped({ ...shipped, left: [left], inTransit: [sent] })).toPostAs(`
    Dr InventoryInTransit 112.00
    Cr Inventory          112.00
  `)
  expect(
    postTransferReceived({
      ...transfer,
      arrivalId: 1n,
      receivedOn: '2026-06-05',
      arrived: [{ ...layer, siteId: 4, layerId: 6n, qty: 9n, costMinor: 100_80n }],
      lost: [{ ...layer, qty: 1n, costMinor: 11_20n }],
      fromTransit: [sent],
    }),
  ).toPostAs(`
    Dr Inventory          100.80
    Dr CountGainOrLoss     11.20
    Cr InventoryInTransit 112.00
  `)
  expect(
    postTransferReceived({
      ...transfer,
      arrivalId: 2n,
      receivedOn: '2026-06-05',
      arrived: [],
      damaged: [{ ...layer, siteId: 4, condition: 'damaged', qty: 1n, costMinor: 11_20n }],
      lost: [{ ...layer, qty: 1n, costMinor: 11_20n }],
      claim: 'transfer/1/A',
      fromTransit: [{ ...sent, qty: 2n, costMinor: 22_40n }],
    }),
  ).toPostAs(`
    Dr Quarantine         11.20
    Dr Claims             11.20
    Cr InventoryInTransit 22.40
  `)
})

test('row 25: a count finds two units more here and two fewer there', () => {
  const counted = {
    adjustmentId: 1n,
    entity: 1,
    countedOn: '2026-06-04',
    functionalCurrency: 'EUR',
  }
  const found = { ...layer, qty: 2n, costMinor: 22_40n }

  expect(postCountAdjusted({ ...counted, differences: [found] })).toPostAs(`
    Dr Inventory       22.40
    Cr CountGainOrLoss 22.40
  `)
  expect(postCountAdjusted({ ...counted, differences: [{ ...found, qty: -2n }] })).toPostAs(`
    Cr Inventory       22.40
    Dr CountGainOrLoss 22.40
  `)
})

test('opening balances meet in the account that must end at zero', () => {
  const entry = postBalancesOpened({
    openingId: 'bank',
    entity: 1,
    openedOn: '2026-01-01',
    currency: 'EUR',
    balances: [debit('Bank', 500_00n), credit('Capital', 300_00n)],
  })

  expect(entry).toPostAs(`
    Dr Bank            500.00
    Cr Capital         300.00
    Cr OpeningBalances 200.00
  `)
})
