import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { availableToSell } from '#db/queries/stock'
import { EVERYWHERE } from '#domain/scopes'
import { anOrder, bringIn } from '#tests/support/company'
import { linesOf } from '#tests/support/orders'
import { expectProofs } from '#tests/support/proofs'
import { stepsOn, type Steps } from '#tests/support/steps'

let steps: Steps

beforeAll(async () => {
  steps = await stepsOn({ MUG: { east: 40, west: 30 }, LAMP: { east: 10, west: 5 } })
})
afterEach(() => expectProofs(steps.admin))
afterAll(() => steps.drop())

const ats = (sku: string, changes: { channel?: string; byChannel?: boolean } = {}) =>
  availableToSell(steps.db, {
    skus: [sku],
    channel: 'web',
    scopes: EVERYWHERE,
    afterSku: '',
    afterSite: '',
    limit: 50,
    ...changes,
  })
const told = async (sku: string, changes = {}) =>
  Object.fromEntries(
    (await ats(sku, changes)).map(({ site, ats: units, excluded }) => [site, excluded ?? units]),
  )

test('what allocation would not take is not told as available', async () => {
  const { admin, company } = steps
  expect(await told('LAMP')).toEqual({ EAST: 10n, WEST: 5n })
  await admin`UPDATE site SET status = 'paused' WHERE code = 'WEST'`
  expect(await told('LAMP')).toEqual({ EAST: 10n, WEST: 'is paused' })
  await admin`UPDATE site SET status = 'active', kind = 'fba' WHERE code = 'WEST'`
  expect(await told('LAMP')).toEqual({ EAST: 10n, WEST: 'holds stock of the channel fulfilment' })
  expect(await told('LAMP', { byChannel: true })).toMatchObject({ WEST: 5n })
  await admin`UPDATE site SET kind = 'own' WHERE code = 'WEST'`

  const [sister] = await admin<{ id: number }[]>`
    INSERT INTO entity (code, name, functional_currency, country) VALUES ('ACME-EU', 'Acme GmbH', 'EUR', 'DE') RETURNING id`
  await admin`INSERT INTO channel (code, name, kind, entity_id, currency) VALUES ('eu', 'EU shop', 'shopify', ${sister!.id}, 'EUR')`
  expect((await ats('LAMP', { channel: 'eu' })).map((row) => row.ats)).toEqual([0n, 0n])

  const item = company.items.get('LAMP')!
  await admin`INSERT INTO missing_stock (item_id, site_id, qty, cause_type, cause_id, actor) VALUES (${item}, ${company.east}, 4, 'short-pick', '1', 'test')`
  // Units that nobody found make the rest doubtful: one of ten is kept back too (INV-44).
  expect(await told('LAMP')).toMatchObject({ EAST: 5n })
  expect((await ats('LAMP'))[0]).toMatchObject({ caution: 1n, confidence: { score: 30 } })
  await admin`UPDATE item SET status = 'blocked' WHERE id = ${item}`
  expect(await told('LAMP')).toMatchObject({ EAST: 'the item is blocked' })
  await admin`UPDATE item SET status = 'active' WHERE id = ${item}`
})

test('of several listings each has its own buffer and pack, and a paused one sells nothing', async () => {
  const { admin, company } = steps
  const list = (externalId: string, pack: number, buffer: number) => admin`
    INSERT INTO listing (channel_id, external_id, item_id, pack_factor, buffer) SELECT id, ${externalId}, ${company.items.get('LAMP')!}, ${pack}, ${buffer} FROM channel WHERE code = 'market'`
  await list('ONE-LAMP', 1, 1)
  await list('TWO-LAMPS', 2, 3)
  const [east] = await ats('LAMP', { channel: 'market' })
  expect(east).toMatchObject({ ats: 2n, buffer: 3n, caution: 1n })
  expect(east!.listings).toEqual([
    { externalId: 'ONE-LAMP', packFactor: 1, buffer: '1', listable: '4' },
    { externalId: 'TWO-LAMPS', packFactor: 2, buffer: '3', listable: '1' },
  ])
  await admin`UPDATE listing SET state = 'paused'`
  expect(await told('LAMP', { channel: 'market' })).toMatchObject({ EAST: 'its listing is paused' })
})

test('an order for exactly what is available is never short', async () => {
  const { admin, company } = steps
  const item = company.items.get('MUG')!
  const units = fc.integer({ min: 0, max: 12 })
  const site = fc.constantFrom('east' as const, 'west' as const)
  const setting = fc.record({
    pools: fc.array(fc.tuple(site, fc.constantFrom('web', 'b2b', 'market'), units), {
      maxLength: 3,
    }),
    missing: fc.array(fc.tuple(site, units), { maxLength: 2 }),
    safety: fc.array(fc.tuple(site, units), { maxLength: 2 }),
    paused: fc.option(site, { nil: null }),
    taken: units,
  })
  await fc.assert(
    fc.asyncProperty(setting, async ({ pools, missing, safety, paused, taken }) => {
      for (const [at, channel, qty] of pools)
        await admin`INSERT INTO stock_pool (channel_id, item_id, site_id, qty, reason) SELECT id, ${item}, ${company[at]}, ${qty}, 'test' FROM channel WHERE code = ${channel} ON CONFLICT DO NOTHING`
      for (const [at, qty] of missing)
        if (qty > 0)
          await admin`INSERT INTO missing_stock (item_id, site_id, qty, cause_type, cause_id, actor) VALUES (${item}, ${company[at]}, ${qty}, 'test', 'test', 'test')`
      for (const [at, qty] of safety)
        await admin`INSERT INTO stock_policy (item_id, site_id, safety_stock, effective_from, reason, actor) VALUES (${item}, ${company[at]}, ${qty}, '2020-01-01', 'test', 'test')`
      if (paused) await admin`UPDATE site SET status = 'paused' WHERE id = ${company[paused]}`
      const mugs = (quantity: number) =>
        steps.place(anOrder({ line: { sku: 'MUG', quantity, unitPriceMinor: '1000' } }))
      if (taken > 0) await mugs(taken)
      const available = (await ats('MUG')).reduce((all, row) => all + row.ats, 0n)
      if (available > 0n) {
        const { orderId } = await mugs(Number(available))
        expect(await linesOf(steps.db, orderId)).toMatchObject([{ released: Number(available) }])
      }
      await admin`DELETE FROM stock_pool`
      await admin`UPDATE missing_stock SET settled_at = clock_timestamp()`
      await admin`INSERT INTO stock_policy (item_id, site_id, safety_stock, effective_from, reason, actor) SELECT ${item}, id, 0, '2020-01-01', 'test', 'test' FROM site`
      await admin`UPDATE site SET status = 'active'`
      for (const at of ['east', 'west'] as const)
        await bringIn(admin, company, { sku: 'MUG', site: at, qty: 20, unitMinor: 400 })
    }),
    { numRuns: 25 },
  )
}, 60_000)
