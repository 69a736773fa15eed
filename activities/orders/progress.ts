import type { OrderProgress } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import { openCasesOf, type OpenCase } from '#db/stores/cases'
import { bumpVersion, saveCounters, type SalesOrder } from '#db/stores/orders'
import { recordAudit } from '#db/stores/records'
import { sum } from '#domain/money'
import { isOpen, orderPhase, type OrderPhase, type OrderStanding } from '#domain/orders/phase'
import { openValue, shippedValue } from '#domain/orders/worth'
import { renewalDeadlines } from './authorisation.ts'
import { settlePromises, waitingDeadlines } from './promises.ts'
import { settleSoftHolds, softHoldDeadlines } from './soft-holds.ts'

export interface Step {
  /** What happened, in the past tense, for the order's time line. */
  action: string
  actor: string
  key: string
  reason?: string
  details?: Record<string, unknown>
}

/** Ends every commit on an order: writes its counters, its version and its time line, and says where it stands. */
export async function finishStep(tx: Tx, order: SalesOrder, step: Step): Promise<OrderProgress> {
  await settlePromises(tx, order, step.actor)
  await settleSoftHolds(tx, order)
  await saveCounters(tx, order.lines)
  const work = await openWork(tx, order)
  const { cases, effects } = work
  const standing = standingOf(order, work)
  const phase = orderPhase(standing)
  const open = isOpen(standing)
  const wait = waiting(phase, cases, order, open)
  const version = await bumpVersion(tx, order, {
    closed: !open,
    phase,
    waitingFor: wait.waitingFor,
  })
  await recordAudit(tx, [
    {
      subjectType: 'order',
      subjectId: order.id.toString(),
      action: step.action,
      after: { phase, version, ...step.details },
      reason: step.reason ?? null,
      actor: step.actor,
      commandKey: step.key,
    },
  ])
  return {
    orderId: order.id.toString(),
    orderNo: order.orderNumber,
    version,
    open,
    phase,
    ...wait,
    nextDeadline: open ? await nextDeadline(tx, order, work) : null,
    effects: effects
      .filter((effect) => !effect.awaitsPerson)
      .map((effect) => ({ key: effect.key, summary: `${effect.gateway}: ${effect.operation}` })),
    cases: cases.map((c) => ({ id: c.id.toString(), type: c.type, dueAt: c.dueAt })),
    site: siteOf(order),
    entity: order.entityCode,
    moneyAtRisk: { currency: order.currency, minor: openValue(order).toString() },
    lines: order.lines.length,
    total: { currency: order.currency, minor: order.totalMinor.toString() },
  }
}

interface OpenWork {
  cases: OpenCase[]
  /** One whose outcome nobody knows waits for a person while its case is open: it must not hold up the others. */
  effects: { key: string; gateway: string; operation: string; awaitsPerson: boolean }[]
  parcels: { stallsAt: string }[]
}

async function openWork(tx: Tx, order: SalesOrder): Promise<OpenWork> {
  const subject = order.id.toString()
  const { stalledAfterHours } = order.policies.order.body
  const [cases, effects, parcels] = await Promise.all([
    openCasesOf(tx, 'order', subject),
    tx<OpenWork['effects']>`
      SELECT e.key, e.gateway, e.operation, e.state = 'unknown' AND EXISTS (
        SELECT FROM exception_case c WHERE c.key = 'order/' || ${subject} || '/effect-unknown/' || e.key AND c.state = 'open') AS "awaitsPerson"
      FROM external_effect e WHERE e.subject_type = 'order' AND e.subject_id = ${subject} AND e.gateway <> 'mail' AND e.state IN ('intended', 'sent', 'unknown')
      ORDER BY e.intended_at, e.key`,
    tracksDelivery(order)
      ? tx<OpenWork['parcels']>`
          SELECT greatest(p.recorded_at, (SELECT max(t.happened_at) FROM tracking_event t WHERE t.parcel_id = p.id), p.stalled_at)
            + make_interval(secs => ${stalledAfterHours * 3600}) AS "stallsAt"
          FROM parcel p WHERE p.order_id = ${order.id} AND p.shipment_id IS NOT NULL AND p.tracking_number IS NOT NULL AND p.delivered_at IS NULL AND p.voided_at IS NULL`
      : [],
  ])
  return { cases, effects, parcels: [...parcels] }
}

/** Where revenue waits for the delivery, so does the order, whatever the policy on tracking says. */
export function tracksDelivery(order: SalesOrder): boolean {
  const policy = order.policies.order.body
  return policy.trackDelivery || policy.revenueOn === 'delivered'
}

async function nextDeadline(tx: Tx, order: SalesOrder, work: OpenWork): Promise<string | null> {
  const deadlines = [
    ...work.cases.map((c) => c.dueAt),
    ...(await renewalDeadlines(tx, order)),
    ...(await waitingDeadlines(tx, order)),
    ...softHoldDeadlines(order),
    ...work.parcels.map((p) => p.stallsAt),
  ].sort()
  return deadlines[0] ?? null
}

function standingOf(order: SalesOrder, open: OpenWork): OrderStanding {
  const onTerms = order.payments.some((payment) => payment.kind === 'terms')
  const captured = sum(order.payments.map((payment) => payment.capturedMinor))
  return {
    lines: order.lines,
    openHolds: order.holds.length,
    openEffects: open.effects.length,
    openCases: open.cases.length,
    awaitsPayment: order.settlement === 'receivable' && !onTerms && captured < shippedValue(order),
    parcelsUnderway: open.parcels.length,
  }
}

function siteOf(order: SalesOrder): string | null {
  const sites = new Set(order.reservations.map((reservation) => reservation.siteCode))
  return sites.size === 1 ? [...sites].join() : null
}

const WAITS: Record<OrderPhase, [waitingFor: string, who: string]> = {
  held: ['the release of its holds', 'the owner of each hold'],
  short: ['a decision on missing stock', 'order-desk'],
  backordered: ['stock to arrive', 'purchasing'],
  allocated: ['release to the warehouse', 'oms-supervisor'],
  released: ['the warehouse to pick, pack and ship', 'warehouse'],
  'part-shipped': ['the rest of its units', 'warehouse'],
  shipped: ['delivery and payment', 'carrier'],
  closed: ['nothing', 'nobody'],
  cancelled: ['nothing', 'nobody'],
}

function waiting(
  phase: OrderPhase,
  cases: readonly OpenCase[],
  order: SalesOrder,
  open: boolean,
): { waitingFor: string; whoMayAct: string } {
  if (cases.length > 0) {
    return {
      waitingFor: `a decision: ${[...new Set(cases.map((c) => c.type))].join(', ')}`,
      whoMayAct: [...new Set(cases.map((c) => c.ownerTeam))].join(', '),
    }
  }
  if (
    phase === 'allocated' &&
    order.shipComplete &&
    order.lines.some((line) => line.backordered > 0)
  ) {
    return { waitingFor: 'the rest of its stock: it ships complete', whoMayAct: 'purchasing' }
  }
  if (phase === 'cancelled' && open)
    return { waitingFor: 'its refund or void to go through', whoMayAct: 'finance' }
  const [waitingFor, whoMayAct] = WAITS[phase]
  return { waitingFor, whoMayAct }
}
