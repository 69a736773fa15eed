import { afterAll, beforeAll, expect, test } from 'vitest'
import { readTaxReturn } from '#db/queries/tax-report'
import { aLine, anOrder } from '#tests/support/company'
import { expectProofs } from '#tests/support/proofs'
import { stepsOn, type Steps } from '#tests/support/steps'
import { apiUnderTest, type ApiUnderTest, type Caller } from './support.ts'

let api: ApiUnderTest
let controller: Caller
let steps: Steps
beforeAll(async () => {
  api = await apiUnderTest()
  controller = await api.as('controller')
  steps = await stepsOn({ LAMP: { east: 50 } })
})
afterAll(async () => {
  await Promise.all([api.close(), steps.drop()])
})

const register = (changes: object, key: string) =>
  controller({
    method: 'POST',
    url: '/v1/ledger/tax-registrations',
    headers: { 'idempotency-key': key },
    payload: {
      ...{ entity: 'US1', jurisdiction: 'US-NY', number: 'NY-1', frequency: 'quarter' },
      ...{ validFrom: '2020-01-01', reason: 'registered with the state', ...changes },
    },
  })

test('a registration is stated once, from a later day each time', async () => {
  expect((await register({}, 'tax-reg-1')).statusCode).toBe(201)
  const earlier = await register({ validFrom: '2019-01-01' }, 'tax-reg-2')
  expect(earlier.json()).toMatchObject({ code: 'RegistrationBeginsEarlier' })
  expect((await register({ validFrom: '2027-01-01' }, 'tax-reg-3')).statusCode).toBe(201)
  const listed = await controller({ url: '/v1/ledger/tax-registrations?entity=US1' })
  expect(listed.json().items).toMatchObject([
    { scheme: 'domestic', frequency: 'quarter', validFrom: '2020-01-01' },
    { validFrom: '2027-01-01' },
  ])
  const report = await controller({ url: '/v1/ledger/tax-report?entity=US1&period=2026-Q1' })
  expect(report.json()).toEqual({ entity: 'US1', period: '2026-Q1', ties: true, rows: [] })
  const wrong = await controller({ url: '/v1/ledger/tax-report?entity=US1&period=2026-Q5' })
  expect(wrong.statusCode).toBe(422)
})

test('a return holds what was earned in it, ledger and documents alike, and none of a marketplace’s', async () => {
  const { entityId } = steps.company
  await steps.admin`
    INSERT INTO tax_registration (entity_id, jurisdiction, number, frequency, valid_from)
    VALUES (${entityId}, 'US-NY', 'NY-1', 'quarter', '2020-01-01'), (${entityId}, 'US-TX', 'TX-1', 'year', '2020-01-01')`
  const tax = (
    jurisdiction: string,
    amountMinor: string,
    collectedBy: 'seller' | 'marketplace',
  ) => ({
    ...{ jurisdiction, ratePpm: 80_000, amountMinor, collectedBy },
  })
  const own = [
    tax('US-NY', '401', 'seller'),
    tax('US-NY/NEW YORK CITY', '400', 'seller'),
    tax('US-TX', '300', 'seller'),
    tax('US-NJ', '200', 'seller'),
  ]
  const theirs = [tax('US-NY', '800', 'marketplace')]
  for (const taxes of [own, theirs]) {
    const order = await steps.place(anOrder({ lines: [aLine({ quantity: 1, taxes })] }))
    const [released] = await steps.db<{ id: string }[]>`
      SELECT id::text FROM fulfilment_order WHERE order_id = ${order.orderId}`
    await steps.run('confirmShipment', order.orderId, {
      fulfilmentId: released!.id,
      reference: `S-${order.orderId}`,
    })
  }
  const today = new Date().toISOString()
  const [year, month] = [today.slice(0, 4), today.slice(0, 7)]
  const quarter = `${year}-Q${Math.ceil(Number(today.slice(5, 7)) / 3)}`
  const returned = async (period: string) =>
    (await readTaxReturn(steps.db, { entityId, period, from: `${year}-01-01` })).map(
      (row) =>
        `${row.jurisdiction} ${row.ledgerMinor} ${row.documentsMinor} ${row.facilitatorMinor}`,
    )
  expect(await returned(quarter)).toEqual(['US-NY 401 401 800', 'US-NY/NEW YORK CITY 400 400 0'])
  expect(await returned(year)).toEqual(['US-TX 300 300 0'])
  expect(await returned(month)).toEqual(['US-NJ 200 200 0'])
  await expectProofs(steps.admin)
})
