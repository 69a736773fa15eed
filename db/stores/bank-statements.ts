import { createHash } from 'node:crypto'
import { addDays } from '#domain/dates'
import { Refusal } from '#domain/refusal'
import { settlementPolicyOfCompany } from '#db/queries/settlement-policy'
import { BANK_LINE_OWNER } from '#domain/settlement/approval'
import type { BankStatement } from '#domain/settlement/bank-statement'
import { bankContent, checkBankStatement } from '#domain/settlement/check-statement'
import type { Tx } from '../client.ts'

/**
 * Keeps a bank's statement whole, in the caller's transaction; the same content again is known.
 * @throws Refusal `StatementDoesNotFoot`, `StatementLineTwice`, `StatementDiffers`, `BankLineKnown`.
 */
export async function takeBankStatement(
  tx: Tx,
  { statement, entityId, actor }: { statement: BankStatement; entityId: number; actor: string },
): Promise<{ id: string; known: boolean }> {
  checkBankStatement(statement)
  const hash = createHash('sha256').update(bankContent(statement)).digest()
  const { account, statementId, currency, from, to, openingMinor, closingMinor, lines } = statement
  const [added] = await tx<{ id: bigint }[]>`
    INSERT INTO bank_statement (entity_id, account, statement_id, currency, from_on, to_on, opening_minor, closing_minor, line_count, content_hash, received_by)
    VALUES (${entityId}, ${account}, ${statementId}, ${currency}, ${from}, ${to}, ${openingMinor ?? null}, ${closingMinor ?? null}, ${lines.length}, ${hash}, ${actor})
    ON CONFLICT (account, statement_id) DO NOTHING RETURNING id`
  if (!added) return knownStatement(tx, { account, statementId, entityId }, hash)
  const { daysToExplain } = (await settlementPolicyOfCompany(tx, entityId)).body
  const rows = lines.map((line) => ({
    bank_statement_id: added.id,
    line_no: line.lineNo,
    amount_minor: line.amountMinor,
    booked_on: line.bookedOn,
    value_on: line.valueOn ?? null,
    account,
    bank_reference: line.bankReference ?? null,
    reference: line.reference ?? null,
    counterparty: line.counterparty ?? null,
    purpose: line.purpose ?? null,
    owner: BANK_LINE_OWNER,
    due_on: addDays(line.bookedOn, daysToExplain),
  }))
  let kept = 0
  for (let at = 0; at < rows.length; at += 1000)
    kept += (
      await tx`INSERT INTO bank_line ${tx(rows.slice(at, at + 1000))} ON CONFLICT (account, bank_reference) WHERE bank_reference IS NOT NULL DO NOTHING`
    ).count
  if (kept < rows.length)
    throw new Refusal(
      'BankLineKnown',
      `${rows.length - kept} entries of bank statement ${statementId} are in another statement already, by the bank's own ids. Send each day once.`,
    )
  return { id: added.id.toString(), known: false }
}

async function knownStatement(
  tx: Tx,
  of: { account: string; statementId: string; entityId: number },
  hash: Buffer,
): Promise<{ id: string; known: boolean }> {
  const [known] = await tx<{ id: bigint; entityId: number; contentHash: Buffer }[]>`
    SELECT id, entity_id AS "entityId", content_hash AS "contentHash" FROM bank_statement WHERE account = ${of.account} AND statement_id = ${of.statementId}`
  if (known!.entityId !== of.entityId || !known!.contentHash.equals(hash))
    throw new Refusal(
      'StatementDiffers',
      `Bank statement ${of.statementId} of this account has been taken in with other content. Compare the files.`,
    )
  return { id: known!.id.toString(), known: true }
}

export interface NewBankMatch {
  bankStatementId: bigint
  lineNo: number
  openKey: string
  statementId: bigint | null
  feeMinor: bigint
  rule: string
  actor: string
}

/** What a line of the bank is. A line is matched once, for ever. */
export async function insertBankMatch(tx: Tx, match: NewBankMatch): Promise<void> {
  const { bankStatementId, lineNo, openKey, statementId, feeMinor, rule, actor } = match
  await tx`
    INSERT INTO bank_match (bank_statement_id, line_no, open_key, statement_id, fee_minor, rule, decided_by)
    VALUES (${bankStatementId}, ${lineNo}, ${openKey}, ${statementId}, ${feeMinor}, ${rule}, ${actor})`
}
