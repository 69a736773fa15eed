import type { PurchaseProgress } from '#contracts/procure-to-pay'
import type { Tx } from '#db/client'
import { rateOn } from '#db/queries/rates'
import { openCasesOf, type OpenCase } from '#db/stores/cases'
import { lockPurchase, type PurchaseOrder } from '#db/stores/purchase-orders'
import { recordAudit } from '#db/stores/records'
import { convertMinor } from '#domain/ledger/fx'
import { openValue, orderValue } from '#domain/purchasing/order'
import {
  isOpenPurchase,
  purchasePhase,
  type PurchasePhase,
  type PurchaseStanding,
} from '#domain/purchasing/phase'
import { healPurchaseCases } from './cases.ts'
import { lateLines, silentFrom } from './deadline.ts'
import { tellBuyer } from './drop-ship.ts'
import { underWayOf } from './title.ts'

interface Step {
  action: string
  actor: string
  key: string
  today: string
  reason?: string
}

interface OpenWork {
  cases: OpenCase[]
  effects: { key: string; operation: string; isDue: boolean; askAt: string | null }[]
}

/** Writes where the order stands after a step, and tells the process. */
export async function finishPurchase(
  tx: Tx,
  id: bigint,
  { today, ...step }: Step,
): Promise<PurchaseProgress> {
  const order = await lockPurchase(tx, id)
  await tellBuyer(tx, order, { actor: step.actor, key: step.key, today })
  if (lateLines(order, today).late.length === 0)
    await healPurchaseCases(tx, order, ['purchase-late'], 'nothing is late any more')
  if (order.acknowledgedRevision === order.revision)
    await healPurchaseCases(tx, order, ['purchase-unconfirmed'], 'the supplier has confirmed')
  if ((await underWayOf(tx, order)).length === 0)
    await healPurchaseCases(tx, order, ['transit-short'], 'nothing is under way any more')
  const work = await openWork(tx, order)
  const standing = await standingOf(tx, order, work)
  const phase = purchasePhase(standing)
  const open = isOpenPurchase(phase, standing)
  const wait = waiting(phase, work.cases, open)
  await tx`
    UPDATE purchase_order SET phase = ${phase}, waiting_for = ${wait.waitingFor}, version = version + 1,
      closed_at = CASE WHEN ${open} THEN NULL ELSE coalesce(closed_at, clock_timestamp()) END WHERE id = ${id}`
  await recordAudit(tx, [
    {
      ...{ subjectType: 'purchase-order', subjectId: `${id}`, action: step.action },
      ...{ after: { phase, revision: order.revision }, reason: step.reason ?? null },
      ...{ actor: step.actor, commandKey: step.key },
    },
  ])
  const nextDeadline = open ? await deadlineOf(tx, order, work, today) : null
  return { ...(await said(tx, order, work)), open, phase, ...wait, nextDeadline }
}

async function said(
  tx: Tx,
  order: PurchaseOrder,
  { cases, effects }: OpenWork,
): Promise<Omit<PurchaseProgress, 'open' | 'phase' | 'waitingFor' | 'whoMayAct' | 'nextDeadline'>> {
  const { currency, functionalCurrency } = order
  const left = openValue(order.lines)
  const ask = { from: currency, to: functionalCurrency, on: order.orderedOn }
  const rateE9 = (await rateOn(tx, ask)) ?? 0n
  const inBooks = convertMinor(left, currency, functionalCurrency, rateE9)
  return {
    ...{ purchaseId: `${order.id}`, poNumber: order.poNumber, version: order.version + 1 },
    revision: order.revision,
    effects: effects
      .filter((effect) => effect.isDue)
      .map((effect) => ({ key: effect.key, summary: `supplier: ${effect.operation}` })),
    cases: cases.map((one) => ({ id: `${one.id}`, type: one.type, dueAt: one.dueAt })),
    sites: [...new Set(order.lines.map((line) => line.site))].sort(),
    ...{ entity: order.entity, supplier: order.supplier },
    openValue: { currency, minor: `${left}` },
    openValueInBooks: { currency: functionalCurrency, minor: `${inBooks}` },
    lines: order.lines.length,
    total: { currency, minor: `${orderValue(order.lines)}` },
  }
}

