import { createHash } from 'node:crypto'
import { payoutIdOf, settlementWorkflowId } from '#domain/settlement/names'
import { checkStatement, statementContent } from '#domain/settlement/check-statement'
import type { SettlementStatement, StatementLine } from '#domain/settlement/statement'
import { isMarketplace } from '#domain/settlement/treatments'
import { invariant, Refusal } from '#domain/refusal'
import type { Clearing } from '#domain/ledger/posting-settlements'
import { settlementPolicyOfCompany } from '#db/queries/settlement-policy'
import type { SettlementPolicy } from '#domain/settlement/approval'
import type { Tx } from '../client.ts'

export type SettlementPhase =
  'received' | 'matching' | 'exceptions' | 'posting' | 'posted' | 'closed'

/** A statement as its rules look at it, without its lines. */
export interface SettlementDoc {
  subjectType: 'settlement'
  id: bigint
  no: string
  workflowId: string
  entityId: number
  entity: string
  functionalCurrency: string
  timezone: string
  provider: SettlementStatement['provider']
  account: string
  channelId: number | null
  clearing: Clearing
  statementId: string
  currency: string
  effectiveOn: string
  openingMinor: bigint
  closingMinor: bigint
  totalMinor: bigint
  payoutMinor: bigint
  payoutReference: string | null
  lineCount: number
  phase: SettlementPhase
  version: number
  matchedTo: number
  postedChunks: number
  chunkCount: number | null
  approvedBy: string | null
  policy: { version: number; body: SettlementPolicy }
}

export interface IncomingStatement {
  statement: SettlementStatement
  entityId: number
  /** On which a marketplace account sells. */
  channelId: number | null
  actor: string
}

export interface TakenStatement {
  id: string
  workflowId: string
  /** True when the very same content was here before. */
  known: boolean
}

const LINES_A_STATEMENT = 5_000

/**
 * Keeps a statement whole, in the caller's transaction. The same content again, in whatever order,
 * is known and changes nothing.
 * @throws Refusal `StatementDoesNotFoot`, `StatementDoesNotTie`, `StatementLineTwice`,
 * `StatementDiffers`, `StatementLineKnown`, `PayoutBooked`, `SettlementAccountElsewhere`, `ChannelNeeded`.
 */
export async function takeStatement(
  tx: Tx,
  { statement, entityId, channelId, actor }: IncomingStatement,
): Promise<TakenStatement> {
  const checked = checkStatement(statement)
  const accountId = await accountOf(tx, statement, entityId, channelId)
  const workflowId = await workflowIdOf(tx, accountId, statement)
  await refuseBooked(tx, statement, entityId)
  const hash = createHash('sha256').update(statementContent(statement)).digest()
  const { currency, statementId, totalMinor, payoutMinor, lines } = statement
  const [added] = await tx<{ id: bigint }[]>`
    INSERT INTO settlement_statement (account_id, statement_id, workflow_id, currency, from_on, to_on, deposited_on, effective_on, opening_minor, closing_minor,
      total_minor, payout_minor, payout_reference, line_count, content_hash, received_by)
    VALUES (${accountId}, ${statementId}, ${workflowId}, ${currency}, ${statement.from ?? null}, ${statement.to ?? null}, ${statement.depositedOn ?? null},
      ${checked.effectiveOn}, ${checked.openingMinor}, ${checked.closingMinor}, ${totalMinor}, ${payoutMinor}, ${statement.payoutReference ?? null}, ${lines.length}, ${hash}, ${actor})
    ON CONFLICT (account_id, statement_id, currency) DO NOTHING RETURNING id`
  if (!added) return knownStatement(tx, { accountId, statementId, currency }, hash)
  for (let from = 0; from < lines.length; from += LINES_A_STATEMENT)
    await insertLines(tx, added.id, accountId, lines.slice(from, from + LINES_A_STATEMENT))
  await tx`
    INSERT INTO settlement_external (account_id, currency, external_id, statement_id)
    SELECT DISTINCT account_id, ${currency}, external_id, statement_id FROM settlement_line WHERE statement_id = ${added.id} AND external_id IS NOT NULL ORDER BY external_id`
  return { id: added.id.toString(), workflowId, known: false }
}

/** A file may be one statement a currency under one id: each but the first has its currency in its name. */
async function workflowIdOf(
  tx: Tx,
  accountId: number,
  statement: SettlementStatement,
): Promise<string> {
  const { statementId, currency } = statement
  const other = await tx`
    SELECT 1 FROM settlement_statement WHERE account_id = ${accountId} AND statement_id = ${statementId} AND currency <> ${currency} LIMIT 1`
  const id = settlementWorkflowId(statement)
  return other.length === 0 ? id : `${id}/${currency}`
}

/** A payout that was booked by command has emptied the open items that its statement would settle. */
async function refuseBooked(
  tx: Tx,
  { provider, statementId, payoutReference }: SettlementStatement,
  entityId: number,
): Promise<void> {
  const payoutId = payoutIdOf({ statementId, payoutReference: payoutReference ?? null })
  const booked = await tx`
    SELECT 1 FROM journal_entry WHERE entity_id = ${entityId} AND idem_key = ${`payout-sent/${provider}/${payoutId}`}`
  if (booked.length > 0)
    throw new Refusal(
      'PayoutBooked',
      `Payout ${payoutId} has been booked by command already. Its statement would count it twice.`,
    )
}

