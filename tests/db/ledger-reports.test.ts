import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commitOnce } from '#db/commit-once'
import { entriesOfDocument, journalEntries, journalEntryWithLines } from '#db/queries/ledger'
import {
  accountBalance,
  openItemMovements,
  openItems,
  profitBy,
  profitOfOrder,
  trialBalance,
  type ProfitGrain,
} from '#db/queries/ledger-reports'
import { ledgerProofs, runProofs } from '#db/queries/proofs'
import { postEntries } from '#db/stores/ledger'
import { lockOpenItem, openItem } from '#db/stores/ledger-open-items'
import { postPaymentCaptured, postProcessorFee } from '#domain/ledger/posting-payments'
import { postGoodsShipped } from '#domain/ledger/posting-sales'
import { freshDatabase, type TestDatabase } from '#tests/support/database'
import { moneyOfO1, shipmentOfO1 } from '../domain/ledger/orders.ts'
import { allSealed, entry, openBooks, post } from './ledger-books.ts'

let database: TestDatabase
let entity: number
let captureId: bigint
let shipmentEntryId: bigint

beforeAll(async () => {
  database = await freshDatabase()
  // Entries are looked at by themselves here: nobody keeps the stock that they are about.
  await database.admin`ALTER TABLE journal_line DISABLE TRIGGER are_layers`
  entity = await openBooks(database.admin, 'US')
  const money = { ...moneyOfO1, entity, provider: 'stripe', captureId: 'ch_1' }
  const ids = await commitOnce(
    database.db,
    { key: 'order/o1', request: {}, actor: 'tester' },
    async (tx) => {
      const posted = await postEntries(
        tx,
        [
          postPaymentCaptured({
            ...money,
            capturedOn: '2026-06-28',
            amountMinor: 106_09n,
          }),
          postGoodsShipped(shipmentOfO1({ entity })),
          postProcessorFee({ ...money, chargedOn: '2026-06-28', amountMinor: 3_38n }),
        ],
        'tester',
      )
      return posted.map((entry) => entry.entryId.toString())
    },
  )
  ;[captureId, shipmentEntryId] = ids.map(BigInt) as [bigint, bigint]
})
afterAll(() => database.drop())

const scope = (asOf = '2026-06-30') => ({ entityId: entity, asOf })

describe('order O1, captured, shipped and charged', () => {
  test('the trial balance sums to zero and shows what the order left', async () => {
    const rows = await trialBalance(database.db, scope())

    expect(rows.reduce((sum, row) => sum + row.funcMinor, 0n)).toBe(0n)
    expect(new Map(rows.map((row) => [row.code, row.amountMinor]))).toEqual(
      new Map([
        ['1110', 102_71n],
        ['1300', -40_00n],
        ['2040', -6_50n],
        ['2210', -8_09n],
        ['4010', -100_00n],
        ['4020', -8_00n],
        ['4110', 10_00n],
        ['5010', 40_00n],
        ['5040', 6_50n],
        ['6040', 3_38n],
      ]),
    )
  })

  test('FIN-21 to FIN-24: the result is the same by order, channel, item, segment and site', async () => {
    const grains: ProfitGrain[] = ['order', 'channel', 'item', 'segment', 'site', 'promotion']
    const results = await Promise.all(grains.map((grain) => profitBy(database.db, grain, scope())))
    const totals = results.map((rows) => rows.reduce((sum, row) => sum + row.resultMinor, 0n))

    expect(totals).toEqual(grains.map(() => 48_12n))
    const order = await profitOfOrder(database.db, 1n)
    expect(order.reduce((sum, row) => sum + row.resultMinor, 0n)).toBe(48_12n)
    expect(order.find((row) => row.accountId === 4010)?.resultMinor).toBe(100_00n)
  })

  test('open items show what still waits, with its age; the deposit is used up', async () => {
    const waiting = await openItems(database.db, { entityId: entity, asOf: '2026-07-08' })

    expect(
      waiting.map((item) => [item.accountId, item.key, item.balanceMinor, item.ageDays]),
    ).toEqual([
      [1110, 'stripe/ch_1', 102_71n, 10],
      [2040, 'shipment/4711', -6_50n, 8],
    ])
    const deposit = {
      entityId: entity,
      account: 'CustomerDeposits' as const,
      currency: 'USD',
      key: 'order/1',
    }
    const item = await openItem(database.db, deposit)
    expect(item?.balanceMinor).toBe(0n)
    const movements = await openItemMovements(database.db, item!.id)
    expect(movements.map((movement) => movement.amountMinor)).toEqual([-106_09n, 106_09n])
    await commitOnce(database.db, { key: 'lock', request: {}, actor: 'x' }, async (tx) => {
      expect(await lockOpenItem(tx, deposit)).toEqual(item)
    })
  })

  test('FIN-32: from a figure to the entry, its lines and its document, and back', async () => {
    const entries = await journalEntries(database.db, { entityId: entity, accountId: 4010 })
    expect(entries.map((found) => found.entryId)).toEqual([shipmentEntryId])
    expect(entries[0]).toMatchObject({
      sourceType: 'shipment',
      sourceId: '4711',
      period: '2026-06',
      actor: 'tester',
    })

    const ofOrder = await journalEntries(database.db, { orderId: 1n })
    expect(ofOrder).toHaveLength(3)
    expect(
      await journalEntries(database.db, { orderId: 1n, beforeEntryId: shipmentEntryId }),
    ).toMatchObject([{ entryId: captureId }])
    expect(await entriesOfDocument(database.db, 'order', '1')).toHaveLength(2)

    const whole = await journalEntryWithLines(database.db, shipmentEntryId)
    expect(whole?.lines).toHaveLength(9)
    expect(whole?.lines[6]).toMatchObject({
      accountName: 'Inventory',
      layerId: 5n,
      qty: -1n,
      amountMinor: -40_00n,
    })
    expect(await journalEntryWithLines(database.db, 999_999n)).toBeUndefined()
  })

  test('BITEMP: a report as known then stays what it was; late facts are the difference', async () => {
    await allSealed(database)
    const [now] = await database.db<{ at: string }[]>`SELECT clock_timestamp() AS at`
    await new Promise((resolve) => setTimeout(resolve, 5))
    const then = await trialBalance(database.db, { ...scope(), knownAt: now!.at })
    expect(then).toHaveLength(10)
    await post(database.db, entry({ entityId: entity, effectiveOn: '2026-06-10' }, 500n))
    await allSealed(database)

    expect(await trialBalance(database.db, { ...scope(), knownAt: now!.at })).toEqual(then)
    const bank = (await trialBalance(database.db, scope())).find((row) => row.code === '1010')
    expect(bank?.amountMinor).toBe(500n)
    expect(then.some((row) => row.code === '1010')).toBe(false)
    expect(await trialBalance(database.db, scope('2026-06-09'))).toEqual([])
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString()
    await expect(
      trialBalance(database.db, { ...scope(), knownAt: tomorrow }),
    ).rejects.toMatchObject({ constraint_name: 'known_at_passed' })
  })

  test('a balance is the last snapshot and what came after it', async () => {
    const before = await accountBalance(database.db, entity, 1110)
    await database.db`SELECT take_balance_snapshot()`
    expect(await accountBalance(database.db, entity, 1110)).toEqual(before)
    expect(before).toEqual([{ currency: 'USD', amountMinor: 102_71n, funcMinor: 102_71n }])
  })
})

