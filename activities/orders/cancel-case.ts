import type { Tx } from '#db/client'
import type { OpenCase } from '#db/stores/cases'
import { markBuyer } from '#db/stores/fraud-marks'
import type { SalesOrder } from '#db/stores/orders'
import type { HoldType } from '#domain/orders/exceptions'
import { openUnits, unplannedUnits } from '#domain/orders/phase'
import { Refusal } from '#domain/refusal'
import {
  cancelOnRequest,
  cancelUnits,
  takeBack,
  type CancelBy,
  type UnitsOfLine,
} from './cancel.ts'
import { HOLD_OF_CASE } from './lift-hold.ts'
import { text } from './params.ts'
import { needsStock } from './plan.ts'
import type { Resolving } from './resolve.ts'
import { clearHold, resumeOrder } from './resume.ts'
import { giveBackAt, shortUnits } from './stock-decisions.ts'

/** Cancels what the case is about: the units it lacks, else the whole order. */
export async function cancelHere(
  tx: Tx,
  order: SalesOrder,
  { command, found, actor, today }: Resolving,
): Promise<SalesOrder> {
  refuseIfNothingToCancel(order)
  if (command.resolution === 'cancel-and-block') {
    const reason = `fraud on order ${order.orderNumber}`
    await tx`UPDATE customer SET blocked_reason = ${reason} WHERE id = ${order.customerId}`
    // Guests have no number, and who is blocked comes back as one.
    await markBuyer(tx, order, { verdict: 'blocked', reason, actor })
  }
  const reason = `${found.type}: ${command.resolution}`
  await cancelWhatItIsAbout(tx, order, found, { actor, reason, today, key: command.key })
  const hold: HoldType | undefined = HOLD_OF_CASE[found.type]
  if (hold && order.holds.some((open) => open.type === hold))
    await clearHold(tx, order, hold, { actor, note: command.resolution, healed: true })
  await resumeOrder(tx, order, { actor, today })
  return order
}

async function cancelWhatItIsAbout(
  tx: Tx,
  order: SalesOrder,
  found: OpenCase,
  by: CancelBy,
): Promise<void> {
  switch (found.type) {
    case 'short-pick': {
      await takeBack(tx, order, BigInt(text(found.evidence, 'fulfilmentId')))
      const siteId = Number(found.evidence['siteId'])
      await giveBackAt(tx, order, shortUnits(found), { siteId, found, actor: by.actor })
      return cancelUnits(tx, order, shortUnits(found), by)
    }
    case 'stock-short':
      return cancelUnits(tx, order, unplanned(order, needsStock), by)
    case 'unknown-sku':
      return cancelUnits(
        tx,
        order,
        unplanned(order, (line) => line.itemId === null),
        by,
      )
    default:
      // What is with the warehouse is recalled, what has left is told as too late.
      return cancelOnRequest(tx, order, by)
  }
}

function unplanned(
  order: SalesOrder,
  concerned: (line: SalesOrder['lines'][number]) => boolean,
): UnitsOfLine[] {
  const lines = order.lines.filter((line) => concerned(line) && unplannedUnits(line) > 0)
  return lines.map((line) => ({ orderLineId: line.id.toString(), qty: unplannedUnits(line) }))
}

/** Money for goods that have left is not settled by cancelling anything. */
function refuseIfNothingToCancel(order: SalesOrder): void {
  if (order.lines.every((line) => openUnits(line) === 0))
    throw new Refusal(
      'NothingToCancel',
      'All units have left or are cancelled already. Choose another way to settle the case.',
    )
}
