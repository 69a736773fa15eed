import type { Reader } from '#db/client'
import type { Scopes } from '#domain/scopes'

export interface RunRow {
  id: bigint
  entity: string
  currency: string
  state: string
  payOn: string
  iban: string
  bills: number
  contentHash: string
  proposedBy: string
  approvedBy: string | null
  releasedBy: string | null
  settledBy: string | null
  paidMinor: bigint | null
}

const rows = (reader: Reader, where: ReturnType<Reader>) => reader<RunRow[]>`
  SELECT r.id, e.code AS entity, e.functional_currency AS currency, r.state, r.pay_on AS "payOn", a.iban,
    (SELECT count(*)::int FROM payment_run_line l WHERE l.run_id = r.id AND l.dropped_because IS NULL) AS bills, encode(r.content_hash, 'hex') AS "contentHash",
    r.proposed_by AS "proposedBy", r.approved_by AS "approvedBy", r.released_by AS "releasedBy", r.settled_by AS "settledBy", r.paid_minor AS "paidMinor"
  FROM payment_run r JOIN entity e ON e.id = r.entity_id JOIN company_bank_account a ON a.id = r.account_id WHERE ${where}`

export async function listRuns(
  reader: Reader,
  { before, limit, scopes: { entities } }: { before: bigint; limit: number; scopes: Scopes },
): Promise<RunRow[]> {
  return rows(
    reader,
    reader`r.id < ${before} AND (${entities === null} OR e.code = ANY(${[...(entities ?? [])]}::text[])) ORDER BY r.id DESC LIMIT ${limit}`,
  )
}

export interface RunDetail extends RunRow {
  lines: RunLineRow[]
  prepayments: RunPrepaymentRow[]
}

export interface RunPrepaymentRow {
  prepaymentId: string
  supplier: string
  poNumber: string
  currency: string
  payMinor: string
  holder: string
  accountNo: string
  droppedBecause: string | null
}

export interface RunLineRow {
  billId: string
  supplier: string
  number: string
  currency: string
  openMinor: string
  payMinor: string
  /** What credit notes pay of it; the bank pays the rest. */
  creditMinor: string
  holder: string
  accountNo: string
  droppedBecause: string | null
}

export async function runDetail(reader: Reader, id: bigint): Promise<RunDetail | undefined> {
  const [run] = await rows(reader, reader`r.id = ${id}`)
  if (!run) return undefined
  const lines = await reader<RunLineRow[]>`
    SELECT l.bill_id::text AS "billId", s.code AS supplier, b.bill_number AS number, l.currency, l.open_minor::text AS "openMinor", l.pay_minor::text AS "payMinor",
      (SELECT coalesce(sum(c.minor), 0)::text FROM payment_run_credit c WHERE c.run_id = l.run_id AND c.bill_id = l.bill_id) AS "creditMinor",
      a.holder, a.account_no AS "accountNo", l.dropped_because AS "droppedBecause"
    FROM payment_run_line l JOIN vendor_bill b ON b.id = l.bill_id JOIN supplier s ON s.id = b.supplier_id JOIN supplier_bank_account a ON a.id = l.bank_account_id
    WHERE l.run_id = ${id} ORDER BY l.bill_id`
  const prepayments = await reader<RunPrepaymentRow[]>`
    SELECT l.prepayment_id::text AS "prepaymentId", s.code AS supplier, o.po_number AS "poNumber", l.currency, l.pay_minor::text AS "payMinor", a.holder,
      a.account_no AS "accountNo", l.dropped_because AS "droppedBecause"
    FROM payment_run_prepayment l JOIN vendor_prepayment p ON p.id = l.prepayment_id JOIN purchase_order o ON o.id = p.purchase_order_id
    JOIN supplier s ON s.id = p.supplier_id JOIN supplier_bank_account a ON a.id = l.bank_account_id WHERE l.run_id = ${id} ORDER BY 1`
  return { ...run, lines: [...lines], prepayments: [...prepayments] }
}

export async function runFile(
  reader: Reader,
  id: bigint,
): Promise<{ messageId: string; body: string } | undefined> {
  const [file] = await reader<{ messageId: string; body: string }[]>`
    SELECT message_id AS "messageId", body FROM payment_run_file WHERE run_id = ${id}`
  return file
}
