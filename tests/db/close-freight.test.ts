import { afterAll, beforeAll, expect, test } from 'vitest'
import { closeVerbs } from '#tests/support/close-verbs'
import { setClosePolicy } from '#tests/support/closing'
import { anOrder } from '#tests/support/company'
import { stepsOn, type Steps } from '#tests/support/steps'

let steps: Steps
beforeAll(async () => {
  steps = await stepsOn({ LAMP: { east: 10 } })
})
afterAll(() => steps.drop())

/** A lamp that leaves today in one parcel. */
async function shipped(reference: string): Promise<bigint> {
  const { orderId } = await steps.place(anOrder())
  const [open] = await steps.db<{ id: bigint }[]>`
    SELECT id FROM fulfilment_order WHERE order_id = ${orderId} AND state = 'released'`
  await steps.run('confirmShipment', orderId, {
    ...{ fulfilmentId: `${open!.id}`, reference },
    parcels: [{ trackingNumber: reference }],
  })
  const [row] = await steps.db<
    { id: bigint }[]
  >`SELECT id FROM shipment WHERE order_id = ${orderId}`
  return row!.id
}

test('parcels whose freight nobody estimated are accrued at the average of the others, and taken back', async () => {
  await shipped('known')
  const unknown = await shipped('unknown')
  await steps.admin`ALTER TABLE shipment DISABLE TRIGGER USER`
  await steps.admin`UPDATE shipment SET freight_minor = 0 WHERE id = ${unknown}`
  await setClosePolicy(steps.admin, steps.company.entityId, {})
  await steps.admin`SELECT open_coming_periods(current_date)`
  const period = new Date().toISOString().slice(0, 7)
  const close = await closeVerbs(steps, { entity: 'ACME-US', period })
  expect(await close.task('freight-accrued')).toMatchObject({ state: 'red', broken: 1 })
  await close.run('postCloseTask', { task: 'freight-accrued' })
  await close.run('postCloseTask', { task: 'freight-accrued' })
  expect((await close.task('freight-accrued')).state).toBe('green')
  const [known] = await steps.db<{ minor: bigint }[]>`
    SELECT freight_minor AS minor FROM shipment WHERE id <> ${unknown}`
  const entries = await steps.db<{ type: string; minor: bigint }[]>`
    SELECT e.event_type AS type, l.func_minor AS minor FROM journal_entry e JOIN journal_line l ON l.entry_id = e.id AND l.account_id = 5040
    WHERE e.source_type = 'period-close' ORDER BY e.id`
  expect(entries.map((row) => ({ ...row }))).toEqual([
    { type: 'freight-accrued', minor: known!.minor },
    { type: 'freight-accrued.reversed', minor: -known!.minor },
  ])
})
