import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OrderDocument } from '#contracts/order-intake'
import { quoteTax } from '#activities/orders/quote-tax'
import { storeDocument } from '#db/stores/inbox'
import { agreeableGateways } from '#tests/support/agreeable-gateways'
import { anOrder, setPolicy } from '#tests/support/company'
import { entryOf, giveAddress } from '#tests/support/orders'
import { expectProofs } from '#tests/support/proofs'
import { runProofs } from '#db/queries/proofs'
import { taxProofs } from '#db/queries/tax-proofs'
import { readTaxReturn } from '#db/queries/tax-report'
import { linesOfReturn, salesOfReturn, taxReturns, type ReturnOf } from '#db/queries/tax-returns'
import { postEntry } from '#db/stores/ledger'
import { draftReturn, payReturn, prepareReturn, recordReturn } from '#db/stores/tax-returns'
import { transaction } from '#db/transaction'
import { credit, debit, journalEntry } from '#domain/ledger/journal'
import { stepsOn, type Steps } from '#tests/support/steps'

/** One seller in New Jersey, one in Germany: our own rules find the tax, no engine is set up. */
let us: Steps
let de: Steps
beforeAll(async () => {
  const stock = { LAMP: { east: 500 }, MUG: { east: 100 } }
  ;[us, de] = await Promise.all([stepsOn(stock), stepsOn(stock)])
  for (const { admin } of [us, de]) await setPolicy(admin, 'order', { taxBy: 'engine' })
  await us.admin`
    INSERT INTO tax_profile (jurisdiction, version, valid_from, system, sourcing, basis, rounding, stack, shipping, facilitator, source, owner)
    VALUES ('US-NY', 1, '2020-01-01', 'sales-tax', 'destination', 'line', 'half-up', 'separate', 'as-goods', true, 'TB-ST-838', 'tax'),
      ('US-CA', 1, '2020-01-01', 'sales-tax', 'destination', 'line', 'half-up', 'separate', 'untaxed', true, 'Reg. 1628', 'tax'),
      ('US-TX', 1, '2020-01-01', 'sales-tax', 'origin', 'line', 'half-up', 'separate', 'taxed', true, '34 TAC 3.334', 'tax')`
  await us.admin`
    INSERT INTO tax_rate (jurisdiction, tax_category, rate_ppm, valid_from) VALUES ('US-NY', 'standard', 40000, '2020-01-01'),
      ('US-NY/NEW YORK CITY', 'standard', 45000, '2020-01-01'), ('US-NY/MCTD', 'standard', 3750, '2020-01-01'), ('US-CA', 'standard', 72500, '2020-01-01')`
  await us.admin`
    INSERT INTO tax_area (jurisdiction, state, level, postal_from, postal_to, valid_from)
    VALUES ('US-NY/NEW YORK CITY', 'US-NY', 'city', '10001', '10292', '2020-01-01'), ('US-NY/MCTD', 'US-NY', 'special', '10001', '11980', '2020-01-01')`
  await us.admin`
    INSERT INTO tax_registration (entity_id, jurisdiction, number, frequency, valid_from)
    SELECT id, unnest(ARRAY['US-NY', 'US-CA']), 'N', 'quarter', '2020-01-01' FROM entity`
  await de.admin`UPDATE entity SET country = 'DE'`
  await de.admin`INSERT INTO shipping_zone (from_country, to_country, zone) VALUES ('DE', 'FR', 'union')`
  await de.admin`INSERT INTO carrier_service (carrier, service, from_country, to_zone, transit_days, base_minor, per_kg_minor, currency) VALUES ('DHL', 'Paket', 'DE', 'union', 3, 500, 50, 'USD')`
  await de.admin`UPDATE site SET country = 'DE', region = NULL, postal_code = '10115'`
  await de.admin`
    INSERT INTO tax_profile (jurisdiction, version, valid_from, system, sourcing, basis, rounding, stack, shipping, facilitator, source, owner)
    SELECT unnest(ARRAY['DE', 'FR']), 1, '2020-01-01', 'vat', 'destination', 'document', 'half-up', 'separate', 'as-goods', true, 'EU', 'tax'`
  await de.admin`
    INSERT INTO tax_rate (jurisdiction, tax_category, rate_ppm, valid_from) VALUES ('DE', 'standard', 190000, '2020-01-01'), ('FR', 'standard', 200000, '2020-01-01')`
})
afterAll(async () => {
  await expectProofs(us.admin)
  await Promise.all([us.drop(), de.drop()])
})

