import type { Tx } from '#db/client'
import { findItems } from '#db/queries/listings'
import type { OrderLine, SalesOrder } from '#db/stores/orders'
import { divideRounded, sum } from '#domain/money'
import type { FrozenLine } from '#domain/orders/freeze'
import { openUnits } from '#domain/orders/phase'
import { moneyOfUnits, type UnitsMoney } from '#domain/orders/shares'
import { Refusal } from '#domain/refusal'
import { cancelUnits, knownLine } from './cancel.ts'
import { appendLines, ownLineId } from './change.ts'
import { rescreen } from './rescreen.ts'

export interface Substitution {
  orderLineId: string
  qty: number
  sku: string
  /** The customer agreed to pay the substitute's own, higher price. */
  consentToPrice?: boolean
}

/**
 * What the substitution would be about, with the price of the original's units and the
 * substitute's own, in the order's minor units before discounts.
 * @throws Refusal `UnknownSku`, `NotASubstitute`, `QuantityNotOpen`, `ItemNotReady`.
 */
export async function checkSubstitution(tx: Tx, order: SalesOrder, wish: Substitution) {
  const line = knownLine(order, wish.orderLineId)
  const [item] = await findItems(tx, order.channelId, [{ externalListingId: null, sku: wish.sku }])
  if (!item) throw new Refusal('UnknownSku', `No item has the SKU "${wish.sku}".`)
  const [allowed] = await tx<
    { ratio: number }[]
  >`SELECT ratio FROM item_substitute WHERE item_id = ${line.itemId} AND substitute_id = ${item.itemId}`
  if (!allowed)
    throw new Refusal(
      'NotASubstitute',
      `${wish.sku} is not in the list of substitutes of ${line.sku}. Add it there first.`,
    )
  if (wish.qty > openUnits(line) - line.released)
    throw new Refusal(
      'QuantityNotOpen',
      `Line ${line.lineNo} has ${openUnits(line) - line.released} units that may be substituted, ${wish.qty} were asked for.`,
    )
  if (item.status !== 'active')
    throw new Refusal(
      'ItemNotReady',
      `${wish.sku} is ${item.status}: complete and activate it first.`,
    )
  const from = line.shipped + line.cancelled
  const money = moneyOfUnits(line, from, from + wish.qty)
  const qty = wish.qty * allowed.ratio
  const ownMinor =
    item.listPriceMinor !== null && item.listCurrency === order.currency
      ? item.listPriceMinor * BigInt(qty)
      : money.goodsMinor
  return { line, item, money, qty, originalMinor: money.goodsMinor, ownMinor }
}

/**
 * Cancels units of the original, which stays on record, and adds a linked line. Without consent
 * the customer pays the lower of both prices (FUL-19).
 */
export async function substitute(
  tx: Tx,
  order: SalesOrder,
  wish: Substitution,
  by: { actor: string; today: string; key: string },
): Promise<SalesOrder> {
  const { line, item, money, qty, originalMinor, ownMinor } = await checkSubstitution(
    tx,
    order,
    wish,
  )
  const goodsMinor = ownMinor < originalMinor || wish.consentToPrice ? ownMinor : originalMinor
  // Added before the original goes, so that an order of one line never looks cancelled in between.
  const changed = await appendLines(tx, order, [
    replacement(line, money, {
      itemId: item.itemId,
      sku: item.sku,
      qty,
      goodsMinor,
      key: ownLineId(by.key, 'substitute'),
    }),
  ])
  const added = changed.lines.at(-1)!
  await tx`UPDATE sales_order_line SET substitution_of = ${line.id} WHERE id = ${added.id}`
  await cancelUnits(tx, changed, [{ orderLineId: wish.orderLineId, qty: wish.qty }], {
    ...by,
    reason: 'SUBSTITUTED',
  })
  // Its price is the customer's old one by rule, so only what it is and where it goes is looked at.
  await rescreen(tx, changed, { lines: [added.id], types: ['compliance'], actor: by.actor })
  return changed
}

/** The replacement carries the original's shares, scaled down when it is cheaper; tax by the frozen rates. */
function replacement(
  line: OrderLine,
  money: UnitsMoney,
  to: { itemId: number; sku: string; qty: number; goodsMinor: bigint; key: string },
): FrozenLine {
  const scale = (amount: bigint) =>
    money.goodsMinor === 0n ? amount : divideRounded(amount * to.goodsMinor, money.goodsMinor)
  const discounts = money.discounts
    .filter((d) => d.amountMinor > 0n)
    .map((d) => ({ ...d, amountMinor: scale(d.amountMinor) }))
  // Tax is due on what is paid, so its base is the goods less their discounts, as at placement.
  const goodsBaseMinor = to.goodsMinor - sum(discounts.map((d) => d.amountMinor))
  return {
    source: {
      externalLineId: to.key,
      externalListingId: null,
      sku: to.sku,
      title: to.sku,
      quantity: to.qty,
      unitPriceMinor: '0',
      discounts: [],
      taxes: [],
      requiresShipping: true,
      giftCard: false,
    },
    itemId: to.itemId,
    kitItemId: null,
    packFactor: 1,
    qty: to.qty,
    goodsMinor: to.goodsMinor,
    shippingMinor: money.shippingMinor,
    discounts,
    taxes: line.taxes.map((tax, n) => ({
      component: tax.component,
      jurisdiction: tax.jurisdiction,
      taxCode: tax.taxCode,
      ratePpm: Number(tax.taxCode.split('@').at(-1) ?? 0),
      baseMinor: tax.component === 'goods' ? goodsBaseMinor : money.shippingMinor,
      taxMinor:
        tax.component === 'goods'
          ? scale(money.taxes[n]!.amountMinor)
          : money.taxes[n]!.amountMinor,
      collectedBy: tax.collectedBy,
    })),
  }
}
