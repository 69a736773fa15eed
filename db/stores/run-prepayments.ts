import type { Tx } from '#db/client'
import { exchangeRate } from '#db/queries/rates'
import { convertMinor } from '#domain/ledger/fx'
import { postPrepaymentPaid } from '#domain/ledger/posting-prepayments'
import { Refusal } from '#domain/refusal'
import { lockBill } from './bills.ts'
import { postEntries } from './ledger.ts'
import { applyPrepayments } from './prepayments.ts'

/** A prepayment of a run: what is paid to which account. */
export interface RunPrepayment {
  prepaymentId: bigint
  bankAccountId: bigint
  currency: string
  payMinor: bigint
}

export interface SkippedPrepayment {
  prepaymentId: string
  supplier: string
  poNumber: string
  because: string
}

interface Due extends RunPrepayment {
  supplier: string
  poNumber: string
  blockedBy: string | null
}

/**
 * Approved prepayments that are due until a day and that no run holds; locked, so that of two runs
 * at once one has them.
 */
export async function duePrepayments(
  tx: Tx,
  ask: { entityId: number; until: string; prepaymentIds?: readonly bigint[] | undefined },
): Promise<{ taken: RunPrepayment[]; skipped: SkippedPrepayment[] }> {
  const only = ask.prepaymentIds?.map(String)
  await tx`
    SELECT 1 FROM vendor_prepayment WHERE entity_id = ${ask.entityId} AND cancelled_at IS NULL AND due_on <= ${ask.until} ORDER BY id FOR NO KEY UPDATE`
  const due = await tx<(Omit<Due, 'bankAccountId'> & { bankAccountId: bigint | null })[]>`
    SELECT p.id AS "prepaymentId", a.id AS "bankAccountId", p.currency, p.amount_minor AS "payMinor", s.code AS supplier, o.po_number AS "poNumber",
      CASE WHEN p.approved_at IS NULL THEN 'nobody has approved it'
        WHEN o.cancelled_at IS NOT NULL THEN 'its order is cancelled'
        WHEN s.state <> 'approved' THEN 'the supplier is ' || s.state
        WHEN EXISTS (SELECT FROM supplier_change WHERE supplier_id = s.id AND kind = 'bank' AND state = 'pending') THEN 'new bank details wait to be verified'
        WHEN a.id IS NULL THEN 'no bank details are verified'
        WHEN a.usable_from > clock_timestamp() THEN 'its bank details are new and may be used from ' || to_char(a.usable_from, 'YYYY-MM-DD') END AS "blockedBy"
    FROM vendor_prepayment p JOIN supplier s ON s.id = p.supplier_id JOIN purchase_order o ON o.id = p.purchase_order_id
    LEFT JOIN LATERAL (SELECT id, usable_from FROM supplier_bank_account WHERE supplier_id = s.id AND currency = p.currency ORDER BY version DESC LIMIT 1) a ON true
    WHERE p.entity_id = ${ask.entityId} AND p.cancelled_at IS NULL AND p.due_on <= ${ask.until} ${only ? tx`AND p.id = ANY(${only}::bigint[])` : tx``}
      AND NOT EXISTS (SELECT FROM payment_run_prepayment l WHERE l.prepayment_id = p.id AND l.dropped_because IS NULL) ORDER BY p.id`
  return {
    taken: due.flatMap(({ prepaymentId, bankAccountId, currency, payMinor, blockedBy }) =>
      blockedBy === null && bankAccountId !== null
        ? [{ prepaymentId, bankAccountId, currency, payMinor }]
        : [],
    ),
    skipped: due.flatMap(({ prepaymentId, supplier, poNumber, blockedBy }) =>
      blockedBy === null
        ? []
        : [{ prepaymentId: `${prepaymentId}`, supplier, poNumber, because: blockedBy }],
    ),
  }
}

export async function insertRunPrepayments(
  tx: Tx,
  runId: bigint,
  taken: readonly RunPrepayment[],
): Promise<void> {
  if (taken.length === 0) return
  const rows = taken.map(({ prepaymentId, bankAccountId, currency, payMinor }) => ({
    ...{ run_id: runId, prepayment_id: prepaymentId, bank_account_id: bankAccountId },
    ...{ currency, pay_minor: payMinor },
  }))
  await tx`INSERT INTO payment_run_prepayment ${tx(rows)}`
}

export async function livePrepayments(tx: Tx, runId: bigint): Promise<RunPrepayment[]> {
  return tx<RunPrepayment[]>`
    SELECT prepayment_id AS "prepaymentId", bank_account_id AS "bankAccountId", currency, pay_minor AS "payMinor" FROM payment_run_prepayment
    WHERE run_id = ${runId} AND dropped_because IS NULL ORDER BY prepayment_id`
}

export async function dropRunPrepayments(tx: Tx, runId: bigint, because: string): Promise<void> {
  await tx`UPDATE payment_run_prepayment SET dropped_because = ${because} WHERE run_id = ${runId} AND dropped_because IS NULL`
}

/**
 * Pays a prepayment in the books and lets it pay what is billed of its order already; answers what
 * the bank takes in functional currency.
 * @throws Refusal `PrepaymentState` when its order was cancelled meanwhile.
 */
export async function payPrepayment(
  tx: Tx,
  runId: bigint,
  { prepaymentId, currency, payMinor }: RunPrepayment,
  by: { actor: string; today: string },
): Promise<bigint> {
  const [found] = await tx<
    {
      orderId: bigint
      entity: number
      party: string
      functionalCurrency: string
      gone: boolean
    }[]
  >`
    SELECT p.purchase_order_id AS "orderId", p.entity_id AS entity, s.party, e.functional_currency AS "functionalCurrency", o.cancelled_at IS NOT NULL AS gone
    FROM vendor_prepayment p JOIN supplier s ON s.id = p.supplier_id JOIN entity e ON e.id = p.entity_id JOIN purchase_order o ON o.id = p.purchase_order_id
    WHERE p.id = ${prepaymentId} FOR NO KEY UPDATE OF p`
  const { orderId, entity, party, functionalCurrency, gone } = found!
  if (gone)
    throw new Refusal(
      'PrepaymentState',
      `The order of prepayment ${prepaymentId} is cancelled: cancel the run and propose another.`,
    )
  const rateE9 = await exchangeRate(tx, { from: currency, to: functionalCurrency, on: by.today })
  const payFuncMinor = convertMinor(payMinor, currency, functionalCurrency, rateE9)
  const books = { prepaymentId, entity, party, currency, functionalCurrency, rateE9, on: by.today }
  const entry = postPrepaymentPaid({ ...books, runId, amountMinor: payMinor, payFuncMinor })
  await postEntries(tx, [entry], by.actor)
  await payBilled(tx, orderId, by)
  return payFuncMinor
}

/** Bills of the order that came before its prepayment left. */
async function payBilled(
  tx: Tx,
  orderId: bigint,
  by: { actor: string; today: string },
): Promise<void> {
  const bills = await tx<{ id: bigint }[]>`
    SELECT DISTINCT b.id FROM vendor_bill b JOIN vendor_bill_line l ON l.bill_id = b.id JOIN purchase_order_line o ON o.id = l.purchase_order_line_id
    WHERE o.purchase_order_id = ${orderId} AND b.posted_on IS NOT NULL AND b.paid_at IS NULL ORDER BY b.id`
  for (const { id } of bills) await applyPrepayments(tx, await lockBill(tx, id), by)
}
