import type { Reader } from '#db/client'
import { actorName } from './actor-name.ts'
import type { Scopes } from '#domain/scopes'
import { MINOR_EXPONENTS } from '#domain/money'

export interface CaseRow {
  id: bigint
  type: string
  state: string
  subjectType: string
  subjectId: string
  workflowId: string
  entity: string
  channel: string | null
  site: string | null
  ownerTeam: string
  ownerUser: string | null
  ownerName: string | null
  severity: string
  escalations: number
  dueAt: string
  openedAt: string
  openedBy: string
  openedByName: string | null
  moneyAtRiskMinor: bigint
  currency: string
  customerClass: string
  summary: string
  evidence: Record<string, unknown>
  allowed: string[]
  resolution: string | null
  resolvedBy: string | null
  resolvedByName: string | null
  resolvedAt: string | null
  reopened: number
  /** Money at risk × closeness of the due time × customer class; the parts stand in `rankParts`. */
  rank: string
  exactRank: string
  rankParts: { money: string; currency: string; hoursLeft: string; classWeight: string }
}

/** A place in the queue as it stood at an instant; the next page begins behind it. */
export interface QueuePlace {
  /** Exact, as text. */
  rank: string
  id: bigint
}

export interface CaseFilter {
  limit: number
  /** Ranks are those of this instant, on every page. */
  at: string
  behind?: QueuePlace | undefined
  state: string
  type?: string | undefined
  team?: string | undefined
  subjectId?: string | undefined
  scopes: Scopes
}

const columns = (reader: Reader) => reader`
  x.id, x.type, x.state, x.subject_type AS "subjectType", x.subject_id AS "subjectId", x.workflow_id AS "workflowId", e.code AS entity, c.code AS channel, s.code AS site,
  x.owner_team AS "ownerTeam", x.owner_user AS "ownerUser", ${actorName(reader, reader`x.owner_user`)} AS "ownerName", x.severity, x.escalations, x.due_at AS "dueAt", x.opened_at AS "openedAt", x.opened_by AS "openedBy", ${actorName(reader, reader`x.opened_by`)} AS "openedByName",
  x.money_at_risk_minor AS "moneyAtRiskMinor", x.currency, x.customer_class AS "customerClass", x.summary, x.evidence, x.allowed, x.resolution,
  x.resolved_by AS "resolvedBy", ${actorName(reader, reader`x.resolved_by`)} AS "resolvedByName", x.resolved_at AS "resolvedAt", x.reopened,
  round(r.rank, 2)::text AS rank, r.rank::text AS "exactRank", jsonb_build_object('money', round(r.money, 2)::text, 'currency', e.functional_currency, 'hoursLeft', round(r.hours_left, 2)::text, 'classWeight', r.class_weight::text) AS "rankParts"`

const exponentOf = (reader: Reader, currency: ReturnType<Reader>) =>
  reader`coalesce((${reader.json(MINOR_EXPONENTS)}::jsonb->>${currency})::int, 2)`

/**
 * Money is ranked in whole units of the company's own currency: minor units of yen and of dollars
 * do not compare. Without a rate an amount counts as if it were in that currency.
 */
const ranked = (reader: Reader, at: string) => reader`
  FROM exception_case x JOIN entity e ON e.id = x.entity_id LEFT JOIN channel c ON c.id = x.channel_id LEFT JOIN site s ON s.id = x.site_id
  CROSS JOIN LATERAL (SELECT extract(epoch FROM x.due_at - ${at}::timestamptz) / 3600 AS hours_left,
    CASE x.customer_class WHEN 'vip' THEN 2.0 WHEN 'wholesale' THEN 1.5 ELSE 1.0 END AS class_weight,
    x.money_at_risk_minor / 10::numeric ^ ${exponentOf(reader, reader`x.currency`)} * CASE WHEN x.currency = e.functional_currency THEN 1 ELSE coalesce((
      SELECT f.rate_e9 / 1e9 FROM fx_rate f WHERE f.from_currency = x.currency AND f.to_currency = e.functional_currency AND f.kind = 'spot'
        AND f.rate_on <= ${at}::date AND f.recorded_at <= ${at} ORDER BY f.rate_on DESC, f.id DESC LIMIT 1), 1) END AS money) p
  CROSS JOIN LATERAL (SELECT p.hours_left, p.class_weight, p.money, (p.money + 1) * 100 * p.class_weight / greatest(p.hours_left + 1, 0.1) AS rank) r`

