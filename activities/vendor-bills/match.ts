import type { Tx } from '#db/client'
import { rateOfBill } from '#db/queries/bill-rate'
import { billTolerances } from '#db/queries/bill-tolerances'
import { billableReceipts, orderedOf, type BillableReceipt } from '#db/stores/bill-receipts'
import { tieToOrders, type BillLine, type VendorBill } from '#db/stores/bills'
import { openItem } from '#db/stores/ledger-open-items'
import { convertMinor } from '#domain/ledger/fx'
import { divideRounded, sum } from '#domain/money'
import { matchLine, type LineMatch, type Tolerance } from '#domain/purchasing/bill-match'

/** One line of goods with what it was matched with. */
export interface MatchedLine {
  line: BillLine
  match: LineMatch
  receipts: Map<string, BillableReceipt>
}

/** A line that a person must look at, with what the tolerance compared. */
export interface LineProblem {
  lineNo: number
  description: string
  billed: string
  expected: string
  /** Minor units of the bill's currency, for ranking. */
  riskMinor: bigint
}

export interface MatchedBill {
  lines: MatchedLine[]
  /** Neither an order nor a receipt is known for these. */
  unknown: LineProblem[]
  priceOver: LineProblem[]
  quantityOver: LineProblem[]
}

/** What is paid of a line: all of it, unless a part is disputed. */
export const acceptedQty = (line: BillLine) => line.acceptedQty ?? line.qty
export const acceptedNet = (line: BillLine) => line.acceptedNetMinor ?? line.netMinor

/** Matches each line of goods three ways; order lines and open items stay locked. */
export async function matchBill(tx: Tx, bill: VendorBill): Promise<MatchedBill> {
  await tieToOrders(tx, bill)
  const found: MatchedBill = { lines: [], unknown: [], priceOver: [], quantityOver: [] }
  const goods = bill.lines.filter((line) => line.kind === 'goods' && acceptedQty(line) > 0n)
  const ordered = await orderedOf(
    tx,
    goods.flatMap(({ purchaseLineId }) => (purchaseLineId === null ? [] : [purchaseLineId])),
  )
  const toleranceOf = await billTolerances(tx, bill)
  const limits = ({ itemId }: BillLine) => toleranceOf(itemId)
  const taken = new Map<string, BillableReceipt>()
  for (const line of goods) {
    const receipts = await stillOpen(tx, bill, line, taken)
    if (line.purchaseLineId === null && receipts.length === 0) {
      found.unknown.push(problemOf(line, { billed: acceptedNet(line), expected: 0n }))
      continue
    }
    const order = line.purchaseLineId === null ? undefined : ordered.get(line.purchaseLineId)
    const match = matchLine({
      qty: acceptedQty(line),
      netMinor: acceptedNet(line),
      ordered: order ?? null,
      receipts,
      tolerance: limits(line),
      anyQty: line.qtyApprovedBy !== null,
    })
    take(match, taken)
    if (order) order.billedBefore += acceptedQty(line)
    found.lines.push({ line, match, receipts: new Map(receipts.map((r) => [r.openKey, r])) })
    judge(found, line, match)
  }
  if (found.lines.length > 0) await judgeCharges(tx, bill, found, limits)
  else found.unknown.push(...chargesAlone(bill))
  return found
}

/** Two lines of one bill for the same goods: the second finds what the first has left. */
async function stillOpen(
  tx: Tx,
  bill: VendorBill,
  line: BillLine,
  taken: Map<string, BillableReceipt>,
): Promise<BillableReceipt[]> {
  if (line.purchaseLineId === null && line.receiptNo === null) return []
  const receipts = (await billableReceipts(tx, bill, line)).map(
    (receipt) => taken.get(receipt.openKey) ?? receipt,
  )
  for (const receipt of receipts) taken.set(receipt.openKey, receipt)
  return receipts.filter(({ unmatchedQty }) => unmatchedQty > 0n).map((receipt) => ({ ...receipt }))
}

function take(match: LineMatch, taken: Map<string, BillableReceipt>): void {
  for (const { openKey, qty, receivedMinor } of match.matched) {
    const receipt = taken.get(openKey)!
    const all = receivedMinor >= receipt.openMinor
    const func = all
      ? receipt.openFuncMinor
      : divideRounded(receipt.openFuncMinor * receivedMinor, receipt.openMinor)
    taken.set(openKey, {
      ...receipt,
      unmatchedQty: receipt.unmatchedQty - qty,
      openMinor: receipt.openMinor - receivedMinor,
      openFuncMinor: receipt.openFuncMinor - func,
    })
  }
}

function judge(found: MatchedBill, line: BillLine, match: LineMatch): void {
  const { priceOver, quantityOver, expectedMinor, allowedQty } = match
  if (priceOver && line.priceApprovedBy === null)
    found.priceOver.push(problemOf(line, { billed: acceptedNet(line), expected: expectedMinor }))
  if (quantityOver)
    found.quantityOver.push({
      ...problemOf(line, { billed: line.netMinor, expected: 0n }),
      billed: `${line.qty}`,
      expected: `${allowedQty}`,
      riskMinor: (line.netMinor * quantityOver.byQty) / line.qty,
    })
}

/** Freight without goods belongs to no receipt: it is captured as a landed cost. */
function chargesAlone(bill: VendorBill): LineProblem[] {
  const charges = bill.lines.filter((line) => line.kind === 'charge' && acceptedNet(line) !== 0n)
  return charges.map((line) => problemOf(line, { billed: line.netMinor, expected: 0n }))
}

/** Charges pass as far as freight was expected with the goods, and by the same tolerance. */
async function judgeCharges(
  tx: Tx,
  bill: VendorBill,
  found: MatchedBill,
  limits: (line: BillLine) => Tolerance,
): Promise<void> {
  const open = bill.lines.filter((line) => line.kind === 'charge' && line.priceApprovedBy === null)
  const charges = open.filter((line) => acceptedNet(line) !== 0n && line.acceptedNetMinor === null)
  if (charges.length === 0) return
  const total = sum(charges.map(acceptedNet))
  const { functionalCurrency: currency, entityId } = bill
  let estimate = 0n
  for (const key of new Set(
    found.lines.flatMap(({ match }) => match.matched.map((m) => m.openKey)),
  )) {
    const item = await openItem(tx, { entityId, account: 'LandedCostAccrual', currency, key })
    estimate -= item?.balanceMinor ?? 0n
  }
  const rateE9 = await rateOfBill(tx, bill)
  const over = convertMinor(total, bill.currency, currency, rateE9) - estimate
  const limit = limits(charges[0]!)
  const within = over * 1_000_000n <= estimate * limit.pricePpm && over <= limit.priceMinor
  if (over <= 0n || within) return
  found.priceOver.push(
    ...charges.map((line) => problemOf(line, { billed: line.netMinor, expected: 0n })),
  )
}

function problemOf(
  line: BillLine,
  { billed, expected }: { billed: bigint; expected: bigint },
): LineProblem {
  const { lineNo, description } = line
  const riskMinor = billed - expected
  return { lineNo, description, billed: `${billed}`, expected: `${expected}`, riskMinor }
}
