import type { OrderDocument, OrderLineDocument, TaxDocument } from './document.ts'
import { apportion } from '../apportion.ts'
import { divideRounded, sum } from '../money.ts'
import { Refusal } from '../refusal.ts'

/** What a line's item is made of: itself times a pack factor, or a kit's components. */
export interface ResolvedItem {
  itemId: number | null
  kitItemId: number | null
  packFactor: number
  /** Share of the line's money, relative to the other components of the same kit. */
  weight: bigint
}

export interface FrozenDiscount {
  code: string
  fundedBy: 'merchant' | 'marketplace' | 'vendor'
  /** The supplier's code, when the document names it. */
  vendor?: string | null
  amountMinor: bigint
}

export interface FrozenTax {
  component: 'goods' | 'shipping'
  jurisdiction: string
  taxCode: string
  ratePpm: number
  baseMinor: bigint
  taxMinor: bigint
  collectedBy: 'seller' | 'marketplace'
}

/** One stockable line of the order with its money, net of tax, frozen for good. */
export interface FrozenLine {
  source: OrderLineDocument
  itemId: number | null
  kitItemId: number | null
  packFactor: number
  /** Base units. */
  qty: number
  goodsMinor: bigint
  discounts: FrozenDiscount[]
  shippingMinor: bigint
  taxes: FrozenTax[]
}

/**
 * Splits everything that belongs to the whole order over its lines, once, by largest remainder,
 * and takes included tax out of prices. Later documents take unit shares of what stands here.
 * @throws Refusal `TotalsDoNotFoot` when the parts do not sum to the order's total; `NoLines`,
 * `QuantityInvalid` or `TendersExceedTotal` when it is no order at all.
 */
export function freezeOrder(
  order: OrderDocument,
  resolve: (line: OrderLineDocument) => ResolvedItem[],
): FrozenLine[] {
  refuseWhatIsNoOrder(order)
  const priced = pricedLines(order)
  const shippingLines = priced.filter((line) => line.source.requiresShipping)
  spreadShipping(order, shippingLines.length > 0 ? shippingLines : priced)
  const lines = priced.map((line) => (order.pricesIncludeTax ? takeTaxOut(line) : line))
  const total = sum(lines.map(lineTotal))
  if (total !== BigInt(order.total.minor)) {
    throw new Refusal(
      'TotalsDoNotFoot',
      `The lines of order ${order.orderNumber} sum to ${total} minor units, its total says ${order.total.minor}. Send a document whose parts add up.`,
      { lines: total.toString(), total: order.total.minor },
    )
  }
  return lines.flatMap((line) => explode(line, resolve(line.source)))
}

/** The lines with every discount on them, before shipping and in the document's own tax basis. */
export function pricedLines(order: Pick<OrderDocument, 'lines' | 'orderDiscounts'>): FrozenLine[] {
  const priced = order.lines.map((line) => priceLine(line))
  spreadOrderDiscounts(order, priced)
  return priced
}

/** One line by itself, net prices: what a person adds to an order that stands already. */
export function freezeLine(source: OrderLineDocument, parts: ResolvedItem[]): FrozenLine[] {
  return explode(priceLine(source), parts)
}

/** What the customer pays for the line: goods − discounts + shipping + tax. */
export function lineTotal(
  line: Pick<FrozenLine, 'goodsMinor' | 'discounts' | 'shippingMinor' | 'taxes'>,
): bigint {
  return (
    line.goodsMinor -
    discountOf(line) +
    line.shippingMinor +
    sum(line.taxes.map((tax) => tax.taxMinor))
  )
}

export function discountOf(line: Pick<FrozenLine, 'discounts'>): bigint {
  return sum(line.discounts.map((discount) => discount.amountMinor))
}

/** What would break a rule of arithmetic further on is the sender's to correct. */
function refuseWhatIsNoOrder(order: OrderDocument): void {
  if (order.lines.length === 0)
    throw new Refusal(
      'NoLines',
      `Order ${order.orderNumber} has no lines. Send it with at least one.`,
    )
  const bad = order.lines.find((line) => line.quantity < 1 || !Number.isSafeInteger(line.quantity))
  if (bad)
    throw new Refusal(
      'QuantityInvalid',
      `Line ${bad.externalLineId} of order ${order.orderNumber} has quantity ${bad.quantity}. Leave lines without units out.`,
    )
  const tenders = sum((order.payment.otherTenders ?? []).map((t) => BigInt(t.amountMinor)))
  if (tenders > BigInt(order.total.minor))
    throw new Refusal(
      'TendersExceedTotal',
      `Gift cards and credit pay ${tenders} minor units, the total of order ${order.orderNumber} is ${order.total.minor}.`,
    )
}

