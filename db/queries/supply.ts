import type { Reader } from '#db/client'
import type { Scopes } from '#domain/scopes'

export interface ExpectedSupplyRow {
  id: bigint
  sku: string
  site: string
  entity: string
  qty: bigint
  received: bigint
  /** Units that order lines are promised from it. */
  promised: bigint
  dueOn: string
  confidencePct: number
  sourceType: string
  sourceId: string
  state: string
}

/** What is to come, oldest entry first. */
export async function listExpectedSupply(
  reader: Reader,
  ask: {
    after: bigint
    limit: number
    scopes: Scopes
    id?: bigint
    sku?: string | undefined
    state?: string | undefined
  },
): Promise<ExpectedSupplyRow[]> {
  const { sites, entities } = ask.scopes
  return reader<ExpectedSupplyRow[]>`
    SELECT es.id, i.sku, s.code AS site, e.code AS entity, es.qty, es.received,
      coalesce((SELECT sum(p.qty) FROM supply_promise p WHERE p.supply_id = es.id), 0)::bigint AS promised,
      es.due_on AS "dueOn", es.confidence_pct AS "confidencePct", es.source_type AS "sourceType", es.source_id AS "sourceId", es.state
    FROM expected_supply es JOIN item i ON i.id = es.item_id JOIN site s ON s.id = es.site_id JOIN entity e ON e.id = s.entity_id
    WHERE es.id > ${ask.after} AND (${ask.id ?? null}::bigint IS NULL OR es.id = ${ask.id ?? null})
      AND (${ask.sku ?? null}::text IS NULL OR i.sku = ${ask.sku ?? null}) AND (${ask.state ?? null}::text IS NULL OR es.state = ${ask.state ?? null})
      AND (${sites === null} OR s.code = ANY(${[...(sites ?? [])]}::text[])) AND (${entities === null} OR e.code = ANY(${[...(entities ?? [])]}::text[]))
    ORDER BY es.id LIMIT ${ask.limit}`
}
