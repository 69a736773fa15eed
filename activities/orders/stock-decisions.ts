import type { Tx } from '#db/client'
import type { OpenCase } from '#db/stores/cases'
import type { SalesOrder } from '#db/stores/orders'
import { addToOutbox } from '#db/stores/records'
import { barSite, reportMissing } from '#db/stores/routing'
import { Refusal } from '#domain/refusal'
import { knownLine, releaseReserved, takeBack, type UnitsOfLine } from './cancel.ts'
import { askForConsent, needsConsent } from './consent.ts'
import { orderLineWish, text } from './params.ts'
import { backorder, planOrder, stockDemands } from './plan.ts'
import type { Resolving } from './resolve.ts'
import { resumeOrder } from './resume.ts'
import { substitute } from './substitute.ts'

/** Units without stock: another site, several sites, something else, or later. */
export async function findStock(
  tx: Tx,
  order: SalesOrder,
  { command, actor, today }: Resolving,
): Promise<SalesOrder> {
  if (command.resolution === 'substitute') {
    const wish = orderLineWish(command.params)
    if (needsConsent(order, wish)) return askForConsent(tx, order, wish)
    const changed = await substitute(tx, order, wish, { actor, today, key: command.key })
    await resumeOrder(tx, changed, { actor, today })
    return changed
  }
  if (command.resolution === 'backorder') {
    backorder(order, stockDemands(order))
    await resumeOrder(tx, order, { actor, today })
    return order
  }
  // Another site or a split: the rules look again, with ship-complete lifted where a split was chosen.
  const split = command.resolution === 'split'
  const planned = split ? { ...order, shipComplete: false } : order
  if (split) await tx`UPDATE sales_order SET ship_complete = false WHERE id = ${order.id}`
  const result = await planOrder(tx, planned, { actor, today, leavesShort: true })
  const short = result?.shortages ?? []
  if (short.length > 0 && !split)
    throw new Refusal(
      'NoStockElsewhere',
      'No site has stock for the missing units. Backorder, substitute, split or cancel.',
    )
  backorder(planned, short)
  await resumeOrder(tx, planned, { actor, today })
  return planned
}

/** Units that the picker did not find: counted again, taken from elsewhere, or waited for. */
export async function afterShortPick(
  tx: Tx,
  order: SalesOrder,
  { command, found, actor, today }: Resolving,
): Promise<SalesOrder> {
  // A recount that finds the goods sends the picker back: nothing moves but the case.
  if (command.resolution === 'recount') return order
  const siteId = Number(found.evidence['siteId'])
  await takeBack(tx, order, BigInt(text(found.evidence, 'fulfilmentId')))
  await giveBackAt(tx, order, shortUnits(found), { siteId, found, actor })
  if (command.resolution === 'backorder') backorder(order, stockDemands(order))
  await addToOutbox(tx, [
    {
      topic: 'count-needed',
      key: `short-pick/${found.id}/${command.key}`,
      body: { orderId: order.id, siteId, short: found.evidence['short'] },
    },
  ])
  await resumeOrder(tx, order, { actor, today })
  return order
}

export function shortUnits(found: OpenCase): UnitsOfLine[] {
  const short = found.evidence['short'] as { orderLineId: string; missing: number }[]
  return short.map(({ orderLineId, missing }) => ({ orderLineId, qty: missing }))
}

/**
 * Units that were not found at a site lose their stock there, and nowhere else. Nobody is
 * promised them until somebody has counted, and this order does not ask the site for them again.
 */
export async function giveBackAt(
  tx: Tx,
  order: SalesOrder,
  units: readonly UnitsOfLine[],
  { siteId, found, actor }: { siteId: number; found: OpenCase; actor: string },
): Promise<void> {
  for (const { orderLineId, qty } of units) {
    const line = knownLine(order, orderLineId)
    const here = order.reservations.filter(
      (reservation) => reservation.orderLineId === line.id && reservation.siteId === siteId,
    )
    const given = await releaseReserved(tx, here, qty)
    line.allocated -= given
    if (given === 0) continue
    const itemId = line.itemId!
    const cause = { causeType: 'short-pick', causeId: found.id.toString() }
    await reportMissing(tx, { itemId, siteId, qty: given, ...cause, actor })
    await barSite(tx, {
      orderId: order.id,
      siteId,
      itemIds: [itemId],
      cause: 'short-pick',
      reason: `case ${found.id}`,
      actor,
    })
  }
}
