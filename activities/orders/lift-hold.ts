import type { Tx } from '#db/client'
import { wholeAddress, type Address } from '#db/stores/addresses'
import { openCasesOf, type OpenCase } from '#db/stores/cases'
import { markBuyer } from '#db/stores/fraud-marks'
import type { SalesOrder } from '#db/stores/orders'
import type { HoldType } from '#domain/orders/exceptions'
import { openUnits } from '#domain/orders/phase'
import { keptValue } from '#domain/orders/worth'
import { Refusal } from '#domain/refusal'
import type { Resolving } from './resolve.ts'
import { grantRefund } from './refunds.ts'
import { clearHold, resumeOrder } from './resume.ts'
import { givenAddress, useAddress, withRecipient } from './ship-to.ts'
import { oweOnTerms } from './terms.ts'
import { mapUnknownSku } from './unknown-sku.ts'

export const HOLD_OF_CASE: Partial<Record<OpenCase['type'], HoldType>> = {
  'payment-pending': 'payment',
  'fraud-review': 'fraud',
  'address-invalid': 'address',
  'compliance-match': 'compliance',
  'data-missing': 'data',
  'unknown-sku': 'data',
  'price-suspect': 'price',
  'manual-hold': 'manual',
}

/** Releases the hold behind the case, after what the choice asks for has been done. */
export async function liftHold(
  tx: Tx,
  order: SalesOrder,
  resolving: Resolving,
): Promise<SalesOrder> {
  const { command, found, actor, today } = resolving
  const type = HOLD_OF_CASE[found.type]
  if (!type)
    throw new Refusal(
      'ResolutionNotAllowed',
      `Nothing is known to do for ${found.type} with "${command.resolution}".`,
    )
  const changed = await doBefore(tx, order, resolving)
  const unknown = changed.lines.some((line) => line.itemId === null && openUnits(line) > 0)
  if (found.type === 'unknown-sku' && unknown) return changed
  if (type === 'data') await refuseIncompleteItems(tx, changed)
  if (type === 'compliance' && (await isAnotherMatchOpen(tx, changed))) return changed
  if (changed.holds.some((hold) => hold.type === type))
    await clearHold(tx, changed, type, { actor, note: command.resolution })
  await resumeOrder(tx, changed, { actor, today })
  return changed
}

async function doBefore(tx: Tx, order: SalesOrder, resolving: Resolving): Promise<SalesOrder> {
  const { command, actor, today } = resolving
  /** Where the better address has less tax, the rest goes back. */
  const moved = async (tx: Tx, address: Address) => {
    const before = keptValue(order)
    const changed = await useAddress(tx, order, address, actor)
    if (keptValue(changed) < before)
      await grantRefund(tx, changed, { actor, today, key: command.key, reason: 'less tax is due' })
    return changed
  }
  switch (command.resolution) {
    case 'correct':
      return moved(tx, await givenAddress(tx, order, command.addressId))
    case 'accept-suggestion':
      return moved(tx, await suggestedAddress(tx, order))
    case 'map-listing':
    case 'create-item':
      return mapUnknownSku(tx, order, resolving)
    case 'accept':
      if (resolving.found.type === 'fraud-review')
        await markBuyer(tx, order, {
          verdict: 'trusted',
          reason: `accepted order ${order.orderNumber}`,
          actor,
        })
      return order
    case 'accept-on-terms':
      await oweOnTerms(tx, order)
      return order
    default:
      return order
  }
}

/** FUL-26: the first of two people signs; the case stays open until the second has. */
export async function firstOfTwo(
  tx: Tx,
  order: SalesOrder,
  { command, actor }: Resolving,
): Promise<boolean> {
  const hold = order.holds.find((open) => open.type === 'compliance')
  if (command.resolution !== 'clear' || !hold) return false
  if (hold.firstReleaseBy === null) {
    await tx`UPDATE order_hold SET first_release_by = ${actor} WHERE id = ${hold.id}`
    return true
  }
  if (hold.firstReleaseBy === actor)
    throw new Refusal(
      'SecondPersonNeeded',
      'A compliance match is cleared by two people: ask a colleague to clear it too.',
    )
  return false
}

/** Each match is cleared by two people; a hold with several goes with the last of them. */
async function isAnotherMatchOpen(tx: Tx, order: SalesOrder): Promise<boolean> {
  const open = await openCasesOf(tx, 'order', order.id.toString())
  if (open.every((found) => found.type !== 'compliance-match')) return false
  for (const hold of order.holds) if (hold.type === 'compliance') hold.firstReleaseBy = null
  await tx`UPDATE order_hold SET first_release_by = NULL WHERE order_id = ${order.id} AND type = 'compliance' AND released_at IS NULL`
  return true
}

async function suggestedAddress(tx: Tx, order: SalesOrder): Promise<Address> {
  const [row] = await tx<{ suggestion: Address | null }[]>`
    SELECT d.body->'suggestion' AS suggestion FROM sales_order o JOIN personal_data d ON d.id = o.personal_data_id WHERE o.id = ${order.id}`
  if (!row?.suggestion)
    throw new Refusal(
      'NoSuggestion',
      'The carrier suggested no address. Correct it by hand, or override.',
    )
  return withRecipient(tx, order, wholeAddress(row.suggestion))
}

async function refuseIncompleteItems(tx: Tx, order: SalesOrder): Promise<void> {
  const items = order.lines.map((line) => line.itemId).filter((id) => id !== null)
  const rows = await tx<{ sku: string; status: string }[]>`
    SELECT i.sku, i.status FROM item i WHERE i.id = ANY(${items}::int[]) AND i.status <> 'active' ORDER BY i.sku`
  if (rows.length === 0) return
  const described = rows.map((row) => `${row.sku} is ${row.status}`).join('; ')
  throw new Refusal('ItemNotReady', `${described}. Complete and activate it first.`)
}
