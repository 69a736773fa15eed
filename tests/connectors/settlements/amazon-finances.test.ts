import { describe, expect, test } from 'vitest'
import { readAmazonFinances } from '#connectors/settlements/amazon-finances'
import { readAmazonTransactions } from '#connectors/settlements/amazon-transactions'
import { expectFooted, expectNoCutIsRead, problemOf, valueOf } from './expectations.ts'

const eur = (amount: number | string) => ({ CurrencyCode: 'EUR', CurrencyAmount: amount })
const posted = { PostedDate: '2026-06-03T10:00:00Z', AmazonOrderId: '302-1' }

const events = {
  ShipmentEventList: [
    {
      ...posted,
      ShipmentItemList: [
        {
          SellerSKU: 'MUG',
          OrderItemId: '77',
          QuantityShipped: 2,
          ItemChargeList: [
            { ChargeType: 'Principal', ChargeAmount: eur(100) },
            { ChargeType: 'Tax', ChargeAmount: eur(19) },
          ],
          ItemFeeList: [{ FeeType: 'Commission', FeeAmount: eur(-15) }],
          ItemTaxWithheldList: [
            {
              TaxCollectionModel: 'MarketplaceFacilitator',
              TaxesWithheld: [
                { ChargeType: 'MarketplaceFacilitatorTax-Principal', ChargeAmount: eur(-19) },
              ],
            },
          ],
          PromotionList: [
            { PromotionType: 'PromotionMetaDataDefinitionValue', PromotionAmount: eur(-3.99) },
          ],
        },
      ],
    },
  ],
  RefundEventList: [
    {
      ...posted,
      ShipmentItemAdjustmentList: [
        {
          OrderAdjustmentItemId: '78',
          ItemChargeAdjustmentList: [{ ChargeType: 'Principal', ChargeAmount: eur(-10) }],
          ItemFeeAdjustmentList: [{ FeeType: 'Commission', FeeAmount: eur(1.5) }],
        },
      ],
    },
  ],
  ProductAdsPaymentEventList: [
    {
      postedDate: posted.PostedDate,
      baseValue: eur(-7.55),
      taxValue: eur(-1.44),
      transactionValue: eur(-8.99),
    },
  ],
  AdjustmentEventList: [
    {
      PostedDate: posted.PostedDate,
      AdjustmentType: 'FBAInventoryReimbursement',
      AdjustmentAmount: eur(20),
      AdjustmentItemList: [{ SellerSKU: 'MUG', PerUnitAmount: eur(10), TotalAmount: eur(20) }],
    },
  ],
  ServiceFeeEventList: [{ FeeList: [{ FeeType: 'SomeNewFee', FeeAmount: eur(-1) }] }],
  NewEventList: [{ PostedDate: posted.PostedDate, Surprise: eur('0.05') }],
}

const group = {
  FinancialEventGroupId: 'G1',
  OriginalTotal: eur(87.57),
  BeginningBalance: eur(5),
  FinancialEventGroupStart: '2026-06-01T00:00:00Z',
  FinancialEventGroupEnd: '2026-06-14T00:00:00Z',
  FundTransferDate: '2026-06-16T00:00:00Z',
}
const withGroup = () =>
  JSON.stringify({ FinancialEventGroup: group, pages: [{ payload: { FinancialEvents: events } }] })

