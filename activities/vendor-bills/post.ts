import type { Tx } from '#db/client'
import { rateOfBill } from '#db/queries/bill-rate'
import { insertMatches, type NewMatch, type VendorBill } from '#db/stores/bills'
import { lockOpenItem } from '#db/stores/ledger-open-items'
import { postEntries } from '#db/stores/ledger'
import { adjustLayers, lockItems, spreadOver, type ReceiptLayer } from '#db/stores/later-cost'
import { applyPrepayments } from '#db/stores/prepayments'
import { apportion } from '#domain/apportion'
import { convertMinor } from '#domain/ledger/fx'
import { takeBooked } from '#domain/ledger/open-value'
import {
  billLineKey,
  postBill,
  type AccrualTaken,
  type BilledTax,
  type SpreadDifference,
} from '#domain/ledger/posting-bills'
import { sum } from '#domain/money'
import { invariant } from '#domain/refusal'
import { acceptedNet, type MatchedLine } from './match.ts'

export interface Posting {
  actor: string
  today: string
}

/** What a bill's entry is made of, while it is put together. */
interface Parts {
  accruals: AccrualTaken[]
  differences: SpreadDifference[]
  matches: NewMatch[]
}

/** Posts a matched bill of goods: row 21, 21a and 28a, in the transaction that matched it. */
export async function postGoodsBill(
  tx: Tx,
  bill: VendorBill,
  lines: readonly MatchedLine[],
  by: Posting,
): Promise<void> {
  const rateE9 = await rateOfBill(tx, bill)
  await lockItems(
    tx,
    lines.flatMap(({ receipts }) => [...receipts.values()].map(({ itemId }) => itemId)),
  )
  const parts: Parts = { accruals: [], differences: [], matches: [] }
  const charges = chargesOf(bill, lines)
  for (const [n, line] of lines.entries())
    await addLine(tx, bill, { line, chargeMinor: charges[n]!, rateE9 }, parts)
  await insertMatches(tx, bill, parts.matches, by)
  await postParts(tx, bill, parts, { ...by, rateE9 })
}

/** Freight and the like on a bill of goods, by the value of its lines. */
function chargesOf(bill: VendorBill, lines: readonly MatchedLine[]): bigint[] {
  const charges = bill.lines.filter(({ kind }) => kind === 'charge')
  return apportion(
    sum(charges.map(acceptedNet)),
    lines.map(({ line }) => acceptedNet(line)),
  )
}

interface Costed {
  line: MatchedLine
  chargeMinor: bigint
  rateE9: bigint
}

async function addLine(
  tx: Tx,
  bill: VendorBill,
  { line: { line, match, receipts }, chargeMinor, rateE9 }: Costed,
  parts: Parts,
): Promise<void> {
  const { lineNo } = line
  const weights = [...match.matched.map(({ qty }) => qty), match.unreceivedQty]
  const charges = apportion(chargeMinor, weights)
  const functional = (minor: bigint) =>
    convertMinor(minor, bill.currency, bill.functionalCurrency, rateE9)
  for (const [n, part] of match.matched.entries()) {
    const receipt = receipts.get(part.openKey)!
    const { receiptId, receiptLineNo, itemId, siteId, party } = receipt
    const open = { amountMinor: receipt.openMinor, funcMinor: receipt.openFuncMinor }
    parts.accruals.push({
      account: 'GoodsReceivedNotInvoiced',
      openKey: part.openKey,
      currency: bill.currency,
      amountMinor: part.receivedMinor,
      bookedFuncMinor: takeBooked(open, part.receivedMinor),
      ...{ itemId, siteId, party },
    })
    const layer = { receiptId, receiptLineNo }
    const shares = await spreadOver(tx, layer, functional(part.billedMinor - part.receivedMinor))
    parts.differences.push({ soldTo: 'PriceVariance', shares })
    await addLanded(
      tx,
      bill,
      { layer, party, openKey: part.openKey },
      functional(charges[n]!),
      parts,
    )
    const { qty, receivedMinor, billedMinor } = part
    parts.matches.push({ lineNo, kind: 'received', ...layer, qty, receivedMinor, billedMinor })
  }
  const aheadMinor = match.unreceivedMinor + charges.at(-1)!
  if (match.unreceivedQty > 0n) {
    const itemId = line.itemId ?? undefined
    parts.accruals.push({
      account: 'GoodsReceivedNotInvoiced',
      openKey: billLineKey(bill.id, lineNo),
      currency: bill.currency,
      amountMinor: aheadMinor,
      ...(itemId === undefined ? {} : { itemId }),
    })
    parts.matches.push({
      ...{ lineNo, kind: 'ahead', receiptId: null, receiptLineNo: null, receivedMinor: 0n },
      qty: match.unreceivedQty,
      billedMinor: aheadMinor,
    })
  }
}