async function accountOf(
  tx: Tx,
  { provider, account }: SettlementStatement,
  entityId: number,
  channelId: number | null,
): Promise<number> {
  if (isMarketplace(provider) && channelId === null)
    throw new Refusal('ChannelNeeded', 'Name the channel on which this account sells.', {
      field: 'body.channel',
    })
  const channel = isMarketplace(provider) ? channelId : null
  await tx`
    INSERT INTO settlement_account (provider, account, entity_id, channel_id) VALUES (${provider}, ${account}, ${entityId}, ${channel})
    ON CONFLICT (provider, account) DO NOTHING`
  const [found] = await tx<{ id: number; entityId: number; channelId: number | null }[]>`
    SELECT id, entity_id AS "entityId", channel_id AS "channelId" FROM settlement_account WHERE provider = ${provider} AND account = ${account}`
  if (found!.entityId !== entityId || found!.channelId !== channel)
    throw new Refusal(
      'SettlementAccountElsewhere',
      `Account "${account}" of ${provider} belongs to another company or channel. Send the statement there.`,
    )
  return found!.id
}

async function knownStatement(
  tx: Tx,
  of: { accountId: number; statementId: string; currency: string },
  hash: Buffer,
): Promise<TakenStatement> {
  const [known] = await tx<{ id: bigint; workflowId: string; contentHash: Buffer }[]>`
    SELECT id, workflow_id AS "workflowId", content_hash AS "contentHash" FROM settlement_statement
    WHERE account_id = ${of.accountId} AND statement_id = ${of.statementId} AND currency = ${of.currency}`
  if (!known!.contentHash.equals(hash))
    throw new Refusal(
      'StatementDiffers',
      `Statement ${of.statementId} has been taken in with other content. Compare the files; a corrected one has an id of its own.`,
      { id: known!.id.toString() },
    )
  return { id: known!.id.toString(), workflowId: known!.workflowId, known: true }
}

async function insertLines(
  tx: Tx,
  statementId: bigint,
  accountId: number,
  lines: readonly StatementLine[],
): Promise<void> {
  const column = (pick: (line: StatementLine) => unknown) =>
    lines.map((line) => (pick(line) as string | number | bigint | undefined)?.toString() ?? null)
  await tx`
    INSERT INTO settlement_line (statement_id, account_id, line_no, amount_minor, quantity, posted_on, class, type, order_reference, item_reference, sku, payment_reference, external_id)
    SELECT ${statementId}, ${accountId}, * FROM unnest(${column((l) => l.lineNo)}::text[]::int[], ${column((l) => l.amountMinor)}::text[]::bigint[],
      ${column((l) => l.quantity)}::text[]::int[], ${column((l) => l.postedOn)}::text[]::date[], ${column((l) => l.class)}::text[], ${column((l) => l.type)}::text[],
      ${column((l) => l.orderReference)}::text[], ${column((l) => l.itemReference)}::text[], ${column((l) => l.sku)}::text[],
      ${column((l) => l.paymentReference)}::text[], ${column((l) => l.externalId)}::text[])`
}

/**
 * Locks the statement for this transaction. Everything that changes one goes through here.
 * @throws Refusal `StaleVersion` when somebody else was faster.
 */
export async function lockSettlement(
  tx: Tx,
  id: bigint,
  expectedVersion?: number,
): Promise<SettlementDoc> {
  const [row] = await tx<Omit<SettlementDoc, 'subjectType' | 'no' | 'clearing' | 'policy'>[]>`
    SELECT s.id, s.workflow_id AS "workflowId", a.entity_id AS "entityId", e.code AS entity, e.functional_currency AS "functionalCurrency", e.timezone,
      a.provider, a.account, a.channel_id AS "channelId", s.statement_id AS "statementId", s.currency, s.effective_on AS "effectiveOn",
      s.opening_minor AS "openingMinor", s.closing_minor AS "closingMinor", s.total_minor AS "totalMinor", s.payout_minor AS "payoutMinor",
      s.payout_reference AS "payoutReference", s.line_count AS "lineCount", s.phase, s.version, s.matched_to AS "matchedTo",
      s.posted_chunks AS "postedChunks", s.chunk_count AS "chunkCount", s.approved_by AS "approvedBy"
    FROM settlement_statement s JOIN settlement_account a ON a.id = s.account_id JOIN entity e ON e.id = a.entity_id
    WHERE s.id = ${id} FOR NO KEY UPDATE OF s`
  invariant(row, `there is no statement ${id}`)
  if (expectedVersion !== undefined && expectedVersion !== row.version)
    throw new Refusal(
      'StaleVersion',
      `The statement is at version ${row.version}, you saw ${expectedVersion}. Read it again, then decide.`,
    )
  const clearing = isMarketplace(row.provider) ? 'MarketplaceClearing' : 'ProcessorClearing'
  return {
    ...row,
    subjectType: 'settlement',
    no: row.workflowId.slice('settlement/'.length),
    clearing,
    policy: await settlementPolicyOfCompany(tx, row.entityId),
  }
}

/** Writes back what follows from what happened; answers the new version. */
export async function saveSettlement(
  tx: Tx,
  doc: SettlementDoc,
  header: { phase: string; open: boolean },
): Promise<number> {
  const [row] = await tx<{ version: number }[]>`
    UPDATE settlement_statement SET version = version + 1, phase = ${header.phase}, matched_to = ${doc.matchedTo}, posted_chunks = ${doc.postedChunks},
      chunk_count = ${doc.chunkCount}, approved_by = ${doc.approvedBy},
      closed_at = CASE WHEN ${header.open} THEN NULL ELSE coalesce(closed_at, clock_timestamp()) END
    WHERE id = ${doc.id} RETURNING version`
  return row!.version
}
