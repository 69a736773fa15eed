import { credit, debit, journalEntry, type JournalEntryDraft, type LineInput } from './journal.ts'
import type { StockValue } from './posting-inventory.ts'
import type { PostingRule } from './rule-versions.ts'

/** Goods that are ours before they come, by layer; cost in functional currency. */
export interface OwnedUnderWay extends StockValue {
  /** What the supplier is owed for them, in the order's currency. */
  goodsMinor: bigint
  /** The open item of what is owed until they are received. */
  openKey: string
}

interface AboutTitle {
  entity: number
  functionalCurrency: string
  party: string
  /** Of the purchase order, with the rate of the day on which they left. */
  currency: string
  rateE9: bigint
  on: string
  lines: readonly OwnedUnderWay[]
}

/** Dr Goods in transit {layer}   Cr Goods received not invoiced {ship notice's line}   (row 20, title at origin) */
export function postTitlePassed(event: AboutTitle & { asnId: bigint }): JournalEntryDraft {
  return entry(event, 'title-passed', `${event.asnId}`, 1n)
}

/**
 * Dr Goods received not invoiced {ship notice's line}   Cr Goods in transit {layer}
 *
 * The receipt beside it credits the same to its own line, so that only the key of what is owed
 * changes: together Dr Inventory, Cr Goods in transit.
 */
export function postTransitArrived(event: AboutTitle & { cause: string }): JournalEntryDraft {
  return entry(event, 'transit-arrived', event.cause, -1n)
}

function entry(
  event: AboutTitle,
  eventType: PostingRule,
  id: string,
  sign: 1n | -1n,
): JournalEntryDraft {
  return journalEntry({
    entityId: event.entity,
    area: 'INV',
    effectiveOn: event.on,
    eventType,
    sourceType: 'asn',
    sourceId: id,
    key: `${eventType}/${id}`,
    currency: event.currency,
    functionalCurrency: event.functionalCurrency,
    rateE9: event.rateE9,
    lines: event.lines.flatMap((line) => linesOf(event, line, sign)),
  })
}

function linesOf(
  { functionalCurrency, currency, party }: AboutTitle,
  line: OwnedUnderWay,
  sign: 1n | -1n,
): LineInput[] {
  const { itemId, siteId, layerId, condition, openKey } = line
  const foreign = currency !== functionalCurrency
  const owed = { itemId, siteId, party, openKey }
  return [
    debit('InventoryInTransit', sign * line.costMinor, {
      ...{ itemId, siteId, layerId, condition, qty: sign * line.qty },
      currency: functionalCurrency,
    }),
    foreign
      ? credit('GoodsReceivedNotInvoiced', sign * line.goodsMinor, {
          ...owed,
          funcMinor: sign * line.costMinor,
        })
      : credit('GoodsReceivedNotInvoiced', sign * line.costMinor, owed),
  ]
}