/** A landed cost of one receipt line: first its estimate, then where the units went. */
async function addLanded(
  tx: Tx,
  bill: VendorBill,
  to: { layer: ReceiptLayer; party: string; openKey: string },
  shareMinor: bigint,
  parts: Parts,
  clearsEstimate = false,
): Promise<{ estimateMinor: bigint }> {
  const { functionalCurrency: currency, entityId } = bill
  if (shareMinor === 0n && !clearsEstimate) return { estimateMinor: 0n }
  const key = to.openKey
  const item = await lockOpenItem(tx, { entityId, account: 'LandedCostAccrual', currency, key })
  const estimate = item ? -item.balanceMinor : 0n
  const least = shareMinor > 0n ? shareMinor : 0n
  const taken = clearsEstimate || estimate < least ? estimate : least
  if (taken !== 0n)
    parts.accruals.push({
      account: 'LandedCostAccrual',
      openKey: key,
      currency,
      amountMinor: taken,
      party: to.party,
    })
  const shares = await spreadOver(tx, to.layer, shareMinor - taken)
  parts.differences.push({ soldTo: 'LandedCostTrueUp', shares })
  return { estimateMinor: taken }
}

/** One receipt line that bears a part of a freight bill. */
export interface LandedShare {
  layer: ReceiptLayer
  itemId: number
  party: string
  openKey: string
  /** Functional. */
  shareMinor: bigint
}

/** Posts an actual landed cost: row 23. */
export async function postLandedCostBill(
  tx: Tx,
  bill: VendorBill,
  shares: readonly LandedShare[],
  by: Posting,
): Promise<void> {
  const rateE9 = await rateOfBill(tx, bill)
  await lockItems(
    tx,
    shares.map(({ itemId }) => itemId),
  )
  const parts: Parts = { accruals: [], differences: [], matches: [] }
  for (const { layer, shareMinor, ...to } of shares) {
    const { estimateMinor } = await addLanded(
      tx,
      bill,
      { layer, ...to },
      shareMinor,
      parts,
      bill.clearsEstimate,
    )
    await tx`
      UPDATE landed_cost_allocation SET share_minor = ${shareMinor}, estimate_minor = ${estimateMinor}
      WHERE bill_id = ${bill.id} AND receipt_id = ${layer.receiptId} AND receipt_line_no = ${layer.receiptLineNo}`
  }
  await postParts(tx, bill, parts, { ...by, rateE9 })
}

async function postParts(
  tx: Tx,
  bill: VendorBill,
  { accruals, differences }: Parts,
  { actor, today, rateE9 }: Posting & { rateE9: bigint },
): Promise<void> {
  const netMinor = sum(bill.lines.map(acceptedNet))
  const taxes = await postedTaxes(tx, bill, netMinor)
  const grossMinor = netMinor + sum(taxes.map(({ amountMinor }) => amountMinor))
  invariant(grossMinor > 0n, 'a bill of which nothing is accepted is rejected')
  const cause = { causeType: 'bill', causeId: bill.id.toString(), effectiveOn: today }
  await adjustLayers(
    tx,
    differences.flatMap(({ shares }) => shares),
    cause,
  )
  const entry = postBill({
    ...booksOf(bill, rateE9),
    postedOn: today,
    accruals,
    taxes,
    differences,
    grossMinor,
  })
  await postEntries(tx, [entry], actor)
  bill.postedOn = today
  bill.postedMinor = grossMinor
  await applyPrepayments(tx, bill, { actor, today })
}

/** Tax follows what is accepted of the bill. */
async function postedTaxes(tx: Tx, bill: VendorBill, netMinor: bigint): Promise<BilledTax[]> {
  const whole = netMinor === bill.netMinor
  const part = (minor: bigint) =>
    whole || bill.netMinor === 0n ? minor : (minor * netMinor) / bill.netMinor
  const taxes = bill.taxes.map(({ jurisdiction, taxCode, taxMinor }) => ({
    jurisdiction,
    taxCode,
    amountMinor: part(taxMinor),
  }))
  for (const { jurisdiction, taxCode, amountMinor } of taxes)
    await tx`
      UPDATE vendor_bill_tax SET posted_minor = ${amountMinor}
      WHERE bill_id = ${bill.id} AND jurisdiction = ${jurisdiction} AND tax_code = ${taxCode}`
  return taxes
}

export function booksOf(bill: VendorBill, rateE9: bigint) {
  const { id, entityId, party, currency, functionalCurrency } = bill
  return { billId: id, entity: entityId, party, currency, functionalCurrency, rateE9 }
}
