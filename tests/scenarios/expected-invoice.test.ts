import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectInvoice } from '#clients/stock-documents'
import {
  cancelExpectedInvoice,
  expectedInvoiceId,
  expectedInvoiceProgress,
  invoiceArrived,
} from '#contracts/expected-invoice'
import { closingCompany } from '#tests/support/closing'
import { aKey } from '#tests/support/orders'
import { startSystem, type TestSystem } from '#tests/support/process'
import { expectProofs } from '#tests/support/proofs'

let system: TestSystem
beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system.stop())

async function expecting(period: string) {
  const { entity, entityId } = await closingCompany(system.admin)
  const invoiceNo = `ADS-${entity}`
  const cost = { accountId: 6070, party: 'supplier/1', description: 'ads', expectedMinor: '300000' }
  const request = { key: aKey(), actor: 'paula', ...cost, invoiceNo, entity, period }
  const asked = { updateId: aKey(), taskQueue: system.taskQueue }
  const first = await expectInvoice(system.client, request, asked)
  const handle = system.client.workflow.getHandle(expectedInvoiceId(invoiceNo))
  return { entityId, first, handle, request }
}

test('a cost whose period ended without its bill is booked on the last day and taken back on the next', async () => {
  const { entityId, first, handle } = await expecting('2026-10')
  expect(first).toMatchObject({ phase: 'expected', moneyAtRisk: { minor: '300000' } })
  const phase = async () => (await handle.query(expectedInvoiceProgress))?.phase
  await expect.poll(phase, { timeout: 15_000 }).toBe('accrued')
  const rows = await system.db<{ on: string; minor: bigint }[]>`
    SELECT l.effective_on AS on, l.func_minor AS minor FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id
    WHERE e.entity_id = ${entityId} AND l.account_id = 6070 ORDER BY 1`
  expect(rows.map((row) => ({ ...row }))).toEqual([
    { on: '2026-10-31', minor: 3_000_00n },
    { on: '2026-11-01', minor: -3_000_00n },
  ])
  const arrived = { key: aKey(), actor: 'paula', billNumber: 'B-1', actualMinor: '312000' }
  const after = await handle.executeUpdate(invoiceArrived, { args: [arrived] })
  expect(after).toMatchObject({ phase: 'closed', open: false })
  await handle.result()
  await expectProofs(system.admin)
})

test('a bill that comes in time, or is expected no more, is never booked', async () => {
  const { entityId, handle, request, first } = await expecting('2027-12')
  const again = { ...request, key: aKey() }
  const asked = { updateId: aKey(), taskQueue: system.taskQueue }
  await expect(expectInvoice(system.client, again, asked)).rejects.toMatchObject({
    cause: { type: 'InvoiceExpected' },
  })
  const cancel = { key: aKey(), actor: 'paula', reason: 'called off' }
  await handle.executeUpdate(cancelExpectedInvoice, { args: [cancel] })
  expect(await handle.result()).toMatchObject({ no: first.no, phase: 'closed' })
  expect(await system.db`SELECT 1 FROM journal_entry WHERE entity_id = ${entityId}`).toEqual([])
})
