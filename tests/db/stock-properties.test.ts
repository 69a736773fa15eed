import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Tx } from '#db/client'
import { commitOnce } from '#db/commit-once'
import { orderProofs } from '#db/queries/order-proofs'
import { ledgerProofs, runProofs } from '#db/queries/proofs'
import { adjustStock, openStock } from '#db/stores/goods'
import { receiveGoods } from '#db/stores/goods-receipts'
import { postEntries } from '#db/stores/ledger'
import {
  consumeCost,
  freeReservations,
  insertReservations,
  lockPositions,
  moveStock,
  useReservations,
  type CostUse,
} from '#db/stores/stock'
import { postCountAdjusted } from '#domain/ledger/posting-inventory'
import { Refusal } from '#domain/refusal'
import { anOrder, foundCompany, type Company } from '#tests/support/company'
import { freshDatabase, type TestDatabase } from '#tests/support/database'
import { CostModel } from './cost-model.ts'

let database: TestDatabase
let company: Company
let order: { orderId: bigint; orderLineId: bigint }
beforeAll(async () => {
  database = await freshDatabase()
  company = await foundCompany(database.admin, {})
  order = await anyOrder()
})
afterAll(() => database.drop())
/** What is about stock and books; reservations here belong to no real order. */
const proofs = [...ledgerProofs, ...orderProofs].filter(
  ({ name }) => !['LINE-RESERVED', 'NOBODY-STUCK'].includes(name),
)
afterEach(async () => {
  const failed = (await runProofs(database.admin, proofs)).filter(({ broken }) => broken.length > 0)
  expect(failed).toEqual([])
})

/** fast-check prints seed and path of what fails; `seed` of the environment runs it again. */
const runs = (numRuns: number) => {
  const seed = Number(process.env['FC_SEED'] ?? Date.now() & 0x7fffffff)
  console.log(`seed ${seed}: FC_SEED=${seed} runs it again`)
  return { numRuns, seed }
}

const day = `${new Date().getUTCFullYear()}-02-02`
let commands = 0
/** One command, with a name that its documents may have. */
const commit = <T>(work: (tx: Tx, name: string) => Promise<T>): Promise<T> => {
  const name = `property/${(commands += 1)}`
  return commitOnce(database.db, { key: name, request: {}, actor: 'test' }, (tx) => work(tx, name))
}

let items = 0
/** An item of its own for each run, with this many units at this cost. */
async function anItem(qty: bigint, costMethod = 'fifo'): Promise<number> {
  const sku = `P${(items += 1)}`
  const [item] = await database.admin<{ id: number }[]>`
    INSERT INTO item (sku, name, cost_method) VALUES (${sku}, ${sku}, ${costMethod}) RETURNING id`
  if (qty > 0n)
    await commit((tx) =>
      openStock(tx, {
        ...{ openingId: sku, entityId: company.entityId, functionalCurrency: 'USD', openedOn: day },
        ...{ actor: 'test' },
        lines: [{ itemId: item!.id, siteId: company.east, qty, valueMinor: qty * 7n }],
      }),
    )
  return item!.id
}

/** A reservation names an order and a line; which ones is not what these tests are about. */
async function anyOrder() {
  const { admin } = database
  const document = anOrder()
  const [row] = await admin<{ id: bigint }[]>`
    INSERT INTO sales_order (entity_id, channel_id, external_id, external_version, order_number, workflow_id, currency, rate_e9, placed_at, placed_on, settlement, provider, tax_collected_by, total_minor, policies, closed_at)
    SELECT ${company.entityId}, id, ${document.externalId}, '1', 'P', 'history/properties', 'USD', 1, now(), current_date, 'deposit', 'test', 'seller', 0, '{}', now() FROM channel WHERE code = 'web' RETURNING id`
  const [line] = await admin<{ id: bigint }[]>`
    INSERT INTO sales_order_line (order_id, line_no, external_line_id, title, goods_minor, qty_ordered) VALUES (${row!.id}, 1, '1', 'P', 0, 1) RETURNING id`
  return { orderId: row!.id, orderLineId: line!.id }
}

/** Takes units off the shelf as a loss: the shortest way out that stock, layers and books share. */
async function takeOut(tx: Tx, name: string, itemId: number, qty: bigint): Promise<CostUse[]> {
  const cause = { causeType: 'property', causeId: name }
  const goods = { itemId, qty, ...cause, effectiveOn: day }
  await moveStock(tx, [{ ...goods, kind: 'issue', fromSiteId: company.east, actor: 'test' }])
  const uses = await consumeCost(tx, [{ ...goods, siteId: company.east }])
  const differences = uses.map((use) => ({
    ...{ itemId, siteId: company.east, layerId: use.layerId, condition: 'sellable' },
    ...{ qty: -use.qty, costMinor: use.valueMinor },
  }))
  const valued = differences.filter((difference) => difference.costMinor > 0n)
  const counted = { entity: company.entityId, functionalCurrency: 'USD', countedOn: day }
  if (valued.length > 0)
    await postEntries(
      tx,
      [postCountAdjusted({ adjustmentId: name, ...counted, differences: valued })],
      'test',
    )
  return uses
}

