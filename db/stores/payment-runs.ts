import { createHash } from 'node:crypto'
import type { Tx } from '#db/client'
import { canonicalJson } from '#db/commit-once'
import { payableBills, type PayableBill } from '#db/queries/payable-bills'
import { sum } from '#domain/money'
import { promptPayment } from '#domain/purchasing/prompt-payment'
import { Refusal } from '#domain/refusal'
import { addToOutbox, recordAudit } from './records.ts'
import {
  dropRunPrepayments,
  duePrepayments,
  insertRunPrepayments,
  type RunPrepayment,
  type SkippedPrepayment,
} from './run-prepayments.ts'
import { creditsOfRun, creditsToTake, insertRunCredits, withCredits } from './run-credits.ts'

export interface PaymentRun {
  id: bigint
  entityId: number
  entity: string
  functionalCurrency: string
  timezone: string
  payOn: string
  state: 'proposed' | 'approved' | 'released' | 'settled' | 'cancelled'
  contentHash: Buffer
  proposedBy: string
  approvedBy: string | null
  paidMinor: bigint | null
  debtor: { name: string; iban: string; bic: string }
}

/** @throws Refusal `PaymentRunNotFound` */
export async function lockRun(tx: Tx, runId: string): Promise<PaymentRun> {
  const [run] = await tx<
    (Omit<PaymentRun, 'debtor'> & { holder: string; iban: string; bic: string })[]
  >`
    SELECT r.id, r.entity_id AS "entityId", e.code AS entity, e.functional_currency AS "functionalCurrency", e.timezone, r.pay_on AS "payOn", r.state,
      r.content_hash AS "contentHash", r.proposed_by AS "proposedBy", r.approved_by AS "approvedBy", r.paid_minor AS "paidMinor", a.holder, a.iban, a.bic
    FROM payment_run r JOIN entity e ON e.id = r.entity_id JOIN company_bank_account a ON a.id = r.account_id WHERE r.id = ${BigInt(runId)} FOR NO KEY UPDATE OF r`
  if (!run)
    throw new Refusal('PaymentRunNotFound', `There is no payment run ${runId}: propose one.`)
  const { holder, iban, bic, ...rest } = run
  return { ...rest, debtor: { name: holder, iban, bic } }
}

export interface RunLine {
  billId: bigint
  bankAccountId: bigint
  currency: string
  openMinor: bigint
  payMinor: bigint
  netDiscountMinor: bigint
  /** Credit notes of its supplier that pay a part of it; absent where none does. */
  credits?: { creditId: bigint; minor: bigint }[]
}

export async function liveLines(tx: Tx, runId: bigint): Promise<RunLine[]> {
  const lines = await tx<RunLine[]>`
    SELECT bill_id AS "billId", bank_account_id AS "bankAccountId", currency, open_minor AS "openMinor", pay_minor AS "payMinor", net_discount_minor AS "netDiscountMinor"
    FROM payment_run_line WHERE run_id = ${runId} AND dropped_because IS NULL ORDER BY bill_id`
  return withCredits(lines, await creditsOfRun(tx, runId))
}

export interface ProposeRun {
  entityId: number
  iban: string
  payOn: string
  /** Bills due until then are paid, and those whose discount ends by then. */
  until: string
  billIds?: readonly bigint[]
  /** Absent where bills are named: then none. */
  prepaymentIds?: readonly bigint[]
  actor: string
}

export interface ProposedRun {
  runId: string
  contentHash: string
  skipped: PayableBill[]
  skippedPrepayments: SkippedPrepayment[]
}

/**
 * Proposes what to pay: due bills and approved prepayments, with their discount where the day of payment is in time. A
 * bill that another run holds is not taken: two at once pay nothing twice.
 * @throws Refusal `NothingToPay`, `UnknownBankAccount`
 */
export async function proposeRun(tx: Tx, ask: ProposeRun): Promise<ProposedRun> {
  const [account] = await tx<{ id: number }[]>`
    SELECT id FROM company_bank_account WHERE entity_id = ${ask.entityId} AND iban = ${ask.iban}`
  if (!account)
    throw new Refusal(
      'UnknownBankAccount',
      `The company has no bank account ${ask.iban}: add it, then propose the run.`,
    )
  const found = await payableBills(tx, ask)
  const lines = found.flatMap((bill) => lineOf(bill, ask.payOn))
  const ahead = await prepaymentsFor(tx, ask)
  const taken = await insertRun(tx, ask, account.id, { lines, prepayments: ahead.taken })
  if (taken.lines.length === 0 && ahead.taken.length === 0)
    throw new Refusal(
      'NothingToPay',
      `No bill is due until ${ask.until} that may be paid now. Look at the bills, and at the bank details of their suppliers.`,
      { skipped: found.map(({ billId, blockedBy }) => ({ billId: `${billId}`, blockedBy })) },
    )
  await tellBills(tx, taken.runId, 'proposed', taken.lines)
  return {
    runId: taken.runId.toString(),
    contentHash: taken.contentHash.toString('hex'),
    skipped: found.filter(({ blockedBy }) => blockedBy !== null),
    skippedPrepayments: ahead.skipped,
  }
}

function prepaymentsFor(tx: Tx, ask: ProposeRun) {
  const named = ask.billIds ? (ask.prepaymentIds ?? []) : ask.prepaymentIds
  return duePrepayments(tx, { ...ask, prepaymentIds: named })
}

