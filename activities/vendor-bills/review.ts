import type { Tx } from '#db/client'
import { billPolicyFor } from '#db/queries/bill-policy'
import { rateOfBill } from '#db/queries/bill-rate'
import { billedAhead, type VendorBill } from '#db/stores/bills'
import { lockOpenItem } from '#db/stores/ledger-open-items'
import { recordDecisions } from '#db/stores/records'
import { apportion } from '#domain/apportion'
import { addDays, dateAt } from '#domain/dates'
import { convertMinor } from '#domain/ledger/fx'
import { receiptLineKey } from '#domain/ledger/posting-bills'
import { sum } from '#domain/money'
import { findDuplicates, type BillIdentity } from '#domain/purchasing/bill-number'
import { landedCostShares } from '#domain/purchasing/landed-cost'
import { takeArrivals } from './arrivals.ts'
import { keepCases, lineQuestion, type BillQuestion } from './cases.ts'
import { acceptedNet, matchBill } from './match.ts'
import { postGoodsBill, postLandedCostBill, type LandedShare, type Posting } from './post.ts'

/**
 * Looks at a bill as it stands: is it there twice, does it match, may it be posted; once it is,
 * have goods come that it billed ahead. What a person must decide becomes a case.
 */
export async function lookAt(tx: Tx, bill: VendorBill, by: Posting): Promise<void> {
  if (bill.rejectedAt !== null || bill.paidAt !== null) return
  if (bill.postedOn !== null) {
    await takeArrivals(tx, bill, by)
    await keepCases(tx, bill, await overdueGoods(tx, bill, by.today))
    return
  }
  if (bill.kind === 'landed-cost') await lookAtLandedCost(tx, bill, by)
  else await lookAtGoods(tx, bill, by)
}

async function lookAtGoods(tx: Tx, bill: VendorBill, by: Posting): Promise<void> {
  const twice = await duplicateQuestion(tx, bill)
  const found = await matchBill(tx, bill)
  const questions = [
    ...twice,
    ...lineQuestion('bill-without-order', 'No order or receipt is known for it', found.unknown),
    ...lineQuestion('bill-price-over', 'It asks for more than was agreed', found.priceOver),
    ...lineQuestion('bill-quantity-over', 'It bills more than was ordered', found.quantityOver),
  ]
  await keepDecision(tx, bill, questions, {
    lines: found.lines.map(({ line, match }) => ({
      lineNo: line.lineNo,
      qty: line.qty,
      netMinor: line.netMinor,
      expectedMinor: match.expectedMinor,
      allowedQty: match.allowedQty,
      receipts: match.matched.map(({ openKey, qty }) => `${qty} of ${openKey}`),
      ahead: match.unreceivedQty,
    })),
  })
  if (await keepCases(tx, bill, questions)) return
  await postGoodsBill(tx, bill, found.lines, by)
}

/** Freight, duty, insurance: compared with what was expected of them, then spread (row 23). */
async function lookAtLandedCost(tx: Tx, bill: VendorBill, by: Posting): Promise<void> {
  const { shares, estimateMinor, costMinor } = await landedShares(tx, bill)
  const { body } = await billPolicyFor(tx, bill.entity)
  const over = costMinor - estimateMinor
  const within =
    over * 1_000_000n <= estimateMinor * BigInt(body.pricePpm) && over <= BigInt(body.priceMinor)
  const decided = bill.lines.every(
    (line) => line.priceApprovedBy !== null || line.acceptedNetMinor !== null,
  )
  const questions = await duplicateQuestion(tx, bill)
  if (over > 0n && !within && !decided)
    questions.push({
      type: 'bill-price-over',
      summary: 'It costs more than was expected with the goods',
      evidence: {
        lines: bill.lines.map(({ lineNo, description, netMinor }) => ({
          ...{ lineNo, description, billed: `${netMinor}`, expected: '0' },
        })),
        estimateMinor: `${estimateMinor}`,
        costMinor: `${costMinor}`,
      },
      riskMinor: over,
    })
  await keepDecision(tx, bill, questions, { basis: bill.basis, costMinor, estimateMinor })
  if (await keepCases(tx, bill, questions)) return
  await postLandedCostBill(tx, bill, shares, by)
}

