import type { Tx } from '#db/client'
import { exchangeRate } from '#db/queries/rates'
import { dateAt } from '#domain/dates'
import { convertMinor } from '#domain/ledger/fx'
import { takeBooked } from '#domain/ledger/open-value'
import {
  postBillPaid,
  postPaymentRunSettled,
  type CreditApplied,
} from '#domain/ledger/posting-bills'
import { vendorCreditKey } from '#domain/ledger/posting-vendor-credits'
import { sum } from '#domain/money'
import { promptPayment } from '#domain/purchasing/prompt-payment'
import { invariant, Refusal } from '#domain/refusal'
import { spreadOverBill } from './bill-bearers.ts'
import { lockBill, type VendorBill } from './bills.ts'
import { adjustLayers } from './later-cost.ts'
import { lockOpenItem } from './ledger-open-items.ts'
import { postEntries } from './ledger.ts'
import {
  audit,
  hashOf,
  liveLines,
  requireState,
  tellBills,
  type PaymentRun,
  type RunLine,
} from './payment-runs.ts'
import { intendEffect } from './records.ts'
import { livePrepayments, payPrepayment, type RunPrepayment } from './run-prepayments.ts'

/** One payment as the bank's file tells it. */
export interface ReleasedPayment {
  /** Comes back on every statement: `BILL-1001`, `PREPAY-1001`. */
  endToEndId: string
  /** What the supplier books it by. */
  number: string
  currency: string
  payMinor: bigint
  holder: string
  country: string
  accountNo: string
  routingNo: string | null
  bic: string | null
}

/**
 * Releases an approved run: every bill is paid in the books, the bank's file is written down, and
 * its transmission is an effect of one key for life. What was approved is checked again. A run whose
 * credits pay all of its bills has nothing for the bank and is settled at once;
 * answers whether the bank is sent a file.
 * @throws Refusal `PaymentRunState`, `PaymentRunLate`, `BankDetailsChanged`
 */
export async function releaseRun(
  tx: Tx,
  run: PaymentRun,
  actor: string,
  fileOf: (payments: readonly ReleasedPayment[]) => { messageId: string; body: string },
): Promise<boolean> {
  requireState(run, 'approved')
  const today = dateAt(Date.now(), run.timezone)
  if (run.payOn < today)
    throw new Refusal(
      'PaymentRunLate',
      `The run was to pay on ${run.payOn}: discounts may have ended since. Cancel it and propose another.`,
    )
  const lines = await liveLines(tx, run.id)
  const ahead = await livePrepayments(tx, run.id)
  invariant(hashOf(lines, ahead).equals(run.contentHash), 'what was approved is what is paid')
  const payments = await paymentsOf(tx, run, { lines, ahead })
  const sent = payments.filter(({ payMinor }) => payMinor > 0n)
  // Signed before anything is paid, so that the guard of duties speaks first.
  await tx`UPDATE payment_run SET state = 'released', released_by = ${actor}, released_at = clock_timestamp() WHERE id = ${run.id}`
  let paidMinor = 0n
  for (const line of lines) paidMinor += await payBill(tx, run, line, { actor, today })
  for (const one of ahead) paidMinor += await payPrepayment(tx, run.id, one, { actor, today })
  await tx`UPDATE payment_run SET paid_minor = ${paidMinor} WHERE id = ${run.id}`
  await tellBills(tx, run.id, 'released', lines)
  await audit(tx, run, 'released', actor)
  if (sent.length === 0) await closeRun(tx, run, actor)
  else await sendFile(tx, run, { ...fileOf(sent), payments: sent.length, paidMinor })
  return sent.length > 0
}