describe('the standing proofs', () => {
  test('all hold', async () => {
    const results = await runProofs(database.db, ledgerProofs)
    expect(results.filter(({ broken }) => broken.length > 0)).toEqual([])
  })

  test.each([
    [
      'BAL-F',
      `UPDATE journal_line SET func_minor = func_minor + 1 WHERE line_no = 1 AND func_minor > 0`,
    ],
    [
      'BAL-C',
      `UPDATE journal_line SET amount_minor = amount_minor + 1 WHERE line_no = 1 AND amount_minor > 0`,
    ],
    ['WHOLE', `DELETE FROM journal_line WHERE line_no = 2`],
    ['SAME-TX', `UPDATE journal_line SET segment = 'x' WHERE line_no = 2`],
    ['IN-PERIOD', `UPDATE journal_entry SET effective_on = '2026-01-01'`],
    [
      'SIGN',
      `UPDATE journal_line SET func_minor = func_minor + 1 WHERE line_no = 1 AND func_minor > 0`,
    ],
    ['TB', `DELETE FROM journal_line WHERE line_no = 1`],
    ['PROJ', `UPDATE balance_snapshot SET amount_minor = amount_minor + 1`],
    ['PROJ-DAY', `UPDATE ledger_day SET func_minor = func_minor + 1`],
    ['PROJ-DAY', `UPDATE ledger_item_month SET qty = qty + 1`],
    ['PROJ-DAY', `UPDATE ledger_order_month SET result_minor = result_minor + 1`],
    ['PROJ-DAY', `UPDATE ledger_result_month SET func_minor = func_minor + 1`],
    ['NO-GAP', `UPDATE seal SET entries = entries + 1`],
    [
      'SEAL',
      `UPDATE journal_entry SET actor = 'forged' WHERE id = (SELECT min(id) FROM journal_entry)`,
    ],
    ['CLEAR', `UPDATE open_item SET balance_minor = balance_minor + 1`],
    ['LIMITED', `UPDATE open_item SET balance_minor = 1 WHERE limited`],
    ['DIM', `UPDATE journal_line SET segment = NULL WHERE account_id = 4010`],
    ['FX-POS', `UPDATE journal_line SET account_id = 9010 WHERE line_no = 1`],
    [
      'REV',
      `UPDATE journal_entry SET reverses = (SELECT min(id) FROM journal_entry) WHERE id = (SELECT max(id) FROM journal_entry)`,
    ],
  ])('%s finds what it is there to find', async (name, damage) => {
    await database.db`SELECT take_balance_snapshot()`
    await database.db`SELECT seal_ledger()`
    await database.db`SELECT take_ledger_days(1)`
    const proof = ledgerProofs.find((one) => one.name === name)!
    const undo = new Error('undo')
    const damaged = database.admin.begin(async (tx) => {
      await tx`SET LOCAL session_replication_role = replica`
      await tx.unsafe(damage)
      const [result] = await runProofs(tx as never, [proof])
      expect(result!.broken.length).toBeGreaterThan(0)
      throw undo
    })
    await expect(damaged).rejects.toBe(undo)
  })
})
