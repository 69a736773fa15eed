import { randomUUID } from 'node:crypto'
import { MockActivityEnvironment } from '@temporalio/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { replenishmentActivities } from '#activities/replenishment/index'
import type { DecideProposals, RunProgress } from '#contracts/replenishment'
import { Refusal } from '#domain/refusal'
import { foundCompany, type Company } from '#tests/support/company'
import { freshDatabase, type TestDatabase } from '#tests/support/database'
import { keepBy, lane, proposals, sold, supplierOf, takeOrdersIn } from '#tests/support/replenished'

let database: TestDatabase
let company: Company
beforeEach(async () => {
  database = await freshDatabase()
  company = await foundCompany(database.admin)
})
afterEach(() => database.drop())

const verbs = () => replenishmentActivities({ db: database.db, batchNodes: 2 })
const inActivity = <T>(work: () => Promise<T>): Promise<T> =>
  new MockActivityEnvironment().run(work)

/** A whole run, in batches of two item-nodes, as the process drives it. */
async function run(): Promise<RunProgress> {
  const act = verbs()
  const key = randomUUID()
  const begun = await act.beginRun({ entity: 'ACME-US', key, cause: 'test', actor: 'test' })
  const runId = begun.progress!.runId
  for (;;) {
    const { state } = await inActivity(() => act.computeItems({ runId }))
    if (state !== 'running') return act.finishRun({ runId })
  }
}

const decide = (
  decision: DecideProposals['decision'],
  proposalIds: string[],
  more: Partial<DecideProposals> = {},
) =>
  verbs().decideProposals({
    ...{ entity: 'ACME-US', key: randomUUID(), actor: 'user:buyer', sites: null },
    ...{ decision, proposalIds, reason: 'as computed' },
    ...more,
  })
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'nothing was refused',
    (error: unknown) => (error instanceof Refusal ? error.code : String(error)),
  )
const open = async (sku: string) =>
  (await proposals(database.db, sku)).filter(({ state }) =>
    ['computed', 'proposed', 'snoozed', 'approved'].includes(state),
  )
const cases = () => database.db<{ type: string; state: string; id: string; summary: string }[]>`
  SELECT type, state, id::text, summary FROM exception_case ORDER BY id`

/** MUG sells ten a day at EAST, has a hundred there and a potter who needs a week. */
async function mugsSell(offer: [number?, number?] = []): Promise<void> {
  const { admin } = database
  await sold(admin, { sku: 'MUG', site: 'EAST', perDay: 10, days: 91 })
  await supplierOf(admin, company, 'POTTER', [['MUG', 400, ...offer] as never])
  await keepBy(admin, company)
}

