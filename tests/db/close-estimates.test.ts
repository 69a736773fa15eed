import { afterAll, beforeAll, expect, test } from 'vitest'
import { closeVerbs, type CloseVerbs } from '#tests/support/close-verbs'
import { setClosePolicy } from '#tests/support/closing'
import { anOrder, setPolicy } from '#tests/support/company'
import { stepsOn, type Steps } from '#tests/support/steps'

let steps: Steps
let close: CloseVerbs
const rule = { costToSellPpm: 100_000, lastSaleDays: 0, reverses: true }
beforeAll(async () => {
  steps = await stepsOn({ LAMP: { east: 10 } })
  await setPolicy(
    steps.admin,
    'order',
    { expectedCommissionPpm: 0, expectedFeeMinor: '0' },
    'market',
  )
  await setClosePolicy(steps.admin, steps.company.entityId, { realisableValue: rule })
  await steps.admin`SELECT open_coming_periods(current_date)`
  close = await closeVerbs(steps, {
    entity: 'ACME-US',
    period: new Date().toISOString().slice(0, 7),
  })
})
afterAll(() => steps.drop())

const posted = async (account: number) => {
  const rows = await steps.db<{ type: string; minor: string }[]>`
    SELECT e.event_type AS type, sum(l.func_minor)::text AS minor FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id AND l.account_id = ${account}
    WHERE e.source_type = 'period-close' GROUP BY e.id, 1 ORDER BY e.id`
  return rows.map((row) => `${row.type} ${row.minor}`)
}
const priced = (minor: number) =>
  steps.admin`UPDATE item SET list_price_minor = ${minor}, list_currency = 'USD' WHERE sku = 'LAMP'`

test('row 26: stock is written down to what it brings, once, and back up where the rules allow it', async () => {
  const [stock] = await steps.db<{ cost: bigint }[]>`
    SELECT sum(remaining_minor)::bigint AS cost FROM cost_layer l JOIN item i ON i.id = l.item_id WHERE i.sku = 'LAMP'`
  const each = Number(stock!.cost / 10n)
  await priced(each)
  // A tenth of the price is what a sale costs.
  expect((await close.task('realisable-value')).dueOn).toMatch(/^\d{4}-/)
  for (const _ of [1, 2]) await close.run('postCloseTask', { task: 'realisable-value' })
  expect((await close.task('realisable-value')).state).toBe('green')
  expect(await posted(5070)).toEqual([`realisable-value-set ${each}`])
  expect(await posted(1340)).toEqual([`realisable-value-set ${-each}`])
  await priced(each * 2)
  await close.run('postCloseTask', { task: 'realisable-value' })
  expect(await posted(1340)).toEqual([
    `realisable-value-set ${-each}`,
    `realisable-value-set ${each}`,
  ])
  await steps.admin`UPDATE item SET list_price_minor = NULL, list_currency = NULL`
})

test('fees of a marketplace that nobody expected are accrued by what its statements kept, and taken back', async () => {
  const sold = async () => {
    const { orderId } = await steps.place(
      anOrder({
        channel: 'market',
        taxCollectedBy: 'marketplace',
        payment: { state: 'marketplace', provider: 'amazon', reference: null, amountMinor: '0' },
      }),
    )
    const [open] = await steps.db<{ id: bigint }[]>`
      SELECT id FROM fulfilment_order WHERE order_id = ${orderId} AND state = 'released'`
    const parcels = [{ trackingNumber: `T${orderId}` }]
    await steps.run('confirmShipment', orderId, {
      ...{ fulfilmentId: `${open!.id}`, reference: `T${orderId}`, parcels },
    })
    return orderId
  }
  const [settled] = [await sold(), await sold()]
  await steps.admin`
    WITH a AS (INSERT INTO settlement_account (provider, account, entity_id, channel_id) SELECT 'amazon', 'S', entity_id, id FROM channel WHERE code = 'market' RETURNING id),
      s AS (INSERT INTO settlement_statement (account_id, statement_id, workflow_id, currency, effective_on, opening_minor, closing_minor, total_minor, payout_minor, line_count, content_hash, received_by)
        SELECT id, 'S1', 'settlement/amazon/S/S1', 'USD', current_date, 0, 0, 8500, 8500, 1, sha256('s'), 'test' FROM a RETURNING id)
    INSERT INTO settlement_item (statement_id, order_id, sale_minor, units, refund_minor, expected_commission_minor, actual_commission_minor, expected_fulfilment_minor, actual_fulfilment_minor, actual_fee_minor, open_key)
    SELECT id, ${settled!}, 10000, 1, 0, 0, 1500, 0, 0, 0, ${`order/${settled!}`} FROM s`
  for (const _ of [1, 2]) await close.run('postCloseTask', { task: 'marketplace-fees' })
  expect((await close.task('marketplace-fees')).state).toBe('green')
  expect(await posted(6010)).toEqual([
    'marketplace-fees-accrued 1500',
    'marketplace-fees-accrued.reversed -1500',
  ])
})
