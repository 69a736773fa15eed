import type { Reader } from '#db/client'
import { accountOfRole } from '#domain/ledger/chart'
import { addDays } from '#domain/dates'
import type { AccountBalanceOf } from '#domain/reports/frame'
import type { MetricName } from '#domain/reports/scorecard'
import { periodBalances } from './report-balances.ts'

export interface Measured {
  /** Thousandths of the metric's unit; null where there was nothing to measure. */
  milli: bigint | null
  sample: bigint
}

type Card = Map<MetricName, Measured>

/** A company's card of the seven days from a Monday on, in its own time zone; measured now. */
export async function measureWeek(
  reader: Reader,
  { entityId, week }: { entityId: number; week: string },
): Promise<Card> {
  const card: Card = new Map()
  for (const measure of [orders, shipments, backlog, goods, cases, warehouse, books])
    for (const { metric, milli, sample } of await measure(reader, { entityId, week }))
      card.set(metric, { milli, sample })
  return card
}

interface Week {
  entityId: number
  week: string
}
type Rows = { metric: MetricName; milli: bigint | null; sample: bigint }[]

/** Instants of the company's week: `began` and `ended`. */
const span = (reader: Reader, { entityId, week }: Week) => reader`
  (SELECT e.id, (${week}::date)::timestamp AT TIME ZONE e.timezone AS began, (${week}::date + 7)::timestamp AT TIME ZONE e.timezone AS ended FROM entity e WHERE e.id = ${entityId}) w`

function orders(reader: Reader, of: Week): PromiseLike<Rows> {
  return reader<Rows>`
    WITH taken AS (SELECT o.id, w.began, w.ended FROM ${span(reader, of)} JOIN sales_order o ON o.entity_id = w.id AND o.recorded_at >= w.began AND o.recorded_at < w.ended), counted AS (
      SELECT count(*) AS orders, count(*) FILTER (WHERE NOT EXISTS (
        SELECT FROM exception_case x WHERE x.subject_type = 'order' AND x.subject_id = taken.id::text AND x.type = 'stock-short')) AS filled FROM taken
    ), touched AS (
      SELECT (SELECT count(*) FROM ${span(reader, of)} JOIN exception_case x ON x.entity_id = w.id AND x.resolved_at >= w.began AND x.resolved_at < w.ended WHERE x.subject_type = 'order' AND x.resolved_by LIKE 'user:%')
        + (SELECT count(*) FROM ${span(reader, of)} JOIN order_change c ON c.recorded_at >= w.began AND c.recorded_at < w.ended JOIN sales_order o ON o.id = c.order_id AND o.entity_id = w.id WHERE c.actor LIKE 'user:%') AS touches)
    SELECT 'fill-rate' AS metric, round(100000.0 * filled / nullif(orders, 0))::bigint AS milli, orders::bigint AS sample FROM counted
    UNION ALL SELECT 'touches', round(1000.0 * touches / nullif(orders, 0))::bigint, orders::bigint FROM counted, touched`
}

function shipments(reader: Reader, of: Week): PromiseLike<Rows> {
  return reader<Rows>`
    WITH sent AS (
      SELECT unnest(ARRAY['release-time', 'ship-time', 'cycle-time']) AS of, unnest(ARRAY[f.released_at - o.recorded_at, s.recorded_at - f.released_at, s.recorded_at - o.recorded_at]) AS took
      FROM ${span(reader, of)} JOIN shipment s ON s.recorded_at >= w.began AND s.recorded_at < w.ended JOIN fulfilment_order f ON f.id = s.fulfilment_id JOIN sales_order o ON o.id = s.order_id AND o.entity_id = w.id
    ), names AS (SELECT unnest(ARRAY['release-time', 'ship-time', 'cycle-time']) AS of), parts AS (SELECT * FROM (VALUES ('p50', 0.5), ('p90', 0.9)) p (part, at))
    SELECT n.of || '-' || p.part AS metric, round(extract(epoch FROM percentile_cont(p.at) WITHIN GROUP (ORDER BY sent.took)) / 3.6)::bigint AS milli, count(sent.took) AS sample
    FROM names n CROSS JOIN parts p LEFT JOIN sent ON sent.of = n.of GROUP BY n.of, p.part, p.at`
}

function backlog(reader: Reader, of: Week): PromiseLike<Rows> {
  return reader<Rows>`
    SELECT 'backorder-age' AS metric, round(extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY clock_timestamp() - o.recorded_at)) / 86.4)::bigint AS milli, count(*) AS sample
    FROM sales_order o WHERE o.entity_id = ${of.entityId} AND o.phase = 'backordered'`
}

