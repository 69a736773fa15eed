import type { Tx } from '#db/client'
import { escalateCase, openCasesOf, type OpenCase } from '#db/stores/cases'
import type { SalesOrder } from '#db/stores/orders'
import { addToOutbox } from '#db/stores/records'
import { openUnits } from '#domain/orders/phase'
import { renewAuthorisations } from './authorisation.ts'
import { settleCancellation, takeUnitsOut } from './cancel.ts'
import { isCovered } from './payments.ts'
import { resumeOrder } from './resume.ts'
import { tracksDelivery } from './progress.ts'
import { expireSoftHolds } from './soft-holds.ts'
import { stalled } from './tracking.ts'
import { passWaitingDeadlines } from './waiting.ts'

/** Does what passed deadlines ask for, by the database's clock; without one that passed it changes nothing. */
export async function passDeadlines(
  tx: Tx,
  order: SalesOrder,
  by: { actor: string; today: string; key: string },
): Promise<void> {
  const [clock] = await tx<{ now: string }[]>`SELECT clock_timestamp() AS now`
  const now = clock!.now
  await escalateCases(tx, order, now, by)
  await renewAuthorisations(tx, order, now, by)
  await expireSoftHolds(tx, order, now, by.actor)
  await watchParcels(tx, order)
  if (await passWaitingDeadlines(tx, order, by))
    await resumeOrder(tx, order, { ...by, includeBackordered: true })
}

/** An SLA that passed moves its case up; a payment nobody sends in the end cancels the order (FUL-25). */
async function escalateCases(
  tx: Tx,
  order: SalesOrder,
  now: string,
  by: { actor: string; today: string; key: string },
): Promise<void> {
  for (const found of await openCasesOf(tx, 'order', order.id.toString())) {
    if (found.dueAt > now) continue
    const policy = order.policies.exceptions.body[found.type]
    const waitedMinutes = (found.escalations + 1) * policy.slaMinutes
    if (
      found.type === 'payment-pending' &&
      waitedMinutes >= order.policies.order.body.paymentWaitHours * 60
    ) {
      await giveUpOnPayment(tx, order, found, by)
      // What the warehouse has cannot be cancelled from here: then somebody else has to look.
      if (!(await isOpen(tx, found.id))) continue
    }
    await escalateCase(tx, found.id, { team: policy.escalateTo, slaMinutes: policy.slaMinutes })
    await addToOutbox(tx, [
      {
        topic: 'escalation',
        key: `${found.id}/${found.escalations + 1}`,
        body: {
          caseId: found.id,
          type: found.type,
          from: found.ownerTeam,
          to: policy.escalateTo,
          orderId: order.id,
        },
      },
    ])
  }
}

/**
 * Nobody paid: an order that was never paid for goes as a whole; one that was paid and then grew
 * loses what came last, until what is paid covers it again.
 */
async function giveUpOnPayment(
  tx: Tx,
  order: SalesOrder,
  found: OpenCase,
  by: { actor: string; today: string; key: string },
): Promise<void> {
  const grew = found.evidence['worthMinor'] !== undefined
  for (const line of [...order.lines].reverse()) {
    let free = openUnits(line) - line.released
    const step = grew ? 1 : free
    for (; free > 0 && !isCovered(order); free -= step)
      await takeUnitsOut(tx, order, [{ orderLineId: line.id.toString(), qty: step }])
  }
  await settleCancellation(tx, order, { ...by, reason: 'nobody paid in time' })
  await resumeOrder(tx, order, by)
}

async function isOpen(tx: Tx, caseId: bigint): Promise<boolean> {
  const open = await tx`SELECT 1 FROM exception_case WHERE id = ${caseId} AND state = 'open'`
  return open.length > 0
}

async function watchParcels(tx: Tx, order: SalesOrder): Promise<void> {
  if (!tracksDelivery(order)) return
  const { stalledAfterHours } = order.policies.order.body
  const silent = await tx<{ id: bigint }[]>`
    SELECT p.id FROM parcel p WHERE p.order_id = ${order.id} AND p.shipment_id IS NOT NULL AND p.tracking_number IS NOT NULL AND p.delivered_at IS NULL AND p.voided_at IS NULL
      AND greatest(p.recorded_at, (SELECT max(t.happened_at) FROM tracking_event t WHERE t.parcel_id = p.id), p.stalled_at)
        + make_interval(secs => ${stalledAfterHours * 3600}) <= clock_timestamp()`
  for (const parcel of silent)
    await stalled(tx, order, parcel.id, `no event for ${stalledAfterHours} hours`)
}
