import type { Reader } from '#db/client'
import type { Scopes } from '#domain/scopes'
import { actorName } from './actor-name.ts'

export interface OrderFilter {
  before: bigint
  limit: number
  channel?: string | undefined
  phase?: string | undefined
  open?: boolean | undefined
  search?: string | undefined
  sku?: string | undefined
  exceptionType?: string | undefined
  placedFrom?: string | undefined
  placedTo?: string | undefined
  scopes: Scopes
}

export interface OrderRow {
  id: bigint
  orderNumber: string
  channel: string
  entity: string
  externalId: string
  phase: string
  waitingFor: string
  currency: string
  totalMinor: bigint
  placedAt: string
  segment: string
  customerClass: string
  version: number
  closedAt: string | null
  openCases: number
  workflowId: string
}

/** Orders, newest first; only those within the caller's entities and channels. */
export async function listOrders(reader: Reader, filter: OrderFilter): Promise<OrderRow[]> {
  const { scopes } = filter
  return reader<OrderRow[]>`
    SELECT o.id, o.order_number AS "orderNumber", c.code AS channel, e.code AS entity, o.external_id AS "externalId", o.phase,
      o.waiting_for AS "waitingFor", o.currency, o.total_minor AS "totalMinor", o.placed_at AS "placedAt", o.segment,
      o.customer_class AS "customerClass", o.version, o.closed_at AS "closedAt", o.workflow_id AS "workflowId",
      (SELECT count(*)::int FROM exception_case x WHERE x.subject_type = 'order' AND x.subject_id = o.id::text AND x.state = 'open') AS "openCases"
    FROM sales_order o JOIN channel c ON c.id = o.channel_id JOIN entity e ON e.id = o.entity_id
    WHERE o.id < ${filter.before}
      AND (${filter.channel ?? null}::text IS NULL OR c.code = ${filter.channel ?? null})
      AND (${filter.phase ?? null}::text IS NULL OR o.phase = ${filter.phase ?? null})
      AND (${filter.open ?? null}::boolean IS NULL OR (o.closed_at IS NULL) = ${filter.open ?? null})
      AND (${filter.search ?? null}::text IS NULL OR o.order_number = ${filter.search ?? null} OR o.external_id = ${filter.search ?? null})
      AND (${filter.placedFrom ?? null}::date IS NULL OR o.placed_on >= ${filter.placedFrom ?? null})
      AND (${filter.placedTo ?? null}::date IS NULL OR o.placed_on <= ${filter.placedTo ?? null})
      AND (${filter.sku ?? null}::text IS NULL OR EXISTS (SELECT FROM sales_order_line l JOIN item i ON i.id = l.item_id WHERE l.order_id = o.id AND i.sku = ${filter.sku ?? null}))
      AND (${filter.exceptionType ?? null}::text IS NULL OR EXISTS (SELECT FROM exception_case x WHERE x.subject_type = 'order' AND x.subject_id = o.id::text
        AND x.state = 'open' AND x.type = ${filter.exceptionType ?? null}))
      AND (${scopes.entities === null} OR e.code = ANY(${scopes.entities ?? []}::text[]))
      AND (${scopes.channels === null} OR c.code = ANY(${scopes.channels ?? []}::text[]))
    ORDER BY o.id DESC LIMIT ${filter.limit}`
}

