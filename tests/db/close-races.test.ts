import { afterAll, beforeAll, expect, test } from 'vitest'
import { closingCompany, setClosePolicy } from '#tests/support/closing'
import { closeVerbs } from '#tests/support/close-verbs'
import { freshDatabase, type TestDatabase } from '#tests/support/database'
import { expectProofs } from '#tests/support/proofs'
import { credit, debit } from '#domain/ledger/journal'
import { entry, post } from './ledger-books.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.drop())

test('LOCK: a close racing posts keeps in its balance all that got in, and nothing gets in after it', async () => {
  const { entityId, entity } = await closingCompany(database.admin)
  await setClosePolicy(database.admin, entityId, {})
  const close = await closeVerbs(database, { entity, period: '2026-10' })
  await close.signAll()
  let locked = false
  let refused = 0
  let lateAfter = 0
  const poster = async () => {
    while (refused < 40) {
      const wasLocked = locked
      const lines = [debit('Bank', 1n), credit('Capital', 1n)]
      const posted = post(database.db, entry({ entityId, effectiveOn: '2026-10-15', lines }))
      await posted.then(
        () => void (wasLocked && (lateAfter += 1)),
        () => void (refused += 1),
      )
    }
  }
  const posters = Array.from({ length: 8 }, poster)
  await close.lockAll()
  locked = true
  await Promise.all(posters)
  expect(lateAfter).toBe(0)
  const [kept] = await database.db<{ closed: bigint; now: bigint; entries: number }[]>`
    SELECT (SELECT sum(b.func_minor) FROM period_closing_balance b JOIN period_closing c ON c.id = b.closing_id JOIN gl_period p ON p.id = c.period_id
        WHERE p.entity_id = ${entityId} AND b.account_id = 1010)::bigint AS closed,
      (SELECT sum(l.func_minor) FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id WHERE e.entity_id = ${entityId} AND l.account_id = 1010)::bigint AS now,
      (SELECT count(*) FROM journal_entry WHERE entity_id = ${entityId})::int AS entries`
  expect(kept!.entries).toBeGreaterThan(0)
  expect(kept!.closed).toBe(kept!.now)
  await expectProofs(database.admin)
})

test('two who post the same task at once post it once', async () => {
  const { entityId, entity } = await closingCompany(database.admin)
  await setClosePolicy(database.admin, entityId, { creditLoss: [{ fromDays: 0, ppm: 100_000 }] })
  const lines = [debit('Receivables', 100_00n, { openKey: 'r' }), credit('Capital', 100_00n)]
  await post(database.db, entry({ entityId, effectiveOn: '2026-10-10', lines }))
  const close = await closeVerbs(database, { entity, period: '2026-10' })
  const both = [1, 2, 3, 4].map(() => close.run('postCloseTask', { task: 'credit-loss' }))
  await Promise.all(both)
  const rows = await database.db`
    SELECT 1 FROM journal_entry WHERE entity_id = ${entityId} AND event_type = 'credit-loss-set'`
  expect(rows).toHaveLength(1)
})
