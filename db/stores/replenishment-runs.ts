import type { Tx } from '#db/client'
import { countNodes } from '#db/queries/replenishment-nodes'
import { Refusal } from '#domain/refusal'

export interface ReplenishedCompany {
  entityId: number
  entity: string
  functionalCurrency: string
  /** The calendar date at the company now. */
  today: string
}

export interface RunRow {
  id: bigint
  entityId: number
  entity: string
  functionalCurrency: string
  runOn: string
  cause: string
  state: 'running' | 'done'
  total: number
  done: number
  cursorItem: number
  proposed: number
  superseded: number
  kept: number
  unsourced: number
  overBudget: number
}

/** @throws Refusal `UnknownEntity`. */
export async function companyByCode(tx: Tx, code: string): Promise<ReplenishedCompany> {
  const [row] = await tx<ReplenishedCompany[]>`
    SELECT id AS "entityId", code AS entity, functional_currency AS "functionalCurrency", (clock_timestamp() AT TIME ZONE timezone)::date AS today
    FROM entity WHERE code = ${code}`
  if (!row)
    throw new Refusal('UnknownEntity', `There is no company "${code}". Name one that exists.`, {
      field: 'body.entity',
    })
  return row
}

/** Begins a run, or answers the one that is under way: a company has one at a time. */
export async function beginRun(
  tx: Tx,
  company: ReplenishedCompany,
  begin: { key: string; cause: string; actor: string },
): Promise<bigint> {
  const total = await countNodes(tx, { entityId: company.entityId, on: company.today })
  const [added] = await tx<{ id: bigint }[]>`
    INSERT INTO replenishment_run (key, entity_id, run_on, cause, actor, total)
    VALUES (${begin.key}, ${company.entityId}, ${company.today}, ${begin.cause}, ${begin.actor}, ${total})
    ON CONFLICT DO NOTHING RETURNING id`
  if (added) return added.id
  const [running] = await tx<{ id: bigint }[]>`
    SELECT id FROM replenishment_run WHERE entity_id = ${company.entityId} ORDER BY (state = 'running') DESC, (key = ${begin.key}) DESC, id DESC LIMIT 1`
  return running!.id
}

/** The run, locked: whoever computes its next batch does so alone. */
export async function lockRun(tx: Tx, id: bigint): Promise<RunRow> {
  const [row] = await tx<RunRow[]>`
    SELECT r.id, r.entity_id AS "entityId", e.code AS entity, e.functional_currency AS "functionalCurrency", r.run_on AS "runOn", r.cause, r.state,
      r.total, r.done, r.cursor_item AS "cursorItem", r.proposed, r.superseded, r.kept, r.unsourced, r.over_budget AS "overBudget"
    FROM replenishment_run r JOIN entity e ON e.id = r.entity_id WHERE r.id = ${id} FOR UPDATE OF r`
  if (!row) throw new Error(`there is no replenishment run ${id}`)
  return row
}

export interface BatchCounts {
  nodes: number
  proposed: number
  superseded: number
  kept: number
  unsourced: number
}

export async function passBatch(
  tx: Tx,
  id: bigint,
  cursorItem: number,
  { nodes, proposed, superseded, kept, unsourced }: BatchCounts,
): Promise<void> {
  await tx`
    UPDATE replenishment_run SET cursor_item = ${cursorItem}, done = done + ${nodes}, proposed = proposed + ${proposed},
      superseded = superseded + ${superseded}, kept = kept + ${kept}, unsourced = unsourced + ${unsourced} WHERE id = ${id}`
}

export async function endRun(tx: Tx, id: bigint, overBudget: number): Promise<void> {
  await tx`
    UPDATE replenishment_run SET state = 'done', ended_at = clock_timestamp(), over_budget = ${overBudget} WHERE id = ${id} AND state = 'running'`
}