/** One order with everything that hangs on it, as JSON whose integers are text. */
export async function readOrder(
  reader: Reader,
  id: bigint,
): Promise<Record<string, unknown> | undefined> {
  const [row] = await reader<{ order: Record<string, unknown> }[]>`
    SELECT jsonb_build_object(
      'id', o.id::text, 'orderNumber', o.order_number, 'channel', c.code, 'entity', e.code, 'externalId', o.external_id, 'externalVersion', o.external_version,
      'workflowId', o.workflow_id, 'phase', o.phase, 'waitingFor', o.waiting_for, 'version', o.version, 'placedAt', o.placed_at, 'closedAt', o.closed_at,
      'currency', o.currency, 'totalMinor', o.total_minor::text, 'settlement', o.settlement, 'taxCollectedBy', o.tax_collected_by, 'fulfilledBy', o.fulfilled_by,
      'customerId', o.customer_id::text, 'customerClass', o.customer_class, 'segment', o.segment, 'shipCountry', o.ship_country, 'shipRegion', o.ship_region,
      'shipBy', o.ship_by, 'deliverBy', o.deliver_by, 'acceptedLateUntil', o.accepted_late_until,
      'split', (SELECT nullif(d.choice->'split', 'null') FROM decision_record d WHERE d.subject_type = 'order' AND d.subject_id = o.id::text AND d.kind = 'allocation' ORDER BY d.id DESC LIMIT 1), 'shipComplete', o.ship_complete, 'enteredBy', o.entered_by, 'enteredByName', ${actorName(reader, reader`o.entered_by`)},
      'lines', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', l.id::text, 'lineNo', l.line_no, 'sku', coalesce(i.sku, l.sku), 'title', l.title, 'goodsMinor', l.goods_minor::text,
        'discountMinor', l.discount_minor::text, 'shippingMinor', l.shipping_minor::text, 'taxMinor', l.tax_minor::text, 'ordered', l.qty_ordered, 'cancelled', l.qty_cancelled,
        'allocated', l.qty_allocated, 'backordered', l.qty_backordered, 'released', l.qty_released, 'picked', l.qty_picked, 'shipped', l.qty_shipped, 'delivered', l.qty_delivered,
        'promiseOn', l.promise_on, 'substitutionOf', l.substitution_of::text) ORDER BY l.line_no), '[]') FROM sales_order_line l LEFT JOIN item i ON i.id = l.item_id WHERE l.order_id = o.id),
      'holds', (SELECT coalesce(jsonb_agg(jsonb_build_object('type', h.type, 'reason', h.reason, 'openedAt', h.opened_at, 'openedBy', h.opened_by, 'releasedAt', h.released_at,
        'releasedBy', h.released_by) ORDER BY h.id), '[]') FROM order_hold h WHERE h.order_id = o.id),
      'cases', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', x.id::text, 'type', x.type, 'state', x.state, 'ownerTeam', x.owner_team, 'dueAt', x.due_at, 'summary', x.summary,
        'resolution', x.resolution, 'resolvedBy', x.resolved_by, 'resolvedByName', ${actorName(reader, reader`x.resolved_by`)}) ORDER BY x.id), '[]') FROM exception_case x WHERE x.subject_type = 'order' AND x.subject_id = o.id::text),
      'reservations', (SELECT coalesce(jsonb_agg(jsonb_build_object('sku', i.sku, 'site', s.code, 'qty', r.qty, 'live', r.live, 'consumed', r.consumed, 'released', r.released) ORDER BY r.id), '[]')
        FROM reservation r JOIN item i ON i.id = r.item_id JOIN site s ON s.id = r.site_id WHERE r.order_id = o.id),
      'fulfilments', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', f.id::text, 'site', s.code, 'state', f.state, 'carrier', f.carrier, 'service', f.service, 'shipOn', f.ship_on, 'promiseOn', f.promise_on) ORDER BY f.id), '[]')
        FROM fulfilment_order f JOIN site s ON s.id = f.site_id WHERE f.order_id = o.id),
      'shipments', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', h.id::text, 'reference', h.reference, 'site', s.code, 'shippedOn', h.shipped_on,
        'parcels', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', p.id::text, 'trackingNumber', p.tracking_number, 'carrier', p.carrier, 'service', p.service, 'deliveredAt', p.delivered_at,
          'events', (SELECT coalesce(jsonb_agg(jsonb_build_object('status', t.status, 'at', t.happened_at) ORDER BY t.happened_at), '[]') FROM tracking_event t WHERE t.parcel_id = p.id)) ORDER BY p.id), '[]')
          FROM parcel p WHERE p.shipment_id = h.id)) ORDER BY h.id), '[]') FROM shipment h JOIN site s ON s.id = h.site_id WHERE h.order_id = o.id),
      'payments', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', p.id::text, 'kind', p.kind, 'provider', p.provider, 'dueMinor', p.due_minor::text, 'authorisedMinor', p.authorised_minor::text,
        'capturedMinor', p.captured_minor::text, 'refundPendingMinor', p.refund_pending_minor::text, 'refundedMinor', p.refunded_minor::text, 'expiresAt', p.expires_at) ORDER BY p.seq), '[]')
        FROM payment p WHERE p.order_id = o.id),
      'effects', (SELECT coalesce(jsonb_agg(jsonb_build_object('key', f.key, 'operation', f.operation, 'state', f.state, 'attempts', f.attempts) ORDER BY f.intended_at), '[]')
        FROM external_effect f WHERE f.subject_type = 'order' AND f.subject_id = o.id::text),
      'invoices', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', v.id::text, 'number', v.number::text, 'issuedOn', v.issued_on, 'dueOn', v.due_on, 'netMinor', v.net_minor::text, 'taxMinor', v.tax_minor::text,
        'grossMinor', v.gross_minor::text) ORDER BY v.number), '[]') FROM customer_invoice v WHERE v.order_id = o.id),
      'entries', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', j.id::text, 'eventType', j.event_type, 'effectiveOn', j.effective_on, 'key', j.idem_key) ORDER BY j.id), '[]')
        FROM journal_entry j WHERE j.id IN (SELECT entry_id FROM journal_line jl WHERE jl.order_id = o.id)),
      'timeline', (SELECT coalesce(jsonb_agg(jsonb_build_object('action', a.action, 'after', a.after, 'reason', a.reason, 'actor', a.actor, 'actorName', ${actorName(reader, reader`a.actor`)}, 'at', a.recorded_at) ORDER BY a.id), '[]')
        FROM audit_event a WHERE a.subject_type = 'order' AND a.subject_id = o.id::text)
    ) AS order
    FROM sales_order o JOIN channel c ON c.id = o.channel_id JOIN entity e ON e.id = o.entity_id WHERE o.id = ${id}`
  return row?.order
}

