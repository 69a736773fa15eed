import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { ledgerProofs, runProofs } from '#db/queries/proofs'
import {
  approvePeriodException,
  closeArea,
  openComingPeriods,
  reopenArea,
  requestPeriodException,
  softCloseArea,
  type PeriodException,
} from '#db/stores/ledger-periods'
import { credit, debit, type LedgerArea } from '#domain/ledger/journal'
import { postPaymentCaptured } from '#domain/ledger/posting-payments'
import { postGoodsShipped } from '#domain/ledger/posting-sales'
import { freshDatabase, type TestDatabase } from '#tests/support/database'
import { moneyOfO1, shipmentOfO1 } from '../domain/ledger/orders.ts'
import { allSealed, entry, insertRaw, openBooks, post } from './ledger-books.ts'

let database: TestDatabase
let entityId: number
let companies = 0
beforeAll(async () => {
  database = await freshDatabase()
  // Entries are looked at by themselves here: nobody keeps the stock that they are about.
  await database.admin`ALTER TABLE journal_line DISABLE TRIGGER are_layers`
})
afterAll(() => database.drop())
afterEach(async () => {
  const results = await runProofs(database.admin, ledgerProofs)
  expect(results.filter(({ broken }) => broken.length > 0)).toEqual([])
})

const newBooks = async () => {
  entityId = await openBooks(database.admin, `P${(companies += 1)}`)
}

let commands = 0
/** One command of one person. */
const act = (work: (tx: Tx) => Promise<void>) =>
  commitOnce(database.db, { key: `periods/${(commands += 1)}`, request: {}, actor: 'test' }, (tx) =>
    work(tx).then(() => null),
  )
const lockOf = (area: LedgerArea, actor = 'carl', period = '2026-06') => {
  return { entityId, period, area, actor }
}
const close = (area: LedgerArea, actor?: string, period?: string) =>
  act((tx) => closeArea(tx, lockOf(area, actor, period)))
const softClose = (area: LedgerArea, actor?: string, period?: string) =>
  act((tx) => softCloseArea(tx, lockOf(area, actor, period)))
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString()

/** An exception that Petra asked for and Anna approved, unless the test says otherwise. */
async function anException(
  facts: Partial<PeriodException> & { approvalId?: string } = {},
  approvedBy: string | null = 'anna',
) {
  const asked = {
    entityId,
    period: '2026-06',
    areas: ['GL'] as LedgerArea[],
    approvalId: `approval/${(commands += 1)}`,
    reason: 'late bill',
    until: inAnHour(),
    requestedBy: 'petra',
    ...facts,
  }
  await act(async (tx) => void (await requestPeriodException(tx, asked)))
  if (approvedBy) await act((tx) => approvePeriodException(tx, asked.approvalId, approvedBy))
  return asked.approvalId
}

const refusedAsClosed = async (posting: Promise<unknown>, area?: LedgerArea) => {
  await expect(posting).rejects.toMatchObject({
    constraint_name: 'gl_period_open',
    ...(area ? { detail: expect.stringContaining(`"${area}"`) as string } : {}),
  })
}

