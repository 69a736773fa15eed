import { describe, expect, test } from 'vitest'
import { readAdyenSettlement } from '#connectors/settlements/adyen-settlement'
import {
  expectAnyEncoding,
  expectAnyOrder,
  expectFooted,
  expectNoCutIsRead,
  expectNoDoubledRow,
  perType,
  problemOf,
  valueOf,
} from './expectations.ts'

const HEADER =
  'Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,Creation Date,TimeZone,Type,Modification Reference,Gross Currency,Gross Debit (GC),Gross Credit (GC),Exchange Rate,Net Currency,Net Debit (NC),Net Credit (NC),Commission (NC),Markup (NC),Scheme Fees (NC),Interchange (NC),Payment Method Variant,Modification Merchant Reference,Batch Number,Reserved4'
const row = (psp: string, type: string, debit: string, credit: string, fees = ',,,') =>
  `Co,Shop,${psp},O-${psp},visa,2026-06-03 10:00:00,CET,${type},M${psp},EUR,,,1,EUR,${debit},${credit},${fees},visa,,12,`
const ROWS = [
  row('1', 'Settled', '', '96.80', '3.20,,,'),
  row('2', 'Settled', '', '49.10', ',0.10,0.50,0.30'),
  row('3', 'Refunded', '20.00', ''),
  row('4', 'Chargeback', '31.00', '', ',11.00,,'),
  row('5', 'ChargebackReversed', '', '20.00'),
  row('', 'Fee', '5.00', ''),
  row('', 'Balancetransfer', '9.90', ''),
  row('6', 'Novelty', '', '1.00'),
  row('', 'MerchantPayout', '101.00', ''),
]
const csv = `${[HEADER, ...ROWS].join('\n')}\n`

describe("Adyen's settlement details", () => {
  test('come to the payout of their batch, at both kinds of pricing', () => {
    const [statement] = valueOf(readAdyenSettlement(csv))
    expect(statement).toMatchObject({
      provider: 'adyen',
      account: 'Shop',
      statementId: '12',
      totalMinor: 101_00n,
      payoutMinor: 101_00n,
    })
    expect(statement!.lines.map((l) => [l.class, l.type, l.amountMinor])).toEqual([
      ['sale', 'Settled', 100_00n],
      ['fee', 'Settled/commission', -3_20n],
      ['sale', 'Settled', 50_00n],
      ['fee', 'Settled/markup', -10n],
      ['fee', 'Settled/scheme fees', -50n],
      ['fee', 'Settled/interchange', -30n],
      ['refund', 'Refunded', -20_00n],
      ['chargeback', 'Chargeback', -20_00n],
      ['fee', 'Chargeback/markup', -11_00n],
      ['chargeback-reversal', 'ChargebackReversed', 20_00n],
      ['fee', 'Fee', -5_00n],
      ['carried-balance', 'Balancetransfer', -9_90n],
      ['unknown', 'Novelty', 1_00n],
      ['payout', 'MerchantPayout', -101_00n],
    ])
    expectFooted([statement!])
  })

  test('may have their columns in any order', () => {
    const turned = csv.replaceAll(/^.*$/gm, (line) => line.split(',').reverse().join(','))
    const read = valueOf(readAdyenSettlement(turned))
    expect(perType(read)).toEqual(perType(valueOf(readAdyenSettlement(csv))))
  })

  test('lose and double nothing', () => {
    expectNoCutIsRead(csv, readAdyenSettlement)
    expectAnyOrder(csv, readAdyenSettlement)
    expectNoDoubledRow(csv, readAdyenSettlement)
    expectAnyEncoding(csv, readAdyenSettlement)
  })

  test('without their payout are refused, as half a batch is', () => {
    const open = csv.replace(/.*MerchantPayout.*\n/, '')
    expect(problemOf(readAdyenSettlement(open))).toBe('StatementDoesNotFoot at batch 12')
  })
})
