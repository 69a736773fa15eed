import { describe, expect, test } from 'vitest'
import { readPaypalActivity } from '#connectors/settlements/paypal-activity'
import { readPaypalStl } from '#connectors/settlements/paypal-stl'
import {
  expectAnyEncoding,
  expectAnyOrder,
  expectFooted,
  expectNoCutIsRead,
  expectNoDoubledRow,
  problemOf,
  valueOf,
} from './expectations.ts'

const ENGLISH = [
  '"Date","Time","TimeZone","Name","Type","Status","Currency","Gross","Fee","Net","Transaction ID","Reference Txn ID","Invoice Number","Balance"',
  '"6/3/2026","10:00","CET","Ann","Express Checkout Payment","Completed","USD","1,200.00","-35.10","1,164.90","T1","","O-1","1,264.90"',
  '"6/4/2026","10:00","CET","Bob","Payment Refund","Completed","USD","-20.00","0.00","-20.00","T2","T0","O-0","1,244.90"',
  '"6/14/2026","10:00","CET","","General Currency Conversion","Completed","USD","-44.90","0.00","-44.90","T3","T2","","1,200.00"',
  '"6/14/2026","10:00","CET","","General Currency Conversion","Completed","EUR","40.00","0.00","40.00","T4","T2","","40.00"',
  '"6/14/2026","10:00","CET","","General Withdrawal","Completed","USD","-1,000.00","0.00","-1,000.00","T5","","","200.00"',
  '',
].join('\n')

const GERMAN = [
  '"Datum","Uhrzeit","Zeitzone","Beschreibung","Währung","Brutto","Entgelt","Netto","Guthaben","Transaktionscode","Name","Rechnungsnummer","Zugehöriger Transaktionscode"',
  '"03.06.2026","10:00:00","Europe/Berlin","PayPal Express-Zahlung","EUR","1.200,00","-35,10","1.164,90","1.264,90","T1","Ann","O-1",""',
  '"04.06.2026","10:00:00","Europe/Berlin","Rückzahlung","EUR","-20,00","0,00","-20,00","1.244,90","T2","Bob","","T0"',
  '',
].join('\n')

describe("PayPal's activity", () => {
  test('is a statement for each currency, from balance to balance', () => {
    const statements = valueOf(readPaypalActivity(ENGLISH))
    expect(statements).toMatchObject([
      {
        currency: 'USD',
        from: '2026-06-03',
        to: '2026-06-14',
        openingMinor: 100_00n,
        closingMinor: 200_00n,
        totalMinor: 1100_00n,
        payoutMinor: 1000_00n,
      },
      { currency: 'EUR', openingMinor: 0n, closingMinor: 40_00n, payoutMinor: 0n },
    ])
    expect(statements[0]!.lines.map((l) => [l.class, l.amountMinor])).toEqual([
      ['sale', 1200_00n],
      ['fee', -35_10n],
      ['refund', -20_00n],
      ['conversion', -44_90n],
      ['payout', -1000_00n],
    ])
    expectFooted(statements)
  })

  test('is read in the language and the numbers of the account', () => {
    expect(valueOf(readPaypalActivity(GERMAN))).toMatchObject([
      {
        currency: 'EUR',
        from: '2026-06-03',
        openingMinor: 100_00n,
        closingMinor: 1244_90n,
        lines: [{ class: 'sale', orderReference: 'O-1' }, { class: 'fee' }, { class: 'refund' }],
      },
    ])
    expect(valueOf(readPaypalActivity(Buffer.from(GERMAN, 'latin1')))).toEqual(
      valueOf(readPaypalActivity(GERMAN)),
    )
  })

  test('counts what leaves the balance as it is as nothing', () => {
    const memo =
      '"6/3/2026","11:00","CET","Eve","Authorization","Pending","USD","9.00","0.00","9.00","T9","","","1,264.90"\n'
    const lines = ENGLISH.split('\n')
    const withMemo = [...lines.slice(0, 2), memo + lines[2], ...lines.slice(3)].join('\n')
    const [statement] = valueOf(readPaypalActivity(withMemo))
    expect(statement).toMatchObject({ totalMinor: 1100_00n })
    expect(statement!.lines).toContainEqual(
      expect.objectContaining({ type: 'Authorization/memo', amountMinor: 0n }),
    )
  })

  test.each([
    ['a lost row', ENGLISH.replace(/.*Refund.*\n/, ''), 'StatementDoesNotFoot at row 2, balance'],
    [
      'a wrong net',
      ENGLISH.replace('"1,164.90"', '"1,164.91"'),
      'StatementDoesNotFoot at row 2, net',
    ],
    ['an open quote', ENGLISH.replace('"O-1"', '"O-1'), 'malformed-row at row 2'],
  ])('with %s is refused by name', (_, text, problem) => {
    expect(problemOf(readPaypalActivity(text))?.replace(/row \d+$/, 'row 2')).toBe(problem)
  })

  test('loses and doubles nothing', () => {
    expectAnyOrder(ENGLISH, readPaypalActivity)
    expectNoDoubledRow(ENGLISH, readPaypalActivity)
    expectAnyEncoding(GERMAN, readPaypalActivity)
  })
})