function goods(reader: Reader, { entityId, week }: Week): PromiseLike<Rows> {
  return reader<Rows>`
    WITH came AS (SELECT r.received_on - p.ordered_on AS days FROM goods_receipt r JOIN purchase_order p ON p.id = r.purchase_order_id
      WHERE r.entity_id = ${entityId} AND r.received_on >= ${week}::date AND r.received_on < ${week}::date + 7)
    SELECT 'lead-time-' || p.part AS metric, round((1000 * percentile_cont(p.at) WITHIN GROUP (ORDER BY came.days))::numeric)::bigint AS milli, count(came.days) AS sample
    FROM (VALUES ('p50', 0.5), ('p90', 0.9)) p (part, at) LEFT JOIN came ON true GROUP BY p.part, p.at`
}

function cases(reader: Reader, of: Week): PromiseLike<Rows> {
  return reader<Rows>`
    WITH done AS (SELECT x.resolved_at - x.opened_at AS took FROM ${span(reader, of)} JOIN exception_case x ON x.entity_id = w.id AND x.resolved_at >= w.began AND x.resolved_at < w.ended WHERE x.state = 'resolved')
    SELECT 'resolution-time-' || p.part AS metric, round(extract(epoch FROM percentile_cont(p.at) WITHIN GROUP (ORDER BY done.took)) / 3.6)::bigint AS milli, count(done.took) AS sample
    FROM (VALUES ('p50', 0.5), ('p90', 0.9)) p (part, at) LEFT JOIN done ON true GROUP BY p.part, p.at
    UNION ALL SELECT 'close-duration', round(1000 * avg((c.closed_at AT TIME ZONE 'UTC')::date - p.ends))::bigint, count(*)
    FROM ${span(reader, of)} JOIN period_close c ON c.entity_id = w.id AND c.closed_at >= w.began AND c.closed_at < w.ended JOIN gl_period p ON p.id = c.period_id`
}

function warehouse(reader: Reader, of: Week): PromiseLike<Rows> {
  return reader<Rows>`
    SELECT 'inventory-accuracy' AS metric, round(100000.0 * count(*) FILTER (WHERE l.within_tolerance) / nullif(count(*), 0))::bigint AS milli, count(*) AS sample
    FROM ${span(reader, of)} JOIN site s ON s.entity_id = w.id JOIN count_line l ON l.site_id = s.id AND l.settled_at >= w.began AND l.settled_at < w.ended WHERE l.within_tolerance IS NOT NULL
    UNION ALL SELECT 'picks-per-day', round(1000.0 * sum(t.picked) / nullif(count(DISTINCT (t.picked_by, (t.picked_at AT TIME ZONE 'UTC')::date)), 0))::bigint, coalesce(sum(t.picked), 0)::bigint
    FROM ${span(reader, of)} JOIN site s ON s.entity_id = w.id JOIN pick_task t ON t.site_id = s.id AND t.picked_at >= w.began AND t.picked_at < w.ended`
}

const ROLE = accountOfRole
const SALES = [ROLE.ProductSales, ROLE.ShippingIncome, ROLE.Discounts, ROLE.Returns] as const
const INVENTORY = [ROLE.Inventory, ROLE.InventoryInTransit, ROLE.Quarantine] as const

async function books(reader: Reader, { entityId, week }: Week): Promise<Rows> {
  const to = addDays(week, 6)
  const ask = { entityId, to, horizon: undefined }
  const year = await periodBalances(reader, { ...ask, from: addDays(to, -363) })
  const days = await periodBalances(reader, { ...ask, from: week })
  const movement = (rows: AccountBalanceOf[], ids: readonly number[]) =>
    rows
      .filter(({ accountId }) => ids.includes(accountId))
      .reduce((sum, row) => sum + row.movementFuncMinor, 0n)
  const stock = year
    .filter(({ accountId }) => (INVENTORY as readonly number[]).includes(accountId))
    .reduce((sum, row) => sum + row.openingFuncMinor + row.movementFuncMinor, 0n)
  const sold = movement(year, [ROLE.CostOfGoodsSold])
  const income = -movement(days, SALES)
  const margin = income - movement(days, [ROLE.CostOfGoodsSold])
  return [
    { metric: 'turnover', milli: stock > 0n ? (sold * 1_000n) / stock : null, sample: stock },
    {
      metric: 'gross-margin',
      milli: income > 0n ? (margin * 100_000n) / income : null,
      sample: income > 0n ? income : 0n,
    },
  ].map((row) => ({ ...row, sample: row.sample < 0n ? 0n : row.sample })) as Rows
}

export interface FrozenValue extends Measured {
  week: string
  metric: string
  targetMilli: bigint
}

/** The newest frozen weeks of a company, the oldest first. */
export async function frozenWeeks(
  reader: Reader,
  { entityId, weeks }: { entityId: number; weeks: number },
): Promise<FrozenValue[]> {
  return reader<FrozenValue[]>`
    SELECT week, metric, target_milli AS "targetMilli", value_milli AS milli, sample FROM scorecard_week
    WHERE entity_id = ${entityId} AND week IN (SELECT DISTINCT week FROM scorecard_week WHERE entity_id = ${entityId} ORDER BY week DESC LIMIT ${weeks})
    ORDER BY week, metric`
}
