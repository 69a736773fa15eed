import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accountOfRole } from '#domain/ledger/chart'
import { credit, debit } from '#domain/ledger/journal'
import { freshDatabase, type TestDatabase } from '#tests/support/database'
import { entry, insertRaw, openBooks, post, withLines } from './ledger-books.ts'

let database: TestDatabase
let entityId: number
beforeAll(async () => {
  database = await freshDatabase()
  entityId = await openBooks(database.admin, 'US')
})
afterAll(() => database.drop())

const bank = 1010
const capital = 3100

async function countEntries(): Promise<bigint> {
  const [row] = await database.admin<{ n: bigint }[]>`SELECT count(*) AS n FROM journal_entry`
  return row!.n
}

/** The guard that answers, and the proof that nothing of the set stayed behind. */
async function refused(attempt: () => Promise<unknown>, guard: string): Promise<void> {
  const before = await countEntries()
  await expect(attempt()).rejects.toMatchObject({ constraint_name: guard })
  expect(await countEntries()).toBe(before)
}

describe('an entry is whole and balanced', () => {
  test('one that does not balance is refused', () =>
    refused(
      () =>
        post(
          database.db,
          withLines(
            entry({ entityId }),
            { accountId: bank, amountMinor: 5n },
            { accountId: capital, amountMinor: -4n },
          ),
        ),
      'journal_entry_balanced',
    ))

  test('two that are wrong by +5 and −5 are refused, though their sum is zero', () =>
    refused(
      () =>
        post(
          database.db,
          withLines(
            entry({ entityId }),
            { accountId: bank, amountMinor: 10n },
            { accountId: capital, amountMinor: -5n },
          ),
          withLines(
            entry({ entityId }),
            { accountId: bank, amountMinor: 5n },
            { accountId: capital, amountMinor: -10n },
          ),
        ),
      'journal_entry_balanced',
    ))

  test('balance in functional currency alone is not enough', () =>
    refused(
      () =>
        post(
          database.db,
          withLines(
            entry({ entityId }),
            { accountId: bank, amountMinor: 100n, currency: 'EUR', funcMinor: 110n },
            { accountId: capital, amountMinor: -110n },
          ),
        ),
      'journal_entry_balanced',
    ))

  test('balance in the currency alone is not enough', () =>
    refused(
      () =>
        post(
          database.db,
          withLines(
            entry({ entityId }),
            { accountId: bank, amountMinor: 100n, currency: 'EUR', funcMinor: 110n },
            { accountId: capital, amountMinor: -100n, currency: 'EUR', funcMinor: -109n },
          ),
        ),
      'journal_entry_balanced_functional',
    ))

  test('one line is not an entry', () =>
    refused(
      () => post(database.db, withLines(entry({ entityId }), { accountId: bank, amountMinor: 5n })),
      'journal_entry_line_count_check',
    ))

  test('a header without lines is refused in its own statement', async () => {
    await refused(
      () => insertRaw(database.admin, { entityId, lineCount: 2, lines: [] }),
      'journal_entry_has_lines',
    )
    await refused(
      () => post(database.db, { ...entry({ entityId }), lines: [] }),
      'journal_entry_has_lines',
    )
  })

  test('lines come in one statement with their header', () =>
    refused(
      () =>
        insertRaw(database.admin, {
          entityId,
          lineCount: 4,
          lines: [
            { account: bank, amount: 5 },
            { account: capital, amount: -5 },
          ],
        }),
      'journal_entry_whole',
    ))

  test('lines are numbered from one without a gap', () =>
    refused(
      () =>
        insertRaw(database.admin, {
          entityId,
          lines: [
            { account: bank, amount: 5, no: 1 },
            { account: capital, amount: -5, no: 3 },
          ],
        }),
      'journal_entry_whole',
    ))

  test('a line has its header’s date', () =>
    refused(
      () =>
        insertRaw(database.admin, {
          entityId,
          lineDate: '2026-06-16',
          lines: [
            { account: bank, amount: 5 },
            { account: capital, amount: -5 },
          ],
        }),
      'journal_line_date',
    ))
})

describe('an entry is closed by its transaction', () => {
  test('a balanced pair added later is refused', async () => {
    const [id] = await post(database.db, entry({ entityId }))
    await refused(
      () => database.admin`
        INSERT INTO journal_line (entry_id, line_no, account_id, effective_on, currency, amount_minor, func_minor)
        VALUES (${id!}, 3, 1010, '2026-06-15', 'USD', 5, 5), (${id!}, 4, 3100, '2026-06-15', 'USD', -5, -5)`,
      'journal_line_same_transaction',
    )
  })

  test('a forged transaction id or time is overwritten', async () => {
    await insertRaw(database.admin, {
      entityId,
      forgedXid: '3',
      lines: [
        { account: bank, amount: 5 },
        { account: capital, amount: -5 },
      ],
    })
    const [last] = await database.admin<{ forged: boolean; late: boolean }[]>`
      SELECT xid = '3' AS forged, recorded_at < clock_timestamp() - interval '1 minute' AS late
      FROM journal_entry ORDER BY id DESC LIMIT 1`
    expect(last).toEqual({ forged: false, late: false })
  })

  test.each([
    'journal_entry',
    'journal_line',
    'open_item_match',
    'seal',
    'balance_snapshot',
    'fx_rate',
    'gl_period_event',
  ])('%s is append-only, even for its owner and even where no row matches', async (table) => {
    const { admin } = database
    const guard = { constraint_name: `${table}_append_only` }
    await expect(admin`DELETE FROM ${admin(table)}`).rejects.toMatchObject(guard)
    await expect(admin`TRUNCATE ${admin(table)} CASCADE`).rejects.toMatchObject({ code: '23000' })
    const column = {
      journal_entry: 'actor',
      journal_line: 'segment',
      seal: 'no',
      balance_snapshot: 'book',
      fx_rate: 'source',
      gl_period_event: 'actor',
      open_item_match: 'line_no',
    }[table]!
    await expect(
      admin`UPDATE ${admin(table)} SET ${admin(column)} = ${admin(column)}`,
    ).rejects.toMatchObject(guard)
  })

  test('an account and an open item are never deleted', async () => {
    await expect(database.admin`DELETE FROM gl_account WHERE false`).rejects.toMatchObject({
      constraint_name: 'gl_account_stays',
    })
    await expect(database.admin`TRUNCATE open_item`).rejects.toMatchObject({ code: '23000' })
  })
})

