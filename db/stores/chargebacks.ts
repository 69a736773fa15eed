import type { Tx } from '#db/client'
import type { DisputeStage, KnownDispute } from '#domain/chargebacks/dispute'
import { Refusal } from '#domain/refusal'

/** A dispute with all that its rules look at. */
export interface Chargeback extends KnownDispute {
  subjectType: 'chargeback'
  id: bigint
  no: string
  provider: string
  disputeId: string
  workflowId: string
  entityId: number
  entity: string
  functionalCurrency: string
  timezone: string
  orderId: bigint | null
  paymentId: bigint | null
  reference: string
  reason: string | null
  stage: DisputeStage
  currency: string
  amountMinor: bigint
  feeMinor: bigint
  feeBookedMinor: bigint
  /** What the round took, once it is in the books. */
  bookedMinor: bigint | null
  boundMinor: bigint
  depositMinor: bigint
  evidenceDueAt: string | null
  submittedAt: string | null
  submissionReference: string | null
  toldOn: string
  phase: string
  version: number
}

/**
 * Locks a dispute for this transaction; its order, where it has one, is locked before it.
 * @throws Refusal `StaleVersion` when somebody else was faster.
 */
export async function lockChargeback(
  tx: Tx,
  no: string,
  expectedVersion?: number,
): Promise<Chargeback | undefined> {
  const [row] = await tx<Chargeback[]>`
    SELECT 'chargeback' AS "subjectType", c.id, c.no, c.provider, c.dispute_id AS "disputeId", c.workflow_id AS "workflowId", c.entity_id AS "entityId", e.code AS entity,
      e.functional_currency AS "functionalCurrency", e.timezone, c.order_id AS "orderId", c.payment_id AS "paymentId", c.reference, c.reason, c.round, c.stage, c.withdrawn,
      c.currency, c.amount_minor AS "amountMinor", c.fee_minor AS "feeMinor", c.fee_booked_minor AS "feeBookedMinor", c.booked_minor AS "bookedMinor",
      c.outcome_booked AS "outcomeBooked", c.bound_minor AS "boundMinor", c.deposit_minor AS "depositMinor", c.evidence_due_at AS "evidenceDueAt", c.submitted_at AS "submittedAt",
      c.submission_reference AS "submissionReference", c.told_on AS "toldOn", c.phase, c.version
    FROM chargeback c JOIN entity e ON e.id = c.entity_id WHERE c.no = ${no} FOR NO KEY UPDATE OF c`
  if (row && expectedVersion !== undefined && expectedVersion !== row.version)
    throw new Refusal(
      'StaleVersion',
      `The chargeback is at version ${row.version}, you saw ${expectedVersion}. Read it again, then decide.`,
    )
  return row
}

/** The order whose payment the provider calls by this name, or called so once; the newest of several. */
export async function disputedOrder(
  tx: Tx,
  { provider, reference }: { provider: string; reference: string },
): Promise<{ orderId: bigint; paymentId: bigint } | undefined> {
  const [found] = await tx<{ orderId: bigint; paymentId: bigint }[]>`
    SELECT p.order_id AS "orderId", p.id AS "paymentId" FROM payment p WHERE p.provider = ${provider} AND (p.reference = ${reference}
      OR EXISTS (SELECT FROM payment_event e WHERE e.payment_id = p.id AND e.reference = ${reference}))
    ORDER BY p.id DESC LIMIT 1`
  return found
}

export interface ChargebackPlace {
  no: string
  orderId: bigint | null
  provider: string
  reference: string
}

/** Whose dispute it is, by its number or its id, before its order is locked. */
export async function placeOfChargeback(
  tx: Tx,
  of: { no: string } | { id: bigint },
): Promise<ChargebackPlace | undefined> {
  const [found] = await tx<ChargebackPlace[]>`
    SELECT no, order_id AS "orderId", provider, reference FROM chargeback WHERE ${'no' in of ? tx`no = ${of.no}` : tx`id = ${of.id}`}`
  return found
}

