import { createHash } from 'node:crypto'
import type { Reader, Tx } from '../client.ts'
import { canonicalJson } from '../commit-once.ts'
import { closeCheck } from '../queries/close-checks.ts'
import type { ClosePeriod } from '../queries/close-periods.ts'
import { runProofs } from '../queries/proofs.ts'
import { standingProofs } from '../queries/standing-proofs.ts'
import type { CloseTask } from '#domain/ledger/close-checklist'
import type { ClosePolicy } from '#domain/ledger/close-policy'
import { sum } from '#domain/money'
import { invariant } from '#domain/refusal'
import { planOf } from './close-plans.ts'
import { json } from './records.ts'

/** One thing that a check found wrong. */
export interface BrokenRow {
  item: string
  ledgerMinor: string | null
  documentsMinor: string | null
  atRiskMinor: string
  since: string | null
}

interface Answer {
  lookedAt: number
  broken: number
  atRiskMinor: bigint
  ledgerMinor: bigint | null
  documentsMinor: bigint | null
  sha256: Buffer
  rows: BrokenRow[]
}

/** A lock needs no seals to be read again: they are verified by themselves, and cost as much as all else. */
const NOT_NOW = ['SEAL', 'AUDIT-SEAL', 'PROJ']

/**
 * Asks a task's question anew and keeps the answer as evidence where it is another one than last
 * time. Answers whether it is.
 */
export async function refreshTie(
  tx: Tx,
  period: ClosePeriod,
  { task, kind }: Pick<CloseTask, 'task' | 'kind'>,
  policy: ClosePolicy,
): Promise<boolean> {
  // One at a time: the minute's round and somebody at the page may ask at once.
  await tx`SELECT pg_advisory_xact_lock(7261019, ${period.periodId})`
  const startedAt = performance.now()
  const answer = await ask(tx, period, { task, kind }, policy)
  const tookMs = Math.round(performance.now() - startedAt)
  return keepAnswer(tx, period.periodId, task, answer, tookMs)
}

/** Tasks whose question is cheap enough for every minute. */
export function isLight(task: string): boolean {
  return task !== 'books-proven'
}

async function ask(
  tx: Tx,
  period: ClosePeriod,
  { task, kind }: Pick<CloseTask, 'task' | 'kind'>,
  policy: ClosePolicy,
): Promise<Answer> {
  if (task === 'books-proven') return askProofs(tx)
  if (kind === 'entry') return askPlan(tx, period, task, policy)
  const check = closeCheck(task)
  invariant(check, `no question is known for the task ${task}`)
  return askSql(tx, period, check.sql)
}

async function askSql(db: Reader, period: ClosePeriod, sql: string): Promise<Answer> {
  const { entityId, starts, ends, periodId, kind } = period
  const [answer] = await db.unsafe<Answer[]>(
    `WITH p AS MATERIALIZED (SELECT $1::int AS entity_id, $2::date AS starts, $3::date AS ends, $4::int AS period_id, $5::text AS kind), r AS MATERIALIZED (${sql})
     SELECT count(*)::int AS "lookedAt", count(*) FILTER (WHERE broken)::int AS broken, coalesce(sum(at_risk) FILTER (WHERE broken), 0)::bigint AS "atRiskMinor",
       sum(ledger)::bigint AS "ledgerMinor", sum(documents)::bigint AS "documentsMinor",
       sha256(convert_to(coalesce(string_agg(r::text, E'\\n' ORDER BY item, r::text), ''), 'UTF8')) AS sha256,
       coalesce((SELECT jsonb_agg(jsonb_build_object('item', item, 'ledgerMinor', ledger::text, 'documentsMinor', documents::text, 'atRiskMinor', at_risk::text, 'since', since)
         ORDER BY at_risk DESC, item) FROM (SELECT * FROM r WHERE broken ORDER BY at_risk DESC, item LIMIT 100) worst), '[]') AS rows
     FROM r`,
    [entityId, starts, ends, periodId, kind],
  )
  return answer!
}

async function askProofs(tx: Tx): Promise<Answer> {
  const results = await runProofs(
    tx,
    standingProofs.filter(({ name }) => !NOT_NOW.includes(name)),
  )
  const broken = results.filter((result) => result.broken.length > 0)
  return {
    lookedAt: results.length,
    broken: broken.length,
    atRiskMinor: 0n,
    ledgerMinor: null,
    documentsMinor: null,
    sha256: hashOf(results.map(({ proof, broken: rows }) => [proof.name, rows])),
    rows: broken.map(({ proof }) => rowOf(`proof/${proof.name}`, 0n, null)),
  }
}

/** A rule that still has something to post is not done; what it would post is the evidence. */
async function askPlan(
  tx: Tx,
  period: ClosePeriod,
  task: string,
  policy: ClosePolicy,
): Promise<Answer> {
  const { drafts } = await planOf(tx, period, task, policy)
  const worth = drafts.map(({ lines }) =>
    sum(lines.filter(({ funcMinor }) => funcMinor > 0n).map(({ funcMinor }) => funcMinor)),
  )
  const rows = drafts.map(({ key }, nth) => rowOf(key, worth[nth]!, period.ends))
  return {
    lookedAt: drafts.length,
    broken: drafts.length,
    atRiskMinor: sum(worth),
    ledgerMinor: null,
    documentsMinor: null,
    sha256: hashOf(rows),
    rows: rows.slice(0, 100),
  }
}

function rowOf(item: string, atRiskMinor: bigint, since: string | null): BrokenRow {
  return {
    item,
    ledgerMinor: null,
    documentsMinor: null,
    atRiskMinor: atRiskMinor.toString(),
    since,
  }
}

function hashOf(content: unknown): Buffer {
  return createHash('sha256').update(canonicalJson(content)).digest()
}

async function keepAnswer(
  tx: Tx,
  periodId: number,
  task: string,
  answer: Answer,
  tookMs: number,
): Promise<boolean> {
  const colour = answer.broken > 0 ? 'red' : 'green'
  const [same] = await tx`
    UPDATE close_tie t SET checked_at = clock_timestamp(), took_ms = ${tookMs} FROM close_evidence v
    WHERE t.period_id = ${periodId} AND t.task = ${task} AND v.id = t.evidence_id AND v.colour = ${colour} AND v.sha256 = ${answer.sha256} RETURNING 1`
  if (same) return false
  const { sha256, lookedAt, broken, atRiskMinor, ledgerMinor, documentsMinor, rows } = answer
  await tx`
    WITH fresh AS (
      INSERT INTO close_evidence (period_id, task, colour, sha256, looked_at, broken, at_risk_minor, ledger_minor, documents_minor, rows)
      VALUES (${periodId}, ${task}, ${colour}, ${sha256}, ${lookedAt}, ${broken}, ${atRiskMinor}, ${ledgerMinor}, ${documentsMinor}, ${json(tx, rows)}) RETURNING id
    ), before AS (
      SELECT v.colour, t.since FROM close_tie t JOIN close_evidence v ON v.id = t.evidence_id WHERE t.period_id = ${periodId} AND t.task = ${task}
    )
    INSERT INTO close_tie (period_id, task, evidence_id, checked_at, since, took_ms)
    SELECT ${periodId}, ${task}, fresh.id, clock_timestamp(), clock_timestamp(), ${tookMs} FROM fresh
    ON CONFLICT (period_id, task) DO UPDATE SET evidence_id = excluded.evidence_id, checked_at = excluded.checked_at, took_ms = excluded.took_ms,
      since = CASE WHEN (SELECT colour FROM before) = ${colour} THEN close_tie.since ELSE excluded.since END`
  return true
}
