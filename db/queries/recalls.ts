import type { Reader } from '#db/client'

export interface RecallRow {
  id: bigint
  no: string
  workflowId: string
  entity: string
  sku: string
  lot: string
  phase: string
  version: number
  reason: string
  requestedBy: string
  recordedAt: string
  blocked: { site: string; bin: string; units: string }[]
  orders: {
    orderId: string
    orderNumber: string
    units: string
    outcome: string | null
    note: string | null
    decidedBy: string | null
  }[]
}

/** Recalls with every order that was sent some of the lot, the oldest first. */
export async function listRecalls(
  reader: Reader,
  filter: {
    after: bigint
    limit: number
    no?: string | undefined
    sku?: string | undefined
    open?: boolean | undefined
  },
): Promise<RecallRow[]> {
  const { after, limit, no = null, sku = null, open = null } = filter
  return reader<RecallRow[]>`
    SELECT r.id, r.recall_no AS no, 'recall/' || r.recall_no AS "workflowId", e.code AS entity, i.sku, r.lot, r.phase, r.version, r.reason,
      r.requested_by AS "requestedBy", r.recorded_at AS "recordedAt",
      (SELECT coalesce(jsonb_agg(b - 'siteId'), '[]') FROM jsonb_array_elements(r.blocked) b) AS blocked,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('orderId', x.order_id::text, 'orderNumber', o.order_number, 'units', x.units::text, 'outcome', x.outcome,
          'note', x.note, 'decidedBy', x.decided_by) ORDER BY x.order_id), '[]')
        FROM recall_order x JOIN sales_order o ON o.id = x.order_id WHERE x.recall_id = r.id) AS orders
    FROM recall r JOIN entity e ON e.id = r.entity_id JOIN item i ON i.id = r.item_id
    WHERE r.id > ${after} AND (${no}::text IS NULL OR r.recall_no = ${no}) AND (${sku}::text IS NULL OR i.sku = ${sku})
      AND (${open}::boolean IS NULL OR (r.closed_at IS NULL) = ${open})
    ORDER BY r.id LIMIT ${limit}`
}