describe('a lock of an area holds for every entry that touches its accounts', () => {
  const shipment = () =>
    postGoodsShipped(shipmentOfO1({ entity: entityId, settlement: 'receivable' }))
  const capture = () =>
    postPaymentCaptured({
      ...{ ...moneyOfO1, entity: entityId, provider: 'stripe', captureId: 'ch_1' },
      ...{ capturedOn: '2026-06-28', amountMinor: 106_09n, settles: 'deposit' as const },
    })

  test.each(['AR', 'AP', 'INV', 'TAX'] as const)(
    'a shipment is kept out of a closed %s',
    async (area) => {
      await newBooks()
      await close(area)
      await refusedAsClosed(post(database.db, shipment()), area)
    },
  )

  test('a shipment on account moves no cash, and passes a closed CASH; a capture does not', async () => {
    await newBooks()
    await close('CASH')
    await post(database.db, shipment())
    await refusedAsClosed(post(database.db, { ...capture(), late: undefined } as never), 'CASH')
  })

  test('a closed GL keeps out what touches equity, whatever area is named', async () => {
    await newBooks()
    await close('GL')
    await refusedAsClosed(post(database.db, entry({ entityId, area: 'CASH' })), 'GL')
  })

  test('naming another area does not open a closed one', async () => {
    await newBooks()
    await close('AR')
    const lines = [
      debit('Receivables', 5n, { openKey: 'order/1' }),
      credit('CustomerDeposits', 5n, { openKey: 'order/1', orderId: 1n }),
    ]
    await refusedAsClosed(post(database.db, entry({ entityId, area: 'GL', lines })), 'AR')
  })

  test('the area that is named is asked as well', async () => {
    await newBooks()
    await close('TAX')
    await refusedAsClosed(post(database.db, entry({ entityId, area: 'TAX' })), 'TAX')
  })

  test('a header cannot claim fewer areas than its lines touch, not even behind the door', async () => {
    await newBooks()
    const lines = [
      { account: 1010, amount: 5 },
      { account: 3100, amount: -5 },
    ]
    await expect(insertRaw(database.admin, { entityId, areas: 32, lines })).rejects.toMatchObject({
      constraint_name: 'journal_entry_areas',
    })
    // With all of them it passes; taken back, since its leaf is made up.
    const undo = new Error('undo')
    const passed = database.admin.begin(async (tx) => {
      await insertRaw(tx as never, { entityId, lines })
      throw undo
    })
    await expect(passed).rejects.toBe(undo)
  })
})

describe('a soft or adjusting period takes named exceptions only', () => {
  const facts = () => ({ entityId, effectiveOn: '2026-06-15' })

  test('a made-up approval does not open a soft area; an approved one does', async () => {
    await newBooks()
    await softClose('GL')
    await refusedAsClosed(post(database.db, entry(facts())))
    await refusedAsClosed(post(database.db, { ...entry(facts()), approvalId: 'approval/none' }))
    const asked = await anException({}, null)
    await refusedAsClosed(post(database.db, { ...entry(facts()), approvalId: asked }))
    await act((tx) => approvePeriodException(tx, asked, 'anna'))
    await post(database.db, { ...entry(facts()), approvalId: asked })
  })

  test('an exception is for its period, area, person, accounts and amount', async () => {
    await newBooks()
    for (const area of ['GL', 'CASH'] as const) await softClose(area)
    await softClose('GL', 'carl', '2026-05')
    const areas: LedgerArea[] = ['GL', 'CASH']
    const narrow = await anException({
      areas,
      actor: 'paul',
      accountIds: [1010, 3100],
      maxMinor: 100n,
    })
    const posted = (more: object, amount = 100n) =>
      post(database.db, {
        ...entry({ ...facts(), actor: 'paul' }, amount),
        approvalId: narrow,
        ...more,
      })
    await posted({})
    await refusedAsClosed(posted({ actor: 'mary' }))
    await refusedAsClosed(posted({}, 101n))
    await refusedAsClosed(posted({ effectiveOn: '2026-05-15' }), 'GL')
    const others = [debit('Bank', 5n), credit('RetainedEarnings', 5n)]
    await refusedAsClosed(posted({ lines: entry({ ...facts(), lines: others }).lines }), 'GL')
    const onlyCash = await anException({ areas: ['CASH'] })
    await refusedAsClosed(post(database.db, { ...entry(facts()), approvalId: onlyCash }), 'GL')
  })

  test('who asked does not approve, and who approved does not post', async () => {
    await newBooks()
    await softClose('GL')
    const duties = { code: 'SameCloser' }
    await expect(anException({}, 'petra')).rejects.toMatchObject(duties)
    await expect(anException({ actor: 'anna' }, 'anna')).rejects.toMatchObject(duties)
    const approvalId = await anException()
    await refusedAsClosed(
      post(database.db, { ...entry({ ...facts(), actor: 'anna' }), approvalId }),
    )
  })

  test('an exception ends by itself, and is never widened', async () => {
    await newBooks()
    await softClose('GL')
    const until = new Date(Date.now() + 800).toISOString()
    const approvalId = await anException({ until })
    await post(database.db, { ...entry(facts()), approvalId })
    await expect(anException({ approvalId, areas: ['AR'] })).rejects.toMatchObject({
      code: 'PeriodExceptionKnown',
    })
    await new Promise((resolve) => setTimeout(resolve, 900))
    await refusedAsClosed(post(database.db, { ...entry(facts()), approvalId }))
    await expect(anException({ until })).rejects.toMatchObject({ code: 'PeriodExceptionEnded' })
  })

  test('December facts do not slip into the adjusting period', async () => {
    await newBooks()
    for (const area of ['GL', 'CASH'] as const) await close(area, 'carl', '2026-12')
    const fact = { entityId, effectiveOn: '2026-12-31', period: '2026-13' }
    await refusedAsClosed(post(database.db, entry(fact)))
    const approvalId = await anException({ period: '2026-13', areas: ['GL', 'CASH'] })
    await post(database.db, { ...entry(fact), approvalId })
    await expect(
      act((tx) => reopenArea(tx, { ...lockOf('GL', 'cora', '2026-13'), approvalId })),
    ).rejects.toMatchObject({ code: 'ReopenIncomplete' })
  })
})

