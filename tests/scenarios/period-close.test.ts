import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import * as contract from '#contracts/period-close'
import { periodClosings } from '#db/queries/periods'
import { lateFacts } from '#db/queries/ledger-reports'
import { credit, debit } from '#domain/ledger/journal'
import { closingCompany, closingOn, setClosePolicy } from '#tests/support/closing'
import { startSystem, type TestSystem } from '#tests/support/process'
import { expectProofs } from '#tests/support/proofs'
import { allSealed, entry, post } from '../db/ledger-books.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system.stop())
afterEach(() => expectProofs(system.admin))

const OCTOBER = '2026-10'

/** A company with capital of 1,000.00 paid in on the 5th of October. */
async function aCompany(policy: Parameters<typeof setClosePolicy>[2] = {}) {
  const company = await closingCompany(system.admin)
  await setClosePolicy(system.admin, company.entityId, policy)
  const paidIn = entry({ entityId: company.entityId, effectiveOn: '2026-10-05' }, 1_000_00n)
  await post(system.db, paidIn)
  const close = closingOn(system, { entity: company.entity, period: OCTOBER })
  return { ...company, close }
}

const refusedAs = (work: Promise<unknown>, type: string) =>
  expect(work).rejects.toMatchObject({ cause: { type } })

/** Every lock of the month by Carl, who prepared nothing. */
async function lockAll({ tell }: ReturnType<typeof closingOn>) {
  let last
  for (const area of ['AR', 'AP', 'INV', 'CASH', 'TAX', 'GL'] as const)
    last = await tell(contract.lockArea, { area, state: 'closed', reason: 'month end' }, 'carl')
  return last!
}

test('a month is closed: queries turn green by themselves, two sign each judgement, a third locks', async () => {
  const { close, entityId } = await aCompany()
  await close.tell(contract.beginClose, {}, 'carl')
  const begun = await close.tell(contract.checkClose, {}, 'carl')
  expect(begun).toMatchObject({ phase: 'open', open: true, cases: [] })
  const tasks = await close.tasks()
  expect(
    [...tasks.values()].filter(({ kind }) => kind !== 'judgement').map((t) => t.state),
  ).toEqual([...tasks.values()].filter(({ kind }) => kind !== 'judgement').map(() => 'green'))

  // Nothing is locked before its judgements are signed, and nobody signs their own.
  const early = { area: 'AR', state: 'closed', reason: 'x' } as const
  await refusedAs(close.tell(contract.lockArea, early, 'carl'), 'CloseTasksOpen')
  await close.tell(contract.prepareTask, { task: 'cut-off-sample', note: 'three days' }, 'paula')
  const { preparationId } = (await close.tasks()).get('cut-off-sample')!
  const review = { preparationId: `${preparationId}` }
  await refusedAs(close.tell(contract.reviewTask, review, 'paula'), 'CloseDuties')
  await refusedAs(
    close.tell(contract.prepareTask, { task: 'sign-off', note: 'all is well' }),
    'CloseTaskWaits',
  )
  await close.sign()

  await refusedAs(close.tell(contract.lockArea, early, 'paula'), 'SameCloser')
  await allSealed(system)
  const closed = await lockAll(close)
  expect(closed).toMatchObject({ phase: 'closed', open: false })
  const [kept] = await periodClosings(system.db, { entityId, period: OCTOBER })
  expect(kept).toMatchObject({ closedBy: 'carl', sealNo: expect.any(Number) as number })
  expect(kept!.balances).toHaveLength(2)
  expect(kept!.reports.map(({ report }) => report)).toEqual([
    'balance-sheet',
    'open-items',
    'profit-and-loss',
    'trial-balance',
  ])
})