/** Writes the bank's file down; whoever carries it there does so under one key for life. */
async function sendFile(
  tx: Tx,
  run: PaymentRun,
  file: { messageId: string; body: string; payments: number; paidMinor: bigint },
): Promise<void> {
  const { messageId, body, payments, paidMinor } = file
  await tx`
    INSERT INTO payment_run_file (run_id, message_id, body, sha256) VALUES (${run.id}, ${messageId}, ${body}, sha256(convert_to(${body}, 'UTF8')))`
  await intendEffect(tx, {
    key: `payment-run/${run.id}`,
    gateway: 'bank',
    operation: 'payment-file',
    subjectType: 'payment-run',
    subjectId: run.id.toString(),
    request: { messageId, payments, amountMinor: paidMinor.toString() },
  })
}

/** Where each is paid to, which must still be the supplier's newest usable account. */
async function paymentsOf(
  tx: Tx,
  run: PaymentRun,
  { lines, ahead }: { lines: readonly RunLine[]; ahead: readonly RunPrepayment[] },
): Promise<ReleasedPayment[]> {
  const rows = await tx<(ReleasedPayment & { supplier: string; stands: boolean })[]>`
    SELECT l.end_to_end AS "endToEndId", l.number, l.currency, l.pay_minor AS "payMinor", a.holder, a.country, a.account_no AS "accountNo",
      a.routing_no AS "routingNo", a.bic, s.code AS supplier,
      s.state = 'approved' AND a.usable_from <= clock_timestamp()
        AND NOT EXISTS (SELECT FROM supplier_bank_account n WHERE n.supplier_id = s.id AND n.currency = l.currency AND n.version > a.version)
        AND NOT EXISTS (SELECT FROM supplier_change c WHERE c.supplier_id = s.id AND c.kind = 'bank' AND c.state = 'pending') AS stands
    FROM (SELECT 1 AS kind, bill_id AS id, 'BILL-' || bill_id AS end_to_end, bill_number AS number, l.currency, pay_minor, bank_account_id
        FROM payment_run_line l JOIN vendor_bill b ON b.id = l.bill_id WHERE run_id = ${run.id} AND dropped_because IS NULL
      UNION ALL SELECT 2, p.id, 'PREPAY-' || p.id, 'Prepayment ' || o.po_number, l.currency, pay_minor, bank_account_id
        FROM payment_run_prepayment l JOIN vendor_prepayment p ON p.id = l.prepayment_id JOIN purchase_order o ON o.id = p.purchase_order_id
        WHERE run_id = ${run.id} AND dropped_because IS NULL) l
    JOIN supplier_bank_account a ON a.id = l.bank_account_id JOIN supplier s ON s.id = a.supplier_id ORDER BY l.kind, l.id`
  const changed = rows.filter(({ stands }) => !stands).map(({ supplier }) => supplier)
  if (changed.length > 0)
    throw new Refusal(
      'BankDetailsChanged',
      `The standing or the bank details of ${[...new Set(changed)].join(', ')} have changed since the run was proposed: cancel it, make sure of them, and propose another.`,
    )
  invariant(rows.length === lines.length + ahead.length, 'every payment of a run has its account')
  return rows.map((row, n) => {
    const line = lines[n]
    return line ? { ...row, payMinor: row.payMinor - creditsOf(line) } : row
  })
}

/** Dr Payables, Cr Cash in transit; answers what it takes in functional currency. */
async function payBill(
  tx: Tx,
  run: PaymentRun,
  line: RunLine,
  { actor, today }: { actor: string; today: string },
): Promise<bigint> {
  const bill = await lockBill(tx, line.billId)
  const { entityId, party, currency, functionalCurrency } = bill
  const key = `bill/${bill.id}`
  const item = await lockOpenItem(tx, { entityId, account: 'Payables', currency, key })
  invariant(item && -item.balanceMinor === line.openMinor, `bill ${bill.id} is open as proposed`)
  const rateE9 = await exchangeRate(tx, { from: currency, to: functionalCurrency, on: today })
  const functional = (minor: bigint) => convertMinor(minor, currency, functionalCurrency, rateE9)
  const discount = await spreadOverBill(tx, bill, -functional(line.netDiscountMinor))
  await adjustLayers(tx, discount.shares, {
    ...{ causeType: 'bill-discount', causeId: `${run.id}/${bill.id}`, effectiveOn: today },
  })
  const payFuncMinor = functional(line.payMinor - creditsOf(line))
  const entry = postBillPaid({
    ...{ billId: bill.id, entity: entityId, party, currency, functionalCurrency, rateE9 },
    runId: run.id,
    paidOn: today,
    openMinor: line.openMinor,
    bookedFuncMinor: -item.funcMinor,
    payFuncMinor,
    credits: await takeCreditsOf(tx, bill, line),
    discount,
    // A bill whose payment came back has had its discount.
    taxes: line.payMinor === line.openMinor ? [] : taxDiscount(bill, run.payOn, line.openMinor),
  })
  await postEntries(tx, [entry], actor)
  return payFuncMinor
}