export interface OrderPlace {
  id: bigint
  workflowId: string
  entity: string
  channel: string
}

/** Where an order belongs, for scope checks, and which process runs it. */
export async function placeOfOrder(reader: Reader, id: bigint): Promise<OrderPlace | undefined> {
  const [row] = await reader<OrderPlace[]>`
    SELECT o.id, o.workflow_id AS "workflowId", e.code AS entity, c.code AS channel
    FROM sales_order o JOIN channel c ON c.id = o.channel_id JOIN entity e ON e.id = o.entity_id WHERE o.id = ${id}`
  return row
}

/** The order whose process this is. */
export async function placeOfProcess(
  reader: Reader,
  workflowId: string,
): Promise<OrderPlace | undefined> {
  const [row] = await reader<OrderPlace[]>`
    SELECT o.id, o.workflow_id AS "workflowId", e.code AS entity, c.code AS channel
    FROM sales_order o JOIN channel c ON c.id = o.channel_id JOIN entity e ON e.id = o.entity_id WHERE o.workflow_id = ${workflowId}`
  return row
}

/**
 * An order that has been shipped and whose process may have ended: what is asked of it now takes
 * it up again. Undefined where nothing has left, for then there is nothing to decide any more.
 */
export async function shippedOrder(
  reader: Reader,
  workflowId: string,
): Promise<
  { workflowId: string; channel: string; externalId: string; orderNumber: string } | undefined
> {
  const [row] = await reader<
    { workflowId: string; channel: string; externalId: string; orderNumber: string }[]
  >`
    SELECT o.workflow_id AS "workflowId", c.code AS channel, o.external_id AS "externalId", o.order_number AS "orderNumber"
    FROM sales_order o JOIN channel c ON c.id = o.channel_id
    WHERE o.workflow_id = ${workflowId} AND EXISTS (SELECT FROM sales_order_line l WHERE l.order_id = o.id AND l.qty_shipped > 0)`
  return row
}

/** Where an order stands as its last commit left it. */
export interface OrderStanding {
  open: boolean
  phase: string
  waitingFor: string
  whoMayAct: string
  until: string | null
  cases: { id: string; type: string; dueAt: string }[]
}

export async function standingInBooks(reader: Reader, id: bigint): Promise<OrderStanding> {
  const [row] = await reader<OrderStanding[]>`
    SELECT o.closed_at IS NULL AS open, o.phase, o.waiting_for AS "waitingFor", coalesce(x.teams, 'nobody') AS "whoMayAct", x.until, coalesce(x.cases, '[]') AS cases
    FROM sales_order o CROSS JOIN LATERAL (
      SELECT string_agg(DISTINCT owner_team, ', ') AS teams, min(due_at) AS until, jsonb_agg(jsonb_build_object('id', id::text, 'type', type, 'dueAt', due_at) ORDER BY id) AS cases
      FROM exception_case WHERE subject_type = 'order' AND subject_id = o.id::text AND state = 'open') x
    WHERE o.id = ${id}`
  return row!
}