async function openWork(tx: Tx, order: PurchaseOrder): Promise<OpenWork> {
  const cases = await openCasesOf(tx, 'purchase-order', `${order.id}`)
  const effects = await tx<OpenWork['effects']>`
    SELECT key, operation, ask_at AS "askAt", state <> 'unknown' AS "isDue" FROM external_effect
    WHERE subject_type = 'purchase-order' AND subject_id = ${`${order.id}`} AND state IN ('intended', 'sent') ORDER BY intended_at, key`
  return { cases, effects: [...effects] }
}

async function standingOf(
  tx: Tx,
  order: PurchaseOrder,
  { cases, effects }: OpenWork,
): Promise<PurchaseStanding> {
  const [units] = await tx<{ underway: bigint; toInspect: bigint }[]>`
    SELECT greatest(0, coalesce((SELECT sum(l.qty) FROM asn_line l JOIN asn a ON a.id = l.asn_id WHERE a.purchase_order_id = ${order.id}), 0)
        - coalesce((SELECT sum(qty_received) FROM purchase_order_line WHERE purchase_order_id = ${order.id}), 0))::bigint AS underway,
      (SELECT coalesce(sum(l.received_qty - coalesce((SELECT sum(i.accepted_qty + i.rejected_qty) FROM goods_inspection i
          WHERE i.receipt_id = l.receipt_id AND i.receipt_line_no = l.line_no), 0)), 0)
        FROM goods_receipt_line l JOIN goods_receipt r ON r.id = l.receipt_id WHERE r.purchase_order_id = ${order.id} AND l.condition <> 'sellable')::bigint AS "toInspect"`
  return {
    ...{ revision: order.revision, submittedRevision: order.submittedRevision },
    ...{ approvedRevision: order.approvedRevision, sentRevision: order.sentRevision },
    acknowledgedRevision: order.acknowledgedRevision,
    cancelled: order.cancelledAt !== null,
    lines: order.lines,
    ...units!,
    ...{ openCases: cases.length, openEffects: effects.length },
  }
}

async function deadlineOf(
  tx: Tx,
  order: PurchaseOrder,
  { cases }: OpenWork,
  today: string,
): Promise<string | null> {
  const { late, next } = lateLines(order, today)
  const watched = cases.some((one) => one.type === 'purchase-late')
  // Lines that are late and that nobody has been asked about yet are due now.
  const day = late.length > 0 && !watched ? today : next
  const [row] = await tx<{ at: string | null }[]>`
    SELECT (${day}::date)::timestamp AT TIME ZONE ${order.timezone} AS at`
  const silent = await silentFrom(tx, order)
  const deadlines = [...cases.map((one) => one.dueAt), row!.at, silent]
  return deadlines.filter((at) => at !== null).sort()[0] ?? null
}

const WAITS: Record<PurchasePhase, [waitingFor: string, who: string]> = {
  draft: ['its buyer to submit it', 'buyer'],
  'pending-approval': ['an approval', 'purchasing-manager'],
  approved: ['the supplier to be sent it', 'system'],
  sent: ['the supplier to confirm', 'supplier'],
  acknowledged: ['the supplier to ship', 'supplier'],
  'in-transit': ['the goods to arrive', 'receiver'],
  'part-received': ['the rest of its goods', 'supplier'],
  received: ['goods to be inspected', 'warehouse'],
  closed: ['nothing', 'nobody'],
  cancelled: ['nothing', 'nobody'],
}

function waiting(
  phase: PurchasePhase,
  cases: readonly OpenCase[],
  open: boolean,
): { waitingFor: string; whoMayAct: string } {
  if (cases.length > 0)
    return {
      waitingFor: `a decision: ${[...new Set(cases.map((one) => one.type))].join(', ')}`,
      whoMayAct: [...new Set(cases.map((one) => one.ownerTeam))].join(', '),
    }
  if (open && (phase === 'closed' || phase === 'cancelled'))
    return { waitingFor: 'a message to the supplier to go out', whoMayAct: 'system' }
  const [waitingFor, whoMayAct] = WAITS[phase]
  return { waitingFor, whoMayAct }
}