const creditsOf = ({ credits = [] }: RunLine) => sum(credits.map(({ minor }) => minor))

/** What credit notes pay of a bill, each at what it was booked at. */
async function takeCreditsOf(
  tx: Tx,
  { entityId, currency }: VendorBill,
  { credits = [] }: RunLine,
): Promise<CreditApplied[]> {
  const applied: CreditApplied[] = []
  for (const { creditId, minor } of credits) {
    const key = vendorCreditKey(creditId)
    const item = await lockOpenItem(tx, { entityId, account: 'Payables', currency, key })
    invariant(item && item.balanceMinor >= minor, `credit note ${creditId} is open as proposed`)
    const open = { amountMinor: item.balanceMinor, funcMinor: item.funcMinor }
    applied.push({ openKey: key, minor, funcMinor: takeBooked(open, minor) })
  }
  return applied
}

function taxDiscount(bill: VendorBill, payOn: string, openMinor: bigint) {
  const taxMinor = bill.taxes.map(({ postedMinor }) => postedMinor ?? 0n)
  const netMinor = bill.postedMinor! - sum(taxMinor)
  const { taxDiscountMinor } = promptPayment(
    { ...bill, netMinor, taxMinor, prepaidMinor: bill.postedMinor! - openMinor },
    payOn,
  )
  return bill.taxes.map(({ jurisdiction, taxCode }, n) => ({
    jurisdiction,
    taxCode,
    amountMinor: taxDiscountMinor[n]!,
  }))
}

/**
 * The bank has carried the run out: Dr Cash in transit, Cr Bank; its bills are paid.
 * @throws Refusal `PaymentRunState`
 */
export async function settleRun(
  tx: Tx,
  run: PaymentRun,
  { settledOn, reference, actor }: { settledOn: string; reference: string; actor: string },
): Promise<void> {
  requireState(run, 'released')
  const { id: runId, entityId, functionalCurrency, paidMinor } = run
  const entry = postPaymentRunSettled({
    ...{ runId, entity: entityId, functionalCurrency, settledOn, amountMinor: paidMinor! },
  })
  await postEntries(tx, [entry], actor)
  await tx`
    UPDATE external_effect SET state = 'confirmed', attempts = attempts + 1, outcome = ${tx.json({ reference })}, sent_at = coalesce(sent_at, clock_timestamp()), settled_at = clock_timestamp()
    WHERE key = ${`payment-run/${runId}`}`
  await closeRun(tx, run, actor)
}

/** Nothing is on its way any more: the bills are paid. */
export async function closeRun(tx: Tx, run: PaymentRun, actor: string): Promise<void> {
  const { id: runId } = run
  await tx`UPDATE payment_run SET state = 'settled', settled_by = ${actor}, settled_at = clock_timestamp() WHERE id = ${runId}`
  await tx`
    UPDATE vendor_bill SET paid_at = clock_timestamp() WHERE id IN (SELECT bill_id FROM payment_run_line WHERE run_id = ${runId} AND dropped_because IS NULL)`
  await tellBills(tx, runId, 'settled', await liveLines(tx, runId))
  await audit(tx, run, 'settled', actor)
}
