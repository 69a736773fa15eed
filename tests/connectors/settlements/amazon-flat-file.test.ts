import { describe, expect, test } from 'vitest'
import { readAmazonV1, readAmazonV2 } from '#connectors/settlements/amazon-flat-file'
import { V2_ROWS, v1File, v2File } from '#tests/fixtures/settlements/amazon'
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

describe("Amazon's settlement, flat file V2", () => {
  test('is read with every amount by class, and pays what it states', () => {
    const [statement, ...more] = valueOf(readAmazonV2(v2File()))
    expect(more).toEqual([])
    expect(statement).toMatchObject({
      provider: 'amazon',
      statementId: '9001',
      currency: 'EUR',
      from: '2026-06-01',
      to: '2026-06-14',
      depositedOn: '2026-06-16',
      totalMinor: 83_52n,
      payoutMinor: 83_52n,
    })
    expect(statement!.lines[0]).toEqual({
      lineNo: 1,
      class: 'sale',
      type: 'Order/ItemPrice/Principal',
      amountMinor: 100_00n,
      postedOn: '2026-06-03',
      orderReference: '302-1',
      itemReference: '77',
      sku: 'MUG',
      quantity: 2,
    })
    expect(statement!.lines.map((line) => line.class)).toEqual([
      'sale',
      'sale-tax',
      'withheld-tax',
      'fee',
      'promotion',
      'refund',
      'fee-refund',
      'advertising',
      'reserve',
      'unknown',
    ])
    expectFooted([statement!])
  })

  test('may have its columns in any order, without those that are not used', () => {
    const columns = [
      'sku',
      'amount',
      'amount-description',
      'amount-type',
      'order-id',
      'transaction-type',
      'currency',
      'total-amount',
      'posted-date',
      'settlement-end-date',
      'settlement-id',
    ]
    const read = valueOf(readAmazonV2(v2File(V2_ROWS, columns)))
    expect(perType(read)).toEqual(perType(valueOf(readAmazonV2(v2File()))))
  })

  test('may write days with dots and amounts with a comma', () => {
    const german = v2File()
      .replaceAll(/(-?\d+)\.(\d\d)(?=\t)/g, '$1,$2')
      .replaceAll(/(\d{4})-(\d\d)-(\d\d)/g, '$3.$2.$1')
    expect(valueOf(readAmazonV2(german))).toEqual(valueOf(readAmazonV2(v2File())))
  })

  test('may hold several settlements and currencies, each of which must foot', () => {
    const other = V2_ROWS.map((row) => ({ ...row, 'settlement-id': '9002' }))
    const pounds = V2_ROWS.map((row) => ({ ...row, currency: 'GBP' }))
    const file = v2File([...V2_ROWS, ...other, ...pounds])
    const statements = valueOf(readAmazonV2(file))
    expect(statements.map((s) => `${s.statementId} ${s.currency}`)).toEqual([
      '9001 EUR',
      '9002 EUR',
      '9001 GBP',
    ])
    expectFooted(statements)
    expectAnyOrder(file, readAmazonV2)
  })

  test('keeps what is so small that yen have none of it, and refuses a finer amount', () => {
    const yen = V2_ROWS.map((row) => ({
      ...row,
      currency: 'JPY',
      ...(row['amount'] && { amount: row['amount'].replace('.', '') }),
      ...(row['total-amount'] && { 'total-amount': '8352' }),
    }))
    expect(valueOf(readAmazonV2(v2File(yen)))[0]).toMatchObject({ totalMinor: 8352n })
    const fine = v2File(yen).replace('\t10000\t', '\t10000.5\t')
    expect(problemOf(readAmazonV2(fine))).toBe('amount-too-fine at row 3, amount')
  })

  test.each([
    [
      'a lost row',
      (t: string) => t.replace(/.*Principal\t-10.00.*\n/, ''),
      'StatementDoesNotFoot at row 2, total-amount',
    ],
    [
      'a changed amount',
      (t: string) => t.replace('-15.00', '-15.01'),
      'StatementDoesNotFoot at row 2, total-amount',
    ],
    ['no amount', (t: string) => t.replace('-15.00', ''), 'missing-field at row 6, amount'],
    [
      'words for an amount',
      (t: string) => t.replace('-15.00', 'some'),
      'not-a-decimal at row 6, amount',
    ],
    ['no total', (t: string) => t.replace('83.52', ''), 'total-missing at $'],
    ['two totals', (t: string) => t + t.split('\n')[1] + '\n', 'duplicate-settlement at $'],
    [
      'no such day',
      (t: string) => t.replace('2026-06-03', '2026-06-31'),
      'not-a-date at row 3, posted-date',
    ],
    [
      'no currency',
      (t: string) => t.replaceAll('EUR', 'EURO'),
      'unknown-currency at row 2, currency',
    ],
    [
      'another settlement',
      (t: string) => t.replace(/9001(?=\t\t)/, '9003'),
      'settlement-unknown at row 3, settlement-id',
    ],
    ['both decimal marks', (t: string) => t.replace('-15.00', '-15,00'), 'mixed-decimals at $'],
    ['a cell too many', (t: string) => t.replace('MUG', 'MUG\t\t\t\tx'), 'malformed-row at row 3'],
    ['another header', (t: string) => t.replace('amount-type', 'kind'), 'columns at $'],
  ])('with %s is refused by name', (_, damage, problem) => {
    expect(problemOf(readAmazonV2(damage(v2File())))).toBe(problem)
  })

  test('names the difference when it does not foot', () => {
    const read = readAmazonV2(v2File().replace('-15.00', '-15.01'))
    expect(read).toMatchObject({
      problems: [{ message: expect.stringContaining('a difference of -0.01 EUR') }],
    })
  })

  test('loses and doubles nothing, cut, shuffled, doubled or saved in another encoding', () => {
    expectNoCutIsRead(v2File(), readAmazonV2)
    expectAnyOrder(v2File(), readAmazonV2)
    expectNoDoubledRow(v2File(), readAmazonV2)
    expectAnyEncoding(v2File(), readAmazonV2)
  })

  test('may be saved in Windows-1252 or Shift-JIS', () => {
    const umlaut = v2File().replaceAll('MUG', 'MÜSLI-SCHÜSSEL')
    const sku = (content: Uint8Array) => valueOf(readAmazonV2(content))[0]!.lines[0]!.sku
    expect(sku(Buffer.from(umlaut, 'latin1'))).toBe('MÜSLI-SCHÜSSEL')
    const [before, after] = v2File().split('MUG', 2) as [string, string]
    const rest = v2File().slice(before.length + 3 + after.length)
    const cup = Buffer.from([0x83, 0x4a, 0x83, 0x62, 0x83, 0x76])
    const japanese = Buffer.concat([Buffer.from(before), cup, Buffer.from(after + rest)])
    expect(sku(japanese)).toBe('カップ')
  })
})

