import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { connect, type Db, type Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { trialBalance } from '#db/queries/ledger-reports'
import { ledgerProofs, runProofs } from '#db/queries/proofs'
import {
  approvePeriodException,
  closeArea,
  reopenArea,
  requestPeriodException,
} from '#db/stores/ledger-periods'
import { credit, debit } from '#domain/ledger/journal'
import { freshDatabase, type TestDatabase } from '#tests/support/database'
import { allSealed, entry, openBooks, post } from './ledger-books.ts'

let database: TestDatabase
let entityId: number
beforeAll(async () => {
  database = await freshDatabase()
  entityId = await openBooks(database.admin, 'US')
})
afterAll(() => database.drop())
afterEach(async () => {
  const failed = (await runProofs(database.admin, ledgerProofs)).filter(
    ({ broken }) => broken.length > 0,
  )
  expect(failed).toEqual([])
})

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A transaction on a connection of its own, held open until told otherwise. */
async function held(work: (tx: Tx) => Promise<unknown>, isolation = 'read committed') {
  const db = connect(database.url, { role: 'throughline_app', max: 1 })
  let finish!: (commit: boolean) => void
  const decision = new Promise<boolean>((resolve) => (finish = resolve))
  let worked!: () => void
  const ready = new Promise<void>((resolve) => (worked = resolve))
  const done = db
    .begin(`isolation level ${isolation}`, async (tx) => {
      await work(tx as never)
      worked()
      if (!(await decision)) throw new Error('rolled back on purpose')
    })
    .finally(() => db.end())
  done.catch(() => {})
  await Promise.race([ready, done])
  return {
    commit: () => (finish(true), done),
    rollback: () => (finish(false), done.catch(() => {})),
  }
}

function close(db: Db, period: string, key: string) {
  return commitOnce(db, { key, request: { period }, actor: 'controller' }, (tx) =>
    closeArea(tx, { entityId, period, area: 'GL', actor: 'controller' }),
  )
}

describe('closing a period against posting into it', () => {
  test('a closer waits for the entry in flight, and the entry is in', async () => {
    const poster = await held((tx) =>
      post(tx, entry({ entityId, effectiveOn: '2026-01-15', key: 'race/in-flight' })),
    )
    let closed = false
    const closing = close(database.db, '2026-01', 'close/2026-01').then(() => (closed = true))
    await wait(200)
    expect(closed).toBe(false)
    await poster.commit()
    await closing
    const found =
      await database.admin`SELECT 1 FROM journal_entry WHERE idem_key = 'race/in-flight'`
    expect(found).toHaveLength(1)
    await expect(
      post(database.db, entry({ entityId, effectiveOn: '2026-01-31' })),
    ).rejects.toMatchObject({ constraint_name: 'gl_period_open' })
  })

  test('a poster that waits for the closer is refused when it commits', async () => {
    const closer = await held((tx) =>
      closeArea(tx, { entityId, period: '2026-02', area: 'GL', actor: 'controller' }),
    )
    const late = post(database.db, entry({ entityId, effectiveOn: '2026-02-15' }))
    late.catch(() => {})
    await wait(100)
    await closer.commit()
    await expect(late).rejects.toMatchObject({ constraint_name: 'gl_period_open' })
  })

  test('a repeatable-read poster whose snapshot is older than the close fails', async () => {
    const db = connect(database.url, { role: 'throughline_app', max: 1 })
    const attempt = db.begin('isolation level repeatable read', async (tx) => {
      await tx`SELECT count(*) FROM gl_period`
      await close(database.db, '2026-03', 'close/2026-03')
      await post(tx as never, entry({ entityId, effectiveOn: '2026-03-15' }))
    })
    await expect(attempt).rejects.toMatchObject({ code: '40001' })
    await db.end()
  })

  test('other areas and other periods stay open', async () => {
    await close(database.db, '2026-04', 'close/2026-04')
    const lines = [debit('CashInTransit', 5n, { openKey: 'payout/1' }), credit('Bank', 5n)]
    await post(database.db, entry({ entityId, effectiveOn: '2026-04-15', area: 'CASH', lines }))
    await post(database.db, entry({ entityId, effectiveOn: '2026-05-15' }))
  })

  test.each(['AR', 'AP', 'INV', 'CASH', 'TAX'] as const)(
    'a closer of %s waits for an entry in flight that only its lines tell of',
    async (area) => {
      const lines = {
        AR: [debit('Receivables', 5n, { openKey: 'x/1' }), credit('Capital', 5n)],
        AP: [debit('Payables', 5n, { openKey: 'x/1', party: 's/1' }), credit('Capital', 5n)],
        INV: [debit('Scrap', 5n, { itemId: 1 }), credit('Capital', 5n)],
        CASH: [debit('Bank', 5n), credit('Capital', 5n)],
        TAX: [debit('InputVat', 5n, { taxCode: 's', jurisdiction: 'DE' }), credit('Capital', 5n)],
      }[area]
      const fact = { entityId, effectiveOn: '2026-08-15', lines }
      const poster = await held((tx) => post(tx, entry(fact)))
      let closed = false
      const closing = database.db
        .begin((tx) => closeArea(tx as never, { entityId, period: '2026-08', area, actor: 'c' }))
        .then(() => (closed = true))
      await wait(150)
      expect(closed).toBe(false)
      await poster.commit()
      await closing
      await expect(post(database.db, entry(fact))).rejects.toMatchObject({
        constraint_name: 'gl_period_open',
      })
    },
  )

  test('a late fact that waits for the closer goes on to the next period', async () => {
    const closer = await held((tx) =>
      closeArea(tx, { entityId, period: '2026-09', area: 'TAX', actor: 'controller' }),
    )
    // Something is locked already, so that the door has to look for a period.
    await database.db.begin((tx) =>
      closeArea(tx as never, { entityId, period: '2026-10', area: 'AP', actor: 'controller' }),
    )
    await closer.commit()
    const second = await held((tx) =>
      closeArea(tx, { entityId, period: '2026-09', area: 'GL', actor: 'controller' }),
    )
    const posting = post(database.db, {
      ...entry({ entityId, effectiveOn: '2026-09-15', key: 'race/late' }),
      late: 'next-open' as const,
    })
    await wait(150)
    await second.commit()
    await posting
    const [row] = await database.admin`
      SELECT effective_on::text AS on FROM journal_entry WHERE idem_key = 'race/late'`
    expect(row).toEqual({ on: '2026-10-01' })
  })

  test('a reopening ends by itself and takes only entries of its exception', async () => {
    const lock = { entityId, period: '2026-07', area: 'GL' as const, actor: 'controller' }
    const facts = { entityId, effectiveOn: '2026-07-15' }
    const act = (key: string, work: (tx: Tx) => Promise<void>) =>
      commitOnce(database.db, { key, request: {}, actor: 'x' }, work)
    const until = new Date(Date.now() + 1500).toISOString()
    for (const approvalId of ['approval/1', 'approval/2']) {
      const asked = {
        entityId,
        period: '2026-07',
        areas: ['GL'] as const,
        approvalId,
        reason: 'late bill',
        until,
      }
      await act(
        `ask-${approvalId}`,
        async (tx) => void (await requestPeriodException(tx, { ...asked, requestedBy: 'petra' })),
      )
      await act(`ok-${approvalId}`, (tx) => approvePeriodException(tx, approvalId, 'anna'))
    }
    const attempt = (approvalId: string) => post(database.db, { ...entry(facts), approvalId })
    const locked = { constraint_name: 'gl_period_open' }
    await act('hard', (tx) => closeArea(tx, lock))
    await expect(attempt('approval/2')).rejects.toMatchObject(locked)
    await act('reopen', (tx) =>
      reopenArea(tx, { ...lock, actor: 'other', approvalId: 'approval/2' }),
    )
    await expect(attempt('approval/1')).rejects.toMatchObject(locked)
    await attempt('approval/2')
    await wait(1600)
    await expect(attempt('approval/2')).rejects.toMatchObject(locked)
  })
})

describe('the same key at once', () => {
  test('two first attempts give one entry and the same id', async () => {
    const draft = entry({ entityId })
    const ids = await Promise.all(Array.from({ length: 6 }, () => post(database.db, draft)))
    expect(new Set(ids.flat()).size).toBe(1)
  })

  test('the second waits; if the first rolls back it becomes the first', async () => {
    const draft = entry({ entityId })
    const first = await held((tx) => post(tx, draft))
    const second = post(database.db, draft)
    await wait(100)
    await first.rollback()
    expect(await second).toHaveLength(1)
    const rows = await database.admin`SELECT 1 FROM journal_entry WHERE idem_key = ${draft.key}`
    expect(rows).toHaveLength(1)
  })

  test('sets that share keys and open items in opposite order never deadlock', async () => {
    const drafts = Array.from({ length: 20 }, (_, nth) =>
      entry({
        entityId,
        lines: [debit('Receivables', 10n, { openKey: `shared/${nth}` }), credit('Capital', 10n)],
      }),
    )
    const ids = await Promise.all([
      post(database.db, ...drafts),
      post(database.db, ...[...drafts].reverse()),
    ])
    expect(ids[0]).toEqual([...ids[1]!].reverse())
  })
})

describe('an early transaction that commits late', () => {
  test('is not in a seal or snapshot taken meanwhile, and is in the next', async () => {
    const late = entry({ entityId, key: 'late/1' }, 777n)
    const slow = await held((tx) => post(tx, late))
    await post(database.db, entry({ entityId, key: 'fast/1' }, 5n))
    await database.db`SELECT seal_ledger()`
    await database.db`SELECT take_balance_snapshot()`
    const before = await balance()
    await slow.commit()
    expect(await balance()).toBe(before + 777n)
    await allSealed(database)
    await database.db`SELECT take_balance_snapshot()`
    expect(await balance()).toBe(before + 777n)

    const [sealed] = await database.admin<{ seals: bigint; entries: bigint }[]>`
      SELECT count(DISTINCT s.no) AS seals, count(*) AS entries FROM journal_entry e JOIN seal s ON e.xid >= s.from_xid AND e.xid < s.to_xid
      WHERE e.idem_key IN ('late/1', 'fast/1')`
    expect(sealed?.entries).toBe(2n)
  })

  test('BITEMP: is not in a report of what was known before it committed, neither then nor later', async () => {
    await allSealed(database)
    const slow = await held((tx) => post(tx, entry({ entityId, key: 'known/slow' }, 31n)))
    await post(database.db, entry({ entityId, key: 'known/fast' }, 7n))
    await database.db`SELECT seal_ledger()`
    const [now] = await database.db<{ at: string }[]>`SELECT clock_timestamp() AS at`
    await wait(5)
    const asKnown = () =>
      trialBalance(database.db, { entityId, asOf: '2026-12-31', knownAt: now!.at })
    const then = await asKnown()
    await slow.commit()
    expect(await asKnown()).toEqual(then)
    await allSealed(database)
    expect(await asKnown()).toEqual(then)
  })

  test('BITEMP: a report waits for the sealer whose seal bears an earlier instant', async () => {
    await post(database.db, entry({ entityId }, 3n))
    const sealer = await held((tx) => tx`SELECT seal_ledger()`)
    const [now] = await database.db<{ at: string }[]>`SELECT clock_timestamp() AS at`
    await wait(5)
    const asKnown = () =>
      trialBalance(database.db, { entityId, asOf: '2026-12-31', knownAt: now!.at })
    const during = asKnown()
    await wait(50)
    await sealer.commit()
    expect(await during).toEqual(await asKnown())
  })

  test('sealers at once seal each entry once', async () => {
    await post(database.db, entry({ entityId }), entry({ entityId }), entry({ entityId }))
    await Promise.all(Array.from({ length: 4 }, () => database.db`SELECT seal_ledger()`))
    await allSealed(database)
    const [row] = await database.admin<{ entries: bigint; sealed: bigint }[]>`
      SELECT (SELECT count(*) FROM journal_entry) AS entries, (SELECT sum(entries)::bigint FROM seal) AS sealed`
    expect(row!.sealed).toBe(row!.entries)
  })
})

describe('tampering', () => {
  test('with triggers off, one edited amount changes exactly one leaf and the root', async () => {
    await post(database.db, ...Array.from({ length: 7 }, () => entry({ entityId })))
    await allSealed(database)
    const found = await tampered(
      (tx) =>
        tx`UPDATE journal_line SET segment = 'forged' WHERE entry_id = (SELECT max(id) FROM journal_entry) AND line_no = 2`,
    )
    expect(found.filter((row) => row['problem'] === 'leaf')).toHaveLength(1)
    expect(found.map((row) => row['problem']).sort()).toEqual(['leaf', 'root'])
  })

  test('a deleted entry, and a leaf forged to match, are found by the tree', async () => {
    const deleted = await tampered(async (tx) => {
      await tx`DELETE FROM journal_line WHERE entry_id = (SELECT max(id) FROM journal_entry)`
      await tx`DELETE FROM journal_entry WHERE id = (SELECT max(id) FROM journal_entry)`
    })
    expect(deleted.map((row) => row['problem'])).toEqual(['count', 'root'])
    const forged = await tampered(async (tx) => {
      await tx`UPDATE journal_entry SET actor = 'forged' WHERE id = (SELECT max(id) FROM journal_entry)`
      await tx`UPDATE journal_entry SET leaf = sha256(convert_to(journal_canonical(id), 'UTF8')) WHERE actor = 'forged'`
    })
    expect(forged.map((row) => row['problem'])).toEqual(['root'])
  })
})

/** What `verify_seals` says of an edit made as superuser with triggers off; then undone. */
async function tampered(
  edit: (tx: Tx) => PromiseLike<unknown>,
): Promise<Record<string, unknown>[]> {
  const undo = new Error('undo')
  let found: Record<string, unknown>[] = []
  await database.admin
    .begin(async (tx) => {
      await tx`SET LOCAL session_replication_role = replica`
      await edit(tx as never)
      found = [...(await tx`SELECT problem FROM verify_seals()`)]
      throw undo
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error
    })
  return found
}

async function balance(): Promise<bigint> {
  const [row] = await database.db<
    { amount_minor: bigint }[]
  >`SELECT amount_minor FROM account_balance(${entityId}, 1010) WHERE currency = 'USD'`
  return row?.amount_minor ?? 0n
}
