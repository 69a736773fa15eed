import type { Tx } from '#db/client'
import type { OrderLine, SalesOrder } from '#db/stores/orders'
import type { FrozenLine } from '#domain/orders/freeze'
import { moneyOfUnits } from '#domain/orders/shares'
import { knownLine } from './cancel.ts'
import { appendLines, ownLineId } from './change.ts'
import { grantRefund } from './refunds.ts'
import type { Resolving } from './resolve.ts'
import { resumeOrder } from './resume.ts'

interface LostOfLine {
  orderLineId: string
  unitFrom: number
  qty: number
}

/**
 * What the customer gets for units that a carrier lost: the same again, for the money that they were
 * sold for, or that money. Of an order on account nothing has been paid, so nothing goes back.
 */
export async function decideOnLost(
  tx: Tx,
  order: SalesOrder,
  { command, found, actor, today }: Resolving,
): Promise<SalesOrder> {
  if (command.resolution === 'refund') {
    await grantRefund(tx, order, { actor, today, key: command.key, reason: 'LOST' })
    return order
  }
  const units = found.evidence['units'] as LostOfLine[]
  const goods = units.filter(({ orderLineId }) => knownLine(order, orderLineId).itemId !== null)
  const lines = goods.map((lost, n) =>
    sentAgain(knownLine(order, lost.orderLineId), lost, ownLineId(command.key, `replacement-${n}`)),
  )
  const changed = await appendLines(tx, order, lines)
  const added = changed.lines.slice(order.lines.length)
  for (const [n, line] of added.entries())
    await tx`UPDATE sales_order_line SET replaces_line_id = ${BigInt(goods[n]!.orderLineId)} WHERE id = ${line.id}`
  for (const [n, line] of added.entries()) {
    const { revenueOn, termMonths, revenuePolicy } = knownLine(order, goods[n]!.orderLineId)
    Object.assign(line, { revenueOn, termMonths, revenuePolicy })
  }
  await resumeOrder(tx, changed, { actor, today })
  return changed
}

/** The units once more, with exactly the money that was frozen for them. */
function sentAgain(line: OrderLine, { unitFrom, qty }: LostOfLine, key: string): FrozenLine {
  const money = moneyOfUnits(line, unitFrom, unitFrom + qty)
  return {
    source: {
      externalLineId: key,
      externalListingId: line.externalListingId,
      sku: line.sku,
      title: line.title,
      quantity: qty,
      unitPriceMinor: '0',
      discounts: [],
      taxes: [],
      requiresShipping: line.requiresShipping,
      giftCard: false,
    },
    itemId: line.itemId,
    kitItemId: line.kitItemId,
    packFactor: line.packFactor,
    qty,
    goodsMinor: money.goodsMinor,
    shippingMinor: money.shippingMinor,
    discounts: money.discounts.filter((discount) => discount.amountMinor > 0n),
    taxes: line.taxes.map((tax, n) => ({
      component: tax.component,
      jurisdiction: tax.jurisdiction,
      taxCode: tax.taxCode,
      ratePpm: Number(tax.taxCode.split('@').at(-1) ?? 0),
      baseMinor:
        tax.component === 'goods' ? money.goodsMinor - money.discountMinor : money.shippingMinor,
      taxMinor: money.taxes[n]!.amountMinor,
      collectedBy: tax.collectedBy,
    })),
  }
}
