import { afterAll, beforeAll, expect, test } from 'vitest'
import { returnBackTest } from '#db/queries/return-cohorts'
import { runProofs } from '#db/queries/proofs'
import { standingProofs } from '#db/queries/standing-proofs'
import { setReturnReserve } from '#db/stores/return-reserve'
import { postEntries } from '#db/stores/ledger'
import { postReturnCredited } from '#domain/ledger/posting-returns'
import { transaction } from '#db/transaction'
import { addDays } from '#domain/dates'
import { anOrder, setPolicy } from '#tests/support/company'
import { stepsOn, type Steps } from '#tests/support/steps'

let steps: Steps
const today = new Date().toISOString().slice(0, 10)
beforeAll(async () => {
  steps = await stepsOn({ LAMP: { east: 500 } })
  await setPolicy(steps.admin, 'fraud', { reviewFromMinor: '999999999' })
  const year = Number(today.slice(0, 4)) - 1
  await steps.admin`SELECT open_periods(id, ${year}) FROM entity`
})
afterAll(() => steps.drop())

/** Lamps at 25.00 that cost 40.00 a unit here, on a day. */
async function sold(
  quantity: number,
  shippedOn: string,
): Promise<{ orderId: bigint; lineId: bigint }> {
  const line = { quantity, unitPriceMinor: '10000' }
  const { orderId } = await steps.place(anOrder({ line }))
  const [fulfilment] = await steps.db<{ id: string }[]>`
    SELECT id::text FROM fulfilment_order WHERE order_id = ${orderId}`
  await steps.run('confirmShipment', orderId, {
    ...{ fulfilmentId: fulfilment!.id, reference: `S-${orderId}`, shippedOn },
  })
  const [row] = await steps.db<
    { id: bigint }[]
  >`SELECT id FROM sales_order_line WHERE order_id = ${orderId}`
  return { orderId: BigInt(orderId), lineId: row!.id }
}

const reserve = (on: string) =>
  transaction(steps.db, async (tx) => {
    const [entity] = await tx<{ id: number }[]>`SELECT id FROM entity`
    return setReturnReserve(tx, {
      ...{ entityId: entity!.id, functionalCurrency: 'USD', on, actor: 'controller' },
    })
  })

test('IFRS 15.B25: 5 % of 200 units are expected back, the asset is their cost less what it takes to recover them', async () => {
  await steps.admin`
    INSERT INTO policy (kind, scope, version, owner, body) VALUES ('returns', '*', 1, 'test', '{"windowDays": 30, "recoveryLossPpm": 100000}')`
  // Of a hundred units whose window is over five came back.
  const early = await sold(100, addDays(today, -40))
  await transaction(steps.db, async (tx) => {
    const [at] = await tx<{ entity: number; channelId: number; itemId: number; siteId: number }[]>`
      SELECT o.entity_id AS entity, o.channel_id AS "channelId", l.item_id AS "itemId", h.site_id AS "siteId" FROM sales_order o JOIN sales_order_line l ON l.order_id = o.id
      JOIN shipment h ON h.order_id = o.id WHERE o.id = ${early.orderId}`
    const { entity, channelId, itemId, siteId } = at!
    const about = { orderLineId: early.lineId, itemId, siteId, channelId, segment: 'retail' }
    const goods = { goodsMinor: 500_00n, discounts: [], shippingMinor: 0n, taxes: [], feeMinor: 0n }
    const money = { entity, orderId: early.orderId, channelId, currency: 'USD' }
    const entry = postReturnCredited({
      ...{ ...money, functionalCurrency: 'USD', returnNo: 'PAST', creditId: 1n },
      ...{ creditedOn: addDays(today, -35), lines: [{ sold: about, qty: 5n, credit: goods }] },
      ...{ parts: [{ refundId: 'past', amountMinor: 500_00n }], receivables: [] },
      goodwillUsed: { netMinor: 0n, taxes: [] },
    })
    await postEntries(tx, [entry], 'test')
  })
  await sold(200, addDays(today, -1))
  const [web] = await reserve(today)
  expect(web).toMatchObject({ channel: 'web', ratePpm: 50_000n, openNetMinor: 20_000_00n })
  expect(web).toMatchObject({ liabilityMinor: 1_000_00n, assetMinor: 360_00n })
  expect(await reserve(today)).toEqual(await reserve(today))
  const posted = await steps.db`
    SELECT account_id AS account, sum(func_minor)::int AS minor FROM journal_line WHERE account_id IN (2130, 1350, 4125, 5015) GROUP BY 1 ORDER BY 1`
  expect(posted.map((row) => [row['account'], row['minor']])).toEqual([
    [1350, 36000],
    [2130, -100000],
    [4125, 100000],
    [5015, -36000],
  ])
})

test('a month later nothing may come back any more, and the reserve is set to nothing', async () => {
  const later = addDays(today, 40)
  const [entity] = await steps.db<{ id: number }[]>`SELECT id FROM entity`
  await steps.admin`SELECT open_periods(${entity!.id}, ${Number(later.slice(0, 4))})`
  const [web] = await reserve(later)
  expect(web).toMatchObject({ liabilityMinor: 0n, assetMinor: 0n })
  const [left] = await steps.db<{ minor: number }[]>`
    SELECT sum(abs(balance))::int AS minor FROM (SELECT sum(func_minor) AS balance FROM journal_line WHERE account_id IN (2130, 1350) GROUP BY account_id) b`
  expect(left).toEqual({ minor: 0 })
  const tests = await returnBackTest(steps.db, { entityId: entity!.id, on: addDays(today, 60) })
  expect(tests.filter(({ channel }) => channel === 'web')).toHaveLength(3)
  const results = await runProofs(steps.admin, standingProofs)
  // The past return was written for its entry alone.
  const paper = ['CREDIT-POSTED', 'REFUND-TIE', 'CAPTURE-POSTED']
  expect(
    results.filter(({ broken, proof }) => broken.length > 0 && !paper.includes(proof.name)),
  ).toEqual([])
})
