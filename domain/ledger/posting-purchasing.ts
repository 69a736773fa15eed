import { RATE_ONE } from './fx.ts'
import { credit, debit, journalEntry, type JournalEntryDraft, type LineInput } from './journal.ts'
import type { StockValue } from './posting-inventory.ts'
import type { PostingRule } from './rule-versions.ts'

interface AboutQuarantine {
  /** Names the entry, such as an inspection's or a decision's id. */
  key: string
  entity: number
  on: string
  functionalCurrency: string
  /** What leaves quarantine or the damaged area, at its layer's cost. */
  from: StockValue
}

/** Goods that were waiting or damaged may be sold: Dr Inventory {new layer}   Cr Quarantine {layer}. */
export function postGoodsAccepted(event: AboutQuarantine & { to: StockValue }): JournalEntryDraft {
  return entry(event, 'goods-accepted', [
    debit('Inventory', event.to.costMinor, dimensions(event.to, 1n)),
    credit('Quarantine', event.from.costMinor, dimensions(event.from, -1n)),
  ])
}

/** Goods that were not accepted leave us and are not owed. */
export interface GoodsRejected extends AboutQuarantine {
  supplier: string
  receiptLineId: string
  /** Currency of the purchase order. */
  currency: string
  /** Of these units: what was credited to goods received not invoiced, in both currencies. */
  goodsMinor: bigint
  goodsFuncMinor: bigint
  /** And to the landed-cost accrual. */
  landedMinor: bigint
}

/**
 * Dr Goods received not invoiced {receipt line} · Dr Landed-cost accrual   Cr Quarantine {layer}
 *
 * Where an averaged pool has another cost than the order, the difference is a price variance.
 */
export function postGoodsRejected(event: GoodsRejected): JournalEntryDraft {
  const { goodsMinor, goodsFuncMinor, landedMinor, functionalCurrency: currency, from } = event
  const { itemId, siteId } = from
  const about = {
    ...{ itemId, siteId, party: event.supplier },
    openKey: `receipt-line/${event.receiptLineId}`,
  }
  const foreign = event.currency !== currency
  return entry(event, 'goods-rejected', [
    foreign
      ? debit('GoodsReceivedNotInvoiced', goodsMinor, {
          ...about,
          currency: event.currency,
          funcMinor: goodsFuncMinor,
        })
      : debit('GoodsReceivedNotInvoiced', goodsMinor, about),
    debit('LandedCostAccrual', landedMinor, about),
    debit('PriceVariance', from.costMinor - goodsFuncMinor - landedMinor, { itemId, siteId }),
    credit('Quarantine', from.costMinor, dimensions(from, -1n)),
  ])
}

/** Goods that nobody can sell and nobody takes back: Dr Scrap, or Claims {claim}   Cr Quarantine {layer}. */
export function postGoodsScrapped(event: AboutQuarantine & { claim?: string }): JournalEntryDraft {
  const { itemId, siteId, costMinor } = event.from
  return entry(event, 'goods-scrapped', [
    event.claim === undefined
      ? debit('Scrap', costMinor, { itemId, siteId })
      : debit('Claims', costMinor, { itemId, siteId, openKey: event.claim }),
    credit('Quarantine', costMinor, dimensions(event.from, -1n)),
  ])
}

function entry(
  event: AboutQuarantine,
  eventType: PostingRule,
  lines: readonly LineInput[],
): JournalEntryDraft {
  return journalEntry({
    entityId: event.entity,
    area: 'INV',
    effectiveOn: event.on,
    eventType,
    sourceType: 'inspection',
    sourceId: event.key,
    key: `${eventType}/${event.key}`,
    currency: event.functionalCurrency,
    functionalCurrency: event.functionalCurrency,
    rateE9: RATE_ONE,
    lines,
  })
}

function dimensions(layer: StockValue, direction: 1n | -1n) {
  const { itemId, siteId, layerId, condition } = layer
  return { itemId, siteId, layerId, condition, qty: direction * layer.qty }
}