describe('a run', () => {
  test('proposes what is needed with every number that it was made of, and nothing else', async () => {
    await mugsSell([1, 12])
    const progress = await run()
    expect(progress).toMatchObject({ state: 'done', total: 4, done: 4, proposed: 1, unsourced: 0 })
    const [mug] = await proposals(database.db)
    expect(mug).toMatchObject({
      ...{ sku: 'MUG', site: 'EAST', state: 'proposed', kind: 'buy', qty: 48n, source: 'POTTER' },
      inputs: {
        need: '40',
        demand: { days: 91, units: '910', meanPerDay: '10', deviation: '0' },
        leadTime: { days: 7, source: 'planned' },
        position: { onHand: '100', position: '100' },
        reorderPoint: '70',
        trigger: '140',
        upTo: '140',
      },
    })
    expect(mug!.inputs.formula).toContain('ROP = d·L 70')
  })

  test('that finds the same keeps the proposal, and one that does not supersedes it', async () => {
    await mugsSell()
    await run()
    expect(await run()).toMatchObject({ proposed: 0, kept: 1, superseded: 0 })
    await sold(database.admin, { sku: 'MUG', site: 'EAST', perDay: 5, days: 91 })
    expect(await run()).toMatchObject({ proposed: 1, superseded: 1 })
    const [old, young] = await proposals(database.db)
    expect([old!.state, young!.state, old!.supersededBy]).toEqual([
      'superseded',
      'proposed',
      young!.id,
    ])
  })

  test('takes back what nobody needs any more', async () => {
    await mugsSell()
    await run()
    await keepBy(database.admin, company, { method: 'none' })
    await keepBy(database.admin, company, { sku: 'LAMP', site: 'EAST', safety_value: 1 })
    await run()
    expect((await proposals(database.db)).map(({ state }) => state)).toEqual(['superseded'])
  })

  test('counts what is under way, and does not buy it twice', async () => {
    await mugsSell()
    await run()
    const [mug] = await open('MUG')
    const { documents } = await decide('convert', [mug!.id])
    expect(documents).toEqual([{ type: 'purchase-order', no: `RPL-${mug!.id}` }])
    expect(await run()).toMatchObject({ proposed: 0 })
    await takeOrdersIn(database.db)
    expect(await run()).toMatchObject({ proposed: 0 })
    const { admin } = database
    await admin`UPDATE purchase_order SET approved_revision = 1, sent_revision = 1, sent_at = now()`
    await admin`INSERT INTO expected_supply (item_id, site_id, qty, due_on, source_type, source_id)
      SELECT item_id, site_id, qty_ordered, needed_on, 'purchase-order', ${`RPL-${mug!.id}`} FROM purchase_order_line`
    expect(await run()).toMatchObject({ proposed: 0 })
    expect((await proposals(database.db))[0]!.state).toBe('covered')
    await admin`UPDATE purchase_order_line SET qty_cancelled = qty_ordered`
    await admin`UPDATE expected_supply SET state = 'closed'`
    expect(await run()).toMatchObject({ proposed: 1 })
    expect((await proposals(database.db)).map(({ state }) => state)).toEqual(['closed', 'proposed'])
  })

  test('believes deliveries instead of plans where the policy says so', async () => {
    await mugsSell()
    const { admin } = database
    await keepBy(admin, company, {
      lead_time: 'actual',
      safety_kind: 'service',
      safety_value: 900_000,
    })
    for (const [n, days] of [10, 14, 18].entries()) {
      await admin`WITH p AS (INSERT INTO purchase_order (po_number, entity_id, supplier_id, workflow_id, currency, ordered_on, terms_days, created_by, authors, policies, approved_revision, sent_revision, sent_at)
          SELECT ${`PO-${n}`}, ${company.entityId}, id, ${`procure-to-pay/PO-${n}`}, 'USD', current_date - 60, 30, 'b', '{b}', '{}', 1, 1, (current_date - 60)::timestamp AT TIME ZONE 'UTC' FROM supplier RETURNING id),
        l AS (INSERT INTO purchase_order_line (purchase_order_id, line_no, item_id, site_id, unit_price_minor, needed_on, qty_ordered)
          SELECT id, 1, ${company.items.get('MUG')!}, ${company.east}, 400, current_date, 5 FROM p RETURNING id, purchase_order_id),
        r AS (INSERT INTO goods_receipt (receipt_no, entity_id, site_id, received_on, actor, purchase_order_id)
          SELECT ${`R-${n}`}, ${company.entityId}, ${company.east}, current_date - 60 + ${days}::int, 'dock', purchase_order_id FROM l RETURNING id)
        INSERT INTO goods_receipt_line (receipt_id, line_no, item_id, received_qty, unit_cost_minor, discrepancy, purchase_order_line_id)
        SELECT r.id, 1, ${company.items.get('MUG')!}, 5, 400, 'none', l.id FROM r, l`
    }
    await run()
    const [mug] = await proposals(database.db)
    // L = 14 ± 4 days at ten a day: ROP = 140 + 1.281552 · √(10² · 4²) = 191.3.
    expect(mug!.inputs).toMatchObject({
      reorderPoint: '192',
      leadTime: { days: 14, deviation: '4' },
    })
  })

  test('that two workers compute at once leaves one open proposal an item-node', async () => {
    const { admin, db } = database
    await mugsSell()
    await supplierOf(admin, company, 'LAMPMAKER', [
      ['LAMP', 3000],
      ['CHAIR', 8000],
    ])
    for (const sku of ['LAMP', 'CHAIR'])
      await sold(admin, { sku, site: 'WEST', perDay: 3, days: 60 })
    await run()
    for (const sku of ['MUG', 'LAMP', 'CHAIR'])
      await sold(admin, { sku, site: sku === 'MUG' ? 'EAST' : 'WEST', perDay: 4, days: 60 })
    // Two runs of the same company, each on connections of its own, which no index of runs holds back.
    await admin`DROP INDEX replenishment_run_one_running`
    await Promise.all([run(), run(), run()])
    const rows = await db<{ open: number }[]>`
      SELECT count(*)::int AS open FROM replenishment_proposal WHERE state IN ('computed', 'proposed', 'snoozed', 'approved') GROUP BY item_id, site_id`
    expect(rows.map((row) => row.open)).toEqual([1, 1, 1])
    expect((await proposals(db)).filter(({ state }) => state === 'superseded')).toHaveLength(3)
  })

  test('compares the way from another site with buying, and asks for the transfer', async () => {
    const { admin, db } = database
    await sold(admin, { sku: 'LAMP', site: 'WEST', perDay: 1, days: 91 })
    await supplierOf(admin, company, 'LAMPMAKER', [['LAMP', 3000]])
    await keepBy(admin, company)
    await lane(admin, 'EAST', 'WEST')
    await run()
    const [lamp] = await open('LAMP')
    expect(lamp).toMatchObject({ kind: 'transfer', source: 'EAST', qty: 4n })
    const [row] = await db<
      { alternatives: unknown[] }[]
    >`SELECT alternatives FROM replenishment_proposal`
    expect(row!.alternatives).toMatchObject([
      { kind: 'buy', source: 'LAMPMAKER', qty: '4', costMinor: '12000' },
    ])
    await decide('convert', [lamp!.id])
    const [wish] = await db<
      { body: unknown }[]
    >`SELECT body FROM outbox WHERE topic = 'transfer-wanted'`
    expect(wish!.body).toMatchObject({
      from: 'EAST',
      to: 'WEST',
      lines: [{ sku: 'LAMP', qty: '4' }],
    })
    expect(await run()).toMatchObject({ proposed: 0 })
  })

  test('leaves a promotion out of the usual, counts it in ahead, and comes back after it', async () => {
    await mugsSell()
    const { admin } = database
    await run()
    const event = (kind: string, from: number, to: number, factor: number) => admin`
      INSERT INTO demand_event (entity_id, item_id, kind, name, from_on, to_on, factor_ppm, reason, actor)
      SELECT ${company.entityId}, id, ${kind}, 'sale', current_date + ${from}::int, current_date + ${to}::int, ${factor}, 'x', 'x' FROM item WHERE sku = 'MUG'`
    await event('promotion', 3, 5, 3_000_000)
    await run()
    const [before, during] = await proposals(database.db)
    expect([before!.qty, during!.qty]).toEqual([40n, 100n])
    await admin`UPDATE demand_event SET withdrawn_at = now()`
    await run()
    expect((await open('MUG'))[0]!.qty).toBe(40n)
  })

  test('holds the most urgent against the month’s budget first, and asks about the rest', async () => {
    const { admin } = database
    await mugsSell()
    await sold(admin, { sku: 'CHAIR', site: 'WEST', perDay: 2, days: 91 })
    await supplierOf(admin, company, 'JOINER', [['CHAIR', 100]])
    await admin`INSERT INTO replenishment_budget (entity_id, month, limit_minor, reason, actor)
      VALUES (${company.entityId}, date_trunc('month', current_date), 5000, 'x', 'x')`
    expect(await run()).toMatchObject({ proposed: 2, overBudget: 1 })
    const [mug] = await open('MUG')
    const [chair] = await open('CHAIR')
    // Chairs last two days and cost 23 · 1.00; forty mugs at 4.00 go beyond 50.00.
    expect([mug!.overBudget, chair!.overBudget]).toEqual([true, false])
    expect(await refusal(decide('convert', [mug!.id]))).toBe('ProposalNeedsApproval')
    await decide('approve', [mug!.id], { actor: 'user:manager' })
    expect(await refusal(decide('convert', [mug!.id], { actor: 'user:manager' }))).toBe(
      'OwnProposal',
    )
    await decide('convert', [mug!.id, chair!.id])
    expect((await proposals(database.db)).map(({ state }) => state)).toEqual([
      'converted',
      'converted',
    ])
  })
})

