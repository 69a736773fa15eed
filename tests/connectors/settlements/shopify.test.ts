import { describe, expect, test } from 'vitest'
import {
  readShopifyPayoutsCsv,
  readShopifyTransactionsCsv,
} from '#connectors/settlements/shopify-csv'
import { readShopifyPayouts } from '#connectors/settlements/shopify-payouts'
import {
  expectAnyEncoding,
  expectAnyOrder,
  expectFooted,
  expectNoCutIsRead,
  expectNoDoubledRow,
  problemOf,
  valueOf,
} from './expectations.ts'

const transaction = (id: number, type: string, amount: string, fee: string, net: string) => ({
  id,
  type,
  payout_id: 7,
  currency: 'EUR',
  amount,
  fee,
  net,
  source_order_id: 5_000_000_000_001,
  processed_at: '2026-06-03T10:00:00+02:00',
})
const transactions = [
  transaction(1, 'charge', '100.00', '3.20', '96.80'),
  transaction(2, 'refund', '-20.00', '0.00', '-20.00'),
  transaction(3, 'dispute', '-10.00', '15.00', '-25.00'),
  transaction(4, 'dispute', '10.00', '-15.00', '25.00'),
  transaction(5, 'SHOPIFY_NOVELTY', '1.00', '0.00', '1.00'),
  transaction(6, 'reserve', '-7.80', '0.00', '-7.80'),
]
const payout = { id: 7, status: 'paid', date: '2026-06-05', currency: 'EUR', amount: '70.00' }
const document = (changes = {}) => JSON.stringify({ payout, transactions, ...changes })

describe("Shopify's payouts", () => {
  test('are read with their transactions, gross and fee apart', () => {
    const [statement] = valueOf(readShopifyPayouts(document()))
    expect(statement).toMatchObject({
      provider: 'shopify',
      statementId: '7',
      depositedOn: '2026-06-05',
      totalMinor: 70_00n,
      payoutMinor: 70_00n,
    })
    expect(statement!.lines.map((l) => [l.class, l.type, l.amountMinor])).toEqual([
      ['sale', 'charge', 100_00n],
      ['fee', 'charge/fee', -3_20n],
      ['refund', 'refund', -20_00n],
      ['chargeback', 'dispute', -10_00n],
      ['fee', 'dispute/fee', -15_00n],
      ['chargeback-reversal', 'dispute', 10_00n],
      ['fee-refund', 'dispute/fee', 15_00n],
      ['unknown', 'SHOPIFY_NOVELTY', 1_00n],
      ['reserve', 'reserve', -7_80n],
    ])
    expect(statement!.lines[0]).toMatchObject({ orderReference: '5000000000001', externalId: '1' })
    expectFooted([statement!])
  })

  test('may stand among their own transactions', () => {
    const closing = transaction(9, 'payout', '-70.00', '0.00', '-70.00')
    const [statement] = valueOf(
      readShopifyPayouts(JSON.stringify({ transactions: [...transactions, closing] })),
    )
    expect(statement).toMatchObject({ totalMinor: 70_00n, payoutMinor: 70_00n })
    const short = JSON.stringify({ transactions: [...transactions.slice(1), closing] })
    expect(problemOf(readShopifyPayouts(short))).toBe('StatementDoesNotFoot at transactions')
  })

  test('leave out what has none yet', () => {
    const pending = transactions.map((each) => ({ ...each, payout_id: null }))
    const open = JSON.stringify({ transactions: pending })
    expect(problemOf(readShopifyPayouts(open))).toBe('nothing-settled at transactions')
    const mixed = document({ transactions: [...transactions, { ...pending[0], id: 99 }] })
    expect(valueOf(readShopifyPayouts(mixed))).toEqual(valueOf(readShopifyPayouts(document())))
  })

  test('alone are read by their summary', () => {
    const summary = {
      charges_gross_amount: '100.00',
      charges_fee_amount: '3.20',
      refunds_gross_amount: '-26.80',
      refunds_fee_amount: '0.00',
    }
    const alone = JSON.stringify({ payouts: [{ ...payout, summary }] })
    expect(valueOf(readShopifyPayouts(alone))).toMatchObject([{ totalMinor: 70_00n }])
    expect(problemOf(readShopifyPayouts(alone.replace('3.20', '3.21')))).toBe(
      'StatementDoesNotFoot at payouts[0]',
    )
  })

  test.each([
    [
      'a lost transaction',
      document({ transactions: transactions.slice(1) }),
      'StatementDoesNotFoot at payout',
    ],
    [
      'a doubled one',
      document({ transactions: [...transactions, transactions[0]] }),
      'duplicate-transaction at transactions',
    ],
    [
      'a net that is none',
      document().replace('96.80', '96.70'),
      'StatementDoesNotFoot at transactions[0]',
    ],
    ['nothing in it', '{}', 'no-payouts at $'],
  ])('with %s are refused by name', (_, text, problem) => {
    expect(problemOf(readShopifyPayouts(text))).toBe(problem)
  })

  test('are refused cut at any byte', () => {
    expectNoCutIsRead(document(), readShopifyPayouts)
  })
})