describe('duties around a lock', () => {
  test('closing twice does not change who closed', async () => {
    await newBooks()
    await close('GL', 'carl')
    await expect(close('GL', 'dora')).rejects.toMatchObject({ code: 'PeriodNotOpen' })
    await expect(softClose('GL', 'dora')).rejects.toMatchObject({ code: 'PeriodNotOpen' })
    const approvalId = await anException()
    await expect(
      act((tx) => reopenArea(tx, { ...lockOf('GL', 'carl'), approvalId })),
    ).rejects.toMatchObject({ code: 'SameCloser' })
    await act((tx) => reopenArea(tx, { ...lockOf('GL', 'dora'), approvalId }))
    await expect(close('GL', 'dora')).rejects.toMatchObject({ code: 'SameCloser' })
    await close('GL', 'carl')
  })

  test('who soft-closed may not reopen either; somebody else opens it for all again', async () => {
    await newBooks()
    await softClose('GL', 'sam')
    const approvalId = await anException()
    const reopen = (actor: string) =>
      act((tx) => reopenArea(tx, { ...lockOf('GL', actor), approvalId }))
    await expect(reopen('sam')).rejects.toMatchObject({ code: 'SameCloser' })
    await reopen('dora')
    await post(database.db, entry({ entityId }))
  })

  test('a reopening needs an approved exception of that very area', async () => {
    await newBooks()
    await close('AR')
    for (const approvalId of [
      'approval/none',
      await anException(),
      await anException({ areas: ['AR'] }, null),
    ])
      await expect(
        act((tx) => reopenArea(tx, { ...lockOf('AR', 'dora'), approvalId })),
      ).rejects.toMatchObject({ code: 'ReopenIncomplete' })
  })

  test('who posted in the period by hand may not close it', async () => {
    await newBooks()
    const lines = [debit('Advertising', 5n), credit('OtherAccruals', 5n)]
    await post(database.db, entry({ entityId, sourceType: 'manual', actor: 'mary', lines }))
    await expect(close('GL', 'mary')).rejects.toMatchObject({ code: 'SameCloser' })
    await close('GL', 'carl')
  })
})

