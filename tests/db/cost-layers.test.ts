import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { adjustStock, openStock } from '#db/stores/goods'
import { receiveGoods } from '#db/stores/goods-receipts'
import { postEntries } from '#db/stores/ledger'
import { consumeCost, lockPositions, moveStock, type CostUse } from '#db/stores/stock'
import { postCountAdjusted } from '#domain/ledger/posting-inventory'
import { foundCompany, type Company } from '#tests/support/company'
import { openBooks } from './ledger-books.ts'
import { freshDatabase, type TestDatabase } from '#tests/support/database'

let database: TestDatabase
let company: Company
beforeAll(async () => {
  database = await freshDatabase()
  company = await foundCompany(database.admin, { LAMP: { west: 1 } })
})
afterAll(() => database.drop())

const commit = <T>(key: string, work: (tx: Tx) => Promise<T>) =>
  commitOnce(database.db, { key: `test/${key}`, request: key, actor: 'test' }, work)

function receive(receiptNo: string, lines: { sku: string; qty: bigint; unit: bigint }[]) {
  return commit(receiptNo, (tx) =>
    receiveGoods(tx, {
      receiptNo,
      entityId: company.entityId,
      functionalCurrency: 'USD',
      siteId: company.east,
      supplier: 'supplier/1',
      receivedOn: `${new Date().getUTCFullYear()}-02-01`,
      actor: 'receiver',
      lines: lines.map(({ sku, qty, unit }) => ({
        itemId: company.items.get(sku)!,
        expectedQty: qty,
        receivedQty: qty,
        unitCostMinor: unit,
      })),
    }),
  )
}

const issuedOn = `${new Date().getUTCFullYear()}-02-02`

/** Takes units as a loss, which is the shortest entry; or on another day, or without any. */
function issue(key: string, sku: string, qty: bigint, posted: string | null = issuedOn) {
  const itemId = company.items.get(sku)!
  return commit(key, async (tx) => {
    await lockPositions(tx, [itemId], [company.east])
    const cause = { causeType: 'test', causeId: key }
    await moveStock(tx, [
      {
        itemId,
        qty,
        kind: 'issue',
        fromSiteId: company.east,
        ...cause,
        actor: 'test',
        effectiveOn: issuedOn,
      },
    ])
    const uses = await consumeCost(tx, [
      { itemId, siteId: company.east, qty, ...cause, effectiveOn: issuedOn },
    ])
    if (posted !== null) await postEntries(tx, [lossOf(key, itemId, uses, posted)])
    return uses.map((use) => use.valueMinor.toString())
  })
}

function lossOf(key: string, itemId: number, uses: readonly CostUse[], countedOn: string) {
  return postCountAdjusted({
    adjustmentId: key,
    entity: company.entityId,
    functionalCurrency: 'USD',
    countedOn,
    differences: uses.map((use) => ({
      itemId,
      siteId: company.east,
      layerId: use.layerId,
      condition: 'sellable',
      qty: -use.qty,
      costMinor: use.valueMinor,
    })),
  })
}

test('FIFO consumes the first receipt first, across layers', async () => {
  await receive('R1', [{ sku: 'MUG', qty: 10n, unit: 500n }])
  await receive('R2', [{ sku: 'MUG', qty: 10n, unit: 600n }])
  expect(await issue('I1', 'MUG', 15n)).toEqual(['5000', '3000'])
})

test('a moving-average item has one pool, whichever receipts and lines it came by', async () => {
  await database.admin`UPDATE item SET cost_method = 'moving-average' WHERE sku = 'TEA'`
  await receive('R3', [
    { sku: 'TEA', qty: 10n, unit: 100n },
    { sku: 'TEA', qty: 10n, unit: 200n },
  ])
  await receive('R4', [{ sku: 'TEA', qty: 10n, unit: 300n }])
  const layers = await database.db<{ remainingQty: bigint; remainingMinor: bigint }[]>`
    SELECT remaining_qty AS "remainingQty", remaining_minor AS "remainingMinor" FROM cost_layer WHERE item_id = ${company.items.get('TEA')!}`
  expect([...layers]).toEqual([{ remainingQty: 30n, remainingMinor: 6_000n }])
  expect(await issue('I2', 'TEA', 7n)).toEqual(['1400'])
})

function find(adjustmentId: string, sku: string, qty: bigint) {
  return commit(adjustmentId, (tx) =>
    adjustStock(tx, {
      adjustmentId,
      entityId: company.entityId,
      functionalCurrency: 'USD',
      siteId: company.east,
      itemId: company.items.get(sku)!,
      qty,
      reason: 'found',
      adjustedOn: `${new Date().getUTCFullYear()}-02-03`,
      actor: 'counter',
    }),
  )
}

