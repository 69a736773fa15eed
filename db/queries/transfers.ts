import type { Reader } from '#db/client'
import type { Scopes } from '#domain/scopes'

export interface TransferRow {
  id: bigint
  no: string
  workflowId: string
  entity: string
  from: string
  to: string
  phase: string
  version: number
  reason: string
  dueOn: string
  valueMinor: bigint
  currency: string
  requestedBy: string
  approvedBy: string | null
  recalled: boolean
  lines: Record<
    | 'sku'
    | 'qty'
    | 'reserved'
    | 'shipped'
    | 'received'
    | 'damaged'
    | 'lost'
    | 'cameBack'
    | 'cancelled'
    | 'inTransit',
    string
  >[]
  events: {
    kind: string
    reference: string
    happenedOn: string
    reason: string | null
    actor: string
    valueMinor: string
  }[]
}

export interface TransferFilter {
  after: bigint
  limit: number
  no?: string | undefined
  phase?: string | undefined
  site?: string | undefined
  scopes: Scopes
}

/** Transfers with their lines and what happened to them; whoever may see one of the two sites sees it. */
export async function listTransfers(
  reader: Reader,
  { after, limit, no, phase, site, scopes }: TransferFilter,
): Promise<TransferRow[]> {
  return reader<TransferRow[]>`
    SELECT t.id, t.transfer_no AS no, t.workflow_id AS "workflowId", e.code AS entity, f.code AS "from", d.code AS "to", t.phase, t.version, t.reason, t.due_on AS "dueOn",
      t.value_minor AS "valueMinor", e.functional_currency AS currency, t.requested_by AS "requestedBy", t.approved_by AS "approvedBy", t.recalled,
      (SELECT jsonb_agg(jsonb_build_object('sku', i.sku, 'qty', l.qty::text, 'shipped', l.shipped::text, 'received', l.received::text, 'damaged', l.damaged::text, 'lost', l.lost::text,
          'cameBack', l.came_back::text, 'cancelled', l.cancelled::text, 'inTransit', l.in_transit::text,
          'reserved', coalesce((SELECT sum(r.live) FROM transfer_reservation r WHERE r.line_id = l.id), 0)::text) ORDER BY l.line_no)
        FROM transfer_line l JOIN item i ON i.id = l.item_id WHERE l.transfer_id = t.id) AS lines,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', v.kind, 'reference', v.reference, 'happenedOn', v.happened_on, 'reason', v.reason, 'actor', v.actor,
          'valueMinor', (SELECT sum(value_minor)::text FROM transfer_event_line x WHERE x.event_id = v.id)) ORDER BY v.id), '[]')
        FROM transfer_event v WHERE v.transfer_id = t.id) AS events
    FROM transfer t JOIN entity e ON e.id = t.entity_id JOIN site f ON f.id = t.from_site_id JOIN site d ON d.id = t.to_site_id
    WHERE t.id > ${after} AND (${no ?? null}::text IS NULL OR t.transfer_no = ${no ?? null}) AND (${phase ?? null}::text IS NULL OR t.phase = ${phase ?? null})
      AND (${site ?? null}::text IS NULL OR ${site ?? null} IN (f.code, d.code))
      AND (${scopes.entities === null} OR e.code = ANY(${[...(scopes.entities ?? [])]}::text[]))
      AND (${scopes.sites === null} OR f.code = ANY(${[...(scopes.sites ?? [])]}::text[]) OR d.code = ANY(${[...(scopes.sites ?? [])]}::text[]))
    ORDER BY t.id LIMIT ${limit}`
}