describe('a fact that comes when its period is locked', () => {
  const late = (facts: object = {}, amount?: bigint) => ({
    ...entry({ entityId, effectiveOn: '2026-06-28', ...facts }, amount),
    late: 'next-open' as const,
  })
  const placed = async (id: bigint) => {
    const [row] = await database.admin`
      SELECT p.period, e.effective_on::text AS on, e.fact_on::text AS fact, string_agg(DISTINCT l.belongs_to, ',') AS belongs
      FROM journal_entry e JOIN gl_period p ON p.id = e.period_id JOIN journal_line l ON l.entry_id = e.id
      WHERE e.id = ${id} GROUP BY 1, 2, 3`
    return row
  }

  test('is booked on its own day while that is open', async () => {
    await newBooks()
    await close('TAX')
    const [id] = await post(database.db, late())
    expect(await placed(id!)).toEqual({
      period: '2026-06',
      on: '2026-06-28',
      fact: null,
      belongs: null,
    })
  })

  test('goes to the first period in which all its areas are open, and says where it belongs', async () => {
    await newBooks()
    await close('CASH')
    await close('GL', 'carl', '2026-07')
    await softClose('TAX', 'carl', '2026-08')
    const [id] = await post(database.db, late())
    expect(await placed(id!)).toEqual({
      ...{ period: '2026-08', on: '2026-08-01', fact: '2026-06-28', belongs: '2026-06' },
    })
  })

  test('what was posted together stays together', async () => {
    await newBooks()
    await close('INV')
    const goods = [
      debit('CountGainOrLoss', 5n, { itemId: 1, siteId: 1 }),
      credit('Inventory', 5n, { itemId: 1, siteId: 1, condition: 'sellable', layerId: 1n }),
    ]
    const ids = await post(database.db, late({ area: 'INV', lines: goods }), late())
    for (const id of ids) expect(await placed(id)).toMatchObject({ period: '2026-07' })
  })

  test('comes again with the same answer, though other periods are open by now', async () => {
    await newBooks()
    await close('GL')
    const [moved, own] = [late(), late({ effectiveOn: '2026-05-15' })]
    const first = await post(database.db, moved, own)
    await close('GL', 'carl', '2026-07')
    await close('GL', 'carl', '2026-05')
    expect(await post(database.db, moved)).toEqual([first[0]])
    expect(await post(database.db, own, moved, late())).toEqual([
      first[1],
      first[0],
      expect.anything(),
    ])
    const approvalId = await anException()
    await act((tx) => reopenArea(tx, { ...lockOf('GL', 'dora'), approvalId }))
    expect(await post(database.db, moved)).toEqual([first[0]])
  })

  test('is refused under a key that has posted another fact', async () => {
    await newBooks()
    await close('GL')
    const draft = late()
    await post(database.db, draft)
    const sameContent = { constraint_name: 'journal_entry_same_content' }
    await expect(post(database.db, late({ key: draft.key }, 7n))).rejects.toMatchObject(sameContent)
    await expect(post(database.db, { ...draft, effectiveOn: '2026-06-27' })).rejects.toMatchObject(
      sameContent,
    )
  })

  test('is refused when no later period takes it', async () => {
    await newBooks()
    for (let month = 6; month <= 12; month += 1)
      await close('GL', 'carl', `2026-${String(month).padStart(2, '0')}`)
    await refusedAsClosed(post(database.db, late()))
  })
})

describe('books beside the main one', () => {
  test('keep open items of their own', async () => {
    await newBooks()
    const paid = entry({
      entityId,
      lines: [debit('Bank', 50n), credit('GiftCards', 50n, { openKey: 'card/1' })],
    })
    const spent = entry({
      entityId,
      book: 'tax-basis',
      lines: [debit('GiftCards', 50n, { openKey: 'card/1' }), credit('Bank', 50n)],
    })
    await post(database.db, paid)
    await expect(post(database.db, spent)).rejects.toMatchObject({
      constraint_name: 'open_item_not_overdrawn',
    })
    await post(database.db, { ...paid, book: 'tax-basis', key: 'other-book' })
    const items = await database.admin`
      SELECT book, balance_minor FROM open_item WHERE entity_id = ${entityId} ORDER BY book`
    expect(items).toEqual([
      { book: 'main', balance_minor: -50n },
      { book: 'tax-basis', balance_minor: -50n },
    ])
  })
})

