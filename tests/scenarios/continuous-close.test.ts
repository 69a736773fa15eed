import { afterAll, beforeAll, expect, test } from 'vitest'
import { refreshTiesNow } from '#clients/continuous-close'
import * as contract from '#contracts/period-close'
import { tiesOf } from '#db/queries/period-closes'
import { credit, debit } from '#domain/ledger/journal'
import { closingCompany, closingOn, setClosePolicy } from '#tests/support/closing'
import { aKey } from '#tests/support/orders'
import { startSystem, type TestSystem } from '#tests/support/process'
import { entry, post } from '../db/ledger-books.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system.stop())

test('every day shows what the close will ask; what changes is told to the close that is under way', async () => {
  const { entity, entityId } = await closingCompany(system.admin)
  const company = { entity, taskQueue: system.taskQueue }
  const off = await refreshTiesNow(system.client, company, aKey())
  expect(off).toMatchObject({ watching: false, periods: [] })

  await setClosePolicy(system.admin, entityId, {})
  const lines = [debit('Suspense', 412_00n), credit('Capital', 412_00n)]
  await post(system.db, entry({ entityId, effectiveOn: '2026-10-20', lines }))
  const found = await refreshTiesNow(system.client, company, aKey())
  expect(found.watching).toBe(true)
  expect(found.periods).toContain('2026-10')
  expect(found.red).toBeGreaterThan(0)
  const [period] = await system.db<{ id: number }[]>`
    SELECT id FROM gl_period WHERE entity_id = ${entityId} AND period = '2026-10'`
  const ties = async () => {
    const rows = await tiesOf(system.db, period!.id)
    return new Map(rows.map((row) => [row.task, row]))
  }
  expect((await ties()).get('suspense-zero')).toMatchObject({ colour: 'red', atRiskMinor: 412_00n })

  const close = closingOn(system, { entity, period: '2026-10' })
  const begun = await close.tell(contract.beginClose, {}, 'carl')
  expect(begun.cases.map(({ type }) => type)).toEqual(['close-mismatch'])
  const back = [debit('Capital', 412_00n), credit('Suspense', 412_00n)]
  await post(system.db, entry({ entityId, effectiveOn: '2026-10-21', lines: back }))
  const healed = await refreshTiesNow(system.client, company, aKey())
  expect(healed.changed).toHaveLength(1)
  const handle = system.client.workflow.getHandle(contract.periodCloseId(entity, '2026-10'))
  const cases = async () => (await handle.query(contract.periodCloseProgress))?.cases.length
  await expect.poll(cases, { timeout: 15_000 }).toBe(0)
  expect((await ties()).get('suspense-zero')!.colour).toBe('green')
  // Nothing new, nothing told.
  expect((await refreshTiesNow(system.client, company, aKey())).changed).toEqual([])
})
