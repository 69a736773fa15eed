import { afterAll, beforeAll, expect, test } from 'vitest'
import { orderProofs } from '#db/queries/order-proofs'
import { runProofs } from '#db/queries/proofs'
import { referenceProofs } from '#db/queries/reference-proofs'
import { foundCompany } from '#tests/support/company'
import { brokenBy } from '#tests/support/proofs'
import { freshDatabase, type TestDatabase } from '#tests/support/database'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
  await foundCompany(database.admin)
})
afterAll(() => database.drop())

test('all hold for a company that has only opened', async () => {
  const results = await runProofs(database.admin, orderProofs)
  expect(results.filter((result) => result.broken.length > 0)).toEqual([])
})

test.each([
  ['UPDATE stock_position SET on_hand = on_hand + 1', ['STOCK-MOVES', 'LAYER-QTY']],
  ['UPDATE stock_quant SET qty = qty + 1', ['STOCK-MOVES']],
  ['UPDATE stock_position SET reserved = 1', ['STOCK-RESERVED']],
  ['UPDATE cost_layer SET remaining_qty = remaining_qty - 1', ['LAYER-FLOW', 'LAYER-QTY']],
  ['UPDATE cost_layer SET remaining_minor = remaining_minor - 1', ['LAYER-FLOW', 'LAYER-GL']],
  ['UPDATE journal_line SET func_minor = func_minor + 1 WHERE account_id = 1300', ['LAYER-GL']],
])('%s breaks %j', async (corruption, names) => {
  expect(await brokenBy(database.admin, corruption, orderProofs)).toEqual(names)
})

test.each([
  ['UPDATE journal_line SET order_id = 999999 WHERE line_no = 1', ['LINE-REFERENCES']],
  ['UPDATE journal_line SET layer_id = 999999 WHERE layer_id IS NOT NULL', ['LINE-REFERENCES']],
  ['UPDATE journal_line SET item_id = item_id % 2 + 1 WHERE layer_id IS NOT NULL', ['LINE-OWNERS']],
  ['UPDATE cost_layer SET entity_id = entity_id + 1', ['LINE-OWNERS']],
])('%s breaks %j of what lines name', async (corruption, names) => {
  expect(await brokenBy(database.admin, corruption, referenceProofs)).toEqual(names)
})