describe('the application writes through one door', () => {
  test.each([
    'journal_entry',
    'journal_line',
    'open_item',
    'open_item_match',
    'seal',
    'gl_period',
    'gl_account',
    'balance_snapshot',
  ])('inserting into %s directly is denied', async (table) => {
    const { db } = database
    await expect(db`INSERT INTO ${db(table)} DEFAULT VALUES`).rejects.toMatchObject({
      code: '42501',
    })
  })
})

test('the chart in code is the chart in the database, role by role', async () => {
  const rows = await database.db<{ role: string; id: number }[]>`
    SELECT role, id FROM gl_account WHERE role IS NOT NULL`
  expect(Object.fromEntries(rows.map((row) => [row.role, row.id]))).toEqual(accountOfRole)
})

describe('lines know their accounts', () => {
  const pair = (line: { accountId: number; [dimension: string]: unknown }) =>
    withLines(
      entry({ entityId }),
      { amountMinor: 5n, ...line },
      { accountId: capital, amountMinor: -5n },
    )

  test('an unknown account is refused', () =>
    refused(() => post(database.db, pair({ accountId: 4242 })), 'journal_line_account'))

  test('an account is refused outside its validity', async () => {
    await database.admin`INSERT INTO gl_account (id, code, name, class, valid_to) VALUES (7777, '7777', 'Old', 'expense', '2025-12-31')`
    await refused(() => post(database.db, pair({ accountId: 7777 })), 'journal_line_account')
  })

  test('a missing dimension is refused, never defaulted', () =>
    refused(
      () => post(database.db, pair({ accountId: 4010, orderId: 1n })),
      'journal_line_dimensions',
    ))

  test('an open key belongs only on accounts that keep open items', () =>
    refused(
      () => post(database.db, pair({ accountId: bank, openKey: 'x' })),
      'journal_line_open_key',
    ))

  test('an account kept in one currency takes no other', async () => {
    await database.admin`INSERT INTO gl_account (id, code, name, class, currency) VALUES (1011, '1011', 'Euro bank', 'asset', 'EUR')`
    await refused(
      () => post(database.db, pair({ accountId: 1011 })),
      'journal_line_currency_of_account',
    )
  })

  test('a currency has its ISO code', () =>
    refused(
      () =>
        post(
          database.db,
          withLines(
            entry({ entityId }),
            { accountId: bank, amountMinor: 5n, currency: 'eur' },
            { accountId: capital, amountMinor: -5n, currency: 'eur' },
          ),
        ),
      'journal_line_currency',
    ))

  test('an amount in functional currency is its own value', () =>
    refused(
      () =>
        post(
          database.db,
          withLines(
            entry({ entityId }),
            { accountId: bank, amountMinor: 5n, funcMinor: 4n },
            { accountId: capital, amountMinor: -5n, funcMinor: -4n },
          ),
        ),
      'journal_line_functional',
    ))

  test('value against the sign of its amount is refused', () =>
    refused(
      () =>
        post(
          database.db,
          withLines(
            entry({ entityId }),
            { accountId: bank, amountMinor: 5n, currency: 'EUR', funcMinor: -4n },
            { accountId: capital, amountMinor: -5n, currency: 'EUR', funcMinor: 4n },
          ),
        ),
      'journal_line_one_sign',
    ))

  test('value without amount is only an exchange difference or a revalued item', () =>
    refused(
      () =>
        post(
          database.db,
          withLines(
            entry({ entityId }),
            { accountId: 7020, amountMinor: 0n, currency: 'EUR', funcMinor: 4n },
            { accountId: capital, amountMinor: 0n, currency: 'EUR', funcMinor: -4n },
          ),
        ),
      'journal_line_fx_only',
    ))

  test('the exchange position has no functional value of its own', () =>
    refused(
      () =>
        post(
          database.db,
          withLines(
            entry({ entityId }),
            { accountId: bank, amountMinor: 5n },
            { accountId: 9010, amountMinor: -5n },
          ),
        ),
      'journal_fx_position_zero',
    ))

  test('row 28b: a revaluation moves value without an amount', async () => {
    const payable = { party: 'supplier/1', openKey: 'bill/1' }
    const [id] = await post(
      database.db,
      entry({
        entityId,
        functionalCurrency: 'USD',
        currency: 'EUR',
        lines: [
          debit('UnrealisedFx', 0n, { funcMinor: 200n }),
          credit('Payables', 0n, { ...payable, funcMinor: 200n }),
        ],
      }),
    )
    expect(id).toBeGreaterThan(0n)
  })
})
