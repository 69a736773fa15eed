import type { Reader } from '#db/client'
import type { Scopes } from '#domain/scopes'

export interface ReturnRow {
  id: bigint
  no: string
  workflowId: string
  kind: string
  entity: string
  channel: string | null
  site: string
  orderId: string | null
  orderNumber: string | null
  phase: string
  version: number
  source: string
  reason: string
  note: string | null
  refundTo: string
  refundOn: string
  policyVersion: number
  requestedBy: string
  requestedOn: string
  approvedBy: string | null
  refundApprovedBy: string | null
  endedAs: string | null
  expiresOn: string | null
  scannedOn: string | null
  exchangeOrderId: string | null
  units: {
    orderLineId: string
    sku: string
    state: string
    condition: string | null
    grade: string | null
    qty: number
    costMinor: string | null
    creditPpm: number
    credited: boolean
  }[]
  credits: {
    number: string
    kind: string
    issuedOn: string
    currency: string
    goodsMinor: string
    shippingMinor: string
    taxMinor: string
    feeMinor: string
    goodwillUsedMinor: string
    refundMinor: string
    owedMinor: string
    trigger: string
    approvedBy: string | null
  }[]
  dispositions: {
    kind: string
    units: number
    costMinor: string
    valueMinor: string
    reason: string
    decidedOn: string
  }[]
}

export interface ReturnFilter {
  after: bigint
  limit: number
  no?: string | undefined
  phase?: string | undefined
  orderId?: string | undefined
  open?: boolean | undefined
  scopes: Scopes
}

/** Returns with what has become of their units and money, the oldest first. */
export async function listReturns(reader: Reader, filter: ReturnFilter): Promise<ReturnRow[]> {
  const { after, limit, no, phase, orderId, open } = filter
  return reader<ReturnRow[]>`
    SELECT r.id, r.return_no AS no, r.workflow_id AS "workflowId", r.kind, e.code AS entity, c.code AS channel, s.code AS site, r.order_id::text AS "orderId",
      o.order_number AS "orderNumber", r.phase, r.version, r.source, r.reason, r.note, r.refund_to AS "refundTo", r.refund_on AS "refundOn", r.policy_version AS "policyVersion",
      r.requested_by AS "requestedBy", r.requested_on AS "requestedOn", r.approved_by AS "approvedBy", r.refund_approved_by AS "refundApprovedBy", r.ended_as AS "endedAs",
      r.expires_on AS "expiresOn", r.scanned_on AS "scannedOn", r.exchange_order_id::text AS "exchangeOrderId",
      (SELECT coalesce(jsonb_agg(u ORDER BY u."orderLineId", u.sku), '[]') FROM (
        SELECT u.order_line_id::text AS "orderLineId", i.sku, u.state, u.condition, u.grade, count(*)::int AS qty, sum(u.cost_minor)::text AS "costMinor", u.credit_ppm AS "creditPpm",
          u.credit_id IS NOT NULL AS credited
        FROM returned_unit u JOIN item i ON i.id = u.item_id WHERE u.return_id = r.id GROUP BY u.order_line_id, i.sku, u.state, u.condition, u.grade, u.credit_ppm, u.credit_id IS NOT NULL) u) AS units,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('number', n.number::text, 'kind', n.kind, 'issuedOn', n.issued_on, 'currency', n.currency, 'goodsMinor', n.goods_minor::text,
          'shippingMinor', n.shipping_minor::text, 'taxMinor', n.tax_minor::text, 'feeMinor', n.fee_minor::text, 'goodwillUsedMinor', n.goodwill_used_minor::text,
          'refundMinor', n.refund_minor::text, 'owedMinor', n.owed_minor::text, 'trigger', n.trigger, 'approvedBy', n.approved_by) ORDER BY n.id), '[]')
        FROM credit_note n WHERE n.return_id = r.id) AS credits,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', d.kind, 'units', d.units, 'costMinor', d.cost_minor::text, 'valueMinor', d.value_minor::text, 'reason', d.reason,
          'decidedOn', d.decided_on) ORDER BY d.id), '[]') FROM return_disposition d WHERE d.return_id = r.id) AS dispositions
    FROM customer_return r JOIN entity e ON e.id = r.entity_id JOIN site s ON s.id = r.site_id LEFT JOIN sales_order o ON o.id = r.order_id LEFT JOIN channel c ON c.id = o.channel_id
    WHERE r.id > ${after} AND (${no ?? null}::text IS NULL OR r.return_no = ${no ?? null}) AND (${phase ?? null}::text IS NULL OR r.phase = ${phase ?? null})
      AND (${orderId ?? null}::bigint IS NULL OR r.order_id = ${orderId ?? null}) AND (${open ?? null}::boolean IS NULL OR (r.closed_at IS NULL) = ${open ?? null})
      AND ${withinScopes(reader, filter.scopes)}
    ORDER BY r.id LIMIT ${limit}`
}

