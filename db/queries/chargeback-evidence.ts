import type { EvidencePack } from '#domain/chargebacks/evidence'
import type { Reader } from '../client.ts'

/** All that our books know about the charge of a dispute; nothing where no order is known. */
export async function evidenceOf(
  reader: Reader,
  chargebackId: bigint,
): Promise<EvidencePack | undefined> {
  const [row] = await reader<{ pack: EvidencePack }[]>`
    SELECT json_build_object(
      'dispute', json_build_object('no', c.no, 'reference', c.reference, 'reason', c.reason, 'round', c.round, 'currency', c.currency, 'amountMinor', c.amount_minor::text),
      'order', json_build_object('number', o.order_number, 'channel', h.name, 'placedAt', o.placed_at, 'currency', o.currency, 'totalMinor', o.total_minor::text,
        'lines', (SELECT coalesce(json_agg(json_build_object('sku', l.sku, 'title', l.title, 'ordered', l.qty_ordered, 'shipped', l.qty_shipped,
          'minor', (l.goods_minor - l.discount_minor + l.shipping_minor + l.tax_minor)::text) ORDER BY l.line_no), '[]') FROM sales_order_line l WHERE l.order_id = o.id)),
      'customer', CASE WHEN d.id IS NOT NULL AND d.erased_at IS NULL THEN json_build_object('name', d.body->>'name', 'email', d.body->>'email', 'shipTo', d.body->'shipTo') END,
      'payments', (SELECT coalesce(json_agg(json_build_object('kind', e.kind, 'amountMinor', e.amount_minor::text, 'on', e.effective_on, 'reference', e.reference) ORDER BY e.id), '[]')
        FROM payment_event e WHERE e.payment_id = c.payment_id AND e.kind IN ('authorised', 'captured')),
      'parcels', (SELECT coalesce(json_agg(json_build_object('carrier', p.carrier, 'trackingNumber', p.tracking_number, 'shippedOn', s.shipped_on, 'deliveredAt', p.delivered_at,
        'events', (SELECT coalesce(json_agg(json_build_object('status', t.status, 'at', t.happened_at, 'details', t.details) ORDER BY t.happened_at, t.id), '[]')
          FROM tracking_event t WHERE t.parcel_id = p.id)) ORDER BY p.id), '[]')
        FROM parcel p LEFT JOIN shipment s ON s.id = p.shipment_id WHERE p.order_id = o.id AND p.voided_at IS NULL),
      'messages', (SELECT coalesce(json_agg(json_build_object('subject', f.request->>'subject', 'at', f.intended_at, 'state', f.state) ORDER BY f.intended_at, f.key), '[]')
        FROM external_effect f WHERE f.subject_type = 'order' AND f.subject_id = o.id::text AND f.gateway = 'mail'),
      'policies', (SELECT coalesce(json_agg(json_build_object('kind', p.key, 'version', (p.value->>'version')::int) ORDER BY p.key), '[]') FROM jsonb_each(o.policies) p),
      'refunds', (SELECT coalesce(json_agg(json_build_object('kind', e.kind, 'amountMinor', e.amount_minor::text, 'on', e.effective_on) ORDER BY e.id), '[]')
        FROM payment_event e JOIN payment p ON p.id = e.payment_id WHERE p.order_id = o.id AND e.kind IN ('refund-granted', 'refunded', 'refund-failed', 'refund-returned')),
      'builtAt', clock_timestamp()) AS pack
    FROM chargeback c JOIN sales_order o ON o.id = c.order_id JOIN channel h ON h.id = o.channel_id LEFT JOIN personal_data d ON d.id = o.personal_data_id
    WHERE c.id = ${chargebackId}`
  return row?.pack
}

/** A pack as it was put together; its text is gone once the customer is erased. */
export interface KeptEvidence {
  number: number
  round: number
  sha256: string
  builtBy: string
  builtAt: string
  /** JSON, to the byte. */
  text: string | null
}

export async function keptEvidence(reader: Reader, chargebackId: bigint): Promise<KeptEvidence[]> {
  return reader<KeptEvidence[]>`
    SELECT e.number, e.round, encode(e.sha256, 'hex') AS sha256, e.built_by AS "builtBy", e.recorded_at AS "builtAt", d.body->>'evidencePack' AS text
    FROM chargeback_evidence e JOIN personal_data d ON d.id = e.personal_data_id WHERE e.chargeback_id = ${chargebackId} ORDER BY e.number`
}