describe('a decision', () => {
  test('to snooze lets it sleep till the day, one to dismiss keeps the same away for a while', async () => {
    await mugsSell()
    await run()
    const [mug] = await open('MUG')
    expect(await refusal(decide('snooze', [mug!.id], { until: '2020-01-01' }))).toBe('SnoozeInPast')
    await decide('snooze', [mug!.id], { until: '2999-01-01' })
    await sold(database.admin, { sku: 'MUG', site: 'EAST', perDay: 5, days: 91 })
    expect(await run()).toMatchObject({ kept: 1, proposed: 0 })
    await database.admin`UPDATE replenishment_proposal SET snoozed_until = current_date`
    expect(await run()).toMatchObject({ superseded: 1, proposed: 1 })
    const [again] = await open('MUG')
    await decide('dismiss', [again!.id])
    expect(await run()).toMatchObject({ proposed: 0 })
    await database.admin`UPDATE replenishment_proposal SET decided_at = now() - interval '15 days' WHERE id = ${again!.id}`
    expect(await run()).toMatchObject({ proposed: 1 })
    expect(await refusal(decide('dismiss', [mug!.id]))).toBe('ProposalNotOpen')
    expect(await refusal(decide('dismiss', ['999999']))).toBe('ProposalUnknown')
  })

  test('to change keeps minimum and packs, voids a signature, and is not signed by who made it', async () => {
    await mugsSell([24, 12])
    await run()
    const [mug] = await open('MUG')
    expect(await refusal(decide('change', [mug!.id], { qty: '30' }))).toBe('LotNotAllowed')
    await decide('approve', [mug!.id], { actor: 'user:manager' })
    await decide('change', [mug!.id], { qty: '60' })
    expect(await open('MUG')).toMatchObject([{ state: 'proposed', qty: 60n }])
    expect(await refusal(decide('approve', [mug!.id]))).toBe('OwnProposal')
    await decide('convert', [mug!.id])
    await takeOrdersIn(database.db)
    const [line] = await database.db<{ qty: bigint; price: bigint; authors: string[] }[]>`
      SELECT l.qty_ordered AS qty, l.unit_price_minor AS price, p.authors FROM purchase_order_line l JOIN purchase_order p ON p.id = l.purchase_order_id`
    expect(line).toEqual({ qty: 60n, price: 400n, authors: ['user:buyer'] })
  })

  test('of a buyer ends at the buyer’s limit', async () => {
    await mugsSell()
    await database.admin`INSERT INTO policy (kind, scope, version, owner, body) VALUES ('purchasing', '*', 1, 'x', '{"managerFromMinor": "10000"}')`
    await run()
    const [mug] = await open('MUG')
    expect(await refusal(decide('convert', [mug!.id]))).toBe('ProposalNeedsApproval')
  })

  test('of a site is free within its band, needs a signature outside, and is nobody’s where the centre decides', async () => {
    const { admin } = database
    await mugsSell()
    const bySite = { actor: 'user:lead', sites: ['EAST'] }
    await run()
    const [central] = await open('MUG')
    expect(await refusal(decide('change', [central!.id], { ...bySite, qty: '42' }))).toBe(
      'CentralDecides',
    )
    await keepBy(admin, company, {
      owner_mode: 'local-decides',
      band_ppm: 100_000,
      safety_value: 1,
    })
    await run()
    const [local] = await open('MUG')
    await decide('change', [local!.id], { ...bySite, qty: '50' })
    expect(await refusal(decide('convert', [local!.id], bySite))).toBe('ProposalNeedsApproval')
    await decide('change', [local!.id], { ...bySite, qty: '44' })
    await decide('convert', [local!.id], bySite)
    await keepBy(admin, company, { owner_mode: 'local-proposes', safety_value: 90 })
    await run()
    const [proposed] = await open('MUG')
    await decide('change', [proposed!.id], { ...bySite, qty: '50' })
    expect(await refusal(decide('convert', [proposed!.id], bySite))).toBe('SiteProposesOnly')
  })

  test('repeated with its key is the first one again', async () => {
    await mugsSell()
    await run()
    const [mug] = await open('MUG')
    const key = randomUUID()
    const first = await decide('convert', [mug!.id], { key })
    expect(await decide('convert', [mug!.id], { key })).toEqual(first)
  })
})

