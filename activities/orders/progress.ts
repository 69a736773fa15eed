import type { OrderProgress } from '#contracts/order-to-cash'
import type { Tx } from '#db/client'
import { openCasesOf, type OpenCase } from '#db/stores/cases'
import { saveStanding, type SalesOrder } from '#db/stores/orders'
import { recordAudit } from '#db/stores/records'
import { convertMinor } from '#domain/ledger/fx'
import type { MoneyDto } from '#domain/money'
import { isOpen, orderPhase, type OrderPhase, type OrderStanding } from '#domain/orders/phase'
import { waitsForDelivery } from '#domain/orders/revenue'
import { paidIn } from '#domain/orders/tenders'
import { openValue, shippedValue } from '#domain/orders/worth'
import { renewalDeadlines } from './authorisation.ts'
import { giveUpDropShips } from './drop-ship-units.ts'
import { settlePromises, waitingDeadlines } from './promises.ts'
import { settleSoftHolds, softHoldDeadlines } from './soft-holds.ts'

export interface Step {
  /** What happened, in the past tense, for the order's time line. */
  action: string
  actor: string
  key: string
  reason?: string
  details?: Record<string, unknown>
  /** The order came into being by it. */
  isFirst?: true
}

/** Ends every commit on an order: writes its counters, its version and its time line, and says where it stands. */
export async function finishStep(tx: Tx, order: SalesOrder, step: Step): Promise<OrderProgress> {
  const { phase: phaseBefore, version: versionBefore } = order
  await giveUpDropShips(tx, order)
  await settlePromises(tx, order, step.actor)
  await settleSoftHolds(tx, order)
  const work = await openWork(tx, order)
  const { cases, effects } = work
  const standing = standingOf(order, work)
  const phase = orderPhase(standing)
  const open = isOpen(standing)
  const wait = waiting(phase, cases, order, open)
  const version = await saveStanding(tx, order, {
    closed: !open,
    phase,
    waitingFor: wait.waitingFor,
  })
  await recordAudit(tx, [
    {
      subjectType: 'order',
      subjectId: order.id.toString(),
      action: step.action,
      before: step.isFirst ? null : { phase: phaseBefore, version: versionBefore },
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
      .filter((effect) => effect.isDue)
      .map((effect) => ({ key: effect.key, summary: `${effect.gateway}: ${effect.operation}` })),
    cases: cases.map((c) => ({ id: c.id.toString(), type: c.type, dueAt: c.dueAt })),
    sites: sitesOf(order),
    entity: order.entityCode,
    moneyAtRisk: { currency: order.currency, minor: openValue(order).toString() },
    moneyAtRiskInBooks: inBooks(order, openValue(order)),
    lines: order.lines.length,
    total: { currency: order.currency, minor: order.totalMinor.toString() },
  }
}

interface OpenWork {
  cases: OpenCase[]
  /** One whose outcome nobody knows is asked about when its time comes, and must not hold up the others. */
  effects: {
    key: string
    gateway: string
    operation: string
    isDue: boolean
    askAt: string | null
  }[]
  parcels: { stallsAt: string }[]
}

/** A report to the tax engine comes last: nobody waits for it, and the engine may be slow. */
async function openWork(tx: Tx, order: SalesOrder): Promise<OpenWork> {
  const subject = order.id.toString()
  const { stalledAfterHours } = order.policies.order.body
  const [cases, effects, parcels] = await Promise.all([
    order.hasCases ? openCasesOf(tx, 'order', subject) : [],
    tx<OpenWork['effects']>`
      SELECT e.key, e.gateway, e.operation, e.ask_at AS "askAt", e.state <> 'unknown' OR e.ask_at <= clock_timestamp() OR e.ask_at IS NULL AND NOT EXISTS (
        SELECT FROM exception_case c WHERE c.key = 'order/' || ${subject} || '/effect-unknown/' || e.key AND c.state = 'open') AS "isDue"
      FROM external_effect e WHERE e.subject_type = 'order' AND e.subject_id = ${subject} AND e.gateway <> 'mail' AND e.state IN ('intended', 'sent', 'unknown')
      ORDER BY e.gateway = 'tax', e.intended_at, e.key`,
    tracksDelivery(order) && order.lines.some((line) => line.shipped > 0)
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
  const { trackDelivery } = order.policies.order.body
  return trackDelivery || order.lines.some((line) => waitsForDelivery(order, line))
}

async function nextDeadline(tx: Tx, order: SalesOrder, work: OpenWork): Promise<string | null> {
  const deadlines = [
    ...work.cases.map((c) => c.dueAt),
    ...(await renewalDeadlines(tx, order)),
    ...(await waitingDeadlines(tx, order)),
    ...softHoldDeadlines(order),
    ...work.parcels.map((p) => p.stallsAt),
    ...work.effects.flatMap(({ isDue, askAt }) => (isDue || askAt === null ? [] : [askAt])),
  ].sort()
  return deadlines[0] ?? null
}

function standingOf(order: SalesOrder, open: OpenWork): OrderStanding {
  const onTerms = order.payments.some((payment) => payment.kind === 'terms')
  return {
    lines: order.lines,
    openHolds: order.holds.length,
    openEffects: open.effects.length,
    openCases: open.cases.length,
    awaitsPayment:
      order.settlement === 'receivable' && !onTerms && paidIn(order) < shippedValue(order),
    parcelsUnderway: open.parcels.length,
  }
}

function sitesOf(order: SalesOrder): string[] {
  return [...new Set(order.reservations.map((reservation) => reservation.siteCode))].sort()
}

/** Orders of every currency can be ranked only in that of their company. */
function inBooks(order: SalesOrder, minor: bigint): MoneyDto {
  const { currency, functionalCurrency, rateE9 } = order
  const converted = convertMinor(minor, currency, functionalCurrency, rateE9)
  return { currency: functionalCurrency, minor: converted.toString() }
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