/** Within the caller's companies, channels and sites; what has no channel yet lies in none. */
function withinScopes(reader: Reader, scopes: Scopes) {
  return reader`(${scopes.entities === null} OR e.code = ANY(${[...(scopes.entities ?? [])]}::text[]))
      AND (${scopes.channels === null} OR c.code = ANY(${[...(scopes.channels ?? [])]}::text[]))
      AND (${scopes.sites === null} OR s.code = ANY(${[...(scopes.sites ?? [])]}::text[]))`
}

export interface UnsettledUnits {
  id: bigint
  returnNo: string
  entity: string
  channel: string | null
  site: string
  orderNumber: string | null
  units: number
  /** Since when: goods that came, or money that went. */
  since: string
  ageDays: number
}

/** Goods that are here and that nobody has given money back for (FIN-28), the oldest first. */
export async function receivedNotRefunded(
  reader: Reader,
  filter: Pick<ReturnFilter, 'after' | 'limit' | 'scopes'>,
): Promise<UnsettledUnits[]> {
  return unsettled(reader, filter, {
    since: reader`max(p.received_on)`,
    units: reader`u.receipt_id IS NOT NULL AND u.credit_id IS NULL AND u.credit_ppm > 0 AND u.state <> 'dropped'`,
  })
}

/** Money that went back for goods that have not come (FIN-28), the oldest first. */
export async function refundedNotReceived(
  reader: Reader,
  filter: Pick<ReturnFilter, 'after' | 'limit' | 'scopes'>,
): Promise<UnsettledUnits[]> {
  return unsettled(reader, filter, {
    since: reader`coalesce(max(n.issued_on), r.approved_on)`,
    units: reader`u.state = 'expected' AND (u.credit_id IS NOT NULL OR r.by_statement_minor > 0 AND u.credit_ppm = 0)`,
  })
}

function unsettled(
  reader: Reader,
  { after, limit, scopes }: Pick<ReturnFilter, 'after' | 'limit' | 'scopes'>,
  { since, units }: Record<'since' | 'units', ReturnType<Reader>>,
): Promise<UnsettledUnits[]> {
  return reader<UnsettledUnits[]>`
    SELECT r.id, r.return_no AS "returnNo", e.code AS entity, c.code AS channel, s.code AS site, o.order_number AS "orderNumber", count(*)::int AS units,
      ${since} AS since, (current_date - ${since})::int AS "ageDays"
    FROM customer_return r JOIN entity e ON e.id = r.entity_id JOIN site s ON s.id = r.site_id LEFT JOIN sales_order o ON o.id = r.order_id LEFT JOIN channel c ON c.id = o.channel_id
    JOIN returned_unit u ON u.return_id = r.id LEFT JOIN return_receipt p ON p.id = u.receipt_id LEFT JOIN credit_note n ON n.id = u.credit_id
    WHERE r.id > ${after} AND ${units} AND ${withinScopes(reader, scopes)}
    GROUP BY r.id, e.code, c.code, s.code, o.order_number ORDER BY r.id LIMIT ${limit}`
}

/** An order as its channel names it, with its lines as the channel names them. */
export interface ChannelOrder {
  id: bigint
  entity: string
  channel: string
  lines: { id: string; externalLineId: string; packFactor: number }[]
}

export async function orderOfChannel(
  reader: Reader,
  { channel, externalId }: { channel: string; externalId: string },
): Promise<ChannelOrder | undefined> {
  const [row] = await reader<ChannelOrder[]>`
    SELECT o.id, e.code AS entity, c.code AS channel,
      (SELECT jsonb_agg(jsonb_build_object('id', l.id::text, 'externalLineId', l.external_line_id, 'packFactor', l.pack_factor) ORDER BY l.line_no)
        FROM sales_order_line l WHERE l.order_id = o.id) AS lines
    FROM sales_order o JOIN channel c ON c.id = o.channel_id JOIN entity e ON e.id = o.entity_id WHERE c.code = ${channel} AND o.external_id = ${externalId}`
  return row
}

/** Whose site it is; nothing where there is none. */
export async function companyOfSite(
  reader: Reader,
  code: string,
): Promise<{ entity: string; site: string } | undefined> {
  const [row] = await reader<{ entity: string; site: string }[]>`
    SELECT e.code AS entity, s.code AS site FROM site s JOIN entity e ON e.id = s.entity_id WHERE s.code = ${code}`
  return row
}
