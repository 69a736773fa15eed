import { apportion } from '../apportion.ts'
import { sum } from '../money.ts'
import { netOf, ownTaxes, type LineCredit } from '../returns/credit.ts'
import { discountLines, soldDimensions, type SoldLine } from './discounts.ts'
import { RATE_ONE } from './fx.ts'
import {
  credit,
  debit,
  journalEntry,
  realisedDifference,
  type JournalEntryDraft,
  type LineInput,
} from './journal.ts'
import type { OrderMoney, SettledReceivable } from './posting-payments.ts'
import type { PostingRule } from './rule-versions.ts'
import { orderKey, refundKey, taxAccount, type TaxShare } from './sales-terms.ts'

/** Units of one order line that came back, at what they cost when they were shipped. */
export interface ReturnedGoods {
  sold: SoldLine
  /** Where they are now. */
  siteId: number
  layerId: bigint
  qty: bigint
  costMinor: bigint
}

export interface ReturnReceived {
  returnNo: string
  /** One parcel, or what of it was taken by a later decision; names the entry. */
  receiptId: bigint | string
  orderId: bigint
  entity: number
  functionalCurrency: string
  receivedOn: string
  goods: readonly ReturnedGoods[]
}

/**
 * Dr Quarantine {layer}   Cr Cost of goods sold {order line}
 *
 * Row 11: at the cost that the order line consumed, whatever the goods cost today.
 */
export function postReturnReceived(event: ReturnReceived): JournalEntryDraft {
  const { orderId, functionalCurrency: currency } = event
  return journalEntry({
    entityId: event.entity,
    area: 'INV',
    effectiveOn: event.receivedOn,
    eventType: 'return-received',
    sourceType: 'customer-return',
    sourceId: `${event.returnNo}/${event.receiptId}`,
    key: `return-received/${event.receiptId}`,
    currency,
    functionalCurrency: currency,
    lines: event.goods.flatMap(({ sold, siteId, layerId, qty, costMinor }) => [
      debit('Quarantine', costMinor, {
        ...{ orderId, orderLineId: sold.orderLineId, channelId: sold.channelId },
        ...{ itemId: sold.itemId, siteId, layerId, condition: 'quarantine', qty },
      }),
      credit('CostOfGoodsSold', costMinor, {
        ...soldDimensions({ orderId }, sold),
        qty: -qty,
      }),
    ]),
  })
}

/** One item's units that leave quarantine, or work on them, and what has become of them. */
export interface DisposedGoods {
  itemId: number
  siteId: number
  from: readonly {
    account: 'Quarantine' | 'Refurbishment'
    condition: string
    layerId: bigint
    qty: bigint
    costMinor: bigint
  }[]
  /** What was spent on them, on the layers that they were. */
  work: readonly { layerId: bigint; minor: bigint }[]
  to:
    | {
        account: 'Inventory' | 'Refurbishment'
        condition: string
        layerId: bigint
        qty: bigint
        costMinor: bigint
      }
    | undefined
}

export interface ReturnDisposed {
  returnNo: string
  dispositionId: bigint
  entity: number
  functionalCurrency: string
  decidedOn: string
  kind: 'restock' | 'b-stock' | 'liquidate' | 'refurbish' | 'scrap' | 'vendor'
  goods: DisposedGoods
  /** Who takes them, and what they credit. */
  vendor?: { party: string; creditMinor: bigint } | undefined
}

/**
 * Dr Inventory {condition}, Refurbishment, Scrap or Vendor receivable   Cr Quarantine, or Refurbishment
 * Dr Refurbishment   Cr Other accruals                  for work on them
 * Dr Write-down, or Dr or Cr Return variance for what a vendor takes
 *
 * Rows 11a to 11d.
 */
export function postReturnDisposed(event: ReturnDisposed): JournalEntryDraft {
  const { goods, kind, vendor, functionalCurrency: currency } = event
  const { itemId, siteId, from, work, to } = goods
  const about = { itemId, siteId }
  const costMinor = sum(from.map((layer) => layer.costMinor))
  const worked = sum(work.map((part) => part.minor))
  const rest = costMinor - (to?.costMinor ?? 0n)
  const { dispositionId } = event
  return journalEntry({
    entityId: event.entity,
    area: 'INV',
    effectiveOn: event.decidedOn,
    eventType: 'return-disposed',
    sourceType: 'customer-return',
    sourceId: `${event.returnNo}/disposed/${dispositionId}`,
    key: `return-disposed/${dispositionId}`,
    currency,
    functionalCurrency: currency,
    lines: [
      ...work.map(({ layerId, minor }) =>
        debit('Refurbishment', minor, { ...about, layerId, condition: 'refurbish' }),
      ),
      credit('OtherAccruals', worked, about),
      ...(to
        ? [
            debit(to.account, to.costMinor, {
              ...about,
              ...{ layerId: to.layerId, condition: to.condition, qty: to.qty },
            }),
          ]
        : []),
      ...restLines(kind, rest, about, vendor, dispositionId),
      ...from.map(({ account, layerId, condition, qty, costMinor: value }) =>
        credit(account, value, { ...about, layerId, condition, qty: -qty }),
      ),
    ],
  })
}

