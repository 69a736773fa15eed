import { createHash } from 'node:crypto'
import type { DecidePurchase, SubmitPurchase } from '#contracts/procure-to-pay'
import type { Tx } from '#db/client'
import { canonicalJson } from '#db/commit-once'
import { exchangeRate } from '#db/queries/rates'
import {
  agreedTerms,
  lastPrices,
  lockPurchase,
  markPurchase,
  type PurchaseOrder,
} from '#db/stores/purchase-orders'
import { recordDecisions } from '#db/stores/records'
import { convertMinor } from '#domain/ledger/fx'
import {
  neededApproval,
  type ApprovalFacts,
  type ApprovalStep,
  type NeededApproval,
} from '#domain/purchasing/approval'
import { exceeds, orderValue } from '#domain/purchasing/order'
import { Refusal } from '#domain/refusal'
import { intendSending } from './sending.ts'

/**
 * A buyer says that the draft is meant: the rule says who must sign, and sends it when nobody must.
 * @throws Refusal `PurchaseNotDraft`, `SupplierNotApproved`
 */
export async function submitPurchase(
  tx: Tx,
  order: PurchaseOrder,
  { actor }: SubmitPurchase,
): Promise<void> {
  if (order.submittedRevision === order.revision || order.cancelledAt !== null)
    throw new Refusal(
      'PurchaseNotDraft',
      `${order.poNumber} is not a draft any more: see what it waits for.`,
    )
  if (order.supplierState !== 'approved')
    throw new Refusal(
      'SupplierNotApproved',
      `Supplier ${order.supplier} is ${order.supplierState}: let somebody approve it first.`,
    )
  const facts = await approvalFacts(tx, order)
  const { kind, version, body } = order.policies.purchasing
  const needed = neededApproval(body, facts)
  await recordDecisions(tx, [
    {
      ...{ subjectType: 'purchase-order', subjectId: `${order.id}`, kind: 'approval' },
      ...{ rule: kind, ruleVersion: version, inputs: { revision: order.revision, ...facts } },
      ...{ choice: needed, actor },
    },
  ])
  await markPurchase(tx, order, { submittedRevision: order.revision })
  if (needed.steps.length > 0) return
  await keepApproval(tx, order, { step: 'rule', decision: 'approved', reason: null, actor })
  await approve(tx, order)
}

/** Whose signatures an order with these lines needs, and why. */
export async function neededFor(tx: Tx, order: PurchaseOrder): Promise<NeededApproval> {
  return neededApproval(order.policies.purchasing.body, await approvalFacts(tx, order))
}

async function approvalFacts(tx: Tx, order: PurchaseOrder): Promise<ApprovalFacts> {
  const rateE9 = await exchangeRate(tx, {
    ...{ from: order.currency, to: order.functionalCurrency, on: order.orderedOn },
  })
  const [known] = await tx<{ received: boolean; month: bigint }[]>`
    SELECT EXISTS (SELECT FROM goods_receipt WHERE supplier_id = ${order.supplierId}) AS received,
      coalesce((SELECT sum((d.inputs->>'valueMinor')::bigint) FROM purchase_order p JOIN decision_record d
        ON d.subject_type = 'purchase-order' AND d.subject_id = p.id::text AND d.kind = 'approval' AND (d.inputs->>'revision')::int = p.approved_revision
        WHERE p.entity_id = ${order.entityId} AND p.id <> ${order.id} AND p.cancelled_at IS NULL
          AND date_trunc('month', p.ordered_on) = date_trunc('month', ${order.orderedOn}::date)), 0)::bigint AS month`
  return {
    valueMinor: inBooks(order, orderValue(order.lines), rateE9),
    monthMinor: known!.month,
    newSupplier: !known!.received,
    priceJumps: await priceJumps(tx, order),
  }
}

/** Against what was paid last; where nothing was, against what the supplier has agreed to. */
async function priceJumps(tx: Tx, order: PurchaseOrder): Promise<string[]> {
  const { priceJumpPpm } = order.policies.purchasing.body
  const paid = await lastPrices(tx, order)
  const jumps: string[] = []
  for (const line of order.lines) {
    const terms = await agreedTerms(tx, order.supplierId, line.itemId, {
      ...{ qty: line.ordered, on: order.orderedOn },
    })
    const agreed =
      terms?.priceMinor != null && terms.pricePer != null
        ? { unitPriceMinor: terms.priceMinor, pricePer: terms.pricePer }
        : undefined
    const before = paid.get(line.itemId) ?? agreed
    if (before && exceeds(line, before, priceJumpPpm)) jumps.push(line.sku)
  }
  return jumps
}