function priceLine(source: OrderLineDocument): FrozenLine {
  const goodsMinor = BigInt(source.unitPriceMinor) * BigInt(source.quantity)
  const discounts = source.discounts.map((d) => ({ ...d, amountMinor: BigInt(d.amountMinor) }))
  const line = {
    source,
    itemId: null,
    kitItemId: null,
    packFactor: 1,
    qty: source.quantity,
    goodsMinor,
    discounts,
    shippingMinor: 0n,
  }
  const baseMinor = goodsMinor - discountOf(line)
  const taxes = source.taxes.map((tax): FrozenTax => ({
    component: 'goods',
    jurisdiction: tax.jurisdiction,
    taxCode: taxCode(tax),
    ratePpm: tax.ratePpm,
    baseMinor,
    taxMinor: BigInt(tax.amountMinor),
    collectedBy: tax.collectedBy,
  }))
  return { ...line, taxes }
}

/** `FR@200000`, and `FR@200000/oss` where another return than the jurisdiction's own has it. */
export function taxCode({
  jurisdiction,
  ratePpm,
  treatment,
}: Pick<TaxDocument, 'jurisdiction' | 'ratePpm' | 'treatment'>): string {
  return `${jurisdiction}@${ratePpm}${treatment ? `/${treatment}` : ''}`
}

function spreadOrderDiscounts(
  order: Pick<OrderDocument, 'orderDiscounts'>,
  lines: FrozenLine[],
): void {
  for (const discount of order.orderDiscounts) {
    const weights = lines.map((line) => max0(line.goodsMinor - discountOf(line)))
    apportion(BigInt(discount.amountMinor), weights).forEach((amountMinor, n) => {
      if (amountMinor === 0n) return
      const line = lines[n]!
      line.discounts.push({ ...discount, amountMinor })
      line.taxes = line.taxes.map((tax) => ({ ...tax, baseMinor: tax.baseMinor - amountMinor }))
    })
  }
}

function spreadShipping(order: OrderDocument, lines: FrozenLine[]): void {
  const weights = lines.map((line) => max0(line.goodsMinor - discountOf(line)))
  for (const charge of order.shipping) {
    const after =
      BigInt(charge.amountMinor) - sum(charge.discounts.map((d) => BigInt(d.amountMinor)))
    const shares = apportion(after, weights)
    shares.forEach((share, n) => (lines[n]!.shippingMinor += share))
    for (const tax of charge.taxes) {
      apportion(BigInt(tax.amountMinor), weights).forEach((taxMinor, n) => {
        if (taxMinor === 0n) return
        lines[n]!.taxes.push({
          component: 'shipping',
          jurisdiction: tax.jurisdiction,
          taxCode: taxCode(tax),
          ratePpm: tax.ratePpm,
          baseMinor: shares[n]!,
          taxMinor,
          collectedBy: tax.collectedBy,
        })
      })
    }
  }
}

/** Net = gross − tax, never net computed first: the two ways round differently (ledger.md R9). */
function takeTaxOut(line: FrozenLine): FrozenLine {
  const goodsTax = sum(
    line.taxes.filter((tax) => tax.component === 'goods').map((tax) => tax.taxMinor),
  )
  const shippingTax = sum(
    line.taxes.filter((tax) => tax.component === 'shipping').map((tax) => tax.taxMinor),
  )
  const discount = discountOf(line)
  const paid = line.goodsMinor - discount
  const net = paid - goodsTax
  const netDiscount = paid > 0n ? divideRounded(discount * net, paid) : discount
  const shares = apportion(
    netDiscount,
    line.discounts.map((d) => d.amountMinor),
  )
  return {
    ...line,
    goodsMinor: net + netDiscount,
    discounts: line.discounts.map((d, n) => ({ ...d, amountMinor: shares[n]! })),
    shippingMinor: line.shippingMinor - shippingTax,
    taxes: line.taxes.map((tax) => ({
      ...tax,
      baseMinor: tax.baseMinor - (tax.component === 'goods' ? goodsTax : shippingTax),
    })),
  }
}

/** A kit becomes its components, its money split by their stand-alone prices (IFRS 15.74–80). */
function explode(line: FrozenLine, parts: ResolvedItem[]): FrozenLine[] {
  const weights = parts.map((part) => part.weight)
  const goods = apportion(line.goodsMinor, weights)
  const shipping = apportion(line.shippingMinor, weights)
  const discounts = line.discounts.map((d) => apportion(d.amountMinor, weights))
  const taxes = line.taxes.map((tax) => ({
    base: apportion(tax.baseMinor, weights),
    tax: apportion(tax.taxMinor, weights),
  }))
  return parts.map((part, n) => ({
    ...line,
    itemId: part.itemId,
    kitItemId: part.kitItemId,
    packFactor: part.packFactor,
    qty: line.source.quantity * part.packFactor,
    goodsMinor: goods[n]!,
    shippingMinor: shipping[n]!,
    discounts: line.discounts
      .map((d, i) => ({ ...d, amountMinor: discounts[i]![n]! }))
      .filter((d) => d.amountMinor !== 0n),
    taxes: line.taxes.map((tax, i) => ({
      ...tax,
      baseMinor: taxes[i]!.base[n]!,
      taxMinor: taxes[i]!.tax[n]!,
    })),
  }))
}

function max0(amount: bigint): bigint {
  return amount < 0n ? 0n : amount
}