const address = (changes: object) => ({ ...anOrder().shipTo!, ...changes })
const newYork = address({ city: 'New York', region: 'NY', postalCode: '10004' })
const california = address({ city: 'Fresno', region: 'CA', postalCode: '93650' })
const austin = address({ city: 'Austin', region: 'TX', postalCode: '73301' })
const paris = address({ city: 'Paris', region: null, postalCode: '75001', country: 'FR' })

/** On account, so that the tax may grow without waiting for a payment. */
async function place(on: Steps, changes: Parameters<typeof anOrder>[0]) {
  await on.admin`
    INSERT INTO customer (channel_id, external_id, terms_days) SELECT id, ${changes?.customer?.externalId ?? 'C1'}, 30 FROM channel ON CONFLICT DO NOTHING`
  const terms = { state: 'terms', provider: 'invoice', reference: null, amountMinor: '0' } as const
  const document: OrderDocument = anOrder({ payment: terms, ...changes })
  const { inboxId } = await storeDocument(on.db, {
    ...{ source: 'test', eventId: `${document.externalId}/placed`, topic: 'placed', document },
  })
  await quoteTax(on.db, agreeableGateways, { inboxId }, 1)
  return on.place(document)
}

async function shipped(on: Steps, orderId: string, shippedOn?: string): Promise<string[]> {
  const [released] = await on.db<{ id: string }[]>`
    SELECT id::text FROM fulfilment_order WHERE order_id = ${orderId}`
  const fulfilmentId = released!.id
  const shipment = { fulfilmentId, reference: `S-${orderId}` }
  await on.run('confirmShipment', orderId, { ...shipment, ...(shippedOn ? { shippedOn } : {}) })
  return entryOf(on.db, orderId, 'goods-shipped')
}

const taxes = async (on: Steps, orderId: string) =>
  (
    await on.db<{ said: string }[]>`
      SELECT component || ' ' || tax_code || ' ' || sum(t.tax_minor) AS said FROM order_line_tax t JOIN sales_order_line l ON l.id = t.order_line_id
      WHERE l.order_id = ${orderId} GROUP BY component, tax_code HAVING sum(t.tax_minor) <> 0 OR max(abs(t.tax_minor)) = 0 ORDER BY 1`
  ).map(({ said }) => said)
const post = [{ title: 'Post', amountMinor: '800', discounts: [], taxes: [] }]

test('R5, R12: a cart to New York and to California has each state’s stack and shipping rule, and the same revenue', async () => {
  const ny = await place(us, { shipTo: newYork, shipping: post })
  const ca = await place(us, { shipTo: california, shipping: post })
  expect(await taxes(us, ny.orderId)).toEqual([
    'goods US-NY/MCTD@3750 38',
    'goods US-NY/NEW YORK CITY@45000 450',
    'goods US-NY@40000 400',
    'shipping US-NY/MCTD@3750 3',
    'shipping US-NY/NEW YORK CITY@45000 36',
    'shipping US-NY@40000 32',
  ])
  expect(await taxes(us, ca.orderId)).toEqual(['goods US-CA@72500 725'])
  const revenue = async (orderId: string) =>
    (await shipped(us, orderId)).filter((line) => /Sales |Shipping/.test(line))
  expect(await revenue(ny.orderId)).toEqual(await revenue(ca.orderId))
})

test('R11: where the company is not registered it collects nothing, and what a marketplace collects is no liability', async () => {
  const none = await place(us, { shipTo: austin })
  expect(await taxes(us, none.orderId)).toEqual(['goods US-TX@0/not-registered 0'])
  const theirs = [
    { jurisdiction: 'US-NY', ratePpm: 88_750, amountMinor: '809', collectedBy: 'marketplace' },
  ] as const
  const sold = anOrder({ shipTo: newYork, line: { unitPriceMinor: '9800', taxes: [...theirs] } })
  const payment = { ...sold.payment, state: 'marketplace' as const }
  const market = { channel: 'market', taxCollectedBy: 'marketplace' as const, payment }
  const order = await us.place({ ...sold, ...market })
  const posted = await shipped(us, order.orderId)
  expect(posted.filter((line) => line.includes('SalesTaxPayable'))).toEqual([])
})