async function gainOf(adjustmentId: string): Promise<bigint | undefined> {
  const [line] = await database.db<{ minor: bigint }[]>`
    SELECT l.amount_minor AS minor FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
    WHERE e.idem_key = ${`count-adjusted/${adjustmentId}`} AND l.account_id = 1300`
  return line?.minor
}

test('row 25: found units of an averaged item cost the average of now, not that of its first receipt', async () => {
  await find('A1', 'TEA', 2n)
  expect(await gainOf('A1')).toBe(400n)
})

test('row 25: found units cost what the newest layer did, to the minor unit of their sum', async () => {
  await database.admin`INSERT INTO item (sku, name, status) VALUES ('SCREW', 'screw', 'draft')`
  const [item] = await database.admin<{ id: number }[]>`SELECT id FROM item WHERE sku = 'SCREW'`
  company.items.set('SCREW', item!.id)
  await commit('R6', (tx) =>
    openStock(tx, {
      openingId: 'screws',
      entityId: company.entityId,
      functionalCurrency: 'USD',
      openedOn: `${new Date().getUTCFullYear()}-02-01`,
      actor: 'test',
      // Two screws cost one cent: none of them costs a whole one.
      lines: [{ itemId: item!.id, siteId: company.east, qty: 100n, valueMinor: 50n }],
    }),
  )
  await find('A2', 'SCREW', 3n)
  expect(await gainOf('A2')).toBe(2n)
})

test('another entity’s cost, and that of damaged goods, says nothing about found units', async () => {
  const other = await openBooks(database.admin, 'OTHER', 'EUR')
  await database.admin.begin(async (tx) => {
    await tx`SET LOCAL session_replication_role = replica`
    await tx`
    INSERT INTO cost_layer (entity_id, item_id, site_id, condition, ranked_on, qty0, value0_minor, remaining_qty, remaining_minor, source_type, source_id)
    VALUES (${other}, ${company.items.get('CHAIR')!}, ${company.east}, 'sellable', '2999-01-01', 1, 1, 0, 0, 'test', 'x'),
      (${company.entityId}, ${company.items.get('CHAIR')!}, ${company.east}, 'damaged', '2999-01-01', 1, 1, 0, 0, 'test', 'x')`
  })
  await expect(find('A3', 'CHAIR', 1n)).rejects.toMatchObject({ code: 'NoCostKnown' })
})

describe('INV-15: nothing commits that would part the layers from the inventory accounts', () => {
  const guard = { constraint_name: 'layers_are_ledger' }
  const layers = async () => database.db`SELECT id, remaining_minor FROM cost_layer ORDER BY id`

  test('neither an issue without an entry, nor one on another day', async () => {
    const before = [...(await layers())]
    await expect(issue('X1', 'MUG', 1n, null)).rejects.toMatchObject(guard)
    const nextDay = `${new Date().getUTCFullYear()}-02-03`
    await expect(issue('X2', 'MUG', 1n, nextDay)).rejects.toMatchObject(guard)
    expect([...(await layers())]).toEqual(before)
  })

  test('nor an entry without a layer, nor one of another value, nor one added once the rest was judged', async () => {
    const itemId = company.items.get('MUG')!
    const use = { layerId: 1n, qty: 1n, valueMinor: 500n, demand: {} as CostUse['demand'] }
    const entry = (key: string) => lossOf(key, itemId, [use], issuedOn)
    await expect(
      commit('X3', async (tx) => {
        await postEntries(tx, [entry('X3')])
      }),
    ).rejects.toMatchObject(guard)
    await expect(
      commit('X4', async (tx) => {
        await tx`SET CONSTRAINTS ALL IMMEDIATE`
        await postEntries(tx, [entry('X4')])
      }),
    ).rejects.toMatchObject(guard)
  })

  test('whatever xid a row claims', async () => {
    const forged = database.db`
      INSERT INTO layer_consumption (layer_id, qty, value_minor, cause_type, cause_id, effective_on, xid)
      SELECT id, 1, 1, 'test', 'x', ${issuedOn}, '1'::text::xid8 FROM cost_layer WHERE remaining_qty > 1 LIMIT 1`
    await expect(forged).rejects.toMatchObject(guard)
  })
})

test('a receipt of a thousand lines is one set', async () => {
  const lines = Array.from({ length: 1000 }, (_, n) => ({
    sku: n % 2 ? 'LAMP' : 'CHAIR',
    qty: 1n,
    unit: BigInt(1000 + n),
  }))
  await receive('R5', lines)
  const [row] = await database.db<{ layers: bigint; ledger: bigint }[]>`
    SELECT (SELECT sum(remaining_minor)::bigint FROM cost_layer) AS layers, (SELECT sum(func_minor)::bigint FROM journal_line WHERE account_id = 1300) AS ledger`
  expect(row!.layers).toBe(row!.ledger)
})