const adjust = (tx: Tx, name: string, itemId: number, qty: bigint) =>
  adjustStock(tx, {
    ...{ adjustmentId: name, entityId: company.entityId, functionalCurrency: 'USD' },
    ...{ siteId: company.east, itemId, qty, reason: 'counted', adjustedOn: day, actor: 'test' },
  })

const NO = ['NotEnoughStock', 'StockReserved', 'StockWithoutCost', 'NoCostKnown']

/** True when it was done, false when there was too little; anything else is a bug. */
const accepted = (done: Promise<unknown>): Promise<boolean> =>
  done.then(
    () => true,
    (error: unknown) => {
      if (error instanceof Refusal && NO.includes(error.code)) return false
      throw error
    },
  )

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('reserve' as const),
      qty: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('free' as const, 'consume' as const),
      qty: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('adjust' as const),
      qty: fc.constantFrom(-4, -1, 1, 3),
    }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

interface Held {
  id: bigint
  live: number
}

/** One step on a connection of its own. A use takes a reservation that no other step of its round has. */
async function run(
  itemId: number,
  { kind, qty }: Step,
  held: Held | undefined,
): Promise<Held | boolean> {
  if (kind === 'reserve') {
    const wish = { ...order, itemId, siteId: company.east, qty, priority: 1, fromPool: 0 }
    const made: Held[] = []
    const done = await accepted(
      commit(async (tx) => {
        await lockPositions(tx, [itemId], [company.east])
        const [row] = await insertReservations(tx, [wish])
        made[0] = { id: row!.id, live: qty }
      }),
    )
    return done ? made[0]! : false
  }
  if (kind === 'adjust')
    return accepted(commit((tx, name) => adjust(tx, name, itemId, BigInt(qty))))
  if (held === undefined) return false
  const used = Math.min(qty, held.live)
  await commit(async (tx, name) => {
    if (kind === 'free') return void (await freeReservations(tx, [{ id: held.id, qty: used }]))
    await lockPositions(tx, [itemId], [company.east])
    await useReservations(tx, 'consumed', [{ id: held.id, qty: used }])
    await takeOut(tx, name, itemId, BigInt(used))
  })
  held.live -= used
  return true
}

test('reservations of several connections at once are those of a shelf that one person keeps', async () => {
  const rounds = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), {
    minLength: 1,
    maxLength: 5,
  })
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 12 }), rounds, async (start, plan) => {
      const itemId = await anItem(BigInt(start))
      const shelf = { onHand: start, held: [] as Held[] }
      for (const round of plan) await inParallel(itemId, shelf, round)
    }),
    runs(60),
  )
})

async function inParallel(
  itemId: number,
  shelf: { onHand: number; held: Held[] },
  round: readonly Step[],
): Promise<void> {
  const before = { onHand: shelf.onHand, reserved: reservedOf(shelf.held) }
  const free = shelf.held.filter((held) => held.live > 0)
  const uses = round.map(({ kind }) =>
    kind === 'free' || kind === 'consume' ? free.shift() : undefined,
  )
  const lives = uses.map((held) => held?.live ?? 0)
  const answers = await Promise.all(round.map((one, n) => run(itemId, one, uses[n])))
  for (const [n, answer] of answers.entries()) {
    const { kind, qty } = round[n]!
    if (answer === false) continue
    if (kind === 'reserve') shelf.held.push(answer as Held)
    if (kind === 'adjust') shelf.onHand += qty
    if (kind === 'consume') shelf.onHand -= Math.min(qty, lives[n]!)
  }
  const [position] = await database.db<{ onHand: bigint; reserved: bigint }[]>`
    SELECT on_hand AS "onHand", reserved FROM stock_position WHERE item_id = ${itemId} AND site_id = ${company.east} AND condition = 'sellable'`
  expect(position).toEqual({
    onHand: BigInt(shelf.onHand),
    reserved: BigInt(reservedOf(shelf.held)),
  })
  // A refusal must have had a reason: even with all that was taken meanwhile it would not have fitted.
  const taken = answers.reduce<number>((sum, answer, n) => {
    const { kind, qty } = round[n]!
    if (answer === false) return sum
    return sum + (kind === 'reserve' ? qty : kind === 'adjust' && qty < 0 ? -qty : 0)
  }, 0)
  const leastFree = before.onHand - before.reserved - taken
  for (const [n, answer] of answers.entries()) {
    const { kind, qty } = round[n]!
    const wanted = kind === 'reserve' ? qty : kind === 'adjust' && qty < 0 ? -qty : 0
    if (answer === false && wanted > 0) expect(wanted).toBeGreaterThan(leastFree)
  }
}

