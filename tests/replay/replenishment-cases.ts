import { setTimeout as wait } from 'node:timers/promises'
import { commandReplenishment, startReplenishment } from '#clients/replenishment'
import {
  decideProposals,
  replenishmentId,
  replenishmentStanding,
  resolveTrouble,
  runNow,
} from '#contracts/replenishment'
import { keepBy, sold, supplierOf } from '#tests/support/replenished'
import type { RecordingSystem } from './recording-system.ts'

const ENTITY = 'ACME-US'
const by = { actor: 'user:buyer', reason: 'recorded' }

/** A run, a decision, one that is refused, a case, another run, and the end when no policy is left. */
export async function replenishedUntilOff(system: RecordingSystem): Promise<string> {
  await trade(system)
  const handle = await started(system)
  const [tea] = await system.database.db<{ id: string }[]>`
    SELECT p.id::text FROM replenishment_proposal p WHERE state = 'proposed' LIMIT 1`
  const decision = { ...by, entity: ENTITY, sites: null, proposalIds: [tea!.id] }
  await handle.executeUpdate(decideProposals, {
    args: [{ ...decision, key: 'd/1', decision: 'convert' }],
  })
  await handle
    .executeUpdate(decideProposals, { args: [{ ...decision, key: 'd/2', decision: 'dismiss' }] })
    .then(
      () => Promise.reject(new Error('a converted proposal was dismissed')),
      () => undefined,
    )
  const [spike] = await system.database.db<{ id: string }[]>`
    SELECT id::text FROM exception_case WHERE type = 'demand-spike' AND state = 'open'`
  await handle.executeUpdate(resolveTrouble, {
    args: [{ ...by, key: 'r/1', caseId: spike!.id, resolution: 'ignore' }],
  })
  await handle.executeUpdate(runNow, { args: [{ ...by, key: 'n/1' }] })
  await untilDone(handle)
  await off(system)
  await handle.executeUpdate(runNow, { args: [{ ...by, key: 'n/2' }] })
  await handle.result()
  return replenishmentId(ENTITY)
}

/** So many runs that the process begins a new history. */
export async function replenishedContinuedAsNew(system: RecordingSystem): Promise<string> {
  await trade(system)
  const handle = await started(system)
  const first = await handle.describe()
  for (let n = 1; (await handle.describe()).runId === first.runId; n += 1) {
    if (n === 60) throw new Error('the process did not continue as new')
    await commandReplenishment(system.client, { entity: ENTITY }, runNow, {
      command: { ...by, key: `n/${n}` },
      updateId: `n/${n}`,
    })
    await wait(300)
  }
  await untilDone(handle)
  await off(system)
  await handle.executeUpdate(runNow, { args: [{ ...by, key: 'n/last' }] })
  await handle.result()
  return replenishmentId(ENTITY)
}

async function started({ client }: RecordingSystem) {
  await startReplenishment(client, { entity: ENTITY })
  const handle = client.workflow.getHandle(replenishmentId(ENTITY))
  await untilDone(handle)
  return handle
}

async function untilDone(handle: ReturnType<RecordingSystem['client']['workflow']['getHandle']>) {
  for (let n = 0; n < 100; n += 1) {
    const { run, nextRunAt } = await handle.query(replenishmentStanding)
    if (run?.state === 'done' && nextRunAt !== null) return
    await wait(100)
  }
  throw new Error('the run does not end')
}

async function trade({ database }: RecordingSystem): Promise<void> {
  const { admin } = database
  const known = await admin`SELECT 1 FROM supplier WHERE code = 'POTTER'`
  const [entity] = await admin<
    { entityId: number }[]
  >`SELECT id AS "entityId" FROM entity WHERE code = ${ENTITY}`
  const company = entity as Parameters<typeof keepBy>[1]
  if (known.length === 0) {
    await sold(admin, { sku: 'TEA', site: 'EAST', perDay: 10, days: 91 })
    await sold(admin, { sku: 'TEA', site: 'EAST', perDay: 40, days: 7 })
    await supplierOf(admin, company, 'POTTER', [['TEA', 4]])
  }
  await keepBy(admin, company, { sku: 'TEA', site: 'EAST' })
}

async function off({ database }: RecordingSystem): Promise<void> {
  await database.admin.begin(async (tx) => {
    await tx`SET LOCAL session_replication_role = replica`
    await tx`UPDATE replenishment_policy SET method = 'none'`
  })
}