describe('an entry by hand', () => {
  test('is taken only on accounts that allow it', async () => {
    await newBooks()
    const lines = [debit('Advertising', 5n), credit('Bank', 5n)]
    await expect(
      post(database.db, entry({ entityId, sourceType: 'manual', lines })),
    ).rejects.toMatchObject({ constraint_name: 'journal_line_manual' })
  })
})

describe('a closed period', () => {
  const areas: LedgerArea[] = ['AR', 'AP', 'INV', 'CASH', 'TAX', 'GL']
  const closings = () => database.admin`
    SELECT c.closed_by, sum(b.amount_minor) FILTER (WHERE b.account_id = 1010)::bigint AS bank, c.seal_hash IS NOT NULL AS sealed
    FROM period_closing c JOIN gl_period p ON p.id = c.period_id LEFT JOIN period_closing_balance b ON b.closing_id = c.id
    WHERE p.entity_id = ${entityId} GROUP BY c.id ORDER BY c.id`

  test('keeps its trial balance and the seal head when its last area is closed, and again after a reopening', async () => {
    await newBooks()
    await post(database.db, entry({ entityId }, 500n))
    await post(database.db, entry({ entityId, effectiveOn: '2026-05-31' }, 7n))
    await allSealed(database)
    for (const area of areas) {
      expect(await closings()).toEqual([])
      await close(area)
    }
    expect(await closings()).toEqual([{ closed_by: 'carl', bank: 500n, sealed: true }])

    const approvalId = await anException({ areas: ['GL', 'CASH'] })
    for (const area of ['GL', 'CASH'] as const)
      await act((tx) => reopenArea(tx, { ...lockOf(area, 'dora'), approvalId }))
    await post(database.db, { ...entry({ entityId }, 11n), approvalId })
    for (const area of ['GL', 'CASH'] as const) await close(area, 'cora')
    expect(await closings()).toEqual([
      { closed_by: 'carl', bank: 500n, sealed: true },
      { closed_by: 'cora', bank: 511n, sealed: true },
    ])
  })

  test('CLOSE-STABLE finds an entry that got in behind the lock', async () => {
    await newBooks()
    await post(database.db, entry({ entityId }, 500n))
    for (const area of areas) await close(area)
    const proof = ledgerProofs.find(({ name }) => name === 'CLOSE-STABLE')!
    const undo = new Error('undo')
    await expect(
      database.admin.begin(async (tx) => {
        await tx`SET LOCAL session_replication_role = replica`
        await tx`UPDATE journal_line SET amount_minor = amount_minor + sign(amount_minor) WHERE entry_id = (SELECT max(id) FROM journal_entry)`
        const [result] = await runProofs(tx as never, [proof])
        expect(result!.broken).toHaveLength(2)
        throw undo
      }),
    ).rejects.toBe(undo)
  })
})

test('the coming year is opened two months before it begins, once', async () => {
  await newBooks()
  const years = async (on: string) => {
    await openComingPeriods(database.db, on)
    const rows = await database.db<{ year: string }[]>`
      SELECT DISTINCT left(period, 4) AS year FROM gl_period WHERE entity_id = ${entityId} ORDER BY 1`
    return rows.map(({ year }) => year)
  }
  expect(await years('2026-10-31')).toEqual(['2026'])
  expect(await years('2026-11-01')).toEqual(['2026', '2027'])
  expect(await years('2026-12-31')).toEqual(['2026', '2027'])
  await post(database.db, entry({ entityId, effectiveOn: '2027-01-01' }))
})