test('R12: a certificate counts from its verification, by another person, while it is valid, and is frozen with the order', async () => {
  const certificate = async (customer: string, validTo: string, verified = true) => {
    const [row] = await us.db<{ id: bigint }[]>`
      INSERT INTO exemption_certificate (channel_id, customer, number, jurisdictions, kind, valid_from, valid_to, captured_by)
      SELECT id, ${customer}, ${`ST-120 ${validTo}`}, '{US-NY}', 'resale', '2020-01-01', ${validTo}, 'user:1' FROM channel WHERE code = 'web' RETURNING id`
    if (verified)
      await us.db`INSERT INTO exemption_decision (certificate_id, decision, decided_by, reason) VALUES (${row!.id}, 'verified', 'user:2', 'seen')`
  }
  const of = (externalId: string) => ({
    ...{ shipTo: newYork, customer: { externalId, name: 'Shop', email: null, phone: null } },
  })
  await certificate('RESELLER', '2999-12-31')
  const free = await place(us, of('RESELLER'))
  expect(free.total.minor).toBe('10000')
  expect(await taxes(us, free.orderId)).toEqual(['goods US-NY@0/exempt 0'])

  await certificate('LATE', '2021-12-31')
  await certificate('UNSEEN', '2999-12-31', false)
  expect((await place(us, of('UNSEEN'))).total.minor).toBe('10888')
  const late = await place(us, of('LATE'))
  expect(late).toMatchObject({ total: { minor: '10888' }, cases: [{ type: 'tax-check' }] })
  await certificate('LATE', '2999-12-31')
  const renewed = await us.resolve(late.orderId, 'tax-check', 'retry')
  expect(renewed.cases).toEqual([])
  expect(await taxes(us, late.orderId)).toEqual(['goods US-NY@0/exempt 0'])
  const posted = await shipped(us, late.orderId)
  expect(posted.filter((line) => line.includes('SalesTaxPayable'))).toEqual([])
})

test('lines that come later are taxed at once, and goods that go elsewhere by their new destination', async () => {
  await setPolicy(us.admin, 'order', { taxBy: 'engine', autoRelease: false }, 'b2b')
  const order = await place(us, { channel: 'b2b', shipTo: newYork })
  const mug = { kind: 'add-line' as const, sku: 'MUG', qty: 1, unitPriceMinor: '1000' }
  const grown = await us.run('changeOrder', order.orderId, { actions: [mug] })
  expect(grown.cases).toEqual([])
  expect((await taxes(us, order.orderId))[0]).toBe('goods US-NY/MCTD@3750 42')
  const moved = await us.run('changeOrder', order.orderId, {
    actions: [{ kind: 'ship-to' }],
    addressId: await giveAddress(us.db, order.orderId, california),
  })
  expect(moved.cases).toEqual([])
  expect(await taxes(us, order.orderId)).toEqual(['goods US-CA@72500 798'])

  // A rate that nobody knows stops no change: somebody states it, and the tax is found then.
  await us.admin`
    INSERT INTO tax_registration (entity_id, jurisdiction, number, frequency, valid_from) SELECT id, 'US-TX', 'N', 'month', '2020-01-01' FROM entity`
  const unknown = await us.run('changeOrder', order.orderId, {
    actions: [{ kind: 'ship-to' }],
    addressId: await giveAddress(us.db, order.orderId, austin),
  })
  expect(unknown.cases).toMatchObject([{ type: 'tax-check' }])
  await us.admin`
    INSERT INTO tax_rate (jurisdiction, tax_category, rate_ppm, valid_from) VALUES ('US-TX', 'standard', 62500, '2020-01-01')`
  expect((await us.resolve(order.orderId, 'tax-check', 'retry')).cases).toEqual([])
  expect(await taxes(us, order.orderId)).toEqual(['goods US-TX@62500 688'])
})