const HEADER =
  'Transaction Date,Type,Order,Card Brand,Card Source,Payout Status,Payout Date,Payout ID,Available On,Amount,Fee,Net,Checkout,Payment Method Name,Presentment Amount,Presentment Currency,Currency,VAT'
const ROWS = [
  '2026-06-03 10:00:00 +0200,charge,#1001,visa,online,paid,2026-06-05,7,2026-06-05,100.00,3.20,96.80,#1,card,100.00,EUR,EUR,0.00',
  '2026-06-03 11:00:00 +0200,refund,#1000,visa,online,paid,2026-06-05,7,2026-06-05,-20.00,0.00,-20.00,#2,card,-20.00,EUR,EUR,0.00',
  '2026-06-04 11:00:00 +0200,chargeback,#0999,visa,online,paid,2026-06-06,8,2026-06-05,-20.00,15.00,-35.00,#3,card,-20.00,EUR,EUR,0.00',
  '2026-06-04 12:00:00 +0200,charge,#1002,visa,online,pending,,,2026-06-07,9.00,0.50,8.50,#4,card,9.00,EUR,EUR,0.00',
]
const csv = `${[HEADER, ...ROWS].join('\n')}\n`

describe("Shopify's exports", () => {
  test('of transactions are a statement for each payout', () => {
    const statements = valueOf(readShopifyTransactionsCsv(csv))
    expect(statements).toMatchObject([
      { statementId: '7', totalMinor: 76_80n, payoutMinor: 76_80n, depositedOn: '2026-06-05' },
      { statementId: '8', totalMinor: -35_00n, lines: [{ class: 'chargeback' }, { class: 'fee' }] },
    ])
    expect(statements).toHaveLength(2)
    expectFooted(statements)
  })

  test('of transactions lose and double nothing', () => {
    expectAnyOrder(csv, readShopifyTransactionsCsv)
    expectNoDoubledRow(csv, readShopifyTransactionsCsv)
    expectAnyEncoding(csv, readShopifyTransactionsCsv)
    expect(problemOf(readShopifyTransactionsCsv(csv.trimEnd()))).toBe('truncated at $')
  })

  test('of payouts foot row by row', () => {
    const payouts = [
      'Payout Date,Status,Charges,Refunds,Adjustments,Reserved Funds,Fees,Retried Amount,Total,Currency',
      '2026-06-05,paid,100.00,-20.00,0.00,0.00,-3.20,0.00,76.80,EUR',
      '2026-06-06,failed,10.00,0.00,0.00,0.00,0.50,0.00,9.50,EUR\n',
    ].join('\n')
    expect(valueOf(readShopifyPayoutsCsv(payouts))).toMatchObject([
      { statementId: '2026-06-05', payoutMinor: 76_80n },
      { statementId: '2026-06-06', totalMinor: 9_50n, payoutMinor: 0n },
    ])
    expectNoDoubledRow(payouts, readShopifyPayoutsCsv)
    expect(problemOf(readShopifyPayoutsCsv(payouts.replace('76.80', '76.81')))).toBe(
      'StatementDoesNotFoot at row 2, total',
    )
  })
})