describe('trouble', () => {
  const resolve = (caseId: string, resolution: string, params?: Record<string, unknown>) =>
    verbs().resolveTrouble({
      ...{ entity: 'ACME-US', key: randomUUID(), actor: 'user:buyer', caseId },
      ...{ resolution: resolution as never, ...(params ? { params } : {}) },
    })
  const found = async (type: string) => (await cases()).find((one) => one.type === type)!

  async function spike(): Promise<void> {
    await mugsSell()
    await sold(database.admin, { sku: 'MUG', site: 'EAST', perDay: 30, days: 7 })
    await run()
  }

  test('a spike that is the new level makes for more, and is no trouble any more', async () => {
    await spike()
    const { id, summary } = await found('demand-spike')
    expect(summary).toBe(
      'MUG at EAST sold 280 in seven days, 300 % over the usual; it lasts 8 days',
    )
    const [before] = await open('MUG')
    await resolve(id, 'accept-as-new-level')
    const [after] = await open('MUG')
    expect(after!.qty).toBeGreaterThan(before!.qty)
    expect((await found('demand-spike')).state).toBe('resolved')
    await run()
    expect((await found('demand-spike')).state).toBe('resolved')
  })

  test('a spike that will not come again is not bought for', async () => {
    await spike()
    await resolve((await found('demand-spike')).id, 'one-off')
    expect((await open('MUG'))[0]!.qty).toBe(40n)
  })

  test('of a late supplier goes away by a new date, or another supplier is asked', async () => {
    const { admin, db } = database
    await mugsSell()
    await supplierOf(admin, company, 'KILN', [['MUG', 450]], { rank: 2 })
    await admin`INSERT INTO expected_supply (item_id, site_id, qty, due_on, source_type, source_id)
      SELECT id, ${company.east}, 20, current_date - 3, 'purchase-order', 'PO-1' FROM item WHERE sku = 'MUG'`
    await run()
    const late = await found('supplier-late')
    expect(await refusal(resolve(late.id, 'expedite'))).toBe('MissingParameter')
    expect(await refusal(resolve(late.id, 'air'))).toBe('ResolutionNotAllowed')
    await resolve(late.id, 'alternate-supplier')
    expect(await open('MUG')).toMatchObject([{ source: 'KILN' }])
    expect(await refusal(resolve(late.id, 'ignore'))).toBe('CaseNotOpen')
    await admin`UPDATE exception_case SET state = 'open', resolution = NULL WHERE id = ${late.id}`
    const [{ day } = { day: '' }] = await db<{ day: string }[]>`SELECT current_date + 4 AS day`
    await resolve(late.id, 'expedite', { expectedOn: day })
    const [supply] = await db<{ dueOn: string }[]>`SELECT due_on AS "dueOn" FROM expected_supply`
    expect(supply!.dueOn).toBe(day)
  })

  test('of a lot far above the need waits for a person, who rounds up, waits or skips', async () => {
    await mugsSell([500])
    await run()
    const lot = await found('lot-exceeds-need')
    const [mug] = await open('MUG')
    expect(await refusal(decide('convert', [mug!.id]))).toBe('ProposalNeedsApproval')
    await database.admin`INSERT INTO policy (kind, scope, version, owner, body) VALUES ('purchasing', '*', 1, 'x', '{"managerFromMinor": "9000000"}')`
    await resolve(lot.id, 'round-up')
    await decide('convert', [mug!.id], { actor: 'user:other' })
    expect((await proposals(database.db))[0]).toMatchObject({ state: 'converted', qty: 500n })
  })

  test('of running out first is flown, or sold less through a channel', async () => {
    const { admin, db } = database
    await sold(admin, { sku: 'LAMP', site: 'EAST', perDay: 4, days: 91 })
    await supplierOf(admin, company, 'LAMPMAKER', [['LAMP', 3000]])
    await keepBy(admin, company)
    await admin`INSERT INTO listing (channel_id, external_id, item_id) SELECT c.id, 'L-1', i.id FROM channel c, item i WHERE c.code = 'market' AND i.sku = 'LAMP'`
    await run()
    const short = await found('stockout-in-lead-time')
    expect(await refusal(resolve(short.id, 'substitute'))).toBe('NoSubstitute')
    expect(
      await refusal(resolve(short.id, 'throttle-channel', { channel: 'web', buffer: '5' })),
    ).toBe('UnknownListing')
    await resolve(short.id, 'throttle-channel', { channel: 'market', buffer: '5' })
    const [listing] = await db<{ buffer: bigint }[]>`SELECT buffer FROM listing`
    expect(listing!.buffer).toBe(5n)
    await admin`UPDATE exception_case SET state = 'open', resolution = NULL WHERE id = ${short.id}`
    await resolve(short.id, 'air', { days: '1' })
    const [{ days } = { days: 0 }] = await db<{ days: number }[]>`
      SELECT arrives_on - current_date AS days FROM replenishment_proposal WHERE state = 'proposed'`
    expect(days).toBe(1)
  })
})

test('what was computed cannot be rewritten, and a proposal has one open place', async () => {
  await mugsSell()
  await run()
  const { admin } = database
  await expect(admin`UPDATE replenishment_proposal SET computed_qty = 1`).rejects.toMatchObject({
    constraint_name: 'replenishment_proposal_stays',
  })
  await expect(
    admin`INSERT INTO replenishment_proposal (run_id, entity_id, item_id, site_id, policy_id, kind, computed_qty, qty, cost_minor, currency, arrives_on, cover_days, inputs, owner_mode, band_ppm)
      SELECT run_id, entity_id, item_id, site_id, policy_id, 'unsourced', 1, 1, 0, currency, arrives_on, 1, '{}', owner_mode, band_ppm FROM replenishment_proposal`,
  ).rejects.toMatchObject({ constraint_name: 'replenishment_proposal_one_open' })
})