const STL = [
  '"RH",2026/06/07 05:41:54 +0400,"A","SELLER",009,',
  '"FH",01',
  '"SH",2026/06/06 00:00:00 -0800,2026/06/06 23:59:59 -0800,"SELLER",""',
  '"CH","Transaction ID","Invoice ID","PayPal Reference ID","PayPal Reference ID Type","Transaction Event Code","Transaction Initiation Date","Transaction Completion Date","Transaction Debit or Credit","Gross Transaction Amount","Gross Transaction Currency","Fee Debit or Credit","Fee Amount","Fee Currency","Custom Field","Consumer ID"',
  '"SB","T1","O-1","","","T0006",2026/06/06 00:00:30 -0800,2026/06/06 00:00:30 -0800,"CR",5200,"EUR","DR",225,"EUR","","A"',
  '"SB","T2","O-0","T0","TXN","T1107",2026/06/06 00:00:30 -0800,2026/06/06 00:00:30 -0800,"DR",134,"EUR","CR",47,"EUR","","A"',
  '"SB","T3","","","","T0400",2026/06/06 00:00:30 -0800,2026/06/06 00:00:30 -0800,"DR",4000,"EUR","",,"","","A"',
  '"SB","T4","","","","T0006",2026/06/06 00:00:30 -0800,2026/06/06 00:00:30 -0800,"CR",3000,"JPY","DR",100,"JPY","","A"',
  '"SF","EUR",5200,4134,47,225,"CR",0,"CR",888,3',
  '"SF","JPY",3000,0,0,100,"CR",0,"CR",2900,1',
  '"SC",4',
  '"RF","EUR",5200,4134,47,225,"CR",0,"CR",888,3',
  '"RC",4',
  '"FF",4',
  '',
].join('\n')

describe("PayPal's settlement report", () => {
  test('comes to the totals of its footer, in minor units', () => {
    const statements = valueOf(readPaypalStl(STL))
    expect(statements).toMatchObject([
      { account: 'SELLER', currency: 'EUR', totalMinor: 48_88n, payoutMinor: 40_00n },
      { account: 'SELLER', currency: 'JPY', totalMinor: 2900n },
    ])
    expect(statements[0]!.lines.map((l) => [l.class, l.type, l.amountMinor])).toEqual([
      ['sale', 'T0006', 52_00n],
      ['fee', 'T0006/fee', -2_25n],
      ['refund', 'T1107', -1_34n],
      ['fee-refund', 'T1107/fee', 47n],
      ['payout', 'T0400', -40_00n],
    ])
    expectFooted(statements)
  })

  test.each([
    ['a lost row', STL.replace(/.*T1107.*\n/, ''), 'StatementDoesNotFoot at section SELLER, EUR'],
    [
      'a doubled row',
      STL.replace(/(.*T1107.*\n)/, '$1$1'),
      'StatementDoesNotFoot at section SELLER, EUR',
    ],
    ['no footer', STL.replace(/.*"SF","JPY".*\n/, ''), 'truncated at section SELLER, JPY'],
  ])('with %s is refused by name', (_, text, problem) => {
    expect(problemOf(readPaypalStl(text))).toBe(problem)
  })

  test('is refused cut before its last footer', () => {
    expectNoCutIsRead(STL, readPaypalStl)
    expectAnyEncoding(STL, readPaypalStl)
  })
})