function restLines(
  kind: ReturnDisposed['kind'],
  restMinor: bigint,
  about: { itemId: number; siteId: number },
  vendor: ReturnDisposed['vendor'],
  dispositionId: bigint,
): LineInput[] {
  if (kind === 'scrap') return [debit('Scrap', restMinor, about)]
  if (kind !== 'vendor' || !vendor) return [debit('WriteDown', restMinor, about)]
  const { party, creditMinor } = vendor
  return [
    debit('VendorReceivable', creditMinor, {
      ...about,
      ...{ party, openKey: `return-disposition/${dispositionId}` },
    }),
    debit('ReturnVariance', restMinor - creditMinor, { ...about, party }),
  ]
}

export interface CreditedLine {
  sold: SoldLine
  qty: bigint
  credit: LineCredit
}

/** What pays a credit back: tenders by their refund, and what the customer owes. */
interface PaidBack {
  parts: readonly { refundId: string; amountMinor: bigint }[]
  receivables: readonly SettledReceivable[]
}

export interface ReturnCredited extends OrderMoney, PaidBack {
  returnNo: string
  creditId: bigint
  creditedOn: string
  lines: readonly CreditedLine[]
  /** Goodwill for the same order that counts against this credit: its net and its tax come back. */
  goodwillUsed: { netMinor: bigint; taxes: readonly TaxShare[] }
}

/**
 * Dr Returns {order line}        Cr Refunds payable {refund}, or Receivables {invoice}
 * Dr Shipping income             Cr Marketplace clearing, Vendor receivable for discounts of theirs
 * Dr Sales tax, or VAT
 * Dr Refunds payable {refund}    Cr Restocking fees
 *
 * Rows 9 and 9a: the frozen shares of the units, whose tax a full return nets to zero (R10).
 * Goodwill that was given for them before comes back first: Cr Goodwill, Cr tax.
 */
export function postReturnCredited(event: ReturnCredited): JournalEntryDraft {
  const feeMinor = sum(event.lines.map(({ credit: each }) => each.feeMinor))
  const first = event.parts[0]
  return creditEntry(event, 'return-credited', [
    ...event.lines.flatMap((line) => creditedLines(event, line)),
    ...event.lines.flatMap(({ credit: { taxes } }) => taxLines(event, ownTaxes(taxes), 1n)),
    ...goodwillLines(event, event.lines.map(weightOf), -event.goodwillUsed.netMinor),
    ...taxLines(event, event.goodwillUsed.taxes, -1n),
    ...event.parts.map(({ refundId, amountMinor }, n) =>
      payable(event, refundId, n === 0 ? amountMinor + feeMinor : amountMinor),
    ),
    ...(first ? [payable(event, first.refundId, -feeMinor)] : []),
    ...event.lines.map(({ sold, credit: { feeMinor: fee } }) =>
      credit('RestockingFees', fee, soldDimensions(event, sold)),
    ),
    ...receivableLines(event),
  ])
}

export interface GoodwillCredited extends OrderMoney, PaidBack {
  returnNo: string
  creditId: bigint
  creditedOn: string
  netMinor: bigint
  taxes: readonly TaxShare[]
  /** Which lines bear it, by their weight. */
  lines: readonly { sold: SoldLine; weight: bigint }[]
}

/** Dr Goodwill {order line} · Dr Sales tax, or VAT   Cr Refunds payable {refund}   (row 10) */
export function postGoodwillCredited(event: GoodwillCredited): JournalEntryDraft {
  return creditEntry(event, 'goodwill-credited', [
    ...goodwillLines(event, event.lines, event.netMinor),
    ...taxLines(event, event.taxes, 1n),
    ...event.parts.map(({ refundId, amountMinor }) => payable(event, refundId, amountMinor)),
    ...receivableLines(event),
  ])
}

export interface MarketplaceRefunded extends OrderMoney {
  returnNo: string
  creditId: bigint | string
  refundId: string
  refundedOn: string
  amountMinor: bigint
  /** Which line bears the marketplace's fees. */
  sold: SoldLine
  /** What it gives back of its commission, and what it takes for the refund. */
  commissionBackMinor: bigint
  adminFeeMinor: bigint
}

/**
 * Dr Refunds payable {refund}    Cr Marketplace clearing {order}
 * Dr Marketplace clearing        Cr Commission, and the other way round for its fee
 *
 * Row 9b: the marketplace has paid the buyer and will keep it back.
 */
