import type { Tx } from '#db/client'
import { rateOfBill } from '#db/queries/bill-rate'
import { billableReceipts, type BillableReceipt } from '#db/stores/bill-receipts'
import { billedAhead, insertMatches, type BillLine, type VendorBill } from '#db/stores/bills'
import { lockOpenItem } from '#db/stores/ledger-open-items'
import { postEntries } from '#db/stores/ledger'
import { adjustLayers, lockItems, spreadOver } from '#db/stores/later-cost'
import { convertMinor } from '#domain/ledger/fx'
import { takeBooked, type OpenValue } from '#domain/ledger/open-value'
import { billLineKey, postBilledGoodsReceived } from '#domain/ledger/posting-bills'
import { divideRounded } from '#domain/money'
import { booksOf, type Posting } from './post.ts'

/** Goods that were billed before they came are matched as they come: row 21a, the second half. */
export async function takeArrivals(tx: Tx, bill: VendorBill, by: Posting): Promise<void> {
  for (const ahead of await billedAhead(tx, bill)) {
    const line = bill.lines.find(({ lineNo }) => lineNo === ahead.lineNo)!
    const receipts = await billableReceipts(tx, bill, line)
    if (receipts.length === 0) continue
    await lockItems(
      tx,
      receipts.map(({ itemId }) => itemId),
    )
    const left = { qty: ahead.qty, billedMinor: ahead.billedMinor }
    for (const receipt of receipts) {
      if (left.qty > 0n) await matchArrival(tx, bill, { line, receipt, left }, by)
    }
  }
}

interface Arrival {
  line: BillLine
  receipt: BillableReceipt
  /** What of the line is still ahead; each match takes from it. */
  left: { qty: bigint; billedMinor: bigint }
}

async function matchArrival(
  tx: Tx,
  bill: VendorBill,
  { line, receipt, left }: Arrival,
  by: Posting,
): Promise<void> {
  const { receiptId, receiptLineNo, openKey, itemId, siteId, party } = receipt
  const qty = receipt.unmatchedQty < left.qty ? receipt.unmatchedQty : left.qty
  const receivedMinor = shareOf(receipt.openMinor, qty, receipt.unmatchedQty)
  const billedMinor = shareOf(left.billedMinor, qty, left.qty)
  left.qty -= qty
  left.billedMinor -= billedMinor
  const rateE9 = await rateOfBill(tx, bill)
  const { currency, functionalCurrency } = bill
  const difference = convertMinor(billedMinor - receivedMinor, currency, functionalCurrency, rateE9)
  const shares = await spreadOver(tx, { receiptId, receiptLineNo }, difference)
  const matchId = `${bill.id}/${line.lineNo}/${receiptId}/${receiptLineNo}`
  const effectiveOn = by.today
  await adjustLayers(tx, shares, { causeType: 'bill', causeId: matchId, effectiveOn })
  const received: OpenValue = { amountMinor: receipt.openMinor, funcMinor: receipt.openFuncMinor }
  const accrual = { account: 'GoodsReceivedNotInvoiced' as const, currency, itemId, siteId }
  const entry = postBilledGoodsReceived({
    ...booksOf(bill, rateE9),
    matchId,
    postedOn: by.today,
    accruals: [
      {
        ...accrual,
        openKey,
        party,
        amountMinor: receivedMinor,
        bookedFuncMinor: takeBooked(received, receivedMinor),
      },
      {
        ...accrual,
        openKey: billLineKey(bill.id, line.lineNo),
        amountMinor: -billedMinor,
        bookedFuncMinor: -(await takeAhead(tx, bill, line.lineNo, billedMinor)),
      },
    ],
    differences: [{ soldTo: 'PriceVariance', shares }],
  })
  await insertMatches(
    tx,
    bill,
    [
      {
        lineNo: line.lineNo,
        kind: 'arrived',
        receiptId,
        receiptLineNo,
        ...{ qty, receivedMinor, billedMinor },
      },
    ],
    by,
  )
  if (entry.lines.length >= 2) await postEntries(tx, [entry], by.actor)
}

/** The part of a value that falls on some of its units; the last ones take all that is left. */
function shareOf(minor: bigint, qty: bigint, of: bigint): bigint {
  return qty === of ? minor : divideRounded(minor * qty, of)
}

async function takeAhead(
  tx: Tx,
  { id, entityId, currency }: VendorBill,
  lineNo: number,
  amountMinor: bigint,
): Promise<bigint> {
  const key = billLineKey(id, lineNo)
  const item = await lockOpenItem(tx, {
    ...{ entityId, account: 'GoodsReceivedNotInvoiced', currency, key },
  })
  const open = { amountMinor: item?.balanceMinor ?? 0n, funcMinor: item?.funcMinor ?? 0n }
  return takeBooked(open, amountMinor)
}
