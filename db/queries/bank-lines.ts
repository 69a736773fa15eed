import type { Scopes } from '#domain/scopes'
import type { Reader } from '../client.ts'

export interface BankLineRow {
  bankStatementId: bigint
  lineNo: number
  entity: string
  account: string
  statementId: string
  currency: string
  amountMinor: bigint
  bookedOn: string
  reference: string | null
  counterparty: string | null
  purpose: string | null
  owner: string
  dueOn: string
  openKey: string | null
  rule: string | null
  feeMinor: bigint | null
}

export interface BankLineFilter {
  after: readonly [bigint, number]
  limit: number
  matched: boolean
  scopes: Scopes
}

/** Lines of the bank in reach, matched or not, the oldest first. */
export async function listBankLines(
  reader: Reader,
  { after: [statement, line], limit, matched, scopes }: BankLineFilter,
): Promise<BankLineRow[]> {
  return reader<BankLineRow[]>`
    SELECT l.bank_statement_id AS "bankStatementId", l.line_no AS "lineNo", e.code AS entity, b.account, b.statement_id AS "statementId", b.currency,
      l.amount_minor AS "amountMinor", l.booked_on AS "bookedOn", l.reference, l.counterparty, l.purpose, l.owner, l.due_on AS "dueOn",
      m.open_key AS "openKey", m.rule, m.fee_minor AS "feeMinor"
    FROM bank_line l JOIN bank_statement b ON b.id = l.bank_statement_id JOIN entity e ON e.id = b.entity_id
    LEFT JOIN bank_match m ON m.bank_statement_id = l.bank_statement_id AND m.line_no = l.line_no
    WHERE (l.bank_statement_id, l.line_no) > (${statement}, ${line}) AND (m.line_no IS NOT NULL) = ${matched}
      AND (${scopes.entities === null} OR e.code = ANY(${[...(scopes.entities ?? [])]}::text[]))
    ORDER BY 1, 2 LIMIT ${limit}`
}

/** Processes of statements whose payout the bank may have shown by now. */
export async function payoutsUnderway(
  reader: Reader,
  { entityId, currency }: { entityId: number; currency: string },
): Promise<{ id: bigint; no: string; workflowId: string }[]> {
  return reader<{ id: bigint; no: string; workflowId: string }[]>`
    SELECT s.id, s.statement_id AS no, s.workflow_id AS "workflowId" FROM settlement_statement s JOIN settlement_account a ON a.id = s.account_id
    WHERE a.entity_id = ${entityId} AND s.currency = ${currency} AND s.phase = 'posted' AND s.closed_at IS NULL ORDER BY s.id`
}