async function landedShares(
  tx: Tx,
  bill: VendorBill,
): Promise<{ shares: LandedShare[]; estimateMinor: bigint; costMinor: bigint }> {
  const rows = await tx<
    {
      receiptId: bigint
      receiptLineNo: number
      itemId: number
      party: string
      qty: bigint
      valueMinor: bigint
      weightG: number | null
      volumeMm3: bigint | null
      manualMinor: bigint | null
    }[]
  >`
    SELECT a.receipt_id AS "receiptId", a.receipt_line_no AS "receiptLineNo", l.item_id AS "itemId", coalesce(s.party, r.supplier) AS party, l.received_qty AS qty,
      coalesce(l.goods_func_minor, l.unit_cost_minor * l.received_qty) AS "valueMinor", i.weight_g AS "weightG",
      i.length_mm::bigint * i.width_mm * i.height_mm AS "volumeMm3", a.manual_minor AS "manualMinor"
    FROM landed_cost_allocation a JOIN goods_receipt r ON r.id = a.receipt_id JOIN goods_receipt_line l ON l.receipt_id = r.id AND l.line_no = a.receipt_line_no
    JOIN item i ON i.id = l.item_id LEFT JOIN supplier s ON s.id = r.supplier_id
    WHERE a.bill_id = ${bill.id} ORDER BY r.id, l.line_no`
  const rateE9 = await rateOfBill(tx, bill)
  const { currency, functionalCurrency, entityId } = bill
  const netMinor = sum(bill.lines.map(acceptedNet))
  const costMinor = convertMinor(netMinor, currency, functionalCurrency, rateE9)
  const bearers = rows.map(({ manualMinor, ...row }) => ({
    ...row,
    ...(manualMinor === null ? {} : { manualMinor }),
  }))
  const given = landedCostShares(
    bill.basis === 'manual' ? bill.netMinor : costMinor,
    bill.basis!,
    bearers,
  )
  // Given by hand they are in the bill's currency and of the whole bill: scaled to what is accepted.
  const minors = bill.basis === 'manual' ? apportion(costMinor, given) : given
  let estimateMinor = 0n
  const shares: LandedShare[] = []
  for (const [n, { receiptId, receiptLineNo, itemId, party }] of rows.entries()) {
    const openKey = receiptLineKey(receiptId, receiptLineNo)
    const item = await lockOpenItem(tx, {
      ...{ entityId, account: 'LandedCostAccrual', currency: functionalCurrency, key: openKey },
    })
    estimateMinor -= item?.balanceMinor ?? 0n
    const layer = { receiptId, receiptLineNo }
    shares.push({ layer, itemId, party, openKey, shareMinor: minors[n]! })
  }
  return { shares, estimateMinor, costMinor }
}

async function duplicateQuestion(tx: Tx, bill: VendorBill): Promise<BillQuestion[]> {
  const { body } = await billPolicyFor(tx, bill.entity)
  // One at a time per supplier: of two that come together the second sees the first.
  await tx`SELECT pg_advisory_xact_lock(7261010, ${bill.supplierId})`
  const earlier = await tx<BillIdentity[]>`
    SELECT b.id::text AS "billId", b.bill_number AS number, b.billed_on AS "billedOn", b.currency, b.gross_minor AS "grossMinor" FROM vendor_bill b
    WHERE b.supplier_id = ${bill.supplierId} AND b.rejected_at IS NULL AND b.id <> ${bill.id} AND NOT (b.id = ANY(${bill.distinctFrom.map(String)}::bigint[]))
      AND NOT ${bill.id} = ANY(b.distinct_from)
      AND (b.normal_number = (SELECT normal_number FROM vendor_bill WHERE id = ${bill.id}) OR b.gross_minor = ${bill.grossMinor})
      AND (b.id < ${bill.id} OR b.posted_on IS NOT NULL) ORDER BY b.id`
  const identity = { ...bill, billId: bill.id.toString() }
  const found = findDuplicates(identity, earlier, body.nearDuplicateDays)
  if (found.length === 0) return []
  return [
    {
      type: 'bill-duplicate',
      summary: `It may be bill ${found.map(({ number }) => number).join(', ')} once more`,
      evidence: { suspected: found },
      riskMinor: bill.grossMinor,
    },
  ]
}

/** Billed long ago and still not here. */
async function overdueGoods(tx: Tx, bill: VendorBill, today: string): Promise<BillQuestion[]> {
  const { body } = await billPolicyFor(tx, bill.entity)
  const ahead = await billedAhead(tx, bill)
  const late = ahead.filter(
    ({ since }) => addDays(dateAt(since, bill.timezone), body.unreceivedDays) <= today,
  )
  if (late.length === 0) return []
  return [
    {
      type: 'bill-unreceived',
      summary: `Goods are billed for ${body.unreceivedDays} days and have not come`,
      evidence: { lines: late.map(({ lineNo, qty }) => ({ lineNo, qty: `${qty}` })) },
      riskMinor: sum(late.map(({ billedMinor }) => billedMinor)),
    },
  ]
}

async function keepDecision(
  tx: Tx,
  bill: VendorBill,
  questions: readonly BillQuestion[],
  inputs: object,
): Promise<void> {
  const { version } = await billPolicyFor(tx, bill.entity)
  await recordDecisions(tx, [
    {
      subjectType: 'vendor-bill',
      subjectId: bill.id.toString(),
      kind: 'bill-match',
      rule: 'bills',
      ruleVersion: version,
      inputs,
      choice: questions.length === 0 ? 'post' : questions.map(({ type }) => type),
      actor: 'system',
    },
  ])
}
