import { sum } from '../money.ts'
import { convertMinor, RATE_ONE } from './fx.ts'
import { credit, debit, journalEntry, type JournalEntryDraft } from './journal.ts'
import type { StockValue } from './posting-inventory.ts'

export interface VendorReturnLineShipped {
  /** `<receipt>/<line>`: whose open item the units leave. */
  receiptLineId: string
  itemId: number
  siteId: number
  from: readonly (StockValue & { account: 'Inventory' | 'Quarantine' })[]
  /** Of units that no bill had matched: what was owed for them, and what that was booked at. */
  grniMinor: bigint
  grniFuncMinor: bigint
  /** What the supplier is to credit for the others. */
  creditMinor: bigint
}

export interface VendorReturnShipped {
  returnNo: string
  entity: number
  party: string
  shippedOn: string
  /** In which the supplier bills. */
  currency: string
  functionalCurrency: string
  /** Of the day on which they leave. */
  rateE9: bigint
  lines: readonly VendorReturnLineShipped[]
}

/** Names the open item of what a supplier is to credit for a return. */
export function vendorReturnKey(returnNo: string): string {
  return `vendor-return/${returnNo}`
}

/**
 * Dr Goods received not invoiced {receipt line} for units that no bill has matched
 * Dr Vendor receivable {return} for those that are billed, at what they were billed for
 * Dr or Cr Return variance   Cr Inventory or Quarantine {layer}
 *
 * Row 11d: what the goods cost beyond what is credited is a variance of its own account, as no order
 * took these units; freight is not given back.
 */
export function postVendorReturnShipped(event: VendorReturnShipped): JournalEntryDraft {
  const { entity, party, currency, functionalCurrency, rateE9, returnNo } = event
  const lines = event.lines.flatMap((line) => {
    const { itemId, siteId, from, grniMinor, grniFuncMinor, creditMinor } = line
    const about = { itemId, siteId, party, currency }
    const creditFuncMinor = convertMinor(creditMinor, currency, functionalCurrency, rateE9)
    const costMinor = sum(from.map((layer) => layer.costMinor))
    return [
      debit('GoodsReceivedNotInvoiced', grniMinor, {
        ...about,
        openKey: `receipt-line/${line.receiptLineId}`,
        funcMinor: grniFuncMinor,
      }),
      debit('VendorReceivable', creditMinor, {
        ...about,
        openKey: vendorReturnKey(returnNo),
        funcMinor: creditFuncMinor,
      }),
      debit('ReturnVariance', costMinor - grniFuncMinor - creditFuncMinor, {
        itemId,
        siteId,
        party,
      }),
      ...from.map(({ account, layerId, condition, qty, costMinor: value }) =>
        credit(account, value, { itemId, siteId, layerId, condition, qty: -qty }),
      ),
    ]
  })
  return journalEntry({
    entityId: entity,
    area: 'INV',
    effectiveOn: event.shippedOn,
    eventType: 'vendor-return-shipped',
    sourceType: 'vendor-return',
    sourceId: `${returnNo}/shipped`,
    key: `vendor-return-shipped/${returnNo}`,
    currency: functionalCurrency,
    functionalCurrency,
    rateE9: RATE_ONE,
    lines,
  })
}