/** Whose books a dispute of nobody's charge belongs to: the company that the provider has paid last. */
export async function companyOfProvider(
  tx: Tx,
  provider: string,
): Promise<{ id: number; currency: string } | undefined> {
  const [found] = await tx<{ id: number; currency: string }[]>`
    SELECT e.id, e.functional_currency AS currency FROM entity e LEFT JOIN LATERAL (
      SELECT max(p.id) AS last FROM payment p JOIN sales_order o ON o.id = p.order_id WHERE o.entity_id = e.id AND p.provider = ${provider}) p ON true
    ORDER BY p.last DESC NULLS LAST, e.id LIMIT 1`
  return found
}

export interface NewChargeback {
  provider: string
  disputeId: string
  workflowId: string
  entityId: number
  reference: string
  stage: 'inquiry' | 'opened'
  currency: string
  amountMinor: bigint
  toldOn: string
}

export async function insertChargeback(tx: Tx, told: NewChargeback): Promise<void> {
  const { provider, disputeId, workflowId, entityId, reference, stage } = told
  await tx`
    INSERT INTO chargeback (provider, dispute_id, workflow_id, entity_id, reference, stage, currency, amount_minor, phase, told_on)
    VALUES (${provider}, ${disputeId}, ${workflowId}, ${entityId}, ${reference}, ${stage}, ${told.currency}, ${told.amountMinor}, ${stage}, ${told.toldOn})`
}

export interface KeptFact {
  key: string
  stage: string
  currency: string | null
  amountMinor: bigint | null
  feeMinor: bigint | null
  reason: string | null
  effectiveOn: string
  actor: string
}

export async function keepFact(tx: Tx, { id, round }: Chargeback, fact: KeptFact): Promise<void> {
  const { key, stage, currency, amountMinor, feeMinor, reason, effectiveOn, actor } = fact
  await tx`
    INSERT INTO chargeback_fact (chargeback_id, key, round, stage, currency, amount_minor, fee_minor, reason, effective_on, actor)
    VALUES (${id}, ${key}, ${round}, ${stage}, ${currency}, ${amountMinor}, ${feeMinor}, ${reason}, ${effectiveOn}, ${actor})
    ON CONFLICT (chargeback_id, key) DO NOTHING`
}

/** Writes back what follows from what happened; answers the new version. */
export async function saveChargeback(
  tx: Tx,
  doc: Chargeback,
  header: { phase: string; open: boolean },
): Promise<number> {
  const [row] = await tx<{ version: number }[]>`
    UPDATE chargeback SET version = version + 1, phase = ${header.phase}, order_id = ${doc.orderId}, payment_id = ${doc.paymentId}, entity_id = ${doc.entityId}, reference = ${doc.reference}, reason = ${doc.reason},
      round = ${doc.round}, stage = ${doc.stage}, withdrawn = ${doc.withdrawn}, currency = ${doc.currency}, amount_minor = ${doc.amountMinor}, fee_minor = ${doc.feeMinor},
      fee_booked_minor = ${doc.feeBookedMinor}, booked_minor = ${doc.bookedMinor}, outcome_booked = ${doc.outcomeBooked}, bound_minor = ${doc.boundMinor},
      deposit_minor = ${doc.depositMinor}, evidence_due_at = ${doc.evidenceDueAt}, submitted_at = ${doc.submittedAt}, submission_reference = ${doc.submissionReference},
      told_on = ${doc.toldOn}, closed_at = CASE WHEN ${header.open} THEN NULL ELSE coalesce(closed_at, clock_timestamp()) END
    WHERE id = ${doc.id} RETURNING version`
  return row!.version
}

/** The tender of this provider that an order was paid by; the largest where there are several. */
export async function chargedTender(
  tx: Tx,
  of: { entityId: number; provider: string; orderNumber: string },
): Promise<{ orderId: bigint; paymentId: bigint } | undefined> {
  const [found] = await tx<{ orderId: bigint; paymentId: bigint }[]>`
    SELECT p.order_id AS "orderId", p.id AS "paymentId" FROM payment p JOIN sales_order o ON o.id = p.order_id
    WHERE o.entity_id = ${of.entityId} AND o.order_number = ${of.orderNumber} AND p.provider = ${of.provider} AND p.captured_minor > 0
    ORDER BY p.captured_minor DESC, p.id DESC LIMIT 1`
  return found
}
