import { sum } from '../money.ts'
import { RATE_ONE } from './fx.ts'
import {
  credit,
  debit,
  journalEntry,
  type Dimensions,
  type JournalEntryDraft,
  type LedgerArea,
  type LineInput,
} from './journal.ts'
import type { PostingRule } from './rule-versions.ts'

/** Units of one layer at one place, at their cost in functional currency. */
export interface StockValue {
  itemId: number
  siteId: number
  layerId: bigint
  condition: string
  qty: bigint
  costMinor: bigint
}

/** Goods were received against a purchase order. */
export interface GoodsReceived {
  receiptId: bigint | string
  entity: number
  supplier: string
  receivedOn: string
  functionalCurrency: string
  /** Currency of the purchase order; functional unless given, then with its rate of the day. */
  currency?: string
  rateE9?: bigint
  lines: readonly ReceivedLine[]
}

export interface ReceivedLine extends StockValue {
  /** Names the open item that the supplier's bill will be matched with. */
  receiptLineId: bigint | string
  /** Part of `costMinor` that other bills will bring: freight, duty, insurance. */
  landedEstimateMinor?: bigint
  /** Price in the order's currency, when that is not functional. */
  priceMinor?: bigint
}

/**
 * Dr Inventory {layer}   Cr Goods received not invoiced {receipt line}
 *                        Cr Landed-cost accrual {receipt line}
 *
 * What is not sellable (waiting for inspection, damaged) is Dr Quarantine instead.
 * Rows 20 and 28: the stock keeps the rate of the day it came in, whatever the bill's rate is.
 */
export function postGoodsReceived(event: GoodsReceived): JournalEntryDraft {
  const functional = event.functionalCurrency
  return journalEntry({
    ...header(event, 'goods-received', 'receipt', event.receiptId, event.receivedOn),
    area: 'INV',
    currency: event.currency ?? functional,
    rateE9: event.rateE9,
    lines: event.lines.flatMap((line) => receivedLines(event, line)),
  })
}

function receivedLines(event: GoodsReceived, line: ReceivedLine): LineInput[] {
  const currency = event.functionalCurrency
  const landed = line.landedEstimateMinor ?? 0n
  const foreign = event.currency !== undefined && event.currency !== currency
  const about = {
    itemId: line.itemId,
    siteId: line.siteId,
    party: event.supplier,
    openKey: `receipt-line/${line.receiptLineId}`,
  }
  return [
    debit(line.condition === 'sellable' ? 'Inventory' : 'Quarantine', line.costMinor, {
      ...stockDimensions(line, 1n),
      currency,
    }),
    foreign
      ? credit('GoodsReceivedNotInvoiced', line.priceMinor ?? 0n, {
          ...about,
          funcMinor: line.costMinor - landed,
        })
      : credit('GoodsReceivedNotInvoiced', line.costMinor - landed, about),
    credit('LandedCostAccrual', landed, { ...about, currency }),
  ]
}

/** A count found more or fewer units than the books; the layers are already valued. */
export interface StockCounted {
  adjustmentId: bigint | string
  entity: number
  countedOn: string
  functionalCurrency: string
  /** Positive quantities were found, negative ones are missing; cost always positive. */
  differences: readonly StockValue[]
}

/** Dr Inventory   Cr Count gain or loss, and the other way round for missing units (row 25). */
export function postCountAdjusted(event: StockCounted): JournalEntryDraft {
  return journalEntry({
    ...header(event, 'count-adjusted', 'adjustment', event.adjustmentId, event.countedOn),
    area: 'INV',
    currency: event.functionalCurrency,
    lines: event.differences.flatMap((found) => {
      const value = found.qty < 0n ? -found.costMinor : found.costMinor
      const { itemId, siteId } = found
      return [
        debit('Inventory', value, stockDimensions(found, 1n)),
        credit('CountGainOrLoss', value, { itemId, siteId }),
      ]
    }),
  })
}

/** Goods left one site for another of the same entity; their cost stays what it was. */
export interface TransferShipped {
  /** One transfer may leave in parts; each names its entry. */
  shipmentId: bigint | string
  entity: number
  shippedOn: string
  functionalCurrency: string
  /** The layers of the sending site that the units were. */
  left: readonly StockValue[]
  /** The layers that they are on their way. */
  inTransit: readonly StockValue[]
}

/** Dr Goods in transit   Cr Inventory {from}   (row 24) */
export function postTransferShipped(event: TransferShipped): JournalEntryDraft {
  return journalEntry({
    ...header(event, 'transfer-shipped', 'transfer', event.shipmentId, event.shippedOn),
    area: 'INV',
    currency: event.functionalCurrency,
    lines: [
      ...event.inTransit.map((layer) =>
        debit('InventoryInTransit', layer.costMinor, stockDimensions(layer, 1n)),
      ),
      ...event.left.map((layer) =>
        credit('Inventory', layer.costMinor, stockDimensions(layer, -1n)),
      ),
    ],
  })
}

