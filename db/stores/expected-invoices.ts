import type { Tx } from '../client.ts'
import type { ClosePeriod } from '../queries/close-periods.ts'
import { invariant, Refusal } from '#domain/refusal'

/** An expected invoice with all that its rules look at; the period is the one whose cost it is. */
export interface ExpectedInvoiceDoc extends ClosePeriod {
  subjectType: 'expected-invoice'
  id: bigint
  no: string
  workflowId: string
  phase: string
  version: number
  accountId: number
  party: string
  expectedMinor: bigint
  accruedEntry: bigint | null
  endedAs: string | null
}

export async function insertExpectedInvoice(
  tx: Tx,
  period: ClosePeriod,
  row: {
    no: string
    workflowId: string
    accountId: number
    party: string
    description: string
    expectedMinor: bigint
    requestedBy: string
  },
): Promise<bigint> {
  const [inserted] = await tx<{ id: bigint }[]>`
    INSERT INTO expected_invoice (invoice_no, workflow_id, entity_id, period_id, account_id, party, description, currency, expected_minor, requested_by)
    VALUES (${row.no}, ${row.workflowId}, ${period.entityId}, ${period.periodId}, ${row.accountId}, ${row.party}, ${row.description}, ${period.functionalCurrency},
      ${row.expectedMinor}, ${row.requestedBy}) ON CONFLICT (invoice_no) DO NOTHING RETURNING id`
  if (inserted) return inserted.id
  throw new Refusal(
    'InvoiceExpected',
    `${row.no} is expected already. Read it, or expect under a new number.`,
  )
}

/**
 * Locks it for this transaction. Everything that changes one goes through here.
 * @throws Refusal `StaleVersion` when somebody else was faster.
 */
export async function lockExpectedInvoice(
  tx: Tx,
  id: bigint,
  expectedVersion?: number,
): Promise<ExpectedInvoiceDoc> {
  const [found] = await tx<Omit<ExpectedInvoiceDoc, 'subjectType'>[]>`
    SELECT x.id, x.invoice_no AS no, x.workflow_id AS "workflowId", x.phase, x.version, x.account_id AS "accountId", x.party, x.expected_minor AS "expectedMinor",
      x.accrued_entry AS "accruedEntry", x.ended_as AS "endedAs",
      n.id AS "entityId", n.code AS entity, n.functional_currency AS "functionalCurrency", n.timezone, p.id AS "periodId", p.period, p.kind, p.starts, p.ends
    FROM expected_invoice x JOIN gl_period p ON p.id = x.period_id JOIN entity n ON n.id = x.entity_id WHERE x.id = ${id} FOR NO KEY UPDATE OF x`
  invariant(found, `there is no expected invoice ${id}`)
  if (expectedVersion !== undefined && expectedVersion !== found.version)
    throw new Refusal(
      'StaleVersion',
      `It is at version ${found.version}, you saw ${expectedVersion}. Read it again, then decide.`,
    )
  return { ...found, subjectType: 'expected-invoice' }
}

/** Writes what happened to it; answers its new version. */
export async function saveExpectedInvoice(
  tx: Tx,
  doc: ExpectedInvoiceDoc & { billNumber?: string; actualMinor?: bigint },
  { phase, open }: { phase: string; open: boolean },
): Promise<number> {
  const [saved] = await tx<{ version: number }[]>`
    UPDATE expected_invoice SET phase = ${phase}, version = version + 1, accrued_entry = ${doc.accruedEntry}, ended_as = ${doc.endedAs},
      bill_number = coalesce(${doc.billNumber ?? null}, bill_number), actual_minor = coalesce(${doc.actualMinor ?? null}, actual_minor),
      closed_at = CASE WHEN ${open} THEN NULL ELSE coalesce(closed_at, clock_timestamp()) END
    WHERE id = ${doc.id} RETURNING version`
  return saved!.version
}