/** The exception queue: most money, least time and best customer first (AI-3 explains itself in `rankParts`). */
export async function listCases(reader: Reader, filter: CaseFilter): Promise<CaseRow[]> {
  const { scopes, behind } = filter
  return reader<CaseRow[]>`
    SELECT ${columns(reader)} ${ranked(reader, filter.at)}
    WHERE x.state = ${filter.state}
      AND (${filter.type ?? null}::text IS NULL OR x.type = ${filter.type ?? null})
      AND (${filter.team ?? null}::text IS NULL OR x.owner_team = ${filter.team ?? null})
      AND (${filter.subjectId ?? null}::text IS NULL OR x.subject_id = ${filter.subjectId ?? null})
      AND ${inScope(reader, scopes)}
      ${behind === undefined ? reader`` : reader`AND (r.rank < ${behind.rank}::numeric OR (r.rank = ${behind.rank}::numeric AND x.id > ${behind.id}))`}
    ORDER BY r.rank DESC, x.id LIMIT ${filter.limit}`
}

/** A case that belongs to no channel or site in particular is narrowed by its company alone. */
const inScope = (reader: Reader, { entities, channels, sites }: Scopes) => reader`
  (${entities === null} OR e.code = ANY(${[...(entities ?? [])]}::text[]))
  AND (${channels === null} OR c.code IS NULL OR c.code = ANY(${[...(channels ?? [])]}::text[]))
  AND (${sites === null} OR s.code IS NULL OR s.code = ANY(${[...(sites ?? [])]}::text[]))`

export async function readCase(reader: Reader, id: bigint): Promise<CaseRow | undefined> {
  const [row] = await reader<
    CaseRow[]
  >`SELECT ${columns(reader)} ${ranked(reader, new Date().toISOString())} WHERE x.id = ${id}`
  return row
}

/** What a process waits for people to decide. */
export async function openCasesOfProcess(
  reader: Reader,
  workflowId: string,
): Promise<{ id: bigint; type: string; ownerTeam: string; dueAt: string }[]> {
  return reader<{ id: bigint; type: string; ownerTeam: string; dueAt: string }[]>`
    SELECT id, type, owner_team AS "ownerTeam", due_at AS "dueAt" FROM exception_case WHERE workflow_id = ${workflowId} AND state = 'open' ORDER BY due_at, id`
}

/** How many cases of each type are open, with money, oldest age and what is overdue (Q-2). */
export async function caseSummary(reader: Reader, scopes: Scopes) {
  return reader<
    {
      type: string
      ownerTeam: string
      open: number
      overdue: number
      moneyAtRiskMinor: bigint
      currency: string
      oldest: string
    }[]
  >`
    SELECT x.type, x.owner_team AS "ownerTeam", count(*)::int AS open, count(*) FILTER (WHERE x.due_at < clock_timestamp())::int AS overdue,
      sum(x.money_at_risk_minor)::bigint AS "moneyAtRiskMinor", x.currency, min(x.opened_at) AS oldest
    FROM exception_case x JOIN entity e ON e.id = x.entity_id LEFT JOIN channel c ON c.id = x.channel_id LEFT JOIN site s ON s.id = x.site_id
    WHERE x.state = 'open' AND ${inScope(reader, scopes)}
    GROUP BY x.type, x.owner_team, x.currency ORDER BY 5 DESC, 1, 2`
}