test('R13, R14, R17: at home below 10,000 EUR, by Union OSS once registered, and a business with a valid number pays none', async () => {
  const bought = { pricesIncludeTax: true, line: { unitPriceMinor: '12000' }, shipTo: paris }
  const home = await place(de, bought)
  expect(await taxes(de, home.orderId)).toEqual(['goods DE@190000 1916'])
  const big = await place(de, { ...bought, line: { unitPriceMinor: '9900', quantity: 100 } })
  expect(await taxes(de, big.orderId)).toEqual(['goods DE@190000 158067'])
  const crossing = await place(de, { ...bought, line: { unitPriceMinor: '9900', quantity: 20 } })
  expect(await taxes(de, crossing.orderId)).toEqual(['goods FR@200000 33000'])

  await de.admin`
    INSERT INTO tax_registration (entity_id, scheme, jurisdiction, number, frequency, valid_from) SELECT id, 'oss', 'DE', 'EU1', 'quarter', '2020-01-01' FROM entity`
  const oss = await place(de, bought)
  expect(await taxes(de, oss.orderId)).toEqual(['goods FR@200000/oss 2000'])
  expect(await shipped(de, oss.orderId)).toEqual(expect.arrayContaining(['Cr OssVat 20.00']))

  await de.db`
    INSERT INTO vat_id_check (channel_id, customer, vat_id, valid, checked_on, reference, checked_by)
    SELECT id, 'FIRME', 'FR40303265045', true, '2026-01-01', 'WAPIAAAAW', 'user:1' FROM channel WHERE code = 'web'`
  const customer = { externalId: 'FIRME', name: 'Firme', email: null, phone: null }
  const business = await place(de, { shipTo: paris, customer })
  expect(await taxes(de, business.orderId)).toEqual(['goods FR@0/reverse-charge 0'])
})

const year = new Date().getUTCFullYear()
const quarter = `${year}-Q${Math.ceil((new Date().getUTCMonth() + 1) / 3)}`

test('R11, R22: a state’s return shows what is taxed, free and a marketplace’s, and its tax is the ledger’s', async () => {
  const { entityId } = us.company
  const ofNewYork = {
    entityId,
    scheme: 'domestic',
    jurisdiction: 'US-NY',
    period: quarter,
  } as const
  const from = `${year}-01-01`
  const sales = (await salesOfReturn(us.db, { ...ofNewYork, from })).map(
    (sale) => `${sale.taxCode} ${sale.collectedBy} ${sale.netMinor}`,
  )
  expect(sales).toEqual(
    expect.arrayContaining([
      'US-NY@40000 seller 10800',
      'US-NY@0/exempt seller 10000',
      'US-NY@88750 marketplace 9800',
    ]),
  )
  const draft = await draftReturn(us.db, { ...ofNewYork, functionalCurrency: 'USD' })
  const report = await readTaxReturn(us.db, { entityId, period: quarter, from })
  const owed = report.filter(({ jurisdiction }) => jurisdiction.startsWith('US-NY'))
  expect(owed.every((row) => row.ledgerMinor === row.documentsMinor)).toBe(true)
  expect(draft.dueMinor).toBe(owed.reduce((all, row) => all + row.ledgerMinor, 0n))
  expect(draft.dueMinor).toBe(959n)
})

