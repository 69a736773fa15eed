import type { Tx } from '#db/client'
import { invariant, Refusal } from '#domain/refusal'
import type { CountLineState } from '#domain/stock/counts'
import type { CountPolicy } from '#domain/stock/policies'
import { json } from './records.ts'

/** One place of one item, and what was counted there so far. */
export interface CountLine {
  id: bigint
  lineNo: number
  itemId: number
  sku: string
  bin: string
  lot: string
  reasons: string[]
  policy: { version: number; scope: string; body: CountPolicy }
  state: CountLineState
  expected: bigint | null
  counted: bigint | null
  expectedMinor: bigint | null
  varianceMinor: bigint | null
  withinTolerance: boolean | null
  reasonCode: string | null
  approvedBy: string | null
  entries: { round: number; counted: bigint; expected: bigint; countedBy: string }[]
}

/** A count with all that its rules look at. */
export interface CountTask {
  subjectType: 'cycle-count'
  id: bigint
  no: string
  workflowId: string
  entityId: number
  entity: string
  functionalCurrency: string
  timezone: string
  siteId: number
  site: string
  version: number
  phase: string
  lines: CountLine[]
}

export interface NewCountLine {
  itemId: number
  bin: string
  lot: string
  reasons: readonly string[]
  policy: CountLine['policy']
}

/** Writes a count down as it was asked for; answers its id. */
export async function insertCountTask(
  tx: Tx,
  asked: Pick<CountTask, 'no' | 'workflowId' | 'entityId' | 'siteId'> & {
    reason: string
    requestedBy: string
  },
): Promise<bigint> {
  const [row] = await tx<{ id: bigint }[]>`
    INSERT INTO count_task (count_no, workflow_id, entity_id, site_id, phase, reason, requested_by)
    VALUES (${asked.no}, ${asked.workflowId}, ${asked.entityId}, ${asked.siteId}, 'requested', ${asked.reason}, ${asked.requestedBy}) RETURNING id`
  return row!.id
}

/** Adds places to a count; the database refuses one that another count holds. */
export async function insertCountLines(
  tx: Tx,
  task: Pick<CountTask, 'id' | 'siteId'>,
  lines: readonly NewCountLine[],
  from = 1,
): Promise<void> {
  if (lines.length === 0) return
  await tx`
    INSERT INTO count_line (task_id, line_no, item_id, site_id, bin, lot, reasons, policy)
    SELECT ${task.id}, ${from} - 1 + nth, "itemId", ${task.siteId}, bin, lot, reasons, policy
    FROM jsonb_to_recordset(${json(
      tx,
      lines.map((line, n) => ({ ...line, nth: n + 1 })),
    )}) AS l (nth int, "itemId" int, bin text, lot text, reasons jsonb, policy jsonb) ORDER BY nth`
}

/**
 * Locks the count for this transaction: two counters of one count follow each other.
 * @throws Refusal `StaleVersion` when somebody else was faster.
 */
export async function lockCountTask(
  tx: Tx,
  id: bigint,
  expectedVersion?: number,
): Promise<CountTask> {
  const [header] = await tx<Omit<CountTask, 'lines' | 'subjectType'>[]>`
    SELECT t.id, t.count_no AS no, t.workflow_id AS "workflowId", t.entity_id AS "entityId", e.code AS entity, e.functional_currency AS "functionalCurrency", e.timezone,
      t.site_id AS "siteId", s.code AS site, t.version, t.phase
    FROM count_task t JOIN entity e ON e.id = t.entity_id JOIN site s ON s.id = t.site_id WHERE t.id = ${id} FOR NO KEY UPDATE OF t`
  invariant(header, `there is no count ${id}`)
  if (expectedVersion !== undefined && expectedVersion !== header.version)
    throw new Refusal(
      'StaleVersion',
      `The count is at version ${header.version}, you saw ${expectedVersion}. Read it again, then decide.`,
    )
  return { ...header, subjectType: 'cycle-count', lines: await countLines(tx, id) }
}

export async function countLines(tx: Tx, taskId: bigint): Promise<CountLine[]> {
  const lines = await tx<Omit<CountLine, 'entries'>[]>`
    SELECT l.id, l.line_no AS "lineNo", l.item_id AS "itemId", i.sku, l.bin, l.lot, l.reasons, l.policy, l.state, l.expected, l.counted, l.expected_minor AS "expectedMinor",
      l.variance_minor AS "varianceMinor", l.within_tolerance AS "withinTolerance", l.reason_code AS "reasonCode", l.approved_by AS "approvedBy"
    FROM count_line l JOIN item i ON i.id = l.item_id WHERE l.task_id = ${taskId} ORDER BY l.line_no`
  const entries = await tx<(CountLine['entries'][number] & { lineId: bigint })[]>`
    SELECT n.line_id AS "lineId", n.round, n.counted, n.expected, n.counted_by AS "countedBy" FROM count_entry n
    JOIN count_line l ON l.id = n.line_id WHERE l.task_id = ${taskId} ORDER BY n.line_id, n.round`
  return lines.map((line) => ({
    ...line,
    entries: entries.filter((entry) => entry.lineId === line.id),
  }))
}

export async function insertCountEntry(
  tx: Tx,
  lineId: bigint,
  entry: CountLine['entries'][number] & { scannedAt: string; device: string | null },
): Promise<void> {
  await tx`
    INSERT INTO count_entry (line_id, round, counted, expected, scanned_at, counted_by, device)
    VALUES (${lineId}, ${entry.round}, ${entry.counted}, ${entry.expected}, ${entry.scannedAt}, ${entry.countedBy}, ${entry.device})`
}