describe("Amazon's financial events", () => {
  test('are read with every amount at whatever depth, of kinds nobody knows too', () => {
    const [statement] = valueOf(readAmazonFinances(withGroup()))
    expect(statement).toMatchObject({
      statementId: 'G1',
      totalMinor: 87_57n,
      payoutMinor: 87_57n,
      from: '2026-06-01',
      depositedOn: '2026-06-16',
    })
    expect(statement!.lines.map((l) => [l.class, l.type, l.amountMinor])).toEqual([
      ['carried-balance', 'BeginningBalance', 5_00n],
      ['sale', 'Shipment/ItemChargeList/Principal', 100_00n],
      ['sale-tax', 'Shipment/ItemChargeList/Tax', 19_00n],
      ['fee', 'Shipment/ItemFeeList/Commission', -15_00n],
      ['withheld-tax', 'Shipment/TaxesWithheld/MarketplaceFacilitatorTax-Principal', -19_00n],
      ['promotion', 'Shipment/PromotionList/PromotionMetaDataDefinitionValue', -3_99n],
      ['refund', 'Refund/ItemChargeAdjustmentList/Principal', -10_00n],
      ['fee-refund', 'Refund/ItemFeeAdjustmentList/Commission', 1_50n],
      ['advertising', 'ProductAdsPayment/baseValue', -7_55n],
      ['advertising', 'ProductAdsPayment/taxValue', -1_44n],
      [
        'reimbursement',
        'Adjustment/FBAInventoryReimbursement/AdjustmentItemList/TotalAmount',
        20_00n,
      ],
      ['fee', 'ServiceFee/FeeList/SomeNewFee', -1_00n],
      ['unknown', 'New/Surprise', 5n],
    ])
    expect(statement!.lines[1]).toMatchObject({ sku: 'MUG', itemReference: '77', quantity: 2 })
    expectFooted([statement!])
  })

  test('without their group state no total and pay nothing', () => {
    const alone = JSON.stringify({ payload: { FinancialEvents: events } })
    expect(valueOf(readAmazonFinances(alone))).toMatchObject([
      { statementId: 'events/2026-06-03..2026-06-03', totalMinor: 82_57n, payoutMinor: 0n },
    ])
  })

  test.each([
    [
      'a total that is not theirs',
      withGroup().replace('87.57', '87.56'),
      'StatementDoesNotFoot at FinancialEventGroup.OriginalTotal',
    ],
    [
      'pages that follow',
      withGroup().replace('"FinancialEvents"', '"NextToken":"n","FinancialEvents"'),
      'more-pages at NextToken',
    ],
    [
      'an amount too fine',
      withGroup().replace('-3.99', '-3.995'),
      'amount-too-fine at pages[0].payload.FinancialEvents.ShipmentEventList[0].ShipmentItemList[0].PromotionList[0].PromotionAmount.CurrencyAmount',
    ],
    ['no events', '{"payload":{}}', 'no-events at FinancialEvents'],
  ])('with %s are refused by name', (_, document, problem) => {
    expect(problemOf(readAmazonFinances(document))).toBe(problem)
  })

  test('are refused cut at any byte', () => {
    expectNoCutIsRead(withGroup(), readAmazonFinances)
  })
})

const money = (currencyAmount: number) => ({ currencyCode: 'EUR', currencyAmount })
const breakdown = (breakdownType: string, amount: number, breakdowns: unknown[] = []) => ({
  breakdownType,
  breakdownAmount: money(amount),
  breakdowns,
})
const transaction = (id: string, status = 'RELEASED') => ({
  transactionId: id,
  transactionType: 'Shipment',
  transactionStatus: status,
  postedDate: '2026-06-03T10:00:00Z',
  totalAmount: money(85),
  relatedIdentifiers: [
    { relatedIdentifierName: 'ORDER_ID', relatedIdentifierValue: '302-1' },
    { relatedIdentifierName: 'FINANCIAL_EVENT_GROUP_ID', relatedIdentifierValue: 'G1' },
  ],
  items: [],
  breakdowns: [
    breakdown('Sales', 100, [breakdown('ProductCharges', 100)]),
    breakdown('Expenses', -15, [breakdown('AmazonFees', -14), breakdown('Lost', -2)]),
  ],
})
const listed = (...transactions: unknown[]) => JSON.stringify({ payload: { transactions } })

describe("Amazon's transactions of 2024-06-19", () => {
  test('are broken down as far as the parts come to the whole', () => {
    const [statement] = valueOf(readAmazonTransactions(listed(transaction('T1'))))
    expect(statement).toMatchObject({ statementId: 'G1', totalMinor: 85_00n, payoutMinor: 85_00n })
    expect(statement!.lines.map((l) => [l.class, l.type, l.amountMinor])).toEqual([
      ['sale', 'Shipment/Sales/ProductCharges', 100_00n],
      ['fee', 'Shipment/Expenses', -15_00n],
    ])
  })

  test('count nothing while they are deferred', () => {
    const [statement] = valueOf(
      readAmazonTransactions(listed(transaction('T1'), transaction('T2', 'DEFERRED'))),
    )
    expect(statement!.totalMinor).toBe(85_00n)
    expect(statement!.lines.at(-1)).toMatchObject({ type: 'Deferred/Shipment', amountMinor: 0n })
  })

  test('are refused doubled', () => {
    const twice = listed(transaction('T1'), transaction('T1'))
    expect(problemOf(readAmazonTransactions(twice))).toBe('duplicate-transaction at transactions')
  })
})