test('R14, R18: a quarter’s return is in euros at its last day, later ones name what they correct, and paying settles it', async () => {
  const { entityId } = de.company
  await de.admin`
    INSERT INTO fx_rate (from_currency, to_currency, rate_on, kind, rate_e9, source) VALUES
      ('USD', 'EUR', ${`${year}-03-31`}, 'spot', 900000000, 'ECB'), ('USD', 'EUR', ${`${year}-06-30`}, 'spot', 800000000, 'ECB'), ('EUR', 'USD', ${`${year}-04-01`}, 'spot', 1200000000, 'ECB')`
  const bought = { pricesIncludeTax: true, line: { unitPriceMinor: '12000' }, shipTo: paris }
  const sold = async (shippedOn: string) => {
    const order = await place(de, bought)
    await shipped(de, order.orderId, shippedOn)
    return order.orderId
  }
  const of = (period: string): ReturnOf & { functionalCurrency: string } => ({
    ...{ entityId, scheme: 'oss', jurisdiction: 'DE', period, functionalCurrency: 'USD' },
  })
  const today = `${year + 1}-08-01`
  const prepare = (period: string, on = today) =>
    transaction(de.db, (tx) => prepareReturn(tx, of(period), { actor: 'user:1', today: on }))
  const said = async (id: bigint) =>
    (await linesOfReturn(de.db, id)).map(
      (line) => `${line.correctsPeriod ?? line.postedPeriod} ${line.taxCode} ${line.dueMinor}`,
    )
  const happened = (id: bigint, kind: 'filed' | 'rejected', actor: string) =>
    transaction(de.db, (tx) => recordReturn(tx, id, kind, { on: today, reference: 'BZSt', actor }))

  const orderId = await sold(`${year}-02-10`)
  await expect(prepare(`${year}-Q1`, `${year}-03-31`)).rejects.toMatchObject({
    code: 'TaxReturnEarly',
  })
  await expect(prepare(`${year}-Q2`)).rejects.toMatchObject({ code: 'EarlierReturnOpen' })
  const refused = await prepare(`${year}-Q1`)
  await happened(refused.id, 'rejected', 'user:2')
  const both = await Promise.allSettled([prepare(`${year}-Q1`), prepare(`${year}-Q1`)])
  const first = both.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  expect(first).toHaveLength(1)
  const { id } = first[0]!
  expect(await said(id)).toEqual([`${year}-Q1 FR@200000/oss 1800`])
  await expect(happened(id, 'filed', 'user:1')).rejects.toMatchObject({
    constraint_name: 'tax_return_by_another',
  })
  await happened(id, 'filed', 'user:2')

  const paid = { on: `${year}-04-20`, reference: 'bank', actor: 'user:3' }
  const pay = async (amountMinor: bigint) => {
    const [found] = await taxReturns(de.db, { id })
    return transaction(de.db, (tx) => payReturn(tx, found!, { ...paid, amountMinor }))
  }
  await expect(pay(1_900n)).rejects.toMatchObject({ code: 'TaxReturnAmount' })
  await pay(1_800n)
  const settled = await de.db`
    SELECT l.account_id AS account, l.currency, l.amount_minor::int AS amount, l.func_minor::int AS func FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
    WHERE e.event_type = 'tax-return-paid' AND l.account_id <> 9010 ORDER BY 1`
  expect([...settled]).toEqual([
    { account: 1010, currency: 'EUR', amount: -1800, func: -2160 },
    { account: 2225, currency: 'USD', amount: 2000, func: 2000 },
    { account: 7010, currency: 'EUR', amount: 0, func: 160 },
  ])

  // Known after the first return was filed: a sale of its quarter, and a refund of one in the next.
  await sold(`${year}-03-01`)
  await sold(`${year}-05-01`)
  const tax = { jurisdiction: 'FR', taxCode: 'FR@200000/oss', orderId: BigInt(orderId) }
  const refund = journalEntry({
    ...{ entityId, area: 'TAX', effectiveOn: `${year}-05-10`, eventType: 'chargeback-lost' },
    ...{ sourceType: 'test', sourceId: 'r', key: 'refund', currency: 'USD' },
    lines: [debit('OssVat', 2_000n, tax), credit('Bank', 2_000n)],
  })
  await transaction(de.db, (tx) => postEntry(tx, refund))
  const second = await prepare(`${year}-Q2`)
  expect((await said(second.id)).sort()).toEqual([
    `${year}-Q1 FR@200000/oss -1800`,
    `${year}-Q1 FR@200000/oss 1800`,
    `${year}-Q2 FR@200000/oss 1600`,
  ])
  expect(second.draft.dueMinor).toBe(1_600n)
  const again = await draftReturn(de.db, of(`${year}-Q2`))
  expect(again.lines).toEqual([])

  expect((await runProofs(de.admin, taxProofs))[0]!.broken).toEqual([])
  const undo = new Error('undo')
  await de.admin
    .begin(async (tx) => {
      await tx`SET LOCAL session_replication_role = replica`
      await tx`UPDATE tax_return_line SET tax_minor = tax_minor + 1 WHERE return_id = ${id.toString()}`
      expect((await runProofs(tx as never, taxProofs))[0]!.broken).toHaveLength(1)
      throw undo
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error
    })
})