export function postMarketplaceRefunded(event: MarketplaceRefunded): JournalEntryDraft {
  const kept = event.amountMinor - event.commissionBackMinor + event.adminFeeMinor
  return creditEntry({ ...event, creditedOn: event.refundedOn }, 'marketplace-refunded', [
    payable(event, event.refundId, -event.amountMinor),
    credit('Commission', event.commissionBackMinor - event.adminFeeMinor, {
      ...soldDimensions(event, event.sold),
    }),
    credit('MarketplaceClearing', kept, { ...about(event), openKey: orderKey(event.orderId) }),
  ])
}

export interface ReturnLabelled extends OrderMoney {
  returnNo: string
  labelledOn: string
  sold: SoldLine
  party: string
  /** Functional. */
  costMinor: bigint
}

/** Dr Freight out   Cr Freight-out accrual {return label}: we pay for the way back. */
export function postReturnLabelled(event: ReturnLabelled): JournalEntryDraft {
  const { party, functionalCurrency: currency } = event
  return journalEntry({
    entityId: event.entity,
    area: 'AP',
    effectiveOn: event.labelledOn,
    eventType: 'return-labelled',
    sourceType: 'customer-return',
    sourceId: `${event.returnNo}/label`,
    key: `return-labelled/${event.returnNo}`,
    currency,
    functionalCurrency: currency,
    lines: [
      debit('FreightOut', event.costMinor, { ...soldDimensions(event, event.sold), party }),
      credit('FreightOutAccrual', event.costMinor, {
        ...{ orderId: event.orderId, party, openKey: `return-label/${event.returnNo}` },
      }),
    ],
  })
}

function creditedLines(event: OrderMoney, { sold, qty, credit: given }: CreditedLine): LineInput[] {
  const dimensions = soldDimensions(event, sold)
  const others = given.discounts
    .filter(({ fundedBy }) => fundedBy !== 'merchant')
    .map(({ code, fundedBy, vendor, amountMinor }) => ({
      ...{ promotion: code, fundedBy, amountMinor: -amountMinor },
      ...(vendor ? { party: `supplier/${vendor}` } : {}),
    }))
  const funded = -sum(others.map((each) => each.amountMinor))
  return [
    debit('Returns', netOf(given) + funded, { ...dimensions, qty }),
    ...discountLines(event, sold, others),
    debit('ShippingIncome', given.shippingMinor, dimensions),
  ]
}

function weightOf({ sold, credit: given }: CreditedLine) {
  const net = netOf(given)
  return { sold, weight: net > 0n ? net : 0n }
}

function goodwillLines(
  event: OrderMoney,
  lines: readonly { sold: SoldLine; weight: bigint }[],
  netMinor: bigint,
): LineInput[] {
  if (netMinor === 0n) return []
  const shares = apportion(
    netMinor,
    lines.map(({ weight }) => weight),
  )
  return shares.map((share, n) => debit('Goodwill', share, soldDimensions(event, lines[n]!.sold)))
}

function taxLines(event: OrderMoney, taxes: readonly TaxShare[], side: 1n | -1n): LineInput[] {
  return taxes.map((tax) =>
    debit(taxAccount(tax), side * tax.amountMinor, {
      ...about(event),
      ...{ jurisdiction: tax.jurisdiction, taxCode: tax.taxCode },
    }),
  )
}

function payable(event: OrderMoney, refundId: string, amountMinor: bigint): LineInput {
  return credit('RefundsPayable', amountMinor, { ...about(event), openKey: refundKey(refundId) })
}

function receivableLines(event: OrderMoney & PaidBack): LineInput[] {
  if (event.receivables.length === 0) return []
  return [
    ...event.receivables.map(({ amountMinor, bookedFuncMinor, ...owed }) =>
      credit('Receivables', amountMinor, { ...about(event), ...owed, funcMinor: bookedFuncMinor }),
    ),
    realisedDifference(about(event)),
  ]
}

function creditEntry(
  event: OrderMoney & { returnNo: string; creditId: bigint | string; creditedOn: string },
  eventType: PostingRule,
  lines: LineInput[],
): JournalEntryDraft {
  return journalEntry({
    entityId: event.entity,
    area: 'AR',
    late: 'next-open',
    effectiveOn: event.creditedOn,
    eventType,
    sourceType: 'credit-note',
    sourceId: `${event.returnNo}/${event.creditId}`,
    key: `${eventType}/${event.creditId}`,
    currency: event.currency,
    functionalCurrency: event.functionalCurrency,
    rateE9: event.rateE9 ?? RATE_ONE,
    lines,
  })
}

function about(event: OrderMoney) {
  return { orderId: event.orderId, channelId: event.channelId, segment: event.segment }
}
