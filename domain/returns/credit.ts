import { apportion } from '../apportion.ts'
import { sum } from '../money.ts'
import { moneyOfUnits, type FrozenDiscountShare, type FrozenMoney } from '../orders/shares.ts'
import { Refusal } from '../refusal.ts'
import { taxAccount, type TaxShare } from '../ledger/sales-terms.ts'

/** What is given back for units of one line, in the order's currency: their frozen shares, never anew (R4, R10). */
export interface LineCredit {
  goodsMinor: bigint
  discounts: FrozenDiscountShare[]
  shippingMinor: bigint
  /** All of it, a marketplace's included, which is no tax of ours. */
  taxes: TaxShare[]
  feeMinor: bigint
}

export interface CreditTerms {
  shipping: boolean
  /** Parts per million of the goods' net that are kept. */
  feePpm: number
}

const WHOLE = 1_000_000n

/** The credit of single units, each at its own part of its shares. */
export function creditOfUnits(
  line: FrozenMoney,
  units: readonly { unit: number; creditPpm: number }[],
  terms: CreditTerms,
): LineCredit {
  const goods = { ...line, shippingMinor: 0n, taxes: taxesOn(line, 'goods') }
  const shipping = { ...line, goodsMinor: 0n, discounts: [], taxes: taxesOn(line, 'shipping') }
  const parts = units.flatMap(({ unit, creditPpm }) => {
    const share = (minor: bigint) => (minor * BigInt(creditPpm)) / WHOLE
    return [goods, ...(terms.shipping ? [shipping] : [])].map((part) => {
      const money = moneyOfUnits(part, unit, unit + 1)
      return {
        goodsMinor: share(money.goodsMinor),
        shippingMinor: share(money.shippingMinor),
        discounts: money.discounts.map((each) => ({
          ...each,
          amountMinor: share(each.amountMinor),
        })),
        taxes: money.taxes.map((each) => ({ ...each, amountMinor: share(each.amountMinor) })),
      }
    })
  })
  const goodsMinor = sum(parts.map((part) => part.goodsMinor))
  const discounts = byName(
    parts.flatMap((part) => part.discounts),
    ({ code, fundedBy, vendor }) => JSON.stringify([code, fundedBy, vendor ?? null]),
  )
  const net = goodsMinor - sum(discounts.map((each) => each.amountMinor))
  return {
    goodsMinor,
    discounts,
    shippingMinor: sum(parts.map((part) => part.shippingMinor)),
    taxes: byName(
      parts.flatMap((part) => part.taxes),
      (tax) => JSON.stringify([taxAccount(tax), tax.jurisdiction, tax.taxCode, tax.collectedBy]),
    ),
    feeMinor: net <= 0n ? 0n : (net * BigInt(terms.feePpm)) / WHOLE,
  }
}

function taxesOn(line: FrozenMoney, component: 'goods' | 'shipping'): FrozenMoney['taxes'] {
  return line.taxes.filter((tax) => tax.component === component)
}

/** Sums what has the same name, in the order in which the names come. */
function byName<T extends { amountMinor: bigint }>(
  parts: readonly T[],
  name: (part: T) => string,
): T[] {
  const sums = new Map<string, T>()
  for (const part of parts) {
    const known = sums.get(name(part))
    sums.set(name(part), { ...part, amountMinor: (known?.amountMinor ?? 0n) + part.amountMinor })
  }
  return [...sums.values()].filter((part) => part.amountMinor !== 0n)
}

/** Tax that we collected and owe; a marketplace's is its own to give back (R11). */
export function ownTaxes(taxes: readonly TaxShare[]): TaxShare[] {
  return taxes.filter((tax) => tax.collectedBy === 'seller')
}

/** What the customer is credited with for a line, before any fee. */
export function grossOf(credit: LineCredit): bigint {
  const tax = sum(ownTaxes(credit.taxes).map((each) => each.amountMinor))
  return netOf(credit) + credit.shippingMinor + tax
}

/** Goods less every discount, whoever funds it. */
export function netOf({ goodsMinor, discounts }: LineCredit): bigint {
  return goodsMinor - sum(discounts.map((each) => each.amountMinor))
}

export interface RefundableTender {
  id: bigint
  kind: string
  /** What came in by it and stays: captured less refunded, pending and disputed. */
  keptMinor: bigint
}

/**
 * Which tender gives back how much, in the order in which they were taken; gift cards and store
 * credit first or last by policy. Never more of one than remains of it.
 * @throws Refusal `CreditExceedsPaid` when they hold less than is to go back.
 */
export function spreadOverTenders(
  amountMinor: bigint,
  tenders: readonly RefundableTender[],
  { giftCardsFirst }: { giftCardsFirst: boolean },
): { id: bigint; amountMinor: bigint }[] {
  const isCard = ({ kind }: RefundableTender) => kind === 'gift-card' || kind === 'store-credit'
  const first = tenders.filter((tender) => isCard(tender) === giftCardsFirst)
  const ordered = [...first, ...tenders.filter((tender) => !first.includes(tender))]
  let left = amountMinor
  const parts: { id: bigint; amountMinor: bigint }[] = []
  for (const { id, keptMinor } of ordered) {
    const part = left < keptMinor ? left : keptMinor
    if (part <= 0n) continue
    parts.push({ id, amountMinor: part })
    left -= part
  }
  if (left > 0n) throw tooMuch(amountMinor, amountMinor - left)
  return parts
}

export function tooMuch(wantedMinor: bigint, leftMinor: bigint): Refusal {
  return new Refusal(
    'CreditExceedsPaid',
    `${wantedMinor} would be given back and ${leftMinor} remains of what was paid and earned, after refunds that are out or under way. Give back less.`,
    { remainingMinor: leftMinor.toString() },
  )
}

/** Splits an amount that includes tax over net and taxes as the shares stand to each other (row 10). */
export function splitGross(
  amountMinor: bigint,
  netMinor: bigint,
  taxes: readonly TaxShare[],
): { netMinor: bigint; taxes: TaxShare[] } {
  const weights = [netMinor, ...taxes.map((tax) => tax.amountMinor)]
  const [net, ...shares] = apportion(
    amountMinor,
    weights.map((weight) => (weight > 0n ? weight : 0n)),
  )
  return {
    netMinor: net!,
    taxes: taxes.map((tax, n) => ({ ...tax, amountMinor: shares[n]! })),
  }
}

/** Goodwill of an order, and how much of it, gross, has been counted against credits. */
export interface GivenGoodwill {
  netMinor: bigint
  taxes: TaxShare[]
  usedMinor: bigint
}

/** What of goodwill no credit has counted yet, gross. */
export function openGoodwill({ netMinor, taxes, usedMinor }: GivenGoodwill): bigint {
  return netMinor + sum(taxes.map((tax) => tax.amountMinor)) - usedMinor
}

/** The next part of it, split so that all parts together are the goodwill to the cent. */
export function useGoodwill(
  given: GivenGoodwill,
  minor: bigint,
): { netMinor: bigint; taxes: TaxShare[] } {
  if (minor === 0n) return { netMinor: 0n, taxes: [] }
  const upTo = (used: bigint) => splitGross(used, given.netMinor, given.taxes)
  const before = upTo(given.usedMinor)
  const after = upTo(given.usedMinor + minor)
  return {
    netMinor: after.netMinor - before.netMinor,
    taxes: after.taxes.map((tax, n) => ({
      ...tax,
      amountMinor: tax.amountMinor - before.taxes[n]!.amountMinor,
    })),
  }
}