const reservedOf = (held: readonly Held[]) => held.reduce((sum, { live }) => sum + live, 0)

const costStep = fc.oneof(
  fc.record({
    kind: fc.constant('receive' as const),
    lines: fc.array(
      fc.record({ qty: fc.bigInt(1n, 9n), unit: fc.constantFrom(0n, 1n, 3n, 333n, 10_001n) }),
      { minLength: 1, maxLength: 3 },
    ),
  }),
  fc.record({ kind: fc.constant('issue' as const), qty: fc.bigInt(1n, 12n) }),
  fc.record({ kind: fc.constant('count' as const), qty: fc.constantFrom(-3n, -1n, 1n, 2n) }),
)

test.each(['fifo', 'moving-average'] as const)(
  'LAYER, FIFO-ORDER, MA-STABLE: %s layers cost what they cost in memory, whatever comes',
  async (method) => {
    await fc.assert(
      fc.asyncProperty(fc.array(costStep, { minLength: 1, maxLength: 12 }), async (steps) => {
        const itemId = await anItem(0n, method)
        const model = new CostModel(method)
        for (const one of steps) await costed(itemId, model, one)
      }),
      runs(60),
    )
  },
)

async function costed(
  itemId: number,
  model: CostModel,
  one: typeof costStep extends fc.Arbitrary<infer T> ? T : never,
): Promise<void> {
  if (one.kind === 'receive') {
    model.receive(one.lines)
    await commit((tx, name) =>
      receiveGoods(tx, {
        ...{ receiptNo: name, entityId: company.entityId, functionalCurrency: 'USD' },
        ...{ siteId: company.east, supplier: 'supplier/1', receivedOn: day, actor: 'test' },
        lines: one.lines.map(({ qty, unit }) => ({
          ...{ itemId, expectedQty: qty, receivedQty: qty, unitCostMinor: unit },
        })),
      }),
    )
  } else if (one.kind === 'issue') {
    const cost = model.issue(one.qty)
    const values: bigint[] = []
    const done = await accepted(
      commit(async (tx, name) => {
        await lockPositions(tx, [itemId], [company.east])
        values.push(...(await takeOut(tx, name, itemId, one.qty)).map((use) => use.valueMinor))
      }),
    )
    expect(done).toBe(cost !== undefined)
    if (cost !== undefined) expect(values.reduce((sum, value) => sum + value, 0n)).toBe(cost)
  } else {
    const possible = model.count(one.qty)
    expect(await accepted(commit((tx, name) => adjust(tx, name, itemId, one.qty)))).toBe(possible)
  }
  const [kept] = await database.db<{ qty: bigint; value: bigint }[]>`
    SELECT coalesce(sum(remaining_qty), 0)::bigint AS qty, coalesce(sum(remaining_minor), 0)::bigint AS value FROM cost_layer WHERE item_id = ${itemId}`
  expect(kept).toEqual(model.left())
}

test('COMMUTE: issues of different items come to the same, in whatever order and however many at once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ item: fc.nat({ max: 2 }), qty: fc.bigInt(1n, 4n) }), {
        minLength: 2,
        maxLength: 8,
      }),
      async (issues) => {
        const shelves = [await threeItems(), await threeItems()] as const
        const take = (itemIds: readonly number[], { item, qty }: (typeof issues)[number]) =>
          accepted(
            commit(async (tx, name) => {
              await lockPositions(tx, [itemIds[item]!], [company.east])
              await takeOut(tx, name, itemIds[item]!, qty)
            }),
          )
        for (const issue of issues) await take(shelves[0], issue)
        // Each item's own order stays; the items go at once.
        await Promise.all(
          [0, 1, 2].map(async (item) => {
            for (const issue of issues) if (issue.item === item) await take(shelves[1], issue)
          }),
        )
        expect(await valuesOf(shelves[1])).toEqual(await valuesOf(shelves[0]))
      },
    ),
    runs(20),
  )
})

const threeItems = async () => [await anItem(5n), await anItem(9n), await anItem(3n)]

async function valuesOf(itemIds: readonly number[]) {
  const rows = await database.db<{ itemId: number; qty: bigint; value: bigint; gl: bigint }[]>`
    SELECT item_id AS "itemId", sum(remaining_qty)::bigint AS qty, sum(remaining_minor)::bigint AS value,
      (SELECT sum(func_minor)::bigint FROM journal_line j WHERE j.item_id = l.item_id AND account_id = 1300) AS gl
    FROM cost_layer l WHERE item_id = ANY(${[...itemIds]}::int[]) GROUP BY 1`
  return itemIds.map((id) => {
    const row = rows.find(({ itemId }) => itemId === id)!
    return { qty: row.qty, value: row.value, gl: row.gl }
  })
}