/** Goods in transit arrived, came back, or did neither. */
export interface TransferReceived {
  /** One transfer may arrive in parts; each names its entry. */
  arrivalId: bigint | string
  entity: number
  receivedOn: string
  functionalCurrency: string
  /** What is on a shelf again, as layers of that site. */
  arrived: readonly StockValue[]
  /** What came broken, as layers of the receiving site. */
  damaged?: readonly StockValue[]
  /** What is missing, as layers of the sending site. */
  lost: readonly StockValue[]
  /** Names the claim on the carrier; a loss that is claimed is no expense yet. */
  claim?: string
  /** The layers in transit that these units were. */
  fromTransit: readonly StockValue[]
}

/** Dr Inventory {to} · Dr Quarantine {to} · Dr Count gain or loss, or Claims   Cr Goods in transit   (row 24) */
export function postTransferReceived(event: TransferReceived): JournalEntryDraft {
  const { claim } = event
  return journalEntry({
    ...header(event, 'transfer-received', 'transfer', event.arrivalId, event.receivedOn),
    area: 'INV',
    currency: event.functionalCurrency,
    lines: [
      ...event.arrived.map((layer) =>
        debit('Inventory', layer.costMinor, stockDimensions(layer, 1n)),
      ),
      ...(event.damaged ?? []).map((layer) =>
        debit('Quarantine', layer.costMinor, stockDimensions(layer, 1n)),
      ),
      ...event.lost.map(({ itemId, siteId, costMinor }) =>
        claim === undefined
          ? debit('CountGainOrLoss', costMinor, { itemId, siteId })
          : debit('Claims', costMinor, { itemId, siteId, openKey: claim }),
      ),
      ...event.fromTransit.map((layer) =>
        credit('InventoryInTransit', layer.costMinor, stockDimensions(layer, -1n)),
      ),
    ],
  })
}

/** Goods that were set aside are looked at: good ones go on the shelf, the others away. */
export interface QuarantineEnded {
  /** The caller's key; one decision, one entry. */
  decisionId: string
  entity: number
  decidedOn: string
  functionalCurrency: string
  /** The layers that the units were, each on the account that holds it. */
  from: readonly (StockValue & { account: 'Inventory' | 'Quarantine' })[]
  /** What is on the shelf again, as its layers; nothing when it was scrapped. */
  released: readonly StockValue[]
}

/** Dr Inventory   Cr Quarantine, or Inventory where it was received to there */
export function postQuarantineReleased(event: QuarantineEnded): JournalEntryDraft {
  return journalEntry({
    ...header(event, 'quarantine-released', 'quarantine', event.decisionId, event.decidedOn),
    currency: event.functionalCurrency,
    lines: [
      ...event.released.map((layer) =>
        debit('Inventory', layer.costMinor, stockDimensions(layer, 1n)),
      ),
      ...event.from.map((layer) =>
        credit(layer.account, layer.costMinor, stockDimensions(layer, -1n)),
      ),
    ],
  })
}

/** Dr Scrap   Cr Quarantine, or Inventory where it was received to there   (row 26) */
export function postStockScrapped(event: QuarantineEnded): JournalEntryDraft {
  return journalEntry({
    ...header(event, 'stock-scrapped', 'quarantine', event.decisionId, event.decidedOn),
    currency: event.functionalCurrency,
    lines: event.from.flatMap((layer) => [
      debit('Scrap', layer.costMinor, { itemId: layer.itemId, siteId: layer.siteId }),
      credit(layer.account, layer.costMinor, stockDimensions(layer, -1n)),
    ]),
  })
}

/** Balances brought in from the books that were kept before. */
export interface BalancesOpened {
  openingId: bigint | string
  entity: number
  openedOn: string
  currency: string
  functionalCurrency?: string
  rateE9?: bigint
  /** Each with its own dimensions; {@link debit} and {@link credit} build them. */
  balances: readonly LineInput[]
}

/** Dr and Cr the balances   Cr or Dr Opening balances, which must end at zero once all are in. */
export function postBalancesOpened(event: BalancesOpened): JournalEntryDraft {
  const functionalCurrency = event.functionalCurrency ?? event.currency
  return journalEntry({
    entityId: event.entity,
    area: 'GL',
    effectiveOn: event.openedOn,
    eventType: 'balances-opened',
    sourceType: 'opening',
    sourceId: String(event.openingId),
    key: `balances-opened/${event.openingId}`,
    currency: event.currency,
    functionalCurrency,
    rateE9: event.rateE9 ?? RATE_ONE,
    lines: [
      ...event.balances,
      credit('OpeningBalances', sum(event.balances.map((line) => line.amountMinor))),
    ],
  })
}

function header(
  event: { entity: number; functionalCurrency: string },
  eventType: PostingRule,
  sourceType: string,
  id: bigint | string,
  effectiveOn: string,
) {
  return {
    entityId: event.entity,
    area: 'INV' as LedgerArea,
    effectiveOn,
    eventType,
    sourceType,
    sourceId: String(id),
    key: `${eventType}/${id}`,
    functionalCurrency: event.functionalCurrency,
  }
}

function stockDimensions(layer: StockValue, direction: 1n | -1n): Dimensions {
  const { itemId, siteId, layerId, condition } = layer
  return { itemId, siteId, layerId, condition, qty: direction * layer.qty }
}
