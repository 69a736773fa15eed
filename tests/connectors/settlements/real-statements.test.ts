import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readSettlement, SETTLEMENT_READERS } from '#connectors/settlements/readers'
import { statementText } from '#connectors/statement-text'
import { expectFooted, problemOf, valueOf } from './expectations.ts'

const shared = join(import.meta.dirname, '../../../../shared/data')
const folder = existsSync(shared) ? shared : '/work/shared/data'
const file = (name: string) => readFileSync(join(folder, name))

describe.skipIf(!existsSync(folder))('statements that nobody here wrote', () => {
  test.each([
    ['amazon-settlement-v2-sample/settlement-sample.txt', 'amazon flat-file-v2'],
    [
      'shopify-rest-examples/2025_07/payment_transaction/get__shopify_payments__balance__transactions__001.json',
      'shopify payouts-json',
    ],
  ])('%s is known by its content and read', (name, format) => {
    const text = valueOf(statementText(file(name)))
    const fitting = SETTLEMENT_READERS.filter((reader) => reader.fits(text))
    expect(fitting.map((reader) => `${reader.provider} ${reader.format}`)).toEqual([format])
    const statements = valueOf(readSettlement(file(name)))
    expect(statements.length).toBeGreaterThan(0)
    expectFooted(statements)
  })

  test.each([
    // Their sums are made up: 45.52 - 1.32 - 3.54 + 0.23 + 2.13 - 0.12 is not 43.12.
    [
      'shopify-rest-examples/2025_07/payout/get__shopify_payments__payouts__001.json',
      'StatementDoesNotFoot at payouts[0]',
    ],
    // It shows a payout of 41.90 with some of its transactions.
    ['shopify-python-fixtures/payouts_transactions.json', 'StatementDoesNotFoot at transactions'],
    [
      'amazon-spapi-examples/financesV0/listFinancialEventsByOrderId__200_sandbox0.json',
      'more-pages at NextToken',
    ],
    [
      'amazon-spapi-examples/financesV0/listFinancialEventGroups__200_sandbox0.json',
      'unknown-format at $',
    ],
    ['stripe-fixtures/resources/payout.json', 'unknown-format at $'],
  ])('%s is refused by name', (name, problem) => {
    expect(problemOf(readSettlement(file(name)))).toBe(problem)
  })
})