function inBooks(order: PurchaseOrder, minor: bigint, rateE9: bigint): bigint {
  return convertMinor(minor, order.currency, order.functionalCurrency, rateE9)
}

/**
 * Somebody else than the authors signs or sends the draft back. Each step is another person's.
 * @throws Refusal `NothingToApprove`, `StaleVersion`, `SelfApproval`, `NotAllowed`
 */
export async function decidePurchase(
  tx: Tx,
  order: PurchaseOrder,
  command: DecidePurchase,
): Promise<void> {
  const { decision, actor, reason = null } = command
  const { steps, signed } = await openSteps(tx, order)
  if (steps.length === 0)
    throw new Refusal('NothingToApprove', `${order.poNumber} does not wait for an approval.`)
  if (command.revision !== order.revision)
    throw new Refusal(
      'StaleVersion',
      `${order.poNumber} has revision ${order.revision}, not ${command.revision}: read it again.`,
      { revision: order.revision },
    )
  if (order.authors.includes(actor) || signed.includes(actor))
    throw new Refusal(
      'SelfApproval',
      'You wrote this order or have signed it: somebody else has to.',
    )
  const step = steps.find((one) => maySign(command.roles, one))
  if (!step)
    throw new Refusal(
      'NotAllowed',
      `${order.poNumber} waits for the signature of: ${steps.join(', ')}.`,
    )
  await keepApproval(tx, order, { step, decision, reason, actor })
  if (decision === 'rejected') return sendBack(tx, order, actor)
  if (steps.length === 1) await approve(tx, order)
}

function maySign(roles: readonly string[], step: ApprovalStep): boolean {
  if (roles.includes('system') || roles.includes('controller')) return true
  return roles.includes(step)
}

/** Signatures that this revision still needs, and who has signed it. */
async function openSteps(
  tx: Tx,
  order: PurchaseOrder,
): Promise<{ steps: ApprovalStep[]; signed: string[] }> {
  if (order.submittedRevision !== order.revision || order.approvedRevision === order.revision)
    return { steps: [], signed: [] }
  const [asked] = await tx<{ steps: ApprovalStep[] }[]>`
    SELECT choice->'steps' AS steps FROM decision_record WHERE subject_type = 'purchase-order' AND subject_id = ${`${order.id}`}
      AND kind = 'approval' AND (inputs->>'revision')::int = ${order.revision} ORDER BY id DESC LIMIT 1`
  const signed = await tx<{ step: string; actor: string }[]>`
    SELECT step, actor FROM purchase_order_approval WHERE purchase_order_id = ${order.id} AND revision = ${order.revision}`
  return {
    steps: (asked?.steps ?? []).filter((step) => !signed.some((one) => one.step === step)),
    signed: signed.map(({ actor }) => actor),
  }
}

/** Back to its author as a new draft, so that the same revision is not asked for twice. */
async function sendBack(tx: Tx, order: PurchaseOrder, actor: string): Promise<void> {
  await tx`UPDATE purchase_order SET revision = revision + 1 WHERE id = ${order.id}`
  await recordDecisions(tx, [
    {
      ...{ subjectType: 'purchase-order', subjectId: `${order.id}`, kind: 'approval-rejected' },
      ...{ rule: 'person', ruleVersion: 1, inputs: { revision: order.revision } },
      ...{ choice: { revision: order.revision + 1 }, actor },
    },
  ])
}

async function approve(tx: Tx, order: PurchaseOrder): Promise<void> {
  await markPurchase(tx, order, { approvedRevision: order.revision })
  await intendSending(tx, await lockPurchase(tx, order.id))
}

export async function keepApproval(
  tx: Tx,
  order: PurchaseOrder,
  signature: {
    step: ApprovalStep | 'rule'
    decision: 'approved' | 'rejected'
    reason: string | null
    actor: string
  },
): Promise<void> {
  await tx`
    INSERT INTO purchase_order_approval (purchase_order_id, revision, step, decision, content_hash, reason, actor)
    VALUES (${order.id}, ${order.revision}, ${signature.step}, ${signature.decision}, ${contentHash(order)}, ${signature.reason}, ${signature.actor})`
}

/** What was approved: lines and terms, and nothing that moves on by itself. */
function contentHash({ supplier, currency, termsDays, incoterm, lines }: PurchaseOrder): Buffer {
  const terms = lines.map(({ lineNo, sku, site, unitPriceMinor, pricePer, ordered, neededOn }) => ({
    ...{ lineNo, sku, site, unitPriceMinor, pricePer, ordered, neededOn },
  }))
  return createHash('sha256')
    .update(canonicalJson({ supplier, currency, termsDays, incoterm, terms }))
    .digest()
}
