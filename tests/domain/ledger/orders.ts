import type { GoodsShipped, ShippedLine } from '#domain/ledger/posting-sales'

/** Order O1 of the ledger's specification: 100.00 − 10.00 + 8.00 + 8.09 tax, cost 40.00. */
export const lineOfO1: ShippedLine = {
  orderLineId: 11n,
  itemId: 7,
  siteId: 2,
  channelId: 3,
  segment: 'retail',
  qty: 1n,
  goodsMinor: 100_00n,
  discounts: [{ promotion: 'SUMMER', fundedBy: 'merchant', amountMinor: 10_00n }],
  shippingMinor: 8_00n,
  taxes: [
    { jurisdiction: 'US-CA', taxCode: 'standard', amountMinor: 7_43n, collectedBy: 'seller' },
    { jurisdiction: 'US-CA', taxCode: 'standard', amountMinor: 66n, collectedBy: 'seller' },
  ],
  layers: [{ layerId: 5n, qty: 1n, costMinor: 40_00n, condition: 'sellable' }],
}

export function shipmentOfO1(facts: Partial<GoodsShipped> = {}): GoodsShipped {
  return {
    shipmentId: 4711n,
    orderId: 1n,
    entity: 1,
    currency: 'USD',
    functionalCurrency: 'USD',
    shippedOn: '2026-06-30',
    settlement: 'deposit',
    lines: [lineOfO1],
    freightMinor: 6_50n,
    freightParty: 'carrier/UPS',
    ...facts,
  }
}

export const moneyOfO1 = {
  entity: 1,
  orderId: 1n,
  channelId: 3,
  segment: 'retail',
  currency: 'USD',
  functionalCurrency: 'USD',
}
