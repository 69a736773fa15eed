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

test('a jurisdiction’s rules are stated from a day on, and the next version knows the one before', async () => {
  const state = (basedOn: number, validFrom: string, key: string) =>
    controller({
      method: 'POST',
      url: '/v1/ledger/tax-profiles',
      headers: { 'idempotency-key': key },
      payload: {
        ...{ jurisdiction: 'US-NY', validFrom, system: 'sales-tax', sourcing: 'destination' },
        ...{ basis: 'line', rounding: 'half-up', stack: 'separate', shipping: 'as-goods' },
        ...{ facilitator: true, source: 'TB-ST-838', basedOn, reason: 'the state says so' },
        rates: [{ jurisdiction: 'US-NY', ratePpm: 40_000 }],
        areas: [
          ...[{ jurisdiction: 'US-NY/NYC', level: 'city', postalFrom: '10001', postalTo: '10292' }],
        ],
      },
    })
  expect((await state(0, '2020-01-01', 'tax-profile-1')).json()).toMatchObject({ version: 1 })
  expect((await state(0, '2021-01-01', 'tax-profile-2')).json()).toMatchObject({
    code: 'VersionConflict',
  })
  expect((await state(1, '2020-01-01', 'tax-profile-3')).json()).toMatchObject({
    code: 'TaxRateKnown',
  })
  expect((await state(1, '2021-01-01', 'tax-profile-4')).json()).toMatchObject({ version: 2 })
  const listed = await controller({ url: '/v1/ledger/tax-profiles?jurisdiction=US-NY' })
  expect(listed.json().items).toMatchObject([{ version: 1 }, { version: 2, source: 'TB-ST-838' }])
})

test('a certificate is verified by another person than who captured it, once', async () => {
  const both = await api.as(['csr', 'controller'])
  const [channel] = await api.database.db<{ code: string }[]>`SELECT code FROM channel LIMIT 1`
  const send = (caller: Caller, url: string, payload: object, key: string) =>
    caller({ method: 'POST', url, headers: { 'idempotency-key': key }, payload })
  const url = '/v1/ledger/exemption-certificates'
  const certificate = {
    ...{ channel: channel!.code, customer: 'C7', number: 'ST-120', jurisdictions: ['US-NY'] },
    ...{ kind: 'resale', validFrom: '2026-01-01', validTo: '2026-12-31', reason: 'sent by mail' },
  }
  const captured = await send(both, url, certificate, 'certificate-1')
  expect(captured.statusCode).toBe(201)
  const known = await send(both, url, certificate, 'certificate-2')
  expect(known.json()).toMatchObject({ code: 'CertificateKnown' })
  const decide = (caller: Caller, decision: string, key: string) => {
    const payload = { decision, reason: 'looked it up' }
    return send(caller, `${url}/${captured.json().id}/decision`, payload, key)
  }
  expect((await decide(both, 'verified', 'decide-1')).json()).toMatchObject({
    code: 'SameVerifier',
  })
  expect((await decide(controller, 'verified', 'decide-2')).statusCode).toBe(204)
  expect((await decide(controller, 'rejected', 'decide-3')).json()).toMatchObject({
    code: 'CertificateDecided',
  })
  expect((await decide(controller, 'revoked', 'decide-4')).statusCode).toBe(204)
  const listed = await controller({ url: `${url}?customer=C7` })
  expect(listed.json().items).toMatchObject([{ number: 'ST-120', state: 'revoked' }])
  const check = {
    ...{ channel: channel!.code, customer: 'C7', vatId: 'DE129273398', valid: true },
    ...{ checkedOn: '2026-01-01', reference: 'WAPI' },
  }
  expect((await send(both, '/v1/ledger/vat-id-checks', check, 'vat-id-1')).statusCode).toBe(204)
})

test('a return is drafted at any time, kept once, filed by another and paid as it says', async () => {
  const clerk = await api.as('ap-clerk')
  const treasurer = await api.as('treasurer')
  const url = '/v1/ledger/tax-returns'
  const send = (caller: Caller, path: string, payload: object, key: string) =>
    caller({ method: 'POST', url: `${url}${path}`, headers: { 'idempotency-key': key }, payload })
  const of = { entity: 'US1', jurisdiction: 'US-NY', period: '2026-Q1' }
  const draft = await controller({
    url: `${url}/draft?entity=US1&jurisdiction=US-NY&period=2026-Q1`,
  })
  expect(draft.json()).toMatchObject({ due: { minor: '0' }, lines: [], earlierOpen: [], sales: [] })
  const early = await send(clerk, '', { ...of, period: '2999' }, 'return-early')
  expect(early.json()).toMatchObject({ code: 'TaxReturnEarly' })
  const prepared = await send(clerk, '', of, 'return-1')
  expect(prepared.json()).toMatchObject({ state: 'prepared', due: { currency: 'USD', minor: '0' } })
  const twice = await send(clerk, '', of, 'return-2')
  expect(twice.json()).toMatchObject({ code: 'TaxReturnKnown' })
  const { id } = prepared.json() as { id: string }
  const pay = (key: string) =>
    send(
      treasurer,
      `/${id}/payment`,
      { paidOn: '2026-04-20', amountMinor: '0', reference: 'B' },
      key,
    )
  expect((await pay('return-pay-1')).json()).toMatchObject({ code: 'TaxReturnState' })
  const filed = { outcome: 'filed', on: '2026-04-20', reference: 'NY-77' }
  expect((await send(controller, `/${id}/outcome`, filed, 'return-filed')).statusCode).toBe(204)
  expect((await pay('return-pay-2')).statusCode).toBe(204)
  const one = await controller({ url: `${url}/${id}` })
  expect(one.json()).toMatchObject({ state: 'paid', lines: [] })
  const all = await controller({ url: `${url}?entity=US1` })
  expect(all.json().items).toMatchObject([{ id, period: '2026-Q1' }])
})
