import type { Reader } from '#db/client'
import type { LedgerArea } from '#domain/ledger/journal'

export interface PeriodArea {
  area: LedgerArea
  state: 'open' | 'soft' | 'closed'
  /** Until when a reopened area takes entries of its exception; then it is closed by itself. */
  reopenUntil: string | null
  approvalId: string | null
  changedBy: string | null
  changedAt: string | null
}

export interface Period {
  period: string
  kind: 'normal' | 'adjusting'
  starts: string
  ends: string
  areas: PeriodArea[]
}

/** The periods of one company, or one of them, with the lock of each area. */
export async function periods(
  db: Reader,
  { entityId, year, period }: { entityId: number; year?: number; period?: string },
): Promise<Period[]> {
  return db<Period[]>`
    SELECT p.period, p.kind, p.starts, p.ends, jsonb_agg(jsonb_build_object('area', a.area, 'state', a.state,
      'reopenUntil', a.reopen_until, 'approvalId', a.approval_id, 'changedBy', a.changed_by, 'changedAt', a.changed_at)
      ORDER BY ledger_area_bit(a.area)) AS areas
    FROM gl_period p JOIN gl_period_area a ON a.period_id = p.id
    WHERE p.entity_id = ${entityId}
      ${year === undefined ? db`` : db`AND p.period LIKE ${`${year}-%`}`}
      ${period === undefined ? db`` : db`AND p.period = ${period}`}
    GROUP BY p.id ORDER BY p.period`
}

export interface ExceptionRow {
  approvalId: string
  entity: string
  period: string
  areas: LedgerArea[]
  actor: string | null
  accountIds: number[] | null
  maxMinor: bigint | null
  reason: string
  until: string
  requestedBy: string
  requestedAt: string
  approvedBy: string | null
}

/** Exceptions from locks, the newest first; all of one company, or the one named. */
export async function periodExceptions(
  db: Reader,
  { entityId, approvalId, limit = 200 }: { entityId?: number; approvalId?: string; limit?: number },
): Promise<ExceptionRow[]> {
  return db<ExceptionRow[]>`
    SELECT x.approval_id AS "approvalId", n.code AS entity, p.period, array_agg(x.area ORDER BY ledger_area_bit(x.area)) AS areas,
      x.actor, x.account_ids AS "accountIds", x.max_minor AS "maxMinor", x.reason, x.until, x.requested_by AS "requestedBy",
      min(x.recorded_at) AS "requestedAt", y.approved_by AS "approvedBy"
    FROM period_exception x JOIN gl_period p ON p.id = x.period_id JOIN entity n ON n.id = p.entity_id
    LEFT JOIN period_exception_approval y ON y.approval_id = x.approval_id
    WHERE true ${entityId === undefined ? db`` : db`AND p.entity_id = ${entityId}`}
      ${approvalId === undefined ? db`` : db`AND x.approval_id = ${approvalId}`}
    GROUP BY x.approval_id, n.code, p.period, x.actor, x.account_ids, x.max_minor, x.reason, x.until, x.requested_by, y.approved_by
    ORDER BY min(x.recorded_at) DESC LIMIT ${limit}`
}

export interface ClosingBalance {
  accountId: number
  currency: string
  amountMinor: bigint
  funcMinor: bigint
}

/** What a period held in the main book when its last area was closed. */
export interface PeriodClosing {
  id: number
  closedBy: string
  closedAt: string
  sealNo: number | null
  sealHash: Buffer | null
  balances: ClosingBalance[]
  reports: ClosingReport[]
}

/** Fingerprint of a report over what the period moved, as the lock was set. */
export interface ClosingReport {
  report: string
  lines: number
  sha256: Buffer
}

/** Closings of one period, the newest first: a reopened one has a version for each. */
export async function periodClosings(
  db: Reader,
  { entityId, period }: { entityId: number; period: string },
): Promise<PeriodClosing[]> {
  const closings = await db<Omit<PeriodClosing, 'balances' | 'reports'>[]>`
    SELECT c.id, c.closed_by AS "closedBy", c.recorded_at AS "closedAt", c.seal_no AS "sealNo", c.seal_hash AS "sealHash"
    FROM period_closing c JOIN gl_period p ON p.id = c.period_id
    WHERE p.entity_id = ${entityId} AND p.period = ${period} ORDER BY c.id DESC`
  const balances = await db<(ClosingBalance & { closingId: number })[]>`
    SELECT closing_id AS "closingId", account_id AS "accountId", currency, amount_minor AS "amountMinor", func_minor AS "funcMinor"
    FROM period_closing_balance WHERE book = 'main' AND closing_id = ANY (${closings.map(({ id }) => id)}) ORDER BY 1, 2, 3`
  const reports = await db<(ClosingReport & { closingId: number })[]>`
    SELECT closing_id AS "closingId", report, lines, sha256 FROM period_closing_report
    WHERE closing_id = ANY (${closings.map(({ id }) => id)}) ORDER BY 1, 2`
  return closings.map((closing) => ({
    ...closing,
    balances: balances.filter(({ closingId }) => closingId === closing.id),
    reports: reports.filter(({ closingId }) => closingId === closing.id),
  }))
}
