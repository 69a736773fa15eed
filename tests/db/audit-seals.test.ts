import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { recordAudit } from '#db/stores/records'
import { freshDatabase, type TestDatabase } from '#tests/support/database'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
  for (let nth = 1; nth <= 5; nth += 1) {
    await audited(`seed/${nth}`)
    await allSealed()
  }
})
afterAll(() => database.drop())

function audited(key: string): Promise<null> {
  return commitOnce(database.db, { key, request: {}, actor: 'ann' }, async (tx) => {
    const event = { subjectType: 'order', subjectId: '1', action: 'changed', actor: 'ann' }
    await recordAudit(tx, [{ ...event, before: { a: 1 }, after: { a: 2 } }, event])
    return null
  })
}

async function allSealed(): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    await database.db`SELECT seal_audit()`
    const open = await database.admin`
      SELECT 1 FROM audit_event WHERE xid >= (SELECT coalesce(max(to_xid), '0') FROM audit_seal)`
    if (open.length === 0) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the horizon does not move')
}

/** What the proof says of an edit made as superuser with triggers off; then undone. */
async function tampered(edit: (tx: Tx) => PromiseLike<unknown>): Promise<string[]> {
  const undo = new Error('undo')
  let found: string[] = []
  await database.admin
    .begin(async (tx) => {
      await tx`SET LOCAL session_replication_role = replica`
      await edit(tx as never)
      const rows = await tx<{ problem: string }[]>`SELECT problem FROM verify_audit_seals()`
      found = rows.map((row) => row.problem)
      throw undo
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error
    })
  return found
}

describe('GOV-12: the audit trail is sealed', () => {
  test('what was not touched verifies', async () => {
    expect(await database.db`SELECT * FROM verify_audit_seals()`).toEqual([])
    const [sealed] = await database.db`SELECT sum(events)::int AS n FROM audit_seal`
    expect(sealed).toEqual({ n: 10 })
  })

  test.each([
    ['an edited actor', `UPDATE audit_event SET actor = 'eve' WHERE id = 3`, ['root']],
    ['an edited value', `UPDATE audit_event SET after = '{"a": 3}' WHERE id = 1`, ['root']],
    [
      'an edited time',
      `UPDATE audit_event SET recorded_at = recorded_at - interval '1 day' WHERE id = 2`,
      ['root'],
    ],
    ['a deleted event', `DELETE FROM audit_event WHERE id = 4`, ['count', 'root']],
    ['a deleted batch', `DELETE FROM audit_seal WHERE no = 2`, ['chain', 'gap']],
    [
      'an event put in between',
      `INSERT INTO audit_event (subject_type, subject_id, action, actor, xid)
       SELECT 'order', '1', 'approved', 'eve', xid FROM audit_event WHERE id = 1`,
      ['count', 'root'],
    ],
  ])('%s is found', async (_what, damage, problems) => {
    expect(await tampered((tx) => tx.unsafe(damage))).toEqual(problems)
  })

  test('a forged transaction id is overwritten, so that nothing hides behind the last seal', async () => {
    await database.db`
      INSERT INTO audit_event (subject_type, subject_id, action, actor, xid) VALUES ('x', '1', 'x', 'eve', '3')`
    await allSealed()
    expect(await database.db`SELECT * FROM verify_audit_seals()`).toEqual([])
  })

  test('an event of a transaction that commits late is in the next seal', async () => {
    const before = await database.db`SELECT max(no) AS no FROM audit_seal`
    await database.db.begin(async (tx) => {
      await recordAudit(tx as never, [
        { subjectType: 'order', subjectId: '2', action: 'slow', actor: 'ann' },
      ])
      await audited('fast/1')
      await database.db`SELECT seal_audit()`
    })
    await allSealed()
    expect(await database.db`SELECT * FROM verify_audit_seals()`).toEqual([])
    expect(await database.db`SELECT max(no) AS no FROM audit_seal`).not.toEqual(before)
  })
})
