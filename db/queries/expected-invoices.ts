import type { Reader } from '#db/client'

export interface ExpectedInvoiceRow {
  id: bigint
  no: string
  workflowId: string
  entity: string
  period: string
  accountId: number
  party: string
  description: string
  currency: string
  expectedMinor: bigint
  actualMinor: bigint | null
  billNumber: string | null
  phase: string
  version: number
  endedAs: string | null
  accruedEntry: bigint | null
  requestedBy: string
}

/** Expected invoices in reach, the oldest first. */
export async function listExpectedInvoices(
  db: Reader,
  ask: {
    entities: readonly string[] | null
    no?: string | undefined
    after: bigint
    limit: number
  },
): Promise<ExpectedInvoiceRow[]> {
  return db<ExpectedInvoiceRow[]>`
    SELECT x.id, x.invoice_no AS no, x.workflow_id AS "workflowId", n.code AS entity, p.period, x.account_id AS "accountId", x.party, x.description, x.currency,
      x.expected_minor AS "expectedMinor", x.actual_minor AS "actualMinor", x.bill_number AS "billNumber", x.phase, x.version, x.ended_as AS "endedAs",
      x.accrued_entry AS "accruedEntry", x.requested_by AS "requestedBy"
    FROM expected_invoice x JOIN entity n ON n.id = x.entity_id JOIN gl_period p ON p.id = x.period_id
    WHERE x.id > ${ask.after} AND (${ask.entities === null} OR n.code = ANY (${[...(ask.entities ?? [])]}::text[])) ${ask.no === undefined ? db`` : db`AND x.invoice_no = ${ask.no}`}
    ORDER BY x.id LIMIT ${ask.limit}`
}
