import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { receiveGoods } from '#db/stores/goods'
import { consumeCost, lockPositions, moveStock } from '#db/stores/stock'
import { foundCompany, type Company } from '#tests/support/company'
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

function issue(key: string, sku: string, qty: bigint) {
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
        effectiveOn: `${new Date().getUTCFullYear()}-02-02`,
      },
    ])
    const uses = await consumeCost(tx, [{ itemId, siteId: company.east, qty, ...cause }])
    return uses.map((use) => use.valueMinor.toString())
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

test('a receipt of a thousand lines is one set', async () => {
  const lines = Array.from({ length: 1000 }, (_, n) => ({
    sku: n % 2 ? 'LAMP' : 'CHAIR',
    qty: 1n,
    unit: BigInt(1000 + n),
  }))
  await receive('R5', lines)
  const [row] = await database.db<{ layers: bigint; ledger: bigint }[]>`
    SELECT (SELECT sum(remaining_minor)::bigint FROM cost_layer) AS layers, (SELECT sum(func_minor)::bigint FROM journal_line WHERE account_id = 1300) AS ledger`
  // The two issues above moved stock without an entry: this test looks at the rest.
  expect(row!.ledger - row!.layers).toBe(8_000n + 1_400n)
})