describe("Amazon's settlement, the older flat file", () => {
  test('is read an amount a line, with the quantity that stands on a row of its own', () => {
    const [statement] = valueOf(readAmazonV1(v1File()))
    expect(statement).toMatchObject({ statementId: '9001', totalMinor: 83_52n })
    expect(statement!.lines.map((l) => [l.class, l.type, l.amountMinor, l.quantity])).toEqual([
      ['sale', 'Order/ItemPrice/Principal', 100_00n, undefined],
      ['fee', 'Order/ItemFees/Commission', -15_00n, undefined],
      ['promotion', 'Order/Promotion/Shipping', -3_99n, undefined],
      ['sale', 'Order/ItemPrice', 0n, 2],
      ['refund', 'Refund/ItemPrice/Principal', -10_00n, undefined],
      ['fee-refund', 'Refund/ItemFees/Commission', 1_50n, undefined],
      ['storage', 'Storage Fee/other-transaction', -8_99n, undefined],
      ['reserve', 'Current Reserve Amount/other-transaction', -20_00n, undefined],
      ['unknown', 'Never seen/other-transaction', 40_00n, undefined],
    ])
    expectFooted([statement!])
  })

  test('counts amounts in columns that nobody knows', () => {
    const file = v1File().replace('other-amount', 'tip-amount')
    expect(valueOf(readAmazonV1(file))[0]!.lines.at(-1)).toMatchObject({ type: 'Never seen/tip' })
  })

  test('loses and doubles nothing, cut, shuffled, doubled or saved in another encoding', () => {
    expectNoCutIsRead(v1File(), readAmazonV1)
    expectAnyOrder(v1File(), readAmazonV1)
    expectNoDoubledRow(v1File(), readAmazonV1)
    expectAnyEncoding(v1File(), readAmazonV1)
  })
})
