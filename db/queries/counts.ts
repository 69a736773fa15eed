import type { Reader } from '#db/client'
import type { Scopes } from '#domain/scopes'

export interface CountRow {
  id: bigint
  no: string
  workflowId: string
  entity: string
  site: string
  phase: string
  version: number
  reason: string
  requestedBy: string
  requestedAt: string
  places: number
  left: number
}

const inScope = (reader: Reader, { sites, entities }: Scopes) => reader`
  (${sites === null} OR s.code = ANY(${[...(sites ?? [])]}::text[])) AND (${entities === null} OR e.code = ANY(${[...(entities ?? [])]}::text[]))`

/** Counts, the oldest first, without any quantity. */
export async function listCounts(
  reader: Reader,
  ask: {
    after: bigint
    limit: number
    no?: string | undefined
    phase?: string | undefined
    site?: string | undefined
    scopes: Scopes
  },
): Promise<CountRow[]> {
  return reader<CountRow[]>`
    SELECT t.id, t.count_no AS no, t.workflow_id AS "workflowId", e.code AS entity, s.code AS site, t.phase, t.version, t.reason, t.requested_by AS "requestedBy", t.recorded_at AS "requestedAt",
      (SELECT count(*)::int FROM count_line l WHERE l.task_id = t.id) AS places,
      (SELECT count(*)::int FROM count_line l WHERE l.task_id = t.id AND l.state IN ('to-count', 'recount')) AS left
    FROM count_task t JOIN entity e ON e.id = t.entity_id JOIN site s ON s.id = t.site_id
    WHERE t.id > ${ask.after} AND (${ask.no ?? null}::text IS NULL OR t.count_no = ${ask.no ?? null}) AND (${ask.phase ?? null}::text IS NULL OR t.phase = ${ask.phase ?? null})
      AND (${ask.site ?? null}::text IS NULL OR s.code = ${ask.site ?? null}) AND ${inScope(reader, ask.scopes)}
    ORDER BY t.id LIMIT ${ask.limit}`
}

export interface SheetLine {
  lineNo: number
  sku: string
  name: string
  bin: string
  lot: string
  round: number
}

/** What a counter is told: where to look and for what, in walking order. Never what should be there. */
export async function countSheet(
  reader: Reader,
  taskId: bigint,
  counter: string,
): Promise<SheetLine[]> {
  return reader<SheetLine[]>`
    SELECT l.line_no AS "lineNo", i.sku, i.name, l.bin, l.lot, (SELECT count(*)::int + 1 FROM count_entry n WHERE n.line_id = l.id) AS round
    FROM count_line l JOIN item i ON i.id = l.item_id
    WHERE l.task_id = ${taskId} AND l.state IN ('to-count', 'recount') AND NOT EXISTS (SELECT FROM count_entry n WHERE n.line_id = l.id AND n.counted_by = ${counter})
    ORDER BY l.bin, i.sku, l.lot`
}

export interface CountedLine {
  lineId: bigint
  countNo: string
  site: string
  lineNo: number
  sku: string
  bin: string
  lot: string
  reasons: string[]
  tolerance: string
  state: string
  expected: string | null
  counted: string | null
  varianceMinor: string | null
  currency: string
  withinTolerance: boolean | null
  reasonCode: string | null
  approvedBy: string | null
  settledAt: string | null
  entries: {
    round: number
    counted: string
    expected: string
    by: string
    scannedAt: string
  }[]
}

export interface LineFilter {
  after: bigint
  limit: number
  taskId?: bigint | undefined
  /** Only what is settled, on these days (UTC). */
  settled?: { from: string; to: string } | undefined
  site?: string | undefined
  scopes: Scopes
}

/** Places with what was counted and what came of it, for those who approve and for the accuracy report. */
export async function countedLines(reader: Reader, ask: LineFilter): Promise<CountedLine[]> {
  const { settled, taskId, site } = ask
  return reader<CountedLine[]>`
    SELECT l.id AS "lineId", t.count_no AS "countNo", s.code AS site, l.line_no AS "lineNo", i.sku, l.bin, l.lot, l.reasons, (l.policy->>'scope') || '@' || (l.policy->>'version') AS tolerance,
      l.state, l.expected::text, l.counted::text, l.variance_minor::text AS "varianceMinor", e.functional_currency AS currency, l.within_tolerance AS "withinTolerance",
      l.reason_code AS "reasonCode", l.approved_by AS "approvedBy", l.settled_at AS "settledAt",
      (SELECT coalesce(jsonb_agg(jsonb_build_object('round', n.round, 'counted', n.counted::text, 'expected', n.expected::text, 'by', n.counted_by, 'scannedAt', n.scanned_at) ORDER BY n.round), '[]')
        FROM count_entry n WHERE n.line_id = l.id) AS entries
    FROM count_line l JOIN count_task t ON t.id = l.task_id JOIN item i ON i.id = l.item_id JOIN site s ON s.id = l.site_id JOIN entity e ON e.id = s.entity_id
    WHERE l.id > ${ask.after} AND (${taskId ?? null}::bigint IS NULL OR l.task_id = ${taskId ?? null}) AND (${site ?? null}::text IS NULL OR s.code = ${site ?? null})
      AND (${settled === undefined} OR (l.state IN ('matched', 'posted') AND l.settled_at >= ${settled?.from ?? '1900-01-01'}::date AND l.settled_at < ${settled?.to ?? '1900-01-01'}::date + 1))
      AND ${inScope(reader, ask.scopes)}
    ORDER BY l.id LIMIT ${ask.limit}`
}

export interface AccuracyRow {
  site: string
  currency: string
  places: number
  placesWithin: number
  units: bigint
  unitsWithin: bigint
  valueMinor: bigint
  valueWithinMinor: bigint
  gainMinor: bigint
  lossMinor: bigint
}

/** RPT-13: of what was counted in these days, how much lay within tolerance, by places, units and value. */
export async function inventoryAccuracy(
  reader: Reader,
  ask: { from: string; to: string; site?: string | undefined; scopes: Scopes },
): Promise<AccuracyRow[]> {
  return reader<AccuracyRow[]>`
    SELECT s.code AS site, e.functional_currency AS currency, count(*)::int AS places, (count(*) FILTER (WHERE within_tolerance))::int AS "placesWithin",
      sum(greatest(expected, 0))::bigint AS units, coalesce(sum(greatest(expected, 0)) FILTER (WHERE within_tolerance), 0)::bigint AS "unitsWithin",
      sum(expected_minor)::bigint AS "valueMinor", coalesce(sum(expected_minor) FILTER (WHERE within_tolerance), 0)::bigint AS "valueWithinMinor",
      coalesce(sum(variance_minor) FILTER (WHERE counted > expected), 0)::bigint AS "gainMinor", coalesce(sum(variance_minor) FILTER (WHERE counted < expected), 0)::bigint AS "lossMinor"
    FROM count_line l JOIN site s ON s.id = l.site_id JOIN entity e ON e.id = s.entity_id
    WHERE l.state IN ('matched', 'posted') AND l.settled_at >= ${ask.from}::date AND l.settled_at < ${ask.to}::date + 1
      AND (${ask.site ?? null}::text IS NULL OR s.code = ${ask.site ?? null}) AND ${inScope(reader, ask.scopes)}
    GROUP BY 1, 2 ORDER BY 1`
}
