import type { Tx } from '#db/client'
import {
  takeCredits,
  type CreditTaken,
  type OpenCredit,
  type PayableOfRun,
} from '#domain/purchasing/net-payment'

interface PaidBill {
  billId: bigint
  payMinor: bigint
  credits?: { creditId: bigint; minor: bigint }[]
}

/** Each line with the credit notes that pay a part of it; lines without one stay as they are. */
export function withCredits<L extends PaidBill>(
  lines: readonly L[],
  taken: readonly CreditTaken[],
): L[] {
  return lines.map((line) => {
    const credits = taken
      .filter(({ billId }) => billId === line.billId)
      .map(({ creditId, minor }) => ({ creditId, minor }))
    return credits.length > 0 ? { ...line, credits } : line
  })
}

export async function creditsOfRun(tx: Tx, runId: bigint): Promise<CreditTaken[]> {
  return tx<CreditTaken[]>`
    SELECT bill_id AS "billId", credit_id AS "creditId", minor FROM payment_run_credit WHERE run_id = ${runId} ORDER BY bill_id, credit_id`
}

/**
 * What credit notes pay of these bills, the oldest first; locked, so that of two runs at once the
 * second sees what the first holds. Answered in the order in which a run reads it back.
 */
export async function creditsToTake(tx: Tx, lines: readonly PaidBill[]): Promise<CreditTaken[]> {
  if (lines.length === 0) return []
  const pay = new Map(lines.map(({ billId, payMinor }) => [billId, payMinor]))
  const ids = [...pay.keys()].map(String)
  const bills = await tx<Omit<PayableOfRun, 'payMinor'>[]>`
    SELECT id AS "billId", supplier_id AS "supplierId", currency FROM vendor_bill WHERE id = ANY(${ids}::bigint[]) ORDER BY due_on, id`
  const suppliers = [...new Set(bills.map(({ supplierId }) => supplierId))]
  await tx`
    SELECT 1 FROM vendor_credit WHERE supplier_id = ANY(${suppliers}::int[]) AND posted_minor > 0 ORDER BY id FOR NO KEY UPDATE`
  const credits = await tx<OpenCredit[]>`
    SELECT c.id AS "creditId", c.supplier_id AS "supplierId", c.currency, (c.posted_minor - coalesce((SELECT sum(p.minor) FROM payment_run_credit p
      JOIN payment_run r ON r.id = p.run_id WHERE p.credit_id = c.id AND r.state <> 'cancelled'), 0))::bigint AS "leftMinor"
    FROM vendor_credit c WHERE c.supplier_id = ANY(${suppliers}::int[]) AND c.posted_minor > 0 ORDER BY c.credited_on, c.id`
  const payable = bills.map((bill) => ({ ...bill, payMinor: pay.get(bill.billId)! }))
  const taken = takeCredits(payable, credits)
  return taken.sort((a, b) => compare(a.billId, b.billId) || compare(a.creditId, b.creditId))
}

const compare = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0)

export async function insertRunCredits(
  tx: Tx,
  runId: bigint,
  taken: readonly CreditTaken[],
): Promise<void> {
  if (taken.length === 0) return
  const rows = taken.map(({ billId, creditId, minor }) => ({
    ...{ run_id: runId, bill_id: billId, credit_id: creditId, minor },
  }))
  await tx`INSERT INTO payment_run_credit ${tx(rows)}`
}