test('what changes before the lock turns a task red again; a small difference is accepted, and only that one', async () => {
  const { close, entityId } = await aCompany({ materialityMinor: '5000' })
  await close.tell(contract.beginClose, {}, 'carl')
  const suspense = (amount: bigint) => ({
    ...entry({ entityId, effectiveOn: '2026-10-20', currency: 'USD' }),
    lines: entry({
      entityId,
      lines: [debit('Suspense', amount), credit('Capital', amount)],
    }).lines,
  })
  await post(system.db, suspense(30_00n))
  const checked = await close.tell(contract.checkClose, {}, 'carl')
  expect(checked.cases.map(({ type }) => type)).toEqual(['close-mismatch'])
  expect(checked.moneyAtRisk.minor).toBe('3000')
  const [found] = checked.cases
  const accept = {
    caseId: found!.id,
    resolution: 'accept' as const,
    params: { reason: 'rounding' },
  }
  const accepted = await close.tell(contract.resolveCloseCase, accept, 'carl')
  expect(accepted.cases).toEqual([])
  expect((await close.tasks()).get('suspense-zero')).toMatchObject({
    state: 'accepted',
    acceptedBy: 'carl',
  })

  // Another amount is another question; and this one is material.
  await post(system.db, suspense(30_00n))
  const again = await close.tell(contract.checkClose, {}, 'carl')
  expect((await close.tasks()).get('suspense-zero')!.state).toBe('red')
  const task = { task: 'suspense-zero', reason: 'small' }
  await refusedAs(close.tell(contract.acceptDifference, task, 'carl'), 'DifferenceMaterial')

  // Reclassified by one person, signed by another, and the case is gone by itself.
  const params = { reason: 'was advertising', amountMinor: '6000', from: 9090, to: 6070 }
  const reclassify = { caseId: again.cases[0]!.id, resolution: 'reclassify' as const, params }
  await close.tell(contract.resolveCloseCase, reclassify, 'paula')
  const { preparationId } = (await close.tasks()).get('manual-accruals')!
  await close.tell(contract.reviewTask, { preparationId: `${preparationId}` }, 'rita')
  await close.tell(contract.checkClose, {}, 'carl')
  expect((await close.tasks()).get('suspense-zero')!.state).toBe('green')
  const evidence = await system.db<{ colour: string }[]>`
    SELECT v.colour FROM close_evidence v JOIN gl_period p ON p.id = v.period_id WHERE p.entity_id = ${entityId} AND v.task = 'suspense-zero' ORDER BY v.id`
  expect(evidence.map(({ colour }) => colour)).toEqual(['green', 'red', 'red', 'green'])
})

test('a closed month is reopened for a time by another person, and closed again by itself; a late fact goes on', async () => {
  const { close, entityId } = await aCompany()
  await close.tell(contract.beginClose, {}, 'carl')
  await close.sign()
  await lockAll(close)
  const late = { ...entry({ entityId, effectiveOn: '2026-10-31' }), late: 'next-open' as const }
  await post(system.db, late)
  expect(await lateFacts(system.db, { entityId, period: OCTOBER })).toMatchObject([
    { factOn: '2026-10-31', effectiveOn: '2026-11-01', period: '2026-11' },
  ])

  const until = new Date(Date.now() + 4_000).toISOString()
  const wish = { areas: ['CASH' as const, 'GL' as const], until, reason: 'a forgotten deposit' }
  const asked = await close.tell(contract.askReopening, wish, 'petra')
  expect(asked.cases.map(({ type }) => type)).toEqual(['close-reopen'])
  const approve = { caseId: asked.cases[0]!.id, resolution: 'approve' as const }
  await refusedAs(close.tell(contract.resolveCloseCase, approve, 'petra'), 'SameCloser')
  await refusedAs(close.tell(contract.resolveCloseCase, approve, 'carl'), 'SameCloser')
  const reopened = await close.tell(contract.resolveCloseCase, approve, 'anna')
  expect(reopened).toMatchObject({ phase: 'reopened', open: true })
  const [row] = await system.db<{ approvalId: string }[]>`
    SELECT evidence->>'approvalId' AS "approvalId" FROM exception_case WHERE id = ${asked.cases[0]!.id}`
  await post(system.db, { ...entry({ entityId, effectiveOn: '2026-10-30' }), ...row! })
  const handle = system.client.workflow.getHandle(reopened.no && `period-close/${reopened.no}`)
  expect(await handle.result()).toMatchObject({ phase: 'closed' })
  const versions = await periodClosings(system.db, { entityId, period: OCTOBER })
  expect(versions.map(({ closedBy }) => closedBy)).toEqual(['period-close', 'carl'])
})
