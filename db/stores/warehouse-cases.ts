import type { Db, Tx } from '#db/client'
import { policiesFor } from '#db/queries/policies'
import type { CaseType } from '#domain/orders/exceptions'
import { healCases, openCase } from './cases.ts'

/** The process in whose name these cases wait; it escalates them. */
const WATCHED_BY = 'notification/outbox'
const TYPES = ['warehouse-unsent', 'warehouse-document', 'warehouse-difference'] as const
type WarehouseCase = (typeof TYPES)[number] & CaseType

/** Asks somebody about what is stuck between us and the warehouse of a site. */
export async function openWarehouseCase(
  tx: Tx,
  found: {
    type: WarehouseCase
    siteId: number
    subjectType: string
    subjectId: string
    summary: string
    evidence: Record<string, unknown>
    moneyAtRiskMinor?: bigint
  },
): Promise<void> {
  const [at] = await tx<{ entityId: number; entity: string; currency: string }[]>`
    SELECT e.id AS "entityId", e.code AS entity, e.functional_currency AS currency FROM site s JOIN entity e ON e.id = s.entity_id WHERE s.id = ${found.siteId}`
  const { exceptions } = await policiesFor(tx, '*')
  await openCase(tx, {
    key: `${found.type}/${found.subjectId}`,
    ...{ type: found.type, subjectType: found.subjectType, subjectId: found.subjectId },
    ...{ workflowId: WATCHED_BY, entityId: at!.entityId, channelId: null, siteId: found.siteId },
    policy: exceptions.body[found.type],
    ...{ moneyAtRiskMinor: found.moneyAtRiskMinor ?? 0n, currency: at!.currency },
    ...{ customerClass: 'standard', summary: found.summary.slice(0, 500) },
    ...{ evidence: found.evidence, openedBy: 'system', addsToOpen: true },
  })
}

/** What the case was about is gone. */
export async function healWarehouseCase(
  tx: Tx,
  type: WarehouseCase,
  subjectId: string,
  reason: string,
): Promise<void> {
  const open = await tx<{ id: bigint }[]>`
    SELECT id FROM exception_case WHERE key = ${`${type}/${subjectId}`} AND state = 'open' FOR NO KEY UPDATE`
  await healCases(
    tx,
    open.map(({ id }) => id),
    reason,
  )
}

/** Hands on the cases that nobody has decided in time. */
export async function watchWarehouseCases(db: Db): Promise<void> {
  const { exceptions } = await policiesFor(db, '*')
  for (const type of TYPES) {
    const { escalateTo, slaMinutes } = exceptions.body[type]
    await db`
      UPDATE exception_case SET escalations = escalations + 1, owner_team = ${escalateTo}, severity = 'high',
        due_at = clock_timestamp() + make_interval(mins => ${slaMinutes})
      WHERE type = ${type} AND state = 'open' AND due_at < clock_timestamp()`
  }
}

/** More time, as much as the policy gives a new one. */
export async function putOffWarehouseCase(tx: Tx, id: bigint): Promise<void> {
  const { exceptions } = await policiesFor(tx, '*')
  await tx`
    UPDATE exception_case SET due_at = clock_timestamp() + make_interval(mins => ${exceptions.body['warehouse-difference'].slaMinutes})
    WHERE id = ${id} AND state = 'open'`
}
