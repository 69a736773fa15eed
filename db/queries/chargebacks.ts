import type { Reader } from '#db/client'
import type { Scopes } from '#domain/scopes'

export interface ChargebackRow {
  id: bigint
  no: string
  provider: string
  disputeId: string
  workflowId: string
  entity: string
  orderId: string | null
  orderNumber: string | null
  channel: string | null
  reference: string
  reason: string | null
  round: number
  phase: string
  version: number
  currency: string
  amountMinor: bigint
  feeMinor: bigint
  /** What stands in account 1140. */
  inDisputeMinor: bigint
  /** What of the tender cannot be refunded because of it, in the order's currency. */
  boundMinor: bigint
  evidenceDueAt: string | null
  submittedAt: string | null
  submissionReference: string | null
  facts: {
    stage: string
    round: number
    amountMinor: string
    feeMinor: string | null
    reason: string | null
    effectiveOn: string
    actor: string
  }[]
}

export interface ChargebackFilter {
  after: bigint
  limit: number
  no?: string | undefined
  phase?: string | undefined
  orderId?: string | undefined
  scopes: Scopes
}

/** Disputes with what was told of them, the oldest first. */
export async function listChargebacks(
  reader: Reader,
  { after, limit, no, phase, orderId, scopes }: ChargebackFilter,
): Promise<ChargebackRow[]> {
  return reader<ChargebackRow[]>`
    SELECT c.id, c.no, c.provider, c.dispute_id AS "disputeId", c.workflow_id AS "workflowId", e.code AS entity, c.order_id::text AS "orderId", o.order_number AS "orderNumber",
      h.code AS channel, c.reference, c.reason, c.round, c.phase, c.version, c.currency, c.amount_minor AS "amountMinor", c.fee_minor AS "feeMinor",
      coalesce((SELECT balance_minor FROM open_item i WHERE i.entity_id = c.entity_id AND i.account_id = 1140 AND i.currency = c.currency AND i.book = 'main'
        AND i.key = 'chargeback/' || c.no), 0)::bigint AS "inDisputeMinor", c.bound_minor AS "boundMinor", c.evidence_due_at AS "evidenceDueAt", c.submitted_at AS "submittedAt",
      c.submission_reference AS "submissionReference",
      (SELECT coalesce(jsonb_agg(jsonb_build_object('stage', f.stage, 'round', f.round, 'amountMinor', f.amount_minor::text, 'feeMinor', f.fee_minor::text, 'reason', f.reason,
        'effectiveOn', f.effective_on::text, 'actor', f.actor) ORDER BY f.id), '[]') FROM chargeback_fact f WHERE f.chargeback_id = c.id) AS facts
    FROM chargeback c JOIN entity e ON e.id = c.entity_id LEFT JOIN sales_order o ON o.id = c.order_id LEFT JOIN channel h ON h.id = o.channel_id
    WHERE c.id > ${after} AND (${no ?? null}::text IS NULL OR c.no = ${no ?? null}) AND (${phase ?? null}::text IS NULL OR c.phase = ${phase ?? null})
      AND (${orderId ?? null}::bigint IS NULL OR c.order_id = ${orderId ?? null}::bigint)
      AND (${scopes.entities === null} OR e.code = ANY(${[...(scopes.entities ?? [])]}::text[]))
      AND (${scopes.channels === null} OR h.code = ANY(${[...(scopes.channels ?? [])]}::text[]))
    ORDER BY c.id LIMIT ${limit}`
}

/** Whose charge a provider calls by this name; nothing where no order of ours was paid by it. */
export async function placeOfCharge(
  reader: Reader,
  { provider, reference }: { provider: string; reference: string },
): Promise<{ entity: string; channel: string } | undefined> {
  const [place] = await reader<{ entity: string; channel: string }[]>`
    SELECT e.code AS entity, h.code AS channel FROM payment p JOIN sales_order o ON o.id = p.order_id JOIN entity e ON e.id = o.entity_id JOIN channel h ON h.id = o.channel_id
    WHERE p.provider = ${provider} AND (p.reference = ${reference} OR EXISTS (SELECT FROM payment_event v WHERE v.payment_id = p.id AND v.reference = ${reference}))
    ORDER BY p.id DESC LIMIT 1`
  return place
}
