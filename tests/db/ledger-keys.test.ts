import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { credit, debit, reversalOf } from '#domain/ledger/journal'
import { freshDatabase, type TestDatabase } from '#tests/support/database'
import { entry, openBooks, post, withLines } from './ledger-books.ts'

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

describe('a key posts once', () => {
  test('the same key and content returns the first entry and writes nothing', async () => {
    const draft = entry({ entityId })
    const [first] = await post(database.db, draft)
    const before = await countEntries()

    expect(await post(database.db, draft)).toEqual([first])
    expect(await post(database.db, draft, draft)).toEqual([first, first])
    expect(await countEntries()).toBe(before)
  })

  test('the same key with other content is refused by a guard of its own name', async () => {
    const draft = entry({ entityId })
    await post(database.db, draft)
    await refused(
      () => post(database.db, entry({ entityId, key: draft.key }, 101n)),
      'journal_entry_same_content',
    )
  })

  test('keys of two entities do not meet', async () => {
    const other = await openBooks(database.admin, 'CA')
    const draft = entry({ entityId })
    const [one] = await post(database.db, draft)
    const [two] = await post(database.db, { ...draft, entityId: other })
    expect(two).not.toBe(one)
  })

  test('a replay in a set with new entries answers each in its place', async () => {
    const [a, b] = [entry({ entityId }), entry({ entityId })]
    const [first] = await post(database.db, a)
    const rows = await post(database.db, b, a)
    expect(rows[1]).toBe(first)
    expect(rows[0]).not.toBe(first)
  })
})

describe('a reversal', () => {
  const reversal = (posted: ReturnType<typeof entry> & { entryId: bigint }, key: string) =>
    reversalOf(posted, { key, effectiveOn: '2026-06-20' })

  test('mirrors its entry and exists once', async () => {
    const draft = entry({ entityId })
    const [entryId] = await post(database.db, draft)
    const posted = { ...draft, entryId: entryId! }
    await post(database.db, reversal(posted, `undo/${entryId}`))
    await refused(
      () => post(database.db, reversal(posted, `undo-again/${entryId}`)),
      'journal_entry_reverses_once',
    )
  })

  test('of another amount is refused', async () => {
    const draft = entry({ entityId })
    const [entryId] = await post(database.db, draft)
    const wrong = withLines(
      { ...draft, key: 'undo/wrong', reverses: entryId! },
      { accountId: bank, amountMinor: -99n },
      { accountId: capital, amountMinor: 99n },
    )
    await refused(() => post(database.db, wrong), 'journal_reversal_mirrors')
  })

  test('of an entry that does not exist is refused', () =>
    refused(
      () => post(database.db, { ...entry({ entityId }), reverses: 999_999n }),
      'journal_reversal_mirrors',
    ))

  test('is not itself reversed by the same document', async () => {
    const draft = entry({ entityId })
    const [entryId] = await post(database.db, draft)
    const undo = reversal({ ...draft, entryId: entryId! }, `undo-one/${entryId}`)
    const [undoId] = await post(database.db, undo)
    await refused(
      () => post(database.db, reversal({ ...undo, entryId: undoId! }, `redo/${entryId}`)),
      'journal_reversal_mirrors',
    )
  })
})

describe('a limited open item', () => {
  const paid = (key: string, amount: bigint) =>
    entry({
      entityId,
      lines: [debit('Bank', amount), credit('GiftCards', amount, { openKey: key })],
    })
  const spent = (key: string, amount: bigint) =>
    entry({
      entityId,
      lines: [debit('GiftCards', amount, { openKey: key }), credit('Bank', amount)],
    })

  test('is never overdrawn, not even as its first movement', async () => {
    await refused(() => post(database.db, spent('card/none', 1n)), 'open_item_not_overdrawn')
    await post(database.db, paid('card/1', 50n))
    await post(database.db, spent('card/1', 30n))
    await refused(() => post(database.db, spent('card/1', 21n)), 'open_item_not_overdrawn')
    await post(database.db, spent('card/1', 20n))
  })

  test('spent by eight at once never goes below what was paid', async () => {
    await post(database.db, paid('card/2', 50n))
    const tries = await Promise.allSettled(
      Array.from({ length: 8 }, () => post(database.db, spent('card/2', 10n))),
    )
    expect(tries.filter((result) => result.status === 'fulfilled')).toHaveLength(5)
  })

  test('keeps its identity and its balance equals its matches', async () => {
    await expect(database.admin`UPDATE open_item SET key = 'other'`).rejects.toMatchObject({
      constraint_name: 'open_item_identity',
    })
    const wrong =
      await database.admin`SELECT * FROM open_item WHERE balance_minor <> open_item_balance(id)`
    expect(wrong).toEqual([])
  })
})

test('the leaf is the hash of the canonical text, whatever the session’s settings are', async () => {
  const settings = database.admin
  const wrong = await settings.begin(async (tx) => {
    await tx`SET LOCAL DateStyle = 'German'`
    await tx`SET LOCAL TimeZone = 'Asia/Tokyo'`
    return tx`SELECT id FROM journal_entry WHERE event_type <> 'raw' AND leaf <> sha256(convert_to(journal_canonical(id), 'UTF8'))`
  })
  expect(wrong).toEqual([])
})