function lineOf(bill: PayableBill, payOn: string): RunLine[] {
  if (bill.blockedBy !== null || bill.bankAccountId === null) return []
  const { billId, bankAccountId, currency, openMinor } = bill
  const prepaidMinor = bill.netMinor + sum(bill.taxMinor) - openMinor
  const { payMinor, netDiscountMinor } = promptPayment({ ...bill, prepaidMinor }, payOn)
  return [{ billId, bankAccountId, currency, openMinor, payMinor, netDiscountMinor }]
}

async function insertRun(
  tx: Tx,
  { entityId, payOn, actor }: ProposeRun,
  accountId: number,
  { lines, prepayments }: { lines: readonly RunLine[]; prepayments: readonly RunPrepayment[] },
): Promise<{ runId: bigint; lines: RunLine[]; contentHash: Buffer }> {
  const free: RunLine[] = []
  for (const line of lines) if (await isFree(tx, line.billId)) free.push(line)
  // As they are read back, since the hash of what is approved depends on it.
  free.sort((a, b) => (a.billId < b.billId ? -1 : 1))
  const credits = await creditsToTake(tx, free)
  const mine = withCredits(free, credits)
  const contentHash = hashOf(mine, prepayments)
  const [run] = await tx<{ id: bigint }[]>`
    INSERT INTO payment_run (entity_id, account_id, pay_on, content_hash, proposed_by)
    VALUES (${entityId}, ${accountId}, ${payOn}, ${contentHash}, ${actor}) RETURNING id`
  const runId = run!.id
  if (mine.length > 0)
    await tx`INSERT INTO payment_run_line ${tx(
      mine.map((line) => ({
        run_id: runId,
        bill_id: line.billId,
        bank_account_id: line.bankAccountId,
        currency: line.currency,
        open_minor: line.openMinor,
        pay_minor: line.payMinor,
        net_discount_minor: line.netDiscountMinor,
      })),
    )}`
  await insertRunCredits(tx, runId, credits)
  await insertRunPrepayments(tx, runId, prepayments)
  return { runId, lines: mine, contentHash }
}

/** Waits for whoever proposes the same bill at the moment; then it is theirs, or still free. */
async function isFree(tx: Tx, billId: bigint): Promise<boolean> {
  await tx`SELECT 1 FROM vendor_bill WHERE id = ${billId} FOR NO KEY UPDATE`
  const held =
    await tx`SELECT 1 FROM payment_run_line WHERE bill_id = ${billId} AND dropped_because IS NULL`
  return held.length === 0
}

/** What is approved: which bill and which prepayment is paid how much to which account. */
export function hashOf(
  lines: readonly RunLine[],
  prepayments: readonly RunPrepayment[] = [],
): Buffer {
  const content = prepayments.length > 0 ? { lines, prepayments } : lines
  return createHash('sha256').update(canonicalJson(content)).digest()
}

/**
 * Signs what was seen: the approver names the hash of it and is not who proposed it.
 * @throws Refusal `PaymentRunState`, `PaymentRunChanged`; the guards refuse the wrong people.
 */
export async function approveRun(
  tx: Tx,
  run: PaymentRun,
  by: { contentHash: string; actor: string },
): Promise<void> {
  requireState(run, 'proposed')
  if (by.contentHash !== run.contentHash.toString('hex'))
    throw new Refusal(
      'PaymentRunChanged',
      'What you saw is not what would be approved: read the run again.',
    )
  await tx`UPDATE payment_run SET state = 'approved', approved_by = ${by.actor}, approved_at = clock_timestamp() WHERE id = ${run.id}`
  await audit(tx, run, 'approved', by.actor)
}

/** @throws Refusal `PaymentRunState` once it has left for the bank. */
export async function cancelRun(
  tx: Tx,
  run: PaymentRun,
  by: { reason: string; actor: string },
): Promise<void> {
  if (run.state !== 'approved') requireState(run, 'proposed')
  const lines = await liveLines(tx, run.id)
  await tx`UPDATE payment_run_line SET dropped_because = 'run cancelled' WHERE run_id = ${run.id} AND dropped_because IS NULL`
  await dropRunPrepayments(tx, run.id, 'run cancelled')
  await tx`UPDATE payment_run SET state = 'cancelled', cancelled_by = ${by.actor} WHERE id = ${run.id}`
  await tellBills(tx, run.id, 'cancelled', lines)
  await audit(tx, run, 'cancelled', by.actor, by.reason)
}

export function requireState(run: PaymentRun, state: PaymentRun['state']): void {
  if (run.state !== state)
    throw new Refusal(
      'PaymentRunState',
      `Payment run ${run.id} is ${run.state}, not ${state}: read it again.`,
    )
}

/** Bills show by themselves what a run does with them. */
export async function tellBills(
  tx: Tx,
  runId: bigint,
  what: string,
  lines: readonly { billId: bigint }[],
): Promise<void> {
  await addToOutbox(
    tx,
    lines.map(({ billId }) => ({
      topic: 'vendor-bill',
      key: `run-${what}/${runId}/${billId}`,
      body: { billId: billId.toString() },
    })),
  )
}

export async function audit(
  tx: Tx,
  run: Pick<PaymentRun, 'id'>,
  action: string,
  actor: string,
  reason?: string,
): Promise<void> {
  await recordAudit(tx, [
    {
      subjectType: 'payment-run',
      subjectId: run.id.toString(),
      action,
      actor,
      ...(reason ? { reason } : {}),
    },
  ])
}
