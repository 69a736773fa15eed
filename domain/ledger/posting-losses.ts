import { apportion } from '../apportion.ts'
import { sum } from '../money.ts'
import { credit, debit, journalEntry, type JournalEntryDraft, type LineInput } from './journal.ts'
import {
  freightLines,
  header,
  layerDimensions,
  lineDimensions,
  owedFor,
  revenueLines,
  taxLines,
  type GoodsShipped,
} from './posting-sales.ts'
import type { SoldLine } from './discounts.ts'
import { orderKey, parcelKey } from './sales-terms.ts'

/** Units that got lost with a parcel; costs as they left, `shippedOn` the day of the loss. */
export interface ParcelLost extends GoodsShipped {
  parcelId: bigint
  /** What the buyer still owes of these units' invoice, of its booked value; the rest has been paid. */
  stillOwed?: { amountMinor: bigint; bookedFuncMinor: bigint }
}

/**
 * Dr Claims {parcel}   Cr In transit to customer, per layer
 * Dr Freight out       Cr Freight-out accrual
 *
 * Row 8c: goods that were still ours got lost on the way. What the carrier owes for them is their
 * cost until it says otherwise; it wants to be paid for the carriage all the same.
 */
export function postGoodsLost(event: ParcelLost): JournalEntryDraft {
  const layers = event.lines.flatMap((line) => line.layers.map((layer) => ({ line, layer })))
  return journalEntry({
    ...header(event, 'goods-lost'),
    key: lossKey(event, 'goods-lost'),
    area: 'INV',
    lines: [
      ...claimLines(event),
      ...layers.map(({ line, layer }) =>
        credit('InTransitToCustomer', layer.costMinor, layerDimensions(event, line, layer, -1n)),
      ),
      ...freightLines(event),
    ],
  })
}

/**
 * Dr Product sales, Shipping income   Cr Customer deposits (or Receivables, or Marketplace clearing)
 * Dr Sales tax, or VAT                Cr Discounts
 * Dr Claims {parcel}                  Cr Cost of goods sold
 *
 * Units that had been earned when they left and that the buyer never got: they are owed to the buyer
 * again (IFRS 15.31, ASC 606-10-25-23: nothing was transferred), and the carrier owes us their cost.
 */
export function postSaleTakenBack(event: ParcelLost): JournalEntryDraft {
  const { functionalCurrency: currency } = event
  const sold = [...event.lines.flatMap((line) => revenueLines(event, line)), ...taxLines(event)]
  return journalEntry({
    ...header(event, 'sale-taken-back'),
    key: lossKey(event, 'sale-taken-back'),
    area: 'AR',
    lines: [
      ...owedAgain(event),
      ...sold.map(mirrored),
      ...claimLines(event),
      ...event.lines.map((line) =>
        credit('CostOfGoodsSold', sum(line.layers.map((layer) => layer.costMinor)), {
          ...lineDimensions(event, line),
          currency,
          qty: -line.qty,
        }),
      ),
      ...freightLines(event),
    ],
  })
}

function lossKey({ shipmentId, parcelId }: ParcelLost, event: string): string {
  return `${event}/${shipmentId}/${parcelId}`
}

function claimLines(event: ParcelLost): LineInput[] {
  const layers = event.lines.flatMap((line) => line.layers)
  const { orderId, functionalCurrency: currency, freightParty: party, parcelId } = event
  const cost = sum(layers.map((layer) => layer.costMinor))
  const { channelId } = event.lines[0] ?? {}
  return [
    debit('Claims', cost, { orderId, currency, openKey: parcelKey(parcelId), party, channelId }),
  ]
}

/** An unpaid invoice shrinks; what was paid is a deposit again, and a marketplace owes us less. */
function owedAgain(event: ParcelLost): LineInput[] {
  const { orderId, settlement, party, settlementKey, stillOwed } = event
  const { channelId, segment } = event.lines[0] ?? {}
  const dimensions = { orderId, channelId, segment }
  const owed = owedFor(event)
  const unpaid = settlement === 'receivable' ? (stillOwed?.amountMinor ?? 0n) : 0n
  if (settlement === 'marketplace')
    return [credit('MarketplaceClearing', owed, { ...dimensions, openKey: orderKey(orderId) })]
  return [
    credit('Receivables', unpaid, {
      ...dimensions,
      openKey: settlementKey ?? orderKey(orderId),
      party,
      funcMinor: stillOwed?.bookedFuncMinor,
    }),
    credit('CustomerDeposits', owed - unpaid, { ...dimensions, openKey: orderKey(orderId) }),
  ]
}

function mirrored(line: LineInput): LineInput {
  const { amountMinor, funcMinor, qty, ...rest } = line
  return {
    ...rest,
    amountMinor: -amountMinor,
    ...(funcMinor === undefined ? {} : { funcMinor: -funcMinor }),
    ...(qty === undefined ? {} : { qty: -qty }),
  }
}

/** A carrier's answer to a claim, in functional currency. */
export interface ClaimAnswered {
  claimId: bigint
  parcelId: bigint
  orderId: bigint
  entity: number
  functionalCurrency: string
  party?: string | undefined
  answeredOn: string
  /** What is open of the claim. */
  openMinor: bigint
  paidMinor: bigint
  /** The lost lines with their costs: who bears what nobody pays. */
  lines: readonly (SoldLine & { costMinor: bigint })[]
}

/**
 * Dr Bank                  Cr Claims {parcel}
 * Dr Count gain or loss    Cr Claims gain
 *
 * Row 8c: what the carrier pays beyond the cost is a gain, what it does not pay is a loss of stock.
 */
export function postClaimAnswered(event: ClaimAnswered): JournalEntryDraft {
  const { orderId, entity: entityId, functionalCurrency: currency, party } = event
  const { openMinor, paidMinor, claimId } = event
  const missing = openMinor > paidMinor ? openMinor - paidMinor : 0n
  const eventType = paidMinor > 0n ? 'claim-paid' : 'claim-refused'
  const weights = event.lines.map((line) => line.costMinor)
  const shares = missing === 0n ? [] : apportion(missing, weights)
  return journalEntry({
    ...{ entityId, eventType, area: 'AR' as const, effectiveOn: event.answeredOn },
    ...{ sourceType: 'carrier-claim', sourceId: `${claimId}`, key: `claim-answered/${claimId}` },
    ...{ currency, functionalCurrency: currency },
    lines: [
      debit('Bank', paidMinor, { orderId, party }),
      ...shares.map((shareMinor, nth) => {
        const { orderLineId, itemId, siteId, channelId } = event.lines[nth]!
        const about = { orderId, orderLineId, itemId, siteId, channelId, party }
        return debit('CountGainOrLoss', shareMinor, about)
      }),
      credit('Claims', openMinor, { orderId, openKey: parcelKey(event.parcelId), party }),
      credit('ClaimsGain', paidMinor > openMinor ? paidMinor - openMinor : 0n, { orderId, party }),
    ],
  })
}
