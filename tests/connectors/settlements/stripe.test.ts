import { describe, expect, test } from 'vitest'
import { readStripeBalance } from '#connectors/settlements/stripe-balance'
import { readStripeCsv } from '#connectors/settlements/stripe-csv'
import {
  expectAnyEncoding,
  expectAnyOrder,
  expectFooted,
  expectNoCutIsRead,
  expectNoDoubledRow,
  problemOf,
  valueOf,
} from './expectations.ts'

const transaction = (id: string, category: string, amount: number, fee = 0, type = category) => ({
  id,
  object: 'balance_transaction',
  amount,
  fee,
  fee_details:
    fee === 0
      ? []
      : [
          { amount: fee - 5, currency: 'eur', type: 'stripe_fee' },
          { amount: 5, currency: 'eur', type: 'tax' },
        ],
  net: amount - fee,
  currency: 'eur',
  created: 1_780_000_000,
  reporting_category: category,
  type,
  source: `src_${id}`,
})
const data = [
  transaction('1', 'charge', 10_000, 320),
  transaction('2', 'refund', -2_000),
  transaction('3', 'dispute', -1_000, 1_500, 'adjustment'),
  transaction('4', 'novelty', 100),
  transaction('po', 'payout', -5_280),
]
const list = (changes = {}) => JSON.stringify({ object: 'list', has_more: false, data, ...changes })

describe("Stripe's balance transactions", () => {
  test('of one payout come to it, fees by their kind', () => {
    const [statement] = valueOf(readStripeBalance(list()))
    expect(statement).toMatchObject({
      provider: 'stripe',
      statementId: 'src_po',
      currency: 'EUR',
      totalMinor: 52_80n,
      payoutMinor: 52_80n,
    })
    expect(statement!.lines.map((l) => [l.class, l.type, l.amountMinor])).toEqual([
      ['sale', 'charge', 100_00n],
      ['fee', 'charge/fee/stripe_fee', -3_15n],
      ['fee', 'charge/fee/tax', -5n],
      ['refund', 'refund', -20_00n],
      ['chargeback', 'dispute/adjustment', -10_00n],
      ['fee', 'dispute/adjustment/fee/stripe_fee', -14_95n],
      ['fee', 'dispute/adjustment/fee/tax', -5n],
      ['unknown', 'novelty', 1_00n],
      ['payout', 'payout', -52_80n],
    ])
    expectFooted([statement!])
  })

  test("are in Stripe's own minor units, which are not always the currency's", () => {
    const crowns = { ...transaction('1', 'charge', 150_000), currency: 'isk' }
    expect(valueOf(readStripeBalance(list({ data: [crowns] })))).toMatchObject([
      { currency: 'ISK', totalMinor: 1500n, payoutMinor: 0n },
    ])
    const yen = { ...transaction('1', 'charge', 1500), currency: 'jpy' }
    expect(valueOf(readStripeBalance(list({ data: [yen] })))[0]!.totalMinor).toBe(1500n)
  })

  test.each([
    ['a lost one', list({ data: data.slice(1) }), 'StatementDoesNotFoot at data, payout src_po'],
    ['a doubled one', list({ data: [data[0], ...data] }), 'duplicate-transaction at data'],
    ['more pages', list({ has_more: true }), 'more-pages at has_more'],
    ['a wrong net', list().replace('"net":9680', '"net":9681'), 'StatementDoesNotFoot at data[0]'],
    [
      'half a cent',
      list().replace('"amount":100,', '"amount":100.5,'),
      'not-an-integer at data[3].amount',
    ],
    ['no list', '{"object":"balance"}', 'no-list at data'],
  ])('with %s are refused by name', (_, text, problem) => {
    expect(problemOf(readStripeBalance(text))).toBe(problem)
  })

  test('are refused cut at any byte', () => {
    expectNoCutIsRead(list(), readStripeBalance)
  })
})

const HEADER =
  'automatic_payout_id,automatic_payout_effective_at,balance_transaction_id,created,available_on,currency,gross,fee,net,reporting_category,source_id,description'
const ROWS = [
  'po_1,2026-06-05 00:00:00,txn_1,2026-06-03 10:11:12,2026-06-05 00:00:00,eur,100.00,3.20,96.80,charge,ch_1,"Mug, blue"',
  'po_1,2026-06-05 00:00:00,txn_2,2026-06-03 10:11:12,2026-06-05 00:00:00,eur,-20.00,0.00,-20.00,refund,re_1,',
  'po_1,2026-06-05 00:00:00,txn_3,2026-06-03 10:11:12,2026-06-05 00:00:00,kwd,1.234,0.034,1.200,charge,ch_2,',
  ',,txn_4,2026-06-04 10:11:12,2026-06-06 00:00:00,eur,9.00,0.50,8.50,charge,ch_3,',
]
const csv = `${[HEADER, ...ROWS].join('\n')}\n`

describe("Stripe's itemised reports", () => {
  test('are in major units; one statement for each payout and currency', () => {
    const statements = valueOf(readStripeCsv(csv))
    expect(statements).toMatchObject([
      { statementId: 'po_1', currency: 'EUR', totalMinor: 76_80n, depositedOn: '2026-06-05' },
      { statementId: 'po_1', currency: 'KWD', totalMinor: 1_200n },
    ])
    expect(statements).toHaveLength(2)
    expectFooted(statements)
  })

  test('of payouts by hand are one statement, less what was paid', () => {
    const byHand = csv
      .replaceAll('po_1,', ',')
      .concat(
        ',,txn_9,2026-06-05 10:11:12,2026-06-06 00:00:00,eur,-50.00,0.00,-50.00,payout,po_9,\n',
      )
    expect(valueOf(readStripeCsv(byHand))).toMatchObject([
      {
        statementId: 'balance/2026-06-03..2026-06-05',
        currency: 'EUR',
        totalMinor: 85_30n,
        payoutMinor: 50_00n,
      },
      { currency: 'KWD', payoutMinor: 0n },
    ])
  })

  test('may be the export of the dashboard', () => {
    const dashboard =
      'id,Type,Source,Amount,Fee,Net,Currency,Created (UTC),Available On (UTC),Description,Transfer,Transfer Date (UTC)\n' +
      'txn_1,charge,ch_1,"1.234,50","3,20","1.231,30",eur,2026-06-03 10:11,2026-06-05 00:00,Mug,po_1,2026-06-05 00:00\n' +
      'txn_2,payout,po_1,"-1.231,30","0,00","-1.231,30",eur,2026-06-05 10:11,2026-06-05 00:00,PAYOUT,po_1,\n'
    expect(valueOf(readStripeCsv(dashboard))).toMatchObject([
      { statementId: 'po_1', totalMinor: 1231_30n, payoutMinor: 1231_30n },
    ])
  })

  test('lose and double nothing', () => {
    expectAnyOrder(csv, readStripeCsv)
    expectNoDoubledRow(csv, readStripeCsv)
    expectAnyEncoding(csv, readStripeCsv)
    expect(problemOf(readStripeCsv(csv.replace('96.80', '96.8O')))).toBe(
      'not-a-decimal at row 2, net',
    )
  })
})
