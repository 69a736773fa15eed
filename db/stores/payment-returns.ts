import type { Tx } from '#db/client'
import { policiesFor } from '#db/queries/policies'
import { exchangeRate } from '#db/queries/rates'
import { postPaymentReturned } from '#domain/ledger/posting-bills'
import { sum } from '#domain/money'
import { Refusal } from '#domain/refusal'
import { lockBill } from './bills.ts'
import { openCase } from './cases.ts'
import { postEntries } from './ledger.ts'
import { closeRun } from './payment-release.ts'
import { lockRun, tellBills } from './payment-runs.ts'
import { livePrepayments } from './run-prepayments.ts'

/** What the bank says of one payment. */
export interface PaymentCameBack {
  billId: bigint
  /** Such as AC04. */
  code: string
  reason: string | null
  on: string
  actor: string
}

interface PaidLine {
  runId: bigint
  state: 'released' | 'settled'
  currency: string
  /** What the bank was told to pay, and what it took in the books. */
  minor: bigint
  funcMinor: bigint
}

/**
 * The supplier's bank, or ours, did not take a payment: the bill is owed again by what was to be paid,
 * the money is in the bank again or does not leave, and somebody is asked for other bank details before
 * a run takes it anew. Discounts and credit notes that were taken stay taken. The same return again is known.
 * @throws Refusal `PaymentNotFound` where no run that has left pays the bill to this company's books
 */
export async function returnPayment(
  tx: Tx,
  entityId: number,
  back: PaymentCameBack,
): Promise<'returned' | 'known'> {
  const bill = await lockBill(tx, back.billId)
  const line = bill.entityId === entityId ? await paidLine(tx, back.billId) : undefined
  if (!line) {
    const known = await tx`
      SELECT 1 FROM payment_return WHERE bill_id = ${back.billId} AND code = ${back.code} AND returned_on = ${back.on}`
    if (known.length > 0 && bill.entityId === entityId) return 'known'
    throw new Refusal(
      'PaymentNotFound',
      `No payment of bill ${back.billId} is with the bank: name one that a released run holds.`,
    )
  }
  const run = await lockRun(tx, `${line.runId}`)
  const { code, reason, on, actor } = back
  await tx`
    INSERT INTO payment_return (run_id, bill_id, minor, func_minor, code, reason, returned_on, actor)
    VALUES (${run.id}, ${bill.id}, ${line.minor}, ${line.funcMinor}, ${code}, ${reason}, ${on}, ${actor})`
  await tx`
    UPDATE payment_run_line SET dropped_because = ${`returned: ${code}`} WHERE run_id = ${run.id} AND bill_id = ${bill.id}`
  const { party, currency, functionalCurrency } = bill
  const rateE9 = await exchangeRate(tx, { from: currency, to: functionalCurrency, on })
  const books = { billId: bill.id, entity: entityId, party, currency, functionalCurrency, rateE9 }
  const settled = line.state === 'settled'
  const paid = { runId: run.id, minor: line.minor, funcMinor: line.funcMinor, settled, on }
  await postEntries(tx, [postPaymentReturned({ ...books, ...paid })], actor)
  await tx`UPDATE vendor_bill SET paid_at = NULL WHERE id = ${bill.id}`
  if (!settled) await tellRun(tx, run, line, actor)
  await askForDetails(tx, bill, { code, reason, minor: line.minor })
  await tellBills(tx, run.id, 'returned', [{ billId: bill.id }])
  return 'returned'
}

async function paidLine(tx: Tx, billId: bigint): Promise<PaidLine | undefined> {
  const [line] = await tx<PaidLine[]>`
    SELECT l.run_id AS "runId", r.state, l.currency, (l.pay_minor - coalesce((SELECT sum(c.minor) FROM payment_run_credit c WHERE c.run_id = l.run_id AND c.bill_id = l.bill_id), 0))::bigint AS minor,
      -j.func_minor AS "funcMinor"
    FROM payment_run_line l JOIN payment_run r ON r.id = l.run_id
    JOIN journal_entry e ON e.idem_key = 'bill-paid/' || l.run_id || '/' || l.bill_id JOIN journal_line j ON j.entry_id = e.id AND j.account_id = 1050
    WHERE l.bill_id = ${billId} AND l.dropped_because IS NULL AND r.state IN ('released', 'settled') FOR UPDATE OF l, r`
  return line
}

/** What the bank has still to carry out of a run; one of which nothing is left is over. */
async function tellRun(
  tx: Tx,
  run: Awaited<ReturnType<typeof lockRun>>,
  { funcMinor }: PaidLine,
  actor: string,
): Promise<void> {
  await tx`UPDATE payment_run SET paid_minor = paid_minor - ${funcMinor} WHERE id = ${run.id}`
  const lines = await tx`
    SELECT 1 FROM payment_run_line WHERE run_id = ${run.id} AND dropped_because IS NULL`
  const ahead = sum((await livePrepayments(tx, run.id)).map(({ payMinor }) => payMinor))
  if (lines.length === 0 && ahead === 0n) await closeRun(tx, run, actor)
}

async function askForDetails(
  tx: Tx,
  bill: Awaited<ReturnType<typeof lockBill>>,
  { code, reason, minor }: { code: string; reason: string | null; minor: bigint },
): Promise<void> {
  const { exceptions } = await policiesFor(tx, '*')
  const { id, supplier, number, workflowId, entityId, currency } = bill
  await openCase(tx, {
    ...{ key: `vendor-bill/${id}/bill-payment-returned`, type: 'bill-payment-returned' },
    ...{ subjectType: 'vendor-bill', subjectId: `${id}`, workflowId, entityId, channelId: null },
    ...{ policy: exceptions.body['bill-payment-returned'], moneyAtRiskMinor: minor, currency },
    customerClass: 'standard',
    summary: `The payment of bill ${number} to ${supplier} came back: ${[code, reason].filter(Boolean).join(', ')}. Ask for other bank details and have them verified`,
    evidence: { supplier, number, code, reason },
    openedBy: 'bank',
  })
}
