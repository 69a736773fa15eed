import type { Tx } from '#db/client'
import { healCases, openCasesOf } from '#db/stores/cases'
import { insertHolds, releaseHold, type SalesOrder } from '#db/stores/orders'
import { CASE_OF_HOLD, type HoldType } from '#domain/orders/exceptions'
import { healOrderCases, openOrderCase } from './cases.ts'
import { captureOnResume } from './captures.ts'
import { openUnits } from '#domain/orders/phase'
import { isCovered } from './payments.ts'
import { planOrder, type PlanOptions } from './plan.ts'
import { keptValue } from '#domain/orders/worth'
import { letWarehouseGoOn } from './recall.ts'
import { mayRelease, releaseToWarehouse } from './release.ts'
import { stopWarehouse } from './stop-warehouse.ts'

/** Goes on with whatever the order can do now: plan what has no stock, release what is ready. */
export async function resumeOrder(tx: Tx, order: SalesOrder, options: PlanOptions): Promise<void> {
  await captureOnResume(tx, order)
  await settlePaymentHold(tx, order, options.actor)
  if (!order.holds.every((hold) => hold.keepsStock)) return
  await planOrder(tx, order, options)
  if (order.policies.order.body.autoRelease && mayRelease(order))
    await releaseToWarehouse(tx, order, options)
}

/** The payment hold stands exactly while the order is worth more than what covers it. */
export async function settlePaymentHold(tx: Tx, order: SalesOrder, actor: string): Promise<void> {
  const held = order.holds.some((hold) => hold.type === 'payment')
  const covered = isCovered(order)
  if (held && covered) {
    const note = 'the order is paid'
    await clearHold(tx, order, 'payment', { actor, note, healed: true })
    await healOrderCases(tx, order, ['gift-card-unknown'], note)
  }
  // What has left cannot be held any more; who owes for it is asked by its own case.
  if (held || covered || order.lines.every((line) => openUnits(line) === 0)) return
  await insertHolds(
    tx,
    order,
    [
      {
        type: 'payment',
        caseType: 'payment-pending',
        reason: 'the order is worth more than what has been paid',
        keepsStock: true,
      },
    ],
    actor,
  )
  await openOrderCase(tx, order, {
    type: 'payment-pending',
    summary: `${order.orderNumber}: another payment is due after the change`,
    evidence: { worthMinor: keptValue(order).toString() },
    openedBy: 'rule: payment',
  })
  await stopWarehouse(tx, order)
}

/** Releases one hold; its case goes with it, as healed when no person decided. */
export async function clearHold(
  tx: Tx,
  order: SalesOrder,
  type: HoldType,
  by: { actor: string; note: string; healed?: boolean },
): Promise<void> {
  await releaseHold(tx, order, type, by.actor, by.note)
  await letWarehouseGoOn(tx, order)
  if (!by.healed) return
  const types = type === 'data' ? ['data-missing', 'unknown-sku'] : [CASE_OF_HOLD[type]]
  const open = await openCasesOf(tx, 'order', order.id.toString())
  await healCases(
    tx,
    open.filter((found) => types.includes(found.type)).map((found) => found.id),
    by.note,
  )
}