/**
 * What the books held for a place at an instant: what they hold now less what has moved since. The
 * caller holds the position's lock, so that nothing moves in between.
 */
export async function expectedAt(
  tx: Tx,
  place: { itemId: number; siteId: number; bin: string; lot: string },
  scannedAt: string,
): Promise<bigint> {
  const { itemId, siteId, bin, lot } = place
  const [row] = await tx<{ qty: bigint }[]>`
    SELECT (coalesce((SELECT sum(qty) FROM stock_quant WHERE item_id = ${itemId} AND site_id = ${siteId} AND condition = 'sellable' AND bin = ${bin} AND lot = ${lot} AND owner = 'own'), 0)
      - coalesce(sum(CASE WHEN to_site_id = ${siteId} AND to_condition = 'sellable' AND to_bin = ${bin} AND to_lot = ${lot} THEN qty ELSE 0 END
        - CASE WHEN from_site_id = ${siteId} AND from_condition = 'sellable' AND from_bin = ${bin} AND from_lot = ${lot} THEN qty ELSE 0 END), 0))::bigint AS qty
    FROM stock_movement WHERE item_id = ${itemId} AND owner = 'own' AND recorded_at > ${scannedAt}`
  return row!.qty
}

/** Writes back what came of the lines, and the header that follows from them; answers the new version. */
export async function saveCountTask(
  tx: Tx,
  task: CountTask,
  header: { phase: string; open: boolean },
): Promise<number> {
  await tx`
    UPDATE count_line l SET state = c.state, expected = c.expected, counted = c.counted, expected_minor = c."expectedMinor", variance_minor = c."varianceMinor",
      within_tolerance = c."withinTolerance", reason_code = c."reasonCode", approved_by = c."approvedBy",
      settled_at = CASE WHEN c.state IN ('matched', 'posted', 'rejected') THEN coalesce(l.settled_at, clock_timestamp()) END
    FROM jsonb_to_recordset(${json(
      tx,
      task.lines.map(({ entries: _, reasons: _r, policy: _p, ...line }) => line),
    )}) AS c (id bigint, state text, expected bigint, counted bigint, "expectedMinor" bigint, "varianceMinor" bigint, "withinTolerance" boolean, "reasonCode" text, "approvedBy" text)
    WHERE l.id = c.id`
  const [row] = await tx<{ version: number }[]>`
    UPDATE count_task SET version = version + 1, phase = ${header.phase},
      closed_at = CASE WHEN ${header.open} THEN NULL ELSE coalesce(closed_at, clock_timestamp()) END
    WHERE id = ${task.id} RETURNING version`
  return row!.version
}

/** How the books and the shelf agreed, for the confidence in the item's balance at the site (INV-44). */
export async function keepCountFacts(
  tx: Tx,
  facts: { itemId: number; siteId: number; onHand: bigint; variance: bigint; actor: string },
): Promise<void> {
  const counted = facts.onHand + facts.variance
  await tx`
    INSERT INTO stock_count (item_id, site_id, counted, expected, actor)
    VALUES (${facts.itemId}, ${facts.siteId}, ${counted < 0n ? 0n : counted}, ${facts.onHand}, ${facts.actor})`
}

export interface PromisedOrder {
  orderId: bigint
  orderNumber: string
  /** Units that its warehouse has not been given yet. */
  free: number
  live: number
}

/** The orders that hold units of an item at a site; those that give way first stand first. */
export async function ordersPromised(
  tx: Tx,
  itemId: number,
  siteId: number,
): Promise<PromisedOrder[]> {
  return tx<PromisedOrder[]>`
    SELECT r.order_id AS "orderId", o.order_number AS "orderNumber", sum(r.live)::int AS live, sum(r.live - coalesce(f.held, 0))::int AS free
    FROM reservation r JOIN sales_order o ON o.id = r.order_id
    LEFT JOIN LATERAL (SELECT sum(l.qty - l.shipped - l.cancelled) AS held FROM fulfilment_line l JOIN fulfilment_order fo ON fo.id = l.fulfilment_id
      WHERE l.reservation_id = r.id AND fo.state IN ('released', 'recall-requested')) f ON true
    WHERE r.item_id = ${itemId} AND r.site_id = ${siteId} AND r.live > 0
    GROUP BY 1, 2 ORDER BY max(r.priority) DESC, 1 DESC`
}

/** Differences that were posted in a place within so many days; without bins a place is the item's. */
export async function differencesIn(
  tx: Tx,
  place: { siteId: number; bin: string; itemId: number },
  days: number,
): Promise<number> {
  const [row] = await tx<{ n: number }[]>`
    SELECT count(*)::int AS n FROM count_line
    WHERE site_id = ${place.siteId} AND bin = ${place.bin} AND (${place.bin !== ''} OR item_id = ${place.itemId}) AND state = 'posted' AND counted <> expected
      AND settled_at > clock_timestamp() - make_interval(days => ${days})`
  return row!.n
}

/** The roles of whoever acts, as the database knows them now; a program or nobody holds none here. */
export async function rolesOfActor(tx: Tx, actor: string): Promise<string[]> {
  const id = /^user:(\d{1,9})$/.exec(actor)?.[1]
  if (id === undefined) return []
  const [user] = await tx<
    { roles: string[] }[]
  >`SELECT roles FROM app_user WHERE id = ${Number(id)} AND disabled_at IS NULL`
  return user?.roles ?? []
}
